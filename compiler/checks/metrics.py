"""Checks of metrics against what their names say: is each of the type, and in the unit, that its binding takes it for.

Names are read by `compiler.metric_names`. A name may be wrong, which is for the file to say: these findings can be
silenced. What is in no known unit at all is an error of `compiler.resolve.units`.
"""

from __future__ import annotations

from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics
from compiler.document import Table
from compiler.metric_names import Contradiction, contradiction, unit_of, whole_of
from compiler.model import WatchedSignal
from compiler.promql import Selector
from compiler.quantities import METRIC_UNITS, SECONDS
from compiler.resolve.units import metric_of, stated
from compiler.signals import kinds
from compiler.signals.contract import Input
from compiler.signals.gauge import KIND as GAUGE_KIND
from compiler.signals.inputs import GAUGE, HISTOGRAM, SINCE, UNTIL
from compiler.signals.state import KIND as STATE


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check every metric that a system binds to a signal of a known kind."""
    for system, watched in context.watched():
        kind = kinds()[watched.bound.signal.kind]
        if not kind.bindable:
            continue
        given = context.binding(system, watched)
        for name, one in {one.name: one for form in kind.forms for one in form}.items():
            selector = watched.bound.binding.inputs.get(name)
            if isinstance(selector, Selector):
                _check_type(watched, given, one, selector, diagnostics)
                _check_unit(given, name, selector, diagnostics)


def _check_unit(given: Table, name: str, selector: Selector, diagnostics: Diagnostics) -> None:
    """Add an error where `in` says another unit than the name."""
    told = stated(given, {name: selector}).get(name)
    if told is None:
        return
    (unit, span), metric = told, metric_of(name, selector)
    base = METRIC_UNITS[unit].base
    said = unit_of(metric, base)
    if said is None or any(METRIC_UNITS[one] == METRIC_UNITS[unit] for one in said.units):
        return
    if base in said.against or (said.base == base and (said.sure or len(said.units) > 1)):
        message = f"`in: {unit}` contradicts the name of `{metric}`, which says {said.word}"
        hint = "take `in` out where the name is right; where it is wrong, silence this and say so"
        diagnostics.error("unit-contradicts-name", span, message, hint=hint)


def _check_type(watched: WatchedSignal, given: Table, one: Input, selector: Selector, diagnostics: Diagnostics) -> None:
    """Add an error where the name says another type than that of the input."""
    found = contradiction(selector.metric, one.type)
    if found is None or _is_fine(watched, one, found):
        return
    span, metric = given.value_spans[one.name], selector.metric
    text = _quoted(str(given[one.name]))
    whole = _quoted(str(given[one.name]).replace(metric, whole_of(metric), 1))
    match found.type:
        case "counter" | "part" if one.name == HISTOGRAM.name:
            if found.type == "part":
                message = f"`{metric}` is one of the series of a histogram, which is bound by the name that they share"
                diagnostics.error("histogram-name", span, message, hint=f"write `histogram: {whole}`")
            else:
                message = f"`{metric}` is a counter by its name (`{found.words}`), and has no buckets"
                diagnostics.error("histogram-name", span, message, hint="bind a histogram, by the name of its metric")
        case "counter":
            message = (
                f"`{metric}` is a counter by its name (`{found.words}`): it rises until its process starts anew,"
                f" and what it is at says nothing"
            )
            diagnostics.error("counter-as-gauge", span, message, hint=_as_counter(watched, text))
        case "part":
            message = f"`{metric}` is a counter, one of the series of a histogram or summary by its name"
            hint = f"bind a signal of kind `quantile` or `average` by `histogram: {whole}`"
            diagnostics.error("counter-as-gauge", span, message, hint=hint)
        case "gauge":
            message = f"`{metric}` goes up and down by its name (`{found.words}`): a rate of it means nothing"
            hint = f"bind it by `gauge:` to a signal of kind `gauge`, or name a counter as `{one.name}`"
            diagnostics.error("gauge-as-counter", span, message, hint=hint)
        case "instant":
            message = f"`{metric}` is a point in time by its name (`{found.words}`), and no `{one.name}`"
            hint = _as_instant(watched, text)
            diagnostics.error("point-in-time", span, message, hint=hint)
        case "span":
            message = (
                f"`{metric}` is a length of time by its name (`{found.words}`), and `{one.name}` takes a timestamp"
            )
            diagnostics.error("point-in-time", span, message, hint=f"write `gauge: {text}`, which is compared as it is")
        case "info":
            message = f"`{metric}` is 1 at all times by its name (`{found.words}`): what it tells stands in its labels"
            hint = 'bind a metric that has a value; that one is there is a `state`, by `gauge:` and `active: "== 1"`'
            diagnostics.error("constant-metric", span, message, hint=hint)


def _is_fine(watched: WatchedSignal, one: Input, found: Contradiction) -> bool:
    """Return whether a state asks what such a metric can answer: is it there, has it ever been set."""
    active = watched.bound.binding.active
    if watched.bound.signal.kind != STATE.name or one.name != GAUGE.name or active is None:
        return False
    return found.type == "info" or (found.type == "instant" and active.quantity.unit != SECONDS)


def _as_counter(watched: WatchedSignal, text: str) -> str:
    """Return how a counter is bound, by what is bound to a gauge now."""
    signal, written = watched.bound.signal, f"`counter: {text}`"
    if signal.kind == STATE.name:
        return f"write {written}: the state is then about what comes within `window`"
    return f"count what comes within a `window`: give `{signal.id}` the kind `increase`, or `rate`, and bind {written}"


def _as_instant(watched: WatchedSignal, text: str) -> str:
    """Return how a point in time is bound: by the side on which the limits of a gauge of seconds lie, if it is one."""
    bound = watched.bound
    if bound.signal.kind == GAUGE_KIND.name and bound.signal.unit == SECONDS:
        if bound.low:
            return f"write `{UNTIL.name}: {text}`: the limits are then held against the time that is left"
        return f"write `{SINCE.name}: {text}`: the limits are then held against its age"
    return f"in a signal of kind `gauge` write `since: {text}` for its age, `until: {text}` for the time left"


_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")


def _quoted(text: str) -> str:
    """Return a metric as it stands in YAML."""
    return text if set(text) <= _PLAIN else "'" + text.replace("'", "''") + "'"
