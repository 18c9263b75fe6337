"""Resolve: the binding of a signal to metrics → selectors, labels and windows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler import conventions
from compiler.diagnostics import Diagnostics, Related, Span, nearest
from compiler.document import Items, Table
from compiler.promql import Matcher, PromQLError, Selector, parse_matchers, parse_selector
from compiler.quantities import (
    COUNT,
    EXAMPLES,
    RATIO,
    Comparison,
    QuantityError,
    Rate,
    decimal_text,
    parse_comparison,
    parse_quantity,
)
from compiler.quantities import STATE as STATE_UNIT
from compiler.resolve.reading import duration, is_off, minimum_traffic, over_time, place_of
from compiler.resolve.units import IN, NO_UNITS, units
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, Signal
from compiler.signals.inputs import CAPACITY, COUNTER, HISTOGRAM
from compiler.signals.silence import KIND as SILENCE
from compiler.signals.state import EACH_SERIES, LOOKING_BACK, MEASURED_IN
from compiler.signals.state import KIND as STATE
from compiler.signals.template import inputs as template_inputs
from compiler.signals.template import uses_name as template_uses
from compiler.signals.utilization import IDLE

_COMMON_KEYS: Final = (
    *("per", "component", "selector", "targets"),
    *("window", "scrape_interval", "minimum_traffic", "over_time", "no_data"),
    IN,
)
_KEYS_OF_KIND: Final = {STATE.name: ("active", "of", "within"), SILENCE.name: ("quiet",)}
_BUCKET_LABEL: Final = "le"
_RESERVED_LABELS: Final = frozenset(conventions.RULE_LABELS) | {"alertname"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Inherited:
    """The defaults that a binding takes from its system for what it does not set itself.

    `targets` is None if it is unknown which targets the metrics come from. `targets_named` says whether the file names
    the targets.
    """

    matchers: tuple[Matcher, ...]
    targets: tuple[Matcher, ...] | None
    targets_named: bool
    dimensions: tuple[str, ...]
    window: int
    scrape_interval: int
    minimum_traffic: Rate | None
    over_time: str | None


def binding(signal: Signal, mapping: Table, inherited: Inherited, diagnostics: Diagnostics) -> Binding | None:
    """Return the binding of a signal; return None after adding at least one error."""
    errors_before = len(diagnostics.found)
    inputs = _input_names(signal, mapping, diagnostics)
    if inputs is None:
        return None
    matchers = matchers_of(mapping, diagnostics) if "selector" in mapping else inherited.matchers
    targets = targets_of(mapping, inherited.targets, diagnostics)
    values = {name: _input(signal, mapping, name, matchers, diagnostics) for name in inputs}
    active = _active(mapping, inputs, diagnostics) if signal.kind == STATE.name else None
    _check_unit(signal, mapping, inputs, diagnostics)
    _check_distinct(signal, mapping, values, diagnostics)
    own_labels = _per(mapping, diagnostics)
    dimensions = tuple(label for label in inherited.dimensions if label not in own_labels) if _keeps_per(signal) else ()
    is_smoothed = kinds()[signal.kind].smoothed(_with_inputs_only(signal, values))
    readable = {name: value for name, value in values.items() if value is not None}
    # Units are read only if the binding has no error so far.
    input_units = (
        units(signal, mapping, readable, active, diagnostics) if len(diagnostics.found) == errors_before else NO_UNITS
    )
    result = Binding(
        inputs={**readable, **input_units.numbers},
        units=input_units.metrics,
        per=(*dimensions, *own_labels),
        dimensions=dimensions,
        window=duration(mapping, "window", inherited.window, diagnostics, least=conventions.LEAST_WINDOW),
        scrape_interval=duration(mapping, "scrape_interval", inherited.scrape_interval, diagnostics, least=1),
        over_time=over_time(mapping, inherited.over_time) if is_smoothed else None,
        source=matchers,
        targets=targets,
        targets_named=targets is not None and names_targets(mapping, named=inherited.targets_named),
        missing_is_fine=mapping.get("no_data") == "ok",
        minimum_traffic=minimum_traffic(mapping, inherited.minimum_traffic, diagnostics),
        active=active,
        every=mapping.get("of") == "all",
        within=duration(mapping, "within", 0, diagnostics) or None,
        quiet=duration(mapping, "quiet", 0, diagnostics) or None,
    )
    return result if len(diagnostics.found) == errors_before else None


def matchers_of(owner: Table, diagnostics: Diagnostics, key: str = "selector") -> tuple[Matcher, ...]:
    """Return the matchers below `key`; return none if the key is missing or cannot be parsed."""
    if key not in owner:
        return ()
    try:
        return parse_matchers(owner[key])
    except PromQLError as error:
        span = place_of(error, owner[key], owner.value_spans[key], diagnostics)
        hint = error.hint or _matchers_hint(str(owner[key]))
        diagnostics.error("promql", span, f"not a list of matchers: {error}", hint=hint)
        return ()


_WITHOUT_QUOTES: Final = re.compile(
    r"(?<!\w)(?P<label>[A-Za-z_]\w*+)\s*+(?P<sign>=~|!~|!=|==|=|:)\s*+(?P<value>[^\s\"',{}]+)"
)


def _matchers_hint(text: str) -> str:
    """Return how to correct matchers that are enclosed in braces, or whose values are not quoted."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        try:
            parse_matchers(stripped[1:-1])
        except PromQLError:
            pass
        else:
            return f"take the braces out: `'{stripped[1:-1].strip()}'`"
    unquoted = list(_WITHOUT_QUOTES.finditer(stripped))
    if unquoted and '"' not in stripped:
        signs = {":": "=", "==": "="}
        matchers = ",".join(
            f'{match["label"]}{signs.get(match["sign"], match["sign"])}"{match["value"]}"' for match in unquoted
        )
        return f"quote what a label is compared with: `'{matchers}'`"
    return 'such as `job="api",env!="test"`'


