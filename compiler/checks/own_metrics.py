"""Checks of queries of one's own: is what they take as it is in the unit of their limits, and a level at all.

Beside `compiler.checks.metrics`, which holds bindings of known kinds against the names of their metrics. Nothing scales
the metrics of a query; a name may be wrong, which is for the file to say: these findings can be silenced.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Span
from compiler.metric_names import NamedUnit, contradiction, unit_of
from compiler.model import System, WatchedSignal
from compiler.promql import PromQLError, Selector
from compiler.quantities import COUNT, METRIC_UNITS, PER_SECOND, RATIO, STATE
from compiler.signals import kinds
from compiler.signals.query_measures import taken
from compiler.signals.template import InvalidTemplateError


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check every query of one's own, of each system that uses it."""
    for system, watched in context.lowered():
        if watched.bound.signal.query is None:
            continue
        try:
            found = taken(kinds()[watched.bound.signal.kind].written(watched.bound))
        except (InvalidTemplateError, PromQLError):
            continue
        for one in found:
            span, name = _place(context, system, watched, one.selector)
            if one.level and _is_counter(one.selector, name, span, diagnostics):
                continue
            if one.unit:
                # What is made of a rise or of buckets is scaled as a whole.
                _check_unit(watched, one.selector, name if one.level else "(…)", span, diagnostics)


def _place(context: CheckContext, system: System, watched: WatchedSignal, selector: Selector) -> tuple[Span, str]:
    """Return where a metric is bound and how the query names it; one that the query itself holds is named there."""
    given = context.binding(system, watched)
    for key, bound in watched.bound.binding.inputs.items():
        if isinstance(bound, Selector) and bound.metric.removesuffix("_bucket") == selector.metric:
            return given.value_spans.get(key, watched.span), f"{{{{ {key} }}}}"
    return watched.bound.signal.span or watched.span, selector.metric


def _is_counter(selector: Selector, name: str, span: Span, diagnostics: Diagnostics) -> bool:
    """Add an error where what a counter is at is taken for a level; return whether it is."""
    found = contradiction(selector.metric, "gauge")
    if found is None or found.type != "counter":
        return False
    message = (
        f"`{selector.metric}` is a counter by its name (`{found.words}`), and the query takes what it is at: it rises"
        " until its process starts anew"
    )
    hint = f"count what comes: `increase({name}[{{{{ window }}}}])`; where the name is wrong, silence this and say so"
    diagnostics.error("counter-as-gauge", span, message, hint=hint)
    return True


def _check_unit(watched: WatchedSignal, selector: Selector, name: str, span: Span, diagnostics: Diagnostics) -> None:
    """Add an error where the name of a metric that is taken as it is says another unit than that of the limits."""
    signal = watched.bound.signal
    if signal.unit in {STATE, PER_SECOND}:
        return
    said = unit_of(selector.metric, signal.unit)
    if said is None:
        return
    metric, silence = selector.metric, "where the name is wrong, silence this and say so"
    if said.base != signal.unit:
        if signal.unit in said.against:
            message = f"`{metric}` is in {said.word} by its name, and the limits of `{signal.id}` are in {signal.unit}"
            diagnostics.error("unit-contradicts-name", span, message, hint=f"measure another metric; {silence}")
        return
    factor = METRIC_UNITS[said.units[0]].factor
    if said.sure and factor == 1:
        return
    message = f"`{metric}` {_is_in(said)} by its name, and the query takes it as {_AS.get(signal.unit, signal.unit)}"
    where = "" if said.sure else f" where it is in {said.units[0]}"
    hint = f"scale it in the query{where}: `{name}{_scale(factor)}`; {silence}"
    diagnostics.error("unit-contradicts-name", span, message, hint=hint)


_AS: Final = {COUNT: "a count", RATIO: "a ratio"}


def _is_in(said: NamedUnit) -> str:
    return f"is in {said.word}" if said.sure else f"may be in {said.units[0]}"


def _scale(factor: Fraction) -> str:
    up, down = factor.numerator, factor.denominator
    return (f" * {up}" if up != 1 else "") + (f" / {down}" if down != 1 else "")
