"""`tocsin explain`: say in words when an alert fires, or what the code of a finding means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Final

import click

from compiler.alerts import Alert, AlertGroup
from compiler.checks import reference
from compiler.checks.codes import CODES
from compiler.cli.program import SPEC, number, say, tell
from compiler.compilation import Compilation, compile_spec
from compiler.diagnostics import nearest


@click.command("explain")
@click.argument("name", metavar="ALERT|CODE")
@SPEC
def explain_command(name: str, spec: Path) -> None:
    """Explain an alert, or the code of a finding.

    For an ALERT, named as in Prometheus, the command says in one sentence for each severity when the alert fires, and
    where the limit comes from. It writes the sentence from the rule. `ALERT:critical` is one severity alone. For a CODE
    the command says what the code means and how to mend the finding.
    """
    if name.lower() in CODES:
        tell(reference.explanation(CODES[name.lower()]))
        return
    alert_name, _, severity = name.partition(":")
    compilation = compile_spec(spec) if spec.exists() else None
    groups = () if compilation is None else compilation.groups
    named_groups = [group for group in groups if _is_called(group, alert_name)]
    chosen_groups = [group for group in named_groups if any(_has_severity(alert, severity) for alert in group.alerts)]
    if not chosen_groups:
        raise click.BadParameter(_unknown_name(name, named_groups, groups, spec), param_hint="ALERT|CODE")
    tell("\n\n".join(_explained(chosen_groups, severity)))
    _warn(spec, compilation)


def _is_called(group: AlertGroup, name: str) -> bool:
    return any(alert.name.lower() == name.lower() for alert in group.alerts)


def _has_severity(alert: Alert, severity: str) -> bool:
    return severity.lower() in {"", alert.limit.severity}


_WIDTH: Final = 100


def _explained(groups: Sequence[AlertGroup], severity: str) -> Iterator[str]:
    first = groups[0].alerts[0]
    yield f"{first.name}: {first.watched.bound.signal.title} of {first.system.title}"
    for group in groups:
        for alert in group.alerts:
            if _has_severity(alert, severity):
                sentence = fill(alert.in_words, _WIDTH, break_long_words=False, break_on_hyphens=False)
                yield "\n".join([sentence, *(f"    {label:<8} {text}" for label, text in _origins(alert, group))])


def _origins(alert: Alert, group: AlertGroup) -> Iterator[tuple[str, str]]:
    limit, section = alert.limit, alert.watched.section
    if limit.statement is not None:
        place = f"{limit.statement.span.path}:{limit.statement.span.line}"
        yield "runbook", f"{place}: “{limit.statement.text}”"
    elif limit.default:
        yield "runbook", "no sentence: it is a limit of the house"
    yield "limit", f"{limit.text}, {limit.span.path}:{limit.span.line}:{limit.span.column}"
    yield "helps", f"“{section.title}”, {alert.runbook_url}"
    yield "rule", alert.expr
    for record in group.records:
        # A recording for another severity does not belong to this limit.
        if f"{record.name}{{" in alert.expr and record.labels.get("severity", limit.severity) == limit.severity:
            yield "record", f"{record.name} = {record.expr}"


def _unknown_name(name: str, named_groups: Sequence[AlertGroup], groups: Sequence[AlertGroup], spec: Path) -> str:
    if named_groups:
        severities = dict.fromkeys(alert.limit.severity for group in named_groups for alert in group.alerts)
        return f"`{named_groups[0].alerts[0].name}` has no such severity; it has {' and '.join(severities)}"
    names = {text.lower(): text for text in (*CODES, *(alert.name for group in groups for alert in group.alerts))}
    suggestion = nearest(name.partition(":")[0].lower(), names)
    hint = _FORMS if suggestion is None else f"did you mean `{names[suggestion]}`?"
    if not spec.exists():
        return f"there is no code `{name}`, and no {spec} whose alerts could be meant; {hint}"
    return f"there is no alert and no code `{name}`; {hint}"


_FORMS: Final = "every finding shows its code in brackets, and alerts are called as in Prometheus"


def _warn(spec: Path, compilation: Compilation | None) -> None:
    errors = [] if compilation is None else [finding for finding in compilation.diagnostics if finding.level == "error"]
    if errors:
        count = number(len(errors), "error")
        say(f"{spec} has {count}, which `tocsin check` shows: this explanation may be incomplete")
