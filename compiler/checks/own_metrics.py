"""Checks of users' queries: each unscaled metric must be in the unit of the limits, and must not be a counter.

`compiler.checks.metrics` does the same for bindings of known kinds. The compiler does not scale the metrics of a query.
A metric's name may be wrong, so a comment in the file can silence these findings.
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
from compiler.signals.queries.measures import read_metrics
from compiler.signals.template import InvalidTemplateError


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check each user's query, for each system that uses it."""
    for system, watched in context.lowered():
        if watched.bound.signal.query is None:
            continue
        try:
            metrics = read_metrics(kinds()[watched.bound.signal.kind].written(watched.bound))
        except (InvalidTemplateError, PromQLError):
            continue
        for metric in metrics:
            span, name = _place(context, system, watched, metric.selector)
            if metric.level and _is_counter(metric.selector, name, span, diagnostics):
                continue
            if metric.unit:
                # A value computed from an increase or from buckets is scaled as a whole.
                _check_unit(watched, metric.selector, name if metric.level else "(…)", span, diagnostics)


def _place(context: CheckContext, system: System, watched: WatchedSignal, selector: Selector) -> tuple[Span, str]:
    """Return where a metric is bound and how the query names it, or the query's place for a metric written in it."""
    given = context.binding(system, watched)
    for key, bound in watched.bound.binding.inputs.items():
        if isinstance(bound, Selector) and bound.metric.removesuffix("_bucket") == selector.metric:
            return given.value_spans.get(key, watched.span), f"{{{{ {key} }}}}"
    return watched.bound.signal.span or watched.span, selector.metric


def _is_counter(selector: Selector, name: str, span: Span, diagnostics: Diagnostics) -> bool:
    """Add an error if a query uses the value of a counter as a level; return whether it does."""
    clash = contradiction(selector.metric, "gauge")
    if clash is None or clash.type != "counter":
        return False
    message = (
        f"`{selector.metric}` is a counter by its name (`{clash.words}`), and the query takes what it is at: it rises"
        " until its process starts anew"
    )
    hint = f"count what comes: `increase({name}[{{{{ window }}}}])`; where the name is wrong, silence this and say so"
    diagnostics.error("counter-as-gauge", span, message, hint=hint)
    return True


def _check_unit(watched: WatchedSignal, selector: Selector, name: str, span: Span, diagnostics: Diagnostics) -> None:
    """Add an error if the name of an unscaled metric tells another unit than that of the limits."""
    signal = watched.bound.signal
    if signal.unit in {STATE, PER_SECOND}:
        return
    named = unit_of(selector.metric, signal.unit)
    if named is None:
        return
    metric, silence = selector.metric, "where the name is wrong, silence this and say so"
    if named.base != signal.unit:
        if signal.unit in named.against:
            message = f"`{metric}` is in {named.word} by its name, and the limits of `{signal.id}` are in {signal.unit}"
            diagnostics.error("unit-contradicts-name", span, message, hint=f"measure another metric; {silence}")
        return
    factor = METRIC_UNITS[named.units[0]].factor
    if named.sure and factor == 1:
        return
    message = f"`{metric}` {_is_in(named)} by its name, and the query takes it as {_AS.get(signal.unit, signal.unit)}"
    where = "" if named.sure else f" where it is in {named.units[0]}"
    hint = f"scale it in the query{where}: `{name}{_scale(factor)}`; {silence}"
    diagnostics.error("unit-contradicts-name", span, message, hint=hint)


_AS: Final = {COUNT: "a count", RATIO: "a ratio"}


def _is_in(named: NamedUnit) -> str:
    return f"is in {named.word}" if named.sure else f"may be in {named.units[0]}"


def _scale(factor: Fraction) -> str:
    up, down = factor.numerator, factor.denominator
    return (f" * {up}" if up != 1 else "") + (f" / {down}" if down != 1 else "")
