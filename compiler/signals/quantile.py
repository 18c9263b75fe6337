"""Kind `quantile`: a quantile of a classic histogram, such as the 95th percentile of response times."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from compiler.quantities import decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import HISTOGRAM
from compiler.signals.traffic import enough

_DEFAULT: Final = Decimal("0.95")
_EVENTS_PER_STEP: Final = Decimal(1000)


class Quantile:
    """Buckets are summed before the quantile is taken (Prometheus, "histograms and summaries")."""

    name = "quantile"
    forms: tuple[tuple[Input, ...], ...] = ((HISTOGRAM,),)
    constants: frozenset[str] = frozenset()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the quantile where there is enough traffic."""
        per, window = bound.binding.per, duration_text(bound.binding.window)
        histogram = bound.selector(HISTOGRAM.name)
        buckets = aggregate("sum", ("le", *per), f"rate({histogram.suffixed('_bucket')}[{window}])")
        count = aggregate("sum", per, f"rate({histogram.suffixed('_count')}[{window}])")
        return f"histogram_quantile({decimal_text(_quantile(bound))}, {buckets}) and {count} {enough(bound)}"

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return one bucket from 0, so high that the wanted quantile of it, interpolated linearly, is `value`."""
        per, histogram = bound.binding.per, bound.selector(HISTOGRAM.name)
        counts = sampling.rising(Decimal(0), _EVENTS_PER_STEP, steps)
        edge = repr(float(value / _quantile(bound)))
        bucket = histogram.suffixed("_bucket")
        return (
            sampling.series(bucket, per, counts, le=edge),
            sampling.series(bucket, per, counts, le="+Inf"),
            sampling.series(histogram.suffixed("_count"), per, counts),
        )


def _quantile(bound: BoundSignal) -> Decimal:
    return bound.signal.quantile or _DEFAULT


KIND = Quantile()
