"""Resolve: the signals that a file can use: built-in ones, then its own."""

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
    """Return the signals by id, built-in and the file's own, which may replace the former; None for an invalid one."""
    builtin = document.parse(VOCABULARY, vocabulary_text(), Diagnostics())
    assert builtin is not None  # noqa: S101 - a test reads the vocabulary
    builtin_signals = {key: _signal(key, given, diagnostics) for key, given in builtin.items()}
    own = table(spec, "signals")
    return builtin_signals | {key: _signal(key, given, diagnostics) for key, given in own.items()}


def state(identifier: str) -> Signal:
    """Return the signal that a limit `when true` implies: a state named by its id."""
    return Signal(id=identifier, kind=STATE.name, unit=STATE_UNIT, title=conventions.words(identifier))


def _signal(key: str, given: Table, diagnostics: Diagnostics) -> Signal | None:
    before = len(diagnostics.found)
    if ("kind" in given) == ("query" in given):
        message = f"the signal `{key}` needs either a `kind` or a `query`"
        diagnostics.error(
            "signal", given.key_spans.get("query", given.span), message, hint="a `query` is PromQL of your own"
        )
        return None
    if "untested" in given and "example" in given:
        message = f"`{key}` has an `example`, which is what it is tested by"
        diagnostics.error("signal", given.key_spans["untested"], message, hint="keep one of the two")
    if "query" in given:
        _check_templates(given, diagnostics)
    else:
        _check_kind(given, diagnostics)
    if len(diagnostics.found) > before:
        return None
    settles = duration(given, "settles", -1, diagnostics)
    parameters = _parameters(given, diagnostics)
    if len(diagnostics.found) > before:
        return None
    return Signal(
        id=key,
        kind=given.get("kind", TEMPLATE.name),
        unit=given["unit"],
        title=given.get("title") or conventions.words(key),
        bad=given.get("bad"),
        parameters=parameters,
        query=given.get("query"),
        settles=None if settles < 0 else settles,
        untested=given.get("untested"),
        span=given.value_spans.get("query"),
        example=tuple(_example(series) for series in given.get("example", ())),
    )


def _parameters(given: Table, diagnostics: Diagnostics) -> dict[str, Decimal]:
    """Return the parameters of the signal's kind that the definition sets; durations are in seconds."""
    values = {}
    for parameter in kinds()[given.get("kind", TEMPLATE.name)].parameters:
        if parameter.name in given and parameter.duration:
            values[parameter.name] = Decimal(
                duration(given, parameter.name, int(parameter.default), diagnostics, least=1)
            )
        elif parameter.name in given:
            values[parameter.name] = Decimal(str(given[parameter.name]))
    return values


def _check_kind(given: Table, diagnostics: Diagnostics) -> None:
    kind = given["kind"]
    unit = kinds()[kind].unit
    if given["unit"] != unit and (unit is not None or given["unit"] == STATE_UNIT):
        hint = f"write `unit: {unit}`" if unit else f"write `kind: {STATE.name}`, or another unit"
        rule = f"the unit of the kind `{kind}` is {unit}" if unit else f"the kind `{kind}` is a number"
        diagnostics.error("signal", given.value_spans["unit"], f"{rule}, not {given['unit']}", hint=hint)
    own = {parameter.name for parameter in kinds()[kind].parameters}
    known = {parameter.name for other in kinds().values() for parameter in other.parameters}
    for name in sorted(known | {"example", "settles"}):
        if name in given and name not in own:
            message = f"`{name}` means nothing to the kind `{kind}`"
            diagnostics.error("signal", given.key_spans[name], message, hint="take it out")


def _check_templates(given: Table, diagnostics: Diagnostics) -> None:
    span = given.value_spans["query"]
    try:
        known = {*inputs(given["query"]), *EXAMPLE_CONTEXT}
        for example in given.get("example", ()):
            for key in ("series", "values"):
                span = example.value_spans[key]
                for name in inputs(example[key]):
                    if name not in known:
                        message = f"`{name}` is not known in an example of this query"
                        diagnostics.error("template", span, message, hint=did_you_mean(name, known))
                if not set(inputs(example[key])) - known:
                    check_arithmetic(example[key])
        span = given.value_spans["query"]
        check_arithmetic(given["query"])
    except InvalidTemplateError as error:
        diagnostics.error("template", span, f"the template cannot be used: {error}")


def _example(given: Table) -> ExampleSeries:
    labels = tuple(sorted(given.get("labels", {}).items()))
    span = given.value_spans["values"]
    return ExampleSeries(series=given["series"], labels=labels, values=given["values"], span=span)