def targets_of(
    owner: Table, inherited: tuple[Matcher, ...] | None, diagnostics: Diagnostics
) -> tuple[Matcher, ...] | None:
    """Return the matchers of the metrics' targets: those of `targets`, else of `selector`, else the inherited ones.

    Return None if the file says `off`, or if no matcher selects the metrics.
    """
    if "targets" in owner:
        return None if is_off(owner["targets"]) else matchers_of(owner, diagnostics, "targets")
    if "selector" in owner:
        return matchers_of(owner, Diagnostics()) or None
    return inherited


def names_targets(owner: Table, *, named: bool) -> bool:
    """Return whether the matchers of `targets_of` come from a `targets` key; `named` says whether inherited ones do."""
    return "targets" in owner or (named and "selector" not in owner)


def _keeps_per(signal: Signal) -> bool:
    """Return whether the result has the labels of `per`: a user's query has them only if it uses `{{ per }}`."""
    return signal.query is None or template_uses(signal.query, "per")


def _with_inputs_only(signal: Signal, values: Mapping[str, Selector | Decimal | None]) -> BoundSignal:
    """Return a provisional binding that has only inputs, to ask the kind for what depends on the inputs alone."""
    inputs = {name: value for name, value in values.items() if value is not None}
    return BoundSignal(signal=signal, binding=Binding(inputs=inputs, window=conventions.DEFAULT_WINDOW))


def _input_names(signal: Signal, mapping: Table, diagnostics: Diagnostics) -> tuple[str, ...] | None:
    own_keys = _KEYS_OF_KIND.get(signal.kind, ())
    named_inputs = [key for key in mapping if key not in _COMMON_KEYS and key not in own_keys]
    forms = tuple(tuple(input_.name for input_ in form) for form in kinds()[signal.kind].forms)
    if signal.query is not None:
        forms = (template_inputs(signal.query),)
    input_names = {name for form in forms for name in form}
    unknown = [key for key in named_inputs if key not in input_names]
    for key in unknown:
        if _misspelt_in_query(signal, mapping, key, set(input_names) - set(mapping), diagnostics):
            continue
        nearest_key = nearest(key, {*input_names, *_COMMON_KEYS, *own_keys} - set(mapping))
        hint = f"did you mean `{nearest_key}`?" if nearest_key else f"it is measured by {_alternatives(forms)}"
        message = f"unknown key `{key}` for the signal `{signal.id}` of kind `{signal.kind}`"
        diagnostics.error("unknown-key", mapping.key_spans[key], message, hint=hint)
    if unknown:
        return None
    chosen = next((form for form in forms if set(form) == set(named_inputs)), None)
    if chosen is None:
        message = f"`{signal.id}` is measured by {_alternatives(forms)}"
        diagnostics.error("metrics", mapping.span, message, hint=_changes_to_inputs(forms, named_inputs))
    return chosen


