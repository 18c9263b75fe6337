"""Kind `ratio`: a part of all events, by two counters (errors of requests, successes of attempts)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.traffic import enough

ERRORS: Final = Input(
    name="errors", description="Counter of the events that went wrong.", example='http_requests_total{code=~"5.."}'
)
REQUESTS: Final = Input(name="requests", description="Counter of all events.", example="http_requests_total")
SUCCESSES: Final = Input(
    name="successes", description="Counter of the events that went well.", example="auth_success_total"
)
ATTEMPTS: Final = Input(name="attempts", description="Counter of all events.", example="auth_attempts_total")

_EVENTS_PER_STEP: Final = Decimal(10_000)


class Ratio:
    """Numerator and denominator are aggregated apart; too little traffic gives no value rather than noise or NaN."""

    name = "ratio"
    forms: tuple[tuple[Input, ...], ...] = ((ERRORS, REQUESTS), (SUCCESSES, ATTEMPTS))
    constants: frozenset[str] = frozenset()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"ratio_rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return part / whole; a part that has no series yet counts as 0 where a low ratio is the trouble."""
        part, whole = _inputs(bound)
        per, window = bound.binding.per, duration_text(bound.binding.window)
        total = aggregate("sum", per, f"rate({whole}[{window}])")
        counted = aggregate("sum", per, f"rate({part}[{window}])")
        if bound.low:
            counted = f"({counted} or {total} * 0)"
        return f"{counted} / ({total} {enough(bound)})"

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return the part and, where it is a metric of its own, the whole; else what is missing to the whole."""
        part, whole = _inputs(bound)
        per = bound.binding.per
        counted = sampling.rising(Decimal(0), value * _EVENTS_PER_STEP, steps)
        if part.metric != whole.metric:
            total = sampling.rising(Decimal(0), _EVENTS_PER_STEP, steps)
            return sampling.series(part, per, counted), sampling.series(whole, per, total)
        rest = sampling.rising(Decimal(0), (1 - value) * _EVENTS_PER_STEP, steps)
        both = Selector(part.metric, (*part.matchers, *(m for m in whole.matchers if m not in part.matchers)))
        outside = dict(sampling.component_labels(per)) | dict(sampling.violating(part.matchers, whole.matchers))
        return (
            sampling.series(both, per, counted),
            Series(metric=whole.metric, labels=tuple(sorted(outside.items())), values=rest),
        )


def _inputs(bound: BoundSignal) -> tuple[Selector, Selector]:
    form = Ratio.forms[0] if bound.has(REQUESTS.name) else Ratio.forms[1]
    return bound.selector(form[0].name), bound.selector(form[1].name)


KIND = Ratio()
