"""Checks of metrics: the name of each metric must agree with the type and the unit that its binding assumes.

`compiler.metric_names` reads the names. A name may be wrong, so a comment in the file can silence these findings.
`compiler.resolve.units` reports a metric whose unit is unknown.
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
    """Check each metric that a system binds to a signal of a known kind."""
    for system, watched in context.watched():
        kind = kinds()[watched.bound.signal.kind]
        if not kind.bindable:
            continue
        binding = context.binding(system, watched)
        for name, input_ in {input_.name: input_ for form in kind.forms for input_ in form}.items():
            selector = watched.bound.binding.inputs.get(name)
            if isinstance(selector, Selector):
                _check_type(watched, binding, input_, selector, diagnostics)
                _check_unit(binding, name, selector, diagnostics)


def _check_unit(binding: Table, name: str, selector: Selector, diagnostics: Diagnostics) -> None:
    """Add an error if `in` and the metric's name state different units."""
    stated_unit = stated(binding, {name: selector}).get(name)
    if stated_unit is None:
        return
    (unit, span), metric = stated_unit, metric_of(name, selector)
    base = METRIC_UNITS[unit].base
    name_unit = unit_of(metric, base)
    if name_unit is None or any(METRIC_UNITS[unit_name] == METRIC_UNITS[unit] for unit_name in name_unit.units):
        return
    if base in name_unit.against or (name_unit.base == base and (name_unit.sure or len(name_unit.units) > 1)):
        message = f"`in: {unit}` contradicts the name of `{metric}`, which says {name_unit.word}"
        hint = "take `in` out where the name is right; where it is wrong, silence this and say so"
        diagnostics.error("unit-contradicts-name", span, message, hint=hint)


def _check_type(
    watched: WatchedSignal, binding: Table, input_: Input, selector: Selector, diagnostics: Diagnostics
) -> None:
    """Add an error if the metric's name tells a type that the input does not accept."""
    clash = contradiction(selector.metric, input_.type)
    if clash is None or _can_answer(watched, input_, clash):
        return
    span, metric = binding.value_spans[input_.name], selector.metric
    text = _quoted(str(binding[input_.name]))
    whole_text = _quoted(str(binding[input_.name]).replace(metric, whole_of(metric), 1))
    match clash.type:
        case "counter" | "part" if input_.name == HISTOGRAM.name:
            if clash.type == "part":
                message = f"`{metric}` is one of the series of a histogram, which is bound by the name that they share"
                diagnostics.error("histogram-name", span, message, hint=f"write `histogram: {whole_text}`")
            else:
                message = f"`{metric}` is a counter by its name (`{clash.words}`), and has no buckets"
                diagnostics.error("histogram-name", span, message, hint="bind a histogram, by the name of its metric")
        case "counter":
            message = (
                f"`{metric}` is a counter by its name (`{clash.words}`): it rises until its process starts anew,"
                f" and its current value says nothing"
            )
            diagnostics.error("counter-as-gauge", span, message, hint=_as_counter(watched, text))
        case "part":
            message = f"`{metric}` is a counter, one of the series of a histogram or summary by its name"
            hint = f"bind a signal of kind `quantile` or `average` by `histogram: {whole_text}`"
            diagnostics.error("counter-as-gauge", span, message, hint=hint)
        case "gauge":
            message = f"`{metric}` goes up and down by its name (`{clash.words}`): a rate of it means nothing"
            hint = f"bind it by `gauge:` to a signal of kind `gauge`, or name a counter as `{input_.name}`"
            diagnostics.error("gauge-as-counter", span, message, hint=hint)
        case "instant":
            message = f"`{metric}` is a point in time by its name (`{clash.words}`), and no `{input_.name}`"
            hint = _as_instant(watched, text)
            diagnostics.error("point-in-time", span, message, hint=hint)
        case "span":
            message = (
                f"`{metric}` is a length of time by its name (`{clash.words}`), and `{input_.name}` takes a timestamp"
            )
            diagnostics.error("point-in-time", span, message, hint=f"write `gauge: {text}`, which is compared as it is")
        case "info":
            message = f"`{metric}` is 1 at all times by its name (`{clash.words}`): what it tells stands in its labels"
            state = 'a `state`, by `gauge:` and `active: "== 1"`'
            hint = f"bind a metric that has a value; to check that a series exists, use {state}"
            diagnostics.error("constant-metric", span, message, hint=hint)


def _can_answer(watched: WatchedSignal, input_: Input, clash: Contradiction) -> bool:
    """Return whether a state asks only what its metric can answer.

    A metric that is always 1 tells whether it exists; a point in time tells also whether it was ever set.
    """
    active = watched.bound.binding.active
    if watched.bound.signal.kind != STATE.name or input_.name != GAUGE.name or active is None:
        return False
    return clash.type == "info" or (clash.type == "instant" and active.quantity.unit != SECONDS)


def _as_counter(watched: WatchedSignal, text: str) -> str:
    """Return how to bind a counter that is bound as `gauge` now."""
    signal, binding = watched.bound.signal, f"`counter: {text}`"
    if signal.kind == STATE.name:
        return f"write {binding}: the state is then about what comes within `window`"
    return f"count what comes within a `window`: give `{signal.id}` the kind `increase`, or `rate`, and bind {binding}"


def _as_instant(watched: WatchedSignal, text: str) -> str:
    """Return how to bind a timestamp; for a gauge of seconds, the side of its limits decides: age or time left."""
    bound = watched.bound
    if bound.signal.kind == GAUGE_KIND.name and bound.signal.unit == SECONDS:
        if bound.low:
            return f"write `{UNTIL.name}: {text}`: the limits are then held against the time that is left"
        return f"write `{SINCE.name}: {text}`: the limits are then held against its age"
    return f"in a signal of kind `gauge` write `since: {text}` for its age, `until: {text}` for the time left"


_PLAIN_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")


def _quoted(text: str) -> str:
    """Return a metric as a YAML value, quoted if necessary."""
    return text if set(text) <= _PLAIN_CHARACTERS else "'" + text.replace("'", "''") + "'"
