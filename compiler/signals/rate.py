"""Kind `rate`: the number of events per second."""

from __future__ import annotations

from decimal import Decimal

from compiler.promql import Selector
from compiler.quantities import PER_SECOND, Quantity, duration_text, rate_of
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series, Threshold, aggregate, first_rate
from compiler.signals.events import Events
from compiler.signals.inputs import COUNTER
from compiler.signals.phrases import MORE, Clause, amount, over_window
from compiler.signals.profile import Example, Phase
from compiler.signals.samples import sampling


class Rate(Events):
    """The value is the sum over a component's series."""

    name = "rate"
    summary = "events a second"

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the counter where too few events are the trouble, because no events at all are worse."""
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
        rise = _events(value, bound.binding.step)
        engine_rates = sampling.rates(rise, bound.binding.step, bound.binding.window)
        fits = bound.binding.window % bound.binding.step == 0 and sampling.exact(rise)
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


def _events(per_second: Decimal, seconds: int) -> Decimal:
    """Return the events of `seconds`, without a rounding error where the limit states a rate per minute."""
    return rate_of(per_second).events_in(seconds)


KIND = Rate()
