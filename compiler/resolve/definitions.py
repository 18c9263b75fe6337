"""Resolve: the signals that a file can use, both the built-in ones and its own."""

from __future__ import annotations

from decimal import Decimal

from compiler import conventions, document
from compiler.diagnostics import Diagnostics, did_you_mean
from compiler.document import Table
from compiler.quantities import STATE as STATE_UNIT
from compiler.resolve.reading import duration, table
from compiler.signals import VOCABULARY, kinds, vocabulary_text
from compiler.signals.bound import ExampleSeries, Signal
from compiler.signals.state import KIND as STATE
from compiler.signals.template import EXAMPLE_CONTEXT, InvalidTemplateError, check_arithmetic, inputs
from compiler.signals.template import KIND as TEMPLATE


def signals(spec: Table, diagnostics: Diagnostics) -> dict[str, Signal | None]:
    """Return the built-in signals and the file's own by id, None for an invalid one.

    A signal of the file may replace a built-in one.
    """
    builtin = document.parse(VOCABULARY, vocabulary_text(), Diagnostics())
    assert builtin is not None  # noqa: S101 - a test reads the vocabulary
    builtin_signals = {key: _signal(key, mapping, diagnostics) for key, mapping in builtin.items()}
    own_definitions = table(spec, "signals")
    return builtin_signals | {key: _signal(key, mapping, diagnostics) for key, mapping in own_definitions.items()}


def state(identifier: str) -> Signal:
    """Return the signal that a limit `when true` implies: a state named by its id."""
    return Signal(id=identifier, kind=STATE.name, unit=STATE_UNIT, title=conventions.words(identifier))


def _signal(key: str, mapping: Table, diagnostics: Diagnostics) -> Signal | None:
    errors_before = len(diagnostics.found)
    if ("kind" in mapping) == ("query" in mapping):
        message = f"the signal `{key}` needs either a `kind` or a `query`"
        diagnostics.error(
            "signal", mapping.key_spans.get("query", mapping.span), message, hint="a `query` is PromQL of your own"
        )
        return None
    if "untested" in mapping and "example" in mapping:
        message = f"`{key}` has an `example`, which is what it is tested by"
        diagnostics.error("signal", mapping.key_spans["untested"], message, hint="keep one of the two")
    if "query" in mapping:
        _check_templates(mapping, diagnostics)
    else:
        _check_kind(mapping, diagnostics)
    if len(diagnostics.found) > errors_before:
        return None
    settles = duration(mapping, "settles", -1, diagnostics)
    parameters = _parameters(mapping, diagnostics)
    if len(diagnostics.found) > errors_before:
        return None
    return Signal(
        id=key,
        kind=mapping.get("kind", TEMPLATE.name),
        unit=mapping["unit"],
        title=mapping.get("title") or conventions.words(key),
        bad=mapping.get("bad"),
        parameters=parameters,
        query=mapping.get("query"),
        settles=None if settles < 0 else settles,
        untested=mapping.get("untested"),
        span=mapping.value_spans.get("query"),
        example=tuple(_example(series) for series in mapping.get("example", ())),
    )


def _parameters(mapping: Table, diagnostics: Diagnostics) -> dict[str, Decimal]:
    """Return the parameters of the signal's kind that the definition sets; durations are in seconds."""
    values = {}
    for parameter in kinds()[mapping.get("kind", TEMPLATE.name)].parameters:
        if parameter.name in mapping and parameter.duration:
            values[parameter.name] = Decimal(
                duration(mapping, parameter.name, int(parameter.default), diagnostics, least=1)
            )
        elif parameter.name in mapping:
            values[parameter.name] = Decimal(str(mapping[parameter.name]))
    return values


def _check_kind(mapping: Table, diagnostics: Diagnostics) -> None:
    kind = mapping["kind"]
    unit = kinds()[kind].unit
    if mapping["unit"] != unit and (unit is not None or mapping["unit"] == STATE_UNIT):
        hint = f"write `unit: {unit}`" if unit else f"write `kind: {STATE.name}`, or another unit"
        rule = f"the unit of the kind `{kind}` is {unit}" if unit else f"the kind `{kind}` is a number"
        diagnostics.error("signal", mapping.value_spans["unit"], f"{rule}, not {mapping['unit']}", hint=hint)
    own_parameters = {parameter.name for parameter in kinds()[kind].parameters}
    all_parameters = {parameter.name for any_kind in kinds().values() for parameter in any_kind.parameters}
    for name in sorted(all_parameters | {"example", "settles"}):
        if name in mapping and name not in own_parameters:
            message = f"`{name}` means nothing to the kind `{kind}`"
            diagnostics.error("signal", mapping.key_spans[name], message, hint="take it out")


def _check_templates(mapping: Table, diagnostics: Diagnostics) -> None:
    span = mapping.value_spans["query"]
    try:
        known_names = {*inputs(mapping["query"]), *EXAMPLE_CONTEXT}
        for example in mapping.get("example", ()):
            for key in ("series", "values"):
                span = example.value_spans[key]
                for name in inputs(example[key]):
                    if name not in known_names:
                        message = f"`{name}` is not known in an example of this query"
                        diagnostics.error("template", span, message, hint=did_you_mean(name, known_names))
                if not set(inputs(example[key])) - known_names:
                    check_arithmetic(example[key])
        span = mapping.value_spans["query"]
        check_arithmetic(mapping["query"])
    except InvalidTemplateError as error:
        diagnostics.error("template", span, f"the template cannot be used: {error}")


def _example(mapping: Table) -> ExampleSeries:
    labels = tuple(sorted(mapping.get("labels", {}).items()))
    span = mapping.value_spans["values"]
    return ExampleSeries(series=mapping["series"], labels=labels, values=mapping["values"], span=span)
