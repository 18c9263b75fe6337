"""Kind `rate`: the number of events per second."""

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
    """The value is the sum over a component's series."""

    name = "rate"
    forms = ((COUNTER,),)

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the counter where too few events are the trouble, because none at all are worse."""
        return bound.metrics if bound.low else ()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL for the events per second."""
        window = duration_text(bound.binding.window)
        return aggregate("sum", bound.binding.per, f"rate({bound.selector(COUNTER.name)}[{window}])")

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the counter's rise."""
        rise = amount(Quantity(limit.value, bound.signal.unit))
        text = f"`{bound.selector(COUNTER.name).metric}` rises by {MORE[limit.comparator]} {rise}"
        return Clause(
            text=text if bound.signal.unit == PER_SECOND else f"{text} a second", details=(over_window(bound),)
        )

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises evenly by `value` per second."""
        step = bound.binding.step
        rises = ((None if phase.value is None else _events(phase.value, step), phase) for phase in example.phases)
        return (sampling.series(bound.selector(COUNTER.name), bound, example, sampling.counter(rises)),)

    def first(self, bound: BoundSignal) -> int | None:
        """Return one step where many events are the trouble, see `past_limit`; else None, because engines disagree."""
        return None if bound.low else first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a steady rise, if no engine has a rounding error."""
        by = _events(value, bound.binding.step)
        engine_rates = sampling.rates(by, bound.binding.step, bound.binding.window)
        fits = bound.binding.window % bound.binding.step == 0 and sampling.exact(by)
        return Phase(value=value, steps=1) if fits and all(rate == float(value) for rate in engine_rates) else None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two rates with this sum, if samples fill the window."""
        step, window = bound.binding.step, bound.binding.window
        if window % step:
            return ()
        return tuple(Phase(value=rate, steps=1) for rate in sampling.exact_rates(value, step, window))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value once the window is full."""
        return value if seconds >= bound.binding.window else None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two series with half of the events each."""
        return (Phase(value=value * HALF, steps=1),) * 2

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a very large number of events."""
        return Phase(value=Decimal(10**9), steps=1)

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return so many events that those of one step cross the limit while the window still fills."""
        if bound.low:
            return value / 2
        return (value or Decimal(1)) * 2 * bound.binding.window / bound.binding.step


def _events(per_second: Decimal, seconds: int) -> Decimal:
    """Return the events of `seconds`, without a rounding error where the limit states a rate per minute."""
    return rate_of(per_second).events_in(seconds)


KIND = Rate()
