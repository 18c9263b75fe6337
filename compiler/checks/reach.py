"""Checks of limits against the possible values of their signals: no limit may always fire, or never.

A bound counts only if it is sure: a ratio of events lies between 0 and 1, and a count is never negative. Usage that is
computed from the used amount may exceed its maximum. A gauge and a user's query may have any value.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.model import System, WatchedSignal
from compiler.quantities import Quantity, quantity_text
from compiler.signals import kinds
from compiler.signals.average import KIND as AVERAGE
from compiler.signals.bound import BoundSignal
from compiler.signals.increase import KIND as INCREASE
from compiler.signals.inputs import AVAILABLE, COUNTER
from compiler.signals.quantile import KIND as QUANTILE
from compiler.signals.rate import KIND as RATE
from compiler.signals.ratio import KIND as RATIO
from compiler.signals.state import KIND as STATE
from compiler.signals.utilization import IDLE
from compiler.signals.utilization import KIND as UTILIZATION


class Range(NamedTuple):
    """The least and the greatest value that a signal can have; None means no bound."""

    least: Decimal | None = None
    greatest: Decimal | None = None


class Compared(NamedTuple):
    """A comparison of a signal's value that the file states: its parts, its text, its place and related places."""

    signal: str
    comparator: str
    quantity: Quantity
    text: str
    span: Span
    related: tuple[Related, ...] = ()


_SHARE: Final = Range(Decimal(0), Decimal(1))
_COUNTED: Final = Range(Decimal(0))
_USED_SHARE: Final = Range(None, Decimal(1))
"""The used share is 1 minus the free share; it is negative if more is free than the stated total."""
_BY_KIND: Final = {
    **{kind.name: _COUNTED for kind in (AVERAGE, INCREASE, QUANTILE, RATE, UTILIZATION)},
    RATIO.name: _SHARE,
}


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that the signal can have values on both sides of each limit, and of the comparison of a state."""
    for system, watched in context.watched():
        possible = _possible(watched.bound)
        for compared in _compared(context, system, watched):
            _check(compared, possible, diagnostics)
        _check_by_kind(watched, diagnostics)


def _possible(bound: BoundSignal) -> Range:
    if bound.has(AVAILABLE.name):
        return _USED_SHARE
    if bound.has(IDLE.name):
        return _SHARE
    if bound.signal.kind == STATE.name:
        return _COUNTED if bound.has(COUNTER.name) else Range()
    return _BY_KIND.get(bound.signal.kind, Range())


def _compared(context: CheckContext, system: System, watched: WatchedSignal) -> Iterator[Compared]:
    signal, active = watched.bound.signal.id, watched.bound.binding.active
    if active is not None:
        mapping = context.binding(system, watched)
        span = mapping.value_spans["active"]
        yield Compared(signal, active.comparator, active.quantity, str(mapping["active"]), span)
        return
    for limit in watched.limits:
        quantity, related = Quantity(limit.value, limit.unit), context.inherited(system, watched, limit)
        yield Compared(signal, limit.comparator, quantity, limit.text, limit.span, related)


def _check(compared: Compared, possible: Range, diagnostics: Diagnostics) -> None:
    value, high = compared.quantity.value, not compared.comparator.startswith("<")
    strict = compared.comparator in {">", "<"}
    top, bottom = possible.greatest, possible.least
    if compared.comparator == "==":
        never = _past(value, top, upwards=True) or _past(value, bottom, upwards=False)
        always = False
    else:
        far_edge, near_edge = (top, bottom) if high else (bottom, top)
        never = _past(value, far_edge, upwards=high, or_at=strict)
        always = _past(value, near_edge, upwards=not high, or_at=not strict)
    template = f"`{compared.signal}` is never {{}} {{}}"
    above = template.format("above", _text(top, compared.quantity.unit))
    below = template.format("below", _text(bottom, compared.quantity.unit))
    if never:
        why = above if high and _past(value, top, upwards=True, or_at=True) else below
        diagnostics.error(
            "limit-never-fires",
            compared.span,
            f"`{compared.text}` never fires: {why}",
            hint="a limit must lie where the signal can go",
            related=compared.related,
        )
    elif always:
        diagnostics.error(
            "limit-always-fires",
            compared.span,
            f"`{compared.text}` always fires: {below if high else above}",
            hint="a limit must leave room for the good case",
            related=compared.related,
        )


def _check_by_kind(watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Report the limits that never fire for a reason that only the signal's kind knows."""
    for limit in watched.limits:
        why = kinds()[watched.bound.signal.kind].never(watched.bound, limit)
        if why is not None:
            reason, _, way_out = why.partition("; ")
            hint = way_out or "a limit must lie where the signal can go"
            diagnostics.error("limit-never-fires", limit.span, f"`{limit.text}` never fires: {reason}", hint=hint)


def _past(value: Decimal, edge: Decimal | None, *, upwards: bool, or_at: bool = False) -> bool:
    """Return whether a value lies beyond an edge; with `or_at`, also whether it lies at the edge."""
    if edge is None:
        return False
    return (value > edge if upwards else value < edge) or (or_at and value == edge)


def _text(edge: Decimal | None, unit: str) -> str:
    return "" if edge is None else quantity_text(Quantity(edge, unit))