def _misspelt_in_query(
    signal: Signal, mapping: Table, key: str, missing: Collection[str], diagnostics: Diagnostics
) -> bool:
    """Return whether the query, not the binding, misspells an input; add an error at the query if so.

    The names of the metric and of the signal decide which of the two spellings is right.
    """
    nearest_input = nearest(key, missing)
    if signal.query is None or signal.span is None or nearest_input is None:
        return False
    names = f"{mapping[key]} {signal.id} {signal.title}".casefold()
    if key.casefold() not in names or nearest_input.casefold() in names:
        return False
    message = f"`{{{{ {nearest_input} }}}}` is no input of `{signal.id}`"
    related = (Related(span=mapping.key_spans[key], message=f"`{key}` is bound here"),)
    hint = f"did you mean `{{{{ {key} }}}}`?"
    if not any(finding.span == signal.span and finding.message == message for finding in diagnostics.found):
        diagnostics.error("unknown-key", signal.span, message, hint=hint, related=related)
    return True


def _changes_to_inputs(forms: Sequence[Sequence[str]], named_inputs: Sequence[str]) -> str:
    """Return which inputs to add and which to remove, so that the named inputs become the form most like them."""
    if not forms or not named_inputs:
        return "name the metrics of one of these"
    form = max(
        forms,
        key=lambda candidate: (len(set(candidate) & set(named_inputs)), named_inputs[0] in candidate, -len(candidate)),
    )
    lacking, surplus = (
        [name for name in form if name not in named_inputs],
        [name for name in named_inputs if name not in form],
    )
    parts = [f"add {_alternatives([lacking])}"] if lacking else []
    parts += [f"take out {_alternatives([surplus])}"] if surplus else []
    return ", and ".join(parts)


def _alternatives(forms: Sequence[Sequence[str]]) -> str:
    return ", or ".join(" and ".join(f"`{name}`" for name in form) for form in forms) or "nothing"


