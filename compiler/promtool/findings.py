"""Turn promtool's failures into findings at the limit, the query or the example, with the runbook's sentence.

The compiler makes a test from the same lines as its rule. So if a test of a built-in kind fails, the mistake is
Tocsin's. If a test of a file's own query fails, the mistake is in the query or in its example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from compiler.alerts import Alert, AlertGroup
from compiler.diagnostics import Diagnostic, Related, Span
from compiler.promtool.pairing import SEVERITY, Pair, differences
from compiler.promtool.reading import Failure, Mismatch, Refusal
from compiler.signals.bound import Signal

CODE: Final = "test-fails"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What fails, and how.

    `pair` is the first difference, or None if promtool could not use a rule at all. `others` has a line for each
    further difference.
    """

    diagnostic: Diagnostic
    pair: Pair | None
    others: tuple[str, ...] = ()


_Difference = tuple[Mismatch, Pair, Alert]


class UnknownAlertError(LookupError):
    """A failure names an alert that was not compiled here."""


def findings(failures: Iterable[Failure], groups: Sequence[AlertGroup]) -> tuple[Finding, ...]:
    """Return the findings for the failures of one system's tests, sorted by place.

    Each severity of an alert has one finding; a query of the file's own has one for all severities.

    `groups` are the system's. Raises UnknownAlertError if a failure is about none of them.
    """
    refused: dict[tuple[str, str], Finding] = {}
    differing: dict[int, list[_Difference]] = {}
    for failure in failures:
        if isinstance(failure, Refusal):
            refused.setdefault((failure.rule, failure.message), _refusal(failure, groups))
            continue
        for pair in differences(failure):
            alert = _alert(failure, pair, groups)
            # One query is one mistake; for a built-in kind, each limit has a line of its own.
            subject = alert if alert.watched.bound.signal.query is None else alert.watched
            differing.setdefault(id(subject), []).append((failure, pair, alert))
    all_findings = (*refused.values(), *map(_difference, differing.values()))
    return tuple(sorted(all_findings, key=lambda finding: (finding.diagnostic.span, finding.diagnostic.message)))


def _alert(mismatch: Mismatch, pair: Pair, groups: Sequence[AlertGroup]) -> Alert:
    """Return the alert that a difference is about: of its severity and, if each source has an alert, its component."""
    named = [alert for group in groups for alert in group.alerts if alert.name == mismatch.alert]
    if not named:
        raise UnknownAlertError(mismatch.alert)
    severity, component = pair.labels.get(SEVERITY), pair.labels.get("component")
    return max(named, key=lambda alert: (alert.limit.severity == severity, alert.component == component))


def _difference(differing: Sequence[_Difference]) -> Finding:
    (first, pair, alert), *further = differing
    message = f"{alert.name} {alert.limit.severity} {_outcome(pair)} {_when(first)}"
    return Finding(diagnostic=_diagnostic(alert, message), pair=pair, others=tuple(_further_lines(further)))


def _further_lines(differing: Iterable[_Difference]) -> Iterator[str]:
    for mismatch, pair, alert in differing:
        where = f", on {pair.labels['component']}" if "component" in pair.labels else ""
        yield f"{alert.limit.severity} {_outcome(pair)} {_when(mismatch)}{where}"


def _when(mismatch: Mismatch) -> str:
    """Return the time and the part of the test; the name of a test also lists its alerts, which are left out."""
    return f"after {mismatch.at} in the test `{mismatch.test.rpartition(': ')[2]}`"


def _outcome(pair: Pair) -> str:
    if pair.expected is None:
        return "fires where it must not"
    if pair.got is None:
        return "does not fire where it must"
    part = "labels" if pair.expected.labels != pair.got.labels else "annotations"
    return f"fires with other {part} than expected"


def _refusal(refusal: Refusal, groups: Sequence[AlertGroup]) -> Finding:
    for group in groups:
        if refusal.rule in {*(alert.name for alert in group.alerts), *(record.name for record in group.records)}:
            message = f"promtool cannot use the rule `{refusal.rule}`: {refusal.message}"
            return Finding(diagnostic=_diagnostic(group.alerts[0], message), pair=None)
    raise UnknownAlertError(refusal.rule)


def _diagnostic(alert: Alert, message: str) -> Diagnostic:
    signal, limit = alert.watched.bound.signal, alert.limit
    limit_place = Related(span=limit.span, message=f"its limit, `{limit.text}`")
    related = [] if limit.statement is None else [Related(span=limit.statement.span, message="the runbook says")]
    if signal.query is None:
        hint = "rule and test are both made from this line, so the fault is not yours: please report what stands here"
        return Diagnostic(code=CODE, message=message, span=limit.span, hint=hint, related=tuple(related))
    hint, span = _hint_and_place(signal, alert)
    return Diagnostic(code=CODE, message=message, span=span, hint=hint, related=(limit_place, *related))


def _hint_and_place(signal: Signal, alert: Alert) -> tuple[str, Span]:
    """Return a hint for a query of the file's own, and its place: the example, else the query itself."""
    if signal.example and signal.example[0].span is not None:
        hint = f"the query of `{signal.id}` must return `value` for the series of its `example`: correct one of the two"
        return hint, signal.example[0].span
    problem = f"the query of `{signal.id}` does not return the value that its series were made for"
    hint = f"{problem}: give the signal an `example`"
    return hint, signal.span or alert.limit.span
