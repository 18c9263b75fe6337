"""Kind `usage`: how much of what there is is used, by gauges (connections, memory, disk)."""

from __future__ import annotations

from decimal import Decimal

from compiler.quantities import decimal_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import AVAILABLE, MAX, USED


class Usage:
    """Used / max, or 1 - available / max."""

    name = "usage"
    forms: tuple[tuple[Input, ...], ...] = ((USED, MAX), (AVAILABLE, MAX))
    constants: frozenset[str] = frozenset({MAX.name})

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "ratio"

    def expression(self, bound: BoundSignal) -> str:
        """Return the used share; a component without a maximum (0, as some exporters say) has no value."""
        per, whole = bound.binding.per, bound.binding.inputs[MAX.name]
        divisor = decimal_text(whole) if isinstance(whole, Decimal) else f"({aggregate('sum', per, str(whole))} > 0)"
        if bound.has(USED.name):
            return f"{aggregate('sum', per, str(bound.selector(USED.name)))} / {divisor}"
        return f"1 - {aggregate('sum', per, str(bound.selector(AVAILABLE.name)))} / {divisor}"

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return gauges that stand still at the wanted share."""
        per, whole = bound.binding.per, bound.binding.inputs[MAX.name]
        share = value if bound.has(USED.name) else 1 - value
        part = bound.selector(USED.name if bound.has(USED.name) else AVAILABLE.name)
        if isinstance(whole, Decimal):
            return (sampling.series(part, per, sampling.constant(share * whole, steps)),)
        scale = Decimal(1000)
        return (
            sampling.series(part, per, sampling.constant(share * scale, steps)),
            sampling.series(whole, per, sampling.constant(scale, steps)),
        )


KIND = Usage()
