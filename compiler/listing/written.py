"""The list of signals as text for a terminal, as a table in Markdown, and one of them with what to write for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from compiler import harmless
from compiler.conventions import PROGRAM, SEVERITIES, STATE_LIMIT
from compiler.listing import ListedSignal
from compiler.signals.contract import Input
from compiler.signals.inputs import COUNTER, GAUGE, MAX, SINCE, UNTIL

_FORMS_BETWEEN: Final = ", or "


def as_json(found: Sequence[ListedSignal]) -> str:
    """Return `{"severities": […], "signals": [{id, title, kind, unit, own, inputs, limits}]}`.

    `inputs` is a list of alternatives, each a list of `{name, description, example, number}`; `number` is whether a
    number may stand for the metric.
    """
    data = {"severities": list(SEVERITIES), "signals": [one.as_json() for one in found]}
    return harmless.as_json(data, indent=2)


def as_text(found: Sequence[ListedSignal]) -> str:
    """Return a line a signal, and what holds for all of them."""
    rows = [("signal", "kind", "unit", "measured by")]
    rows += [(one.signal.id, one.signal.kind, one.signal.unit, measured_by(one)) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    return "\n".join([*lines, "", *_for_all()])


def _for_all() -> Iterator[str]:
    yield f"Severities: {', '.join(SEVERITIES)}."
    yield f"Any other name with the limit `{STATE_LIMIT}` is a state; `{PROGRAM} signals state` shows how it is bound."
    yield f"`{PROGRAM} signals NAME` shows what to write for a signal, or for one of your own of the kind NAME."


def as_markdown(found: Sequence[ListedSignal]) -> str:
    """Return the table of docs/thresholds.md."""
    lines = ["| signal | what it is | kind | measured by | limits, for example |", "|---|---|---|---|---|"]
    for one in found:
        limits = ", ".join(f"{severity} `{limit}`" for severity, limit in one.limits.items())
        measured = measured_by(one, mark="`")
        lines.append(f"| `{one.signal.id}` | {one.signal.title} | `{one.signal.kind}` | {measured} | {limits} |")
    return "\n".join(lines) + "\n"


def in_page(page: str, table: str) -> str:
    """Return a page with `table` between its two marks; ValueError where it has not got them."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"the page lacks {_BEGIN.strip()} or {_END.strip()}")
    return f"{before}{begin}\n{table}\n{end}{after}"


_BEGIN: Final = "<!-- signals: written by `python -m compiler.listing docs/thresholds.md` -->\n"
_END: Final = "<!-- end of signals -->\n"


def measured_by(one: ListedSignal, mark: str = "") -> str:
    """Return the inputs by form: `errors and requests, or successes and attempts`; `mark` stands around each."""
    if not one.bindable:
        return "nothing: it watches what the others are bound to"
    forms = (" and ".join(f"{mark}{name.name}{mark}" for name in form) for form in one.forms)
    return _FORMS_BETWEEN.join(forms)


def detail(one: ListedSignal) -> str:
    """Return one signal with what to write for it below `limits:` and `metrics:` of a system."""
    return "\n".join(_detail(one))


def _detail(one: ListedSignal) -> Iterator[str]:
    signal = one.signal
    yield f"{signal.id}: {signal.title}"
    yield ""
    yield f"kind        {signal.kind}" + (" (a query of this file)" if signal.query is not None else "")
    yield f"unit        {signal.unit}, written as {one.limit_form}"
    yield f"severities  {', '.join(SEVERITIES)}"
    yield ""
    if one.definition:
        yield "    signals:"
        yield f"      {definition_line(one)}"
    yield "    limits:"
    yield f"      {limits_line(one)}"
    if not one.bindable:
        return
    yield "    metrics:"
    for number, form in enumerate(one.forms):
        yield f"      {'# or ' if number else ''}{binding_line(one, form)}"
    yield ""
    inputs = {each.name: each for form in one.forms for each in form}
    width = max((len(name) for name in inputs), default=0)
    for name, each in inputs.items():
        yield f"{name:<{width}}  {each.description}"


def definition_line(one: ListedSignal) -> str:
    """Return the line below `signals:` that defines the signal."""
    signal = one.signal
    return f"{signal.id}: {{kind: {signal.kind}, unit: {signal.unit}, title: {signal.title}}}"


def limits_line(one: ListedSignal) -> str:
    """Return an example of the signal's line below `limits:`."""
    limits = ", ".join(f"{severity}: {_scalar(limit)}" for severity, limit in one.limits.items())
    return f'{one.signal.id}: {{{limits}, runbook: "#section-of-the-runbook"}}'


def binding_line(one: ListedSignal, form: Sequence[Input]) -> str:
    """Return an example of the signal's line below `metrics:` in one of its forms."""
    state = [f'active: "{_ACTIVE[form[-1].name]}"'] if one.signal.kind == "state" else []
    inputs = [f"{each.name}: {_scalar(each.example)}" for each in form]
    # Events are counted within the window, which must be longer than the limit must hold.
    counted = one.signal.kind in {"increase", "state"} and any(each.name == COUNTER.name for each in form)
    window = ["window: 15m"] if counted else []
    return f"{one.signal.id}: {{{', '.join([*inputs, *window, *state, 'per: instance'])}}}"


_ACTIVE: Final = {
    GAUGE.name: "== 0",
    SINCE.name: "> 10m",
    UNTIL.name: "< 14d",
    COUNTER.name: "> 5",
    MAX.name: "> 90%",
}
"""An example of the comparison that makes a state true, by the last input of the form."""


def _scalar(text: str) -> str:
    """Return text as it may stand inside of braces in YAML."""
    if text.replace("_", "").replace(" ", "").isalnum():
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'
