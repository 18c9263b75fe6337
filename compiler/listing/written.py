"""Write the list of signals as JSON, as text or as a Markdown table, and one signal with the lines that bind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from compiler import harmless
from compiler.conventions import PROGRAM, SEVERITIES, STATE_LIMIT
from compiler.listing import ListedSignal, listed
from compiler.signals import kinds
from compiler.signals.contract import Input
from compiler.signals.inputs import COUNTER, GAUGE, MAX, SINCE, UNTIL

_FORMS_BETWEEN: Final = ", or "


def as_json(entries: Sequence[ListedSignal]) -> str:
    """Return `{"severities": […], "signals": [{id, title, kind, unit, own, inputs, limits}]}`.

    `inputs` is a list of alternatives, each a list of `{name, description, example, number}`; `number` is whether a
    number may stand for the metric.
    """
    data = {"severities": list(SEVERITIES), "signals": [entry.as_json() for entry in entries]}
    return harmless.as_json(data, indent=2)


def as_text(entries: Sequence[ListedSignal]) -> str:
    """Return one line for each signal, and then what applies to all of them."""
    rows = [("signal", "kind", "unit", "measured by")]
    rows += [(entry.signal.id, entry.signal.kind, entry.signal.unit, measured_by(entry)) for entry in entries]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    return "\n".join([*lines, "", *_for_all()])


def _for_all() -> Iterator[str]:
    yield f"Severities: {', '.join(SEVERITIES)}."
    yield f"Any other name with the limit `{STATE_LIMIT}` is a state; `{PROGRAM} signals state` shows how it is bound."
    yield f"`{PROGRAM} signals NAME` shows what to write for a signal, or for one of your own of the kind NAME."


def as_markdown(entries: Sequence[ListedSignal]) -> str:
    """Return the table of docs/thresholds.md."""
    lines = ["| signal | what it is | kind | measured by | limits, for example |", "|---|---|---|---|---|"]
    for entry in entries:
        limits = ", ".join(f"{severity} `{limit}`" for severity, limit in entry.limits.items())
        measured = measured_by(entry, mark="`")
        lines.append(f"| `{entry.signal.id}` | {entry.signal.title} | `{entry.signal.kind}` | {measured} | {limits} |")
    return "\n".join(lines) + "\n"


def kinds_as_markdown() -> str:
    """Return the table of the kinds that a file may define signals of."""
    lines = ["| kind | inputs | value |", "|---|---|---|"]
    bindable_kinds = [kind for kind in kinds().values() if kind.bindable]
    lines += [f"| `{kind.name}` | {_inputs(kind.forms, '`')} | {kind.summary} |" for kind in bindable_kinds]
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """Return a page with both tables as they are now; raises ValueError if a mark of a table is missing."""
    for name, table in (("signals", as_markdown(listed())), ("kinds", kinds_as_markdown())):
        begin, end = _BEGIN.format(name), _END.format(name)
        before, _, behind = page.partition(begin)
        _, found_end, after = behind.partition(end)
        if not found_end:
            raise ValueError(f"the page lacks {begin.strip()} or {end.strip()}")
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


_BEGIN: Final = "<!-- {}: written by `python -m compiler.listing docs/thresholds.md` -->\n"
_END: Final = "<!-- end of {} -->\n"


def measured_by(entry: ListedSignal, mark: str = "") -> str:
    """Return the inputs by form: `errors and requests, or successes and attempts`; `mark` stands around each."""
    return _inputs(entry.forms, mark) if entry.bindable else "nothing: it watches what the others are bound to"


def _inputs(forms: Sequence[Sequence[Input]], mark: str) -> str:
    return _FORMS_BETWEEN.join(" and ".join(f"{mark}{input_.name}{mark}" for input_ in form) for form in forms)


def detail(entry: ListedSignal) -> str:
    """Return one signal, and what to write for it below `limits:` and `metrics:` of a system."""
    return "\n".join(_detail(entry))


def _detail(entry: ListedSignal) -> Iterator[str]:
    signal = entry.signal
    yield f"{signal.id}: {signal.title}"
    yield ""
    yield f"kind        {signal.kind}" + (" (a query of this file)" if signal.query is not None else "")
    yield f"unit        {signal.unit}, written as {entry.limit_form}"
    yield f"severities  {', '.join(SEVERITIES)}"
    yield ""
    if entry.definition:
        yield "    signals:"
        yield f"      {definition_line(entry)}"
    yield "    limits:"
    yield f"      {limits_line(entry)}"
    if not entry.bindable:
        return
    yield "    metrics:"
    for number, form in enumerate(entry.forms):
        yield f"      {'# or ' if number else ''}{binding_line(entry, form)}"
    yield ""
    inputs = {input_.name: input_ for form in entry.forms for input_ in form}
    width = max((len(name) for name in inputs), default=0)
    for name, input_ in inputs.items():
        yield f"{name:<{width}}  {input_.description}"


def definition_line(entry: ListedSignal) -> str:
    """Return the line below `signals:` that defines the signal."""
    signal = entry.signal
    return f"{signal.id}: {{kind: {signal.kind}, unit: {signal.unit}, title: {signal.title}}}"


def limits_line(entry: ListedSignal) -> str:
    """Return an example of the signal's line below `limits:`."""
    limits = ", ".join(f"{severity}: {_scalar(limit)}" for severity, limit in entry.limits.items())
    return f'{entry.signal.id}: {{{limits}, runbook: "#section-of-the-runbook"}}'


def binding_line(entry: ListedSignal, form: Sequence[Input]) -> str:
    """Return an example of the signal's line below `metrics:` in one of its forms."""
    state = [f'active: "{_ACTIVE[form[-1].name]}"'] if entry.signal.kind == "state" else []
    inputs = [f"{input_.name}: {_scalar(input_.example)}" for input_ in form]
    # Events are counted within the window, so the window must be longer than the limit's `for`.
    counted = kinds()[entry.signal.kind].counted & {input_.name for input_ in form}
    window = ["window: 15m"] if counted else []
    return f"{entry.signal.id}: {{{', '.join([*inputs, *window, *state, 'per: instance'])}}}"


_ACTIVE: Final = {
    GAUGE.name: "== 0",
    SINCE.name: "> 10m",
    UNTIL.name: "< 14d",
    COUNTER.name: "> 5",
    MAX.name: "> 90%",
}
"""An example of the comparison that makes a state true, by the last input of the form."""


def _scalar(text: str) -> str:
    """Return text as YAML allows it inside of braces."""
    if text.replace("_", "").replace(" ", "").isalnum():
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'
