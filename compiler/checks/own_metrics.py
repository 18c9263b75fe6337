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
    """Return the place of a metric and its name in the query.

    A bound metric has the place of its binding; a metric that the query itself names has the place of the query.
    """
    mapping = context.binding(system, watched)
    for key, bound_selector in watched.bound.binding.inputs.items():
        if isinstance(bound_selector, Selector) and bound_selector.metric.removesuffix("_bucket") == selector.metric:
            return mapping.value_spans.get(key, watched.span), f"{{{{ {key} }}}}"
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
    """Add an error if the name of an unscaled metric tells a unit that the limits do not have."""
    signal = watched.bound.signal
    if signal.unit in {STATE, PER_SECOND}:
        return
    told = unit_of(selector.metric, signal.unit)
    if told is None:
        return
    metric, silence = selector.metric, "where the name is wrong, silence this and say so"
    if told.base != signal.unit:
        if signal.unit in told.against:
            message = f"`{metric}` is in {told.word} by its name, and the limits of `{signal.id}` are in {signal.unit}"
            diagnostics.error("unit-contradicts-name", span, message, hint=f"measure another metric; {silence}")
        return
    factor = METRIC_UNITS[told.units[0]].factor
    if told.sure and factor == 1:
        return
    message = f"`{metric}` {_is_in(told)} by its name, and the query takes it as {_WORDS.get(signal.unit, signal.unit)}"
    condition = "" if told.sure else f" where it is in {told.units[0]}"
    hint = f"scale it in the query{condition}: `{name}{_scale(factor)}`; {silence}"
    diagnostics.error("unit-contradicts-name", span, message, hint=hint)


_WORDS: Final = {COUNT: "a count", RATIO: "a ratio"}


def _is_in(unit: NamedUnit) -> str:
    return f"is in {unit.word}" if unit.sure else f"may be in {unit.units[0]}"


def _scale(factor: Fraction) -> str:
    multiplier, divisor = factor.numerator, factor.denominator
    return (f" * {multiplier}" if multiplier != 1 else "") + (f" / {divisor}" if divisor != 1 else "")