def _input(
    signal: Signal, mapping: Table, name: str, matchers: tuple[Matcher, ...], diagnostics: Diagnostics
) -> Selector | Decimal | None:
    value, span = mapping[name], mapping.value_spans[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value <= 0 and signal.query is None:
            diagnostics.error("metrics", span, f"`{name}` must be more than 0", hint="something is divided by it")
            return None
        return Decimal(str(value))
    if name in kinds()[signal.kind].constants and (number_hint := _number_hint(str(value), name)) is not None:
        message = f"`{value}` is no metric; write a number without quotes and without a unit"
        diagnostics.error("metrics", span, message, hint=number_hint)
        return None
    try:
        selector = parse_selector(str(value))
    except PromQLError as error:
        place = place_of(error, str(value), span, diagnostics)
        hint = _metric_hint(str(value), name) or error.hint or 'such as `http_requests_total{code=~"5.."}`'
        diagnostics.error("promql", place, f"not a metric: {error}", hint=hint)
        return None
    labels = {matcher.label for matcher in selector.matchers}
    return Selector(
        selector.metric, (*(matcher for matcher in matchers if matcher.label not in labels), *selector.matchers)
    )


_NUMBER: Final = re.compile(r"(?P<number>[0-9][0-9,_' ]*+(?:\.[0-9]++)?)\s*+(?P<unit>[A-Za-z%][\w ]*)?")


def _number_hint(text: str, name: str) -> str | None:
    """Return how to write a quoted number, or one with a unit, as a plain number in the unit of the other metric."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    number = re.sub(r"[,_' ]", "", match["number"])
    with suppress(QuantityError):
        quantity = parse_quantity(f"{number}{match['unit'] or ''}")
        if quantity.unit != COUNT:
            number = decimal_text(quantity.value)
            example = f"`{name}: {number}` where that is in {quantity.unit}"
            return f"write the number in the unit of the metric beside it: {example}"
    return f"write the number alone, in the unit of the metric beside it: `{name}: {number}`"


_COMPARISON: Final = re.compile(r"(?:==|!=|>=|<=|>|<)\s*+[0-9.]++\Z")
_IN_BRACES: Final = re.compile(r"\{[^{}]*\}")
_CALLED: Final = re.compile(
    r"\w++\s*+(?:by\s*+\([^)]*\)\s*+)?\((?P<metric>[A-Za-z_:][\w:]*+(?:\{[^}]*\})?)(?:\[\w+\])?\)\Z"
)
_RANGED: Final = re.compile(r"(?P<metric>[A-Za-z_:][\w:]*+(?:\{[^}]*\})?)\[[^\]]*\]\Z")


def _metric_hint(text: str, name: str) -> str | None:
    """Return how to name a metric that the text wraps in a function, a comparison or a range.

    The kind of the signal adds these itself.
    """
    text = text.strip()
    comparison = _COMPARISON.search(text)
    metric = text[: comparison.start()].strip() if comparison is not None else ""
    is_only_comparison = set("<>=!").isdisjoint(_IN_BRACES.sub("", metric))
    if comparison is not None and metric and is_only_comparison:
        advice = f"`{comparison.group()}` belongs below `active:` or `limits:`"
        return f"write `{name}: {metric}`; {advice}"
    for match, action in ((_CALLED.match(text), "computes with it"), (_RANGED.match(text), "looks over its window")):
        if match is not None:
            return f"name the metric alone, `{match['metric']}`: the kind of the signal {action}"
    return None


GIVEN_IN: Final = {
    **{name: unit for name, unit in MEASURED_IN.items() if name != COUNTER.name},
    CAPACITY.name: RATIO,
    IDLE.name: RATIO,
}
"""The unit of an input's value, by input name; a counter or a gauge has the unit of its metric."""


def _check_unit(signal: Signal, mapping: Table, inputs: Sequence[str], diagnostics: Diagnostics) -> None:
    """Add an error if the limits of a signal are in another unit than its inputs yield."""
    for name in inputs:
        unit = GIVEN_IN.get(name, signal.unit)
        if signal.query is None and signal.unit not in {unit, STATE_UNIT}:
            message = f"`{name}` gives {unit}, and the limits of `{signal.id}` are in {signal.unit}"
            hint = f"write `unit: {unit}` in the definition of `{signal.id}`"
            diagnostics.error("limit-unit", mapping.key_spans[name], message, hint=hint)


def _check_distinct(
    signal: Signal, mapping: Table, values: Mapping[str, Selector | Decimal | None], diagnostics: Diagnostics
) -> None:
    """Add an error if two inputs are the same series, because their ratio is always 1.

    A user's query may use the same series twice for a reason, so the check skips it.
    """
    seen: dict[tuple[str, frozenset[Matcher]], str] = {}
    for name, selector in values.items():
        if not isinstance(selector, Selector) or signal.query is not None:
            continue
        first_input = seen.setdefault((selector.metric, frozenset(selector.matchers)), name)
        if first_input != name:
            message = f"`{name}` and `{first_input}` are the same series"
            related = (Related(span=mapping.value_spans[first_input], message=f"`{first_input}` is measured here"),)
            hint = "name the metric, or the matchers, that tell the one from the other"
            diagnostics.error("metrics", mapping.value_spans[name], message, hint=hint, related=related)


def _active(mapping: Table, inputs: Sequence[str], diagnostics: Diagnostics) -> Comparison | None:
    for key, usable_inputs in (("of", EACH_SERIES), ("within", LOOKING_BACK)):
        if key in mapping and not usable_inputs.issuperset(inputs):
            message = f"`{key}` means nothing to a state of {_alternatives([inputs])}"
            diagnostics.error(
                "metrics",
                mapping.key_spans[key],
                message,
                hint=f"it goes with {_alternatives([(name,) for name in sorted(usable_inputs)])}",
            )
    if "active" not in mapping:
        message = "a state needs `active`, the comparison that makes it true"
        diagnostics.error("metrics", mapping.span, message, hint='add `active: "== 0"`')
        return None
    span = mapping.value_spans["active"]
    try:
        active = parse_comparison(str(mapping["active"]))
    except QuantityError as error:
        diagnostics.error("quantity", span, str(error), hint='such as `"== 0"` or `"> 10"`')
        return None
    unit = next((MEASURED_IN[name] for name in inputs if name in MEASURED_IN), active.quantity.unit)
    if active.quantity.unit != unit:
        message = f"`{mapping['active']}` is in {active.quantity.unit}; {_alternatives([inputs])} give {unit}"
        diagnostics.error("limit-unit", span, message, hint=f"write {EXAMPLES[unit]}")
    return active


def _per(mapping: Table, diagnostics: Diagnostics) -> tuple[str, ...]:
    value = mapping.get("per", ())
    labels = tuple(value) if isinstance(value, Items) else (str(value),) if value else ()
    spans: list[Span] = value.spans if isinstance(value, Items) else [mapping.value_spans["per"]] if value else []
    for label, span in zip(labels, spans, strict=True):
        if label in _RESERVED_LABELS:
            message = f"the rule sets the label `{label}` itself, so it cannot tell components apart"
            diagnostics.error("reserved-label", span, message)
        elif label.startswith("__"):
            message = f"`{label}` is Prometheus's own, and no alert has it"
            diagnostics.error("reserved-label", span, message)
        elif label == _BUCKET_LABEL and HISTOGRAM.name in mapping:
            message = f"`{label}` tells the buckets of a histogram apart, not components"
            diagnostics.error("reserved-label", span, message)
    return labels
