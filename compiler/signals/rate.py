"""Kind `rate`: how many events there are a second."""

from __future__ import annotations

from decimal import Decimal

from compiler.promql import Selector
from compiler.quantities import PER_SECOND, Quantity, duration_text, rate_of
from compiler.signals import sampling
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import COUNTER
from compiler.signals.phrases import MORE, Clause, amount, over_window
from compiler.signals.profile import Example, Phase


class Rate(Kind):
    """The sum over a component's series."""

    name = "rate"
    forms = ((COUNTER,),)

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the counter where too few events are the trouble: then none at all are worse."""
        return bound.metrics if bound.low else ()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return events a second."""
        window = duration_text(bound.binding.window)
        return aggregate("sum", bound.binding.per, f"rate({bound.selector(COUNTER.name)}[{window}])")

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return how fast the counter rises."""
        rise = amount(Quantity(limit.value, bound.signal.unit))
        text = f"`{bound.selector(COUNTER.name).metric}` rises by {MORE[limit.comparator]} {rise}"
        return Clause(
            text=text if bound.signal.unit == PER_SECOND else f"{text} a second", details=(over_window(bound),)
        )

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises evenly by `value` a second."""
        step = bound.binding.step
        rises = ((None if one.value is None else _events(one.value, step), one) for one in example.phases)
        return (sampling.series(bound.selector(COUNTER.name), bound, example, sampling.counter(rises)),)

    def first(self, bound: BoundSignal) -> int | None:
        """Return a step where many are the trouble, see `past_limit`; engines differ on how a window fills."""
        return None if bound.low else first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a steady rise where no engine has a rounding error."""
        by = _events(value, bound.binding.step)
        found = sampling.rates(by, bound.binding.step, bound.binding.window)
        fits = bound.binding.window % bound.binding.step == 0 and sampling.exact(by)
        return Phase(value=value, steps=1) if fits and all(one == float(value) for one in found) else None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two rates, where nothing divides their sum and samples fill the window."""
        step, window = bound.binding.step, bound.binding.window
        if window % step:
            return ()
        return tuple(Phase(value=one, steps=1) for one in sampling.exact_rates(value, step, window))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value once the window is full."""
        return value if seconds >= bound.binding.window else None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return half of the events twice."""
        return (Phase(value=value * HALF, steps=1),) * 2

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a great many events."""
        return Phase(value=Decimal(10**9), steps=1)

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return so many that those of one step are enough, while the window fills."""
        if bound.low:
            return value / 2
        return (value or Decimal(1)) * 2 * bound.binding.window / bound.binding.step


def _events(per_second: Decimal, seconds: int) -> Decimal:
    """Return the events of so many seconds, without a rounding error where the rate was stated by the minute."""
    return rate_of(per_second).events_in(seconds)


KIND = Rate()
