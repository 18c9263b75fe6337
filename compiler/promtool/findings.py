"""Failures of promtool → findings: at the limit, the query or the example that they are about, with the sentence.

A test is made from the same lines as its rule. So a failure of a built-in kind is Tocsin's, one of a query of the
file's own is the query's or its example's.
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
    """What fails.

    `pair` is the first difference, None where a rule could not be used at all; `others` a line for each further one.
    """

    diagnostic: Diagnostic
    pair: Pair | None
    others: tuple[str, ...] = ()


_Difference = tuple[Mismatch, Pair, Alert]


class UnknownAlertError(LookupError):
    """A failure of an alert that was not compiled here."""


def findings(failures: Iterable[Failure], groups: Sequence[AlertGroup]) -> tuple[Finding, ...]:
    """Return what the failures of one system's tests say, sorted by place.

    One finding for each severity of an alert; of a query of the file's own one for all of them.

    `groups` are the system's. Raises UnknownAlertError where a failure is about none of them.
    """
    refused: dict[tuple[str, str], Finding] = {}
    differing: dict[int, list[_Difference]] = {}
    for failure in failures:
        if isinstance(failure, Refusal):
            refused.setdefault((failure.rule, failure.message), _refusal(failure, groups))
            continue
        for pair in differences(failure):
            alert = _alert(failure, pair, groups)
            # One query, one mistake; of a built-in kind each limit has a line of its own.
            about = alert if alert.watched.bound.signal.query is None else alert.watched
            differing.setdefault(id(about), []).append((failure, pair, alert))
    found = (*refused.values(), *map(_difference, differing.values()))
    return tuple(sorted(found, key=lambda one: (one.diagnostic.span, one.diagnostic.message)))


def _alert(mismatch: Mismatch, pair: Pair, groups: Sequence[AlertGroup]) -> Alert:
    """Return the alert that a difference is about: of that severity and, where sources have one each, component."""
    named = [alert for group in groups for alert in group.alerts if alert.name == mismatch.alert]
    if not named:
        raise UnknownAlertError(mismatch.alert)
    severity, component = pair.labels.get(SEVERITY), pair.labels.get("component")
    return max(named, key=lambda alert: (alert.limit.severity == severity, alert.component == component))


def _difference(differing: Sequence[_Difference]) -> Finding:
    (first, pair, alert), *rest = differing
    message = f"{alert.name} {alert.limit.severity} {_what(pair)} {_when(first)}"
    return Finding(diagnostic=_diagnostic(alert, message), pair=pair, others=tuple(_others(rest)))


def _others(differing: Iterable[_Difference]) -> Iterator[str]:
    for mismatch, pair, alert in differing:
        where = f", on {pair.labels['component']}" if "component" in pair.labels else ""
        yield f"{alert.limit.severity} {_what(pair)} {_when(mismatch)}{where}"


def _when(mismatch: Mismatch) -> str:
    """Return the moment and the part of the test: a test of many alerts has the names of all in its own."""
    return f"after {mismatch.at} in the test `{mismatch.test.rpartition(': ')[2]}`"


def _what(pair: Pair) -> str:
    if pair.expected is None:
        return "fires where it must not"
    if pair.got is None:
        return "does not fire where it must"
    what = "labels" if pair.expected.labels != pair.got.labels else "annotations"
    return f"fires with other {what} than expected"


def _refusal(refusal: Refusal, groups: Sequence[AlertGroup]) -> Finding:
    for group in groups:
        if refusal.rule in {*(one.name for one in group.alerts), *(one.name for one in group.records)}:
            message = f"promtool cannot use the rule `{refusal.rule}`: {refusal.message}"
            return Finding(diagnostic=_diagnostic(group.alerts[0], message), pair=None)
    raise UnknownAlertError(refusal.rule)


def _diagnostic(alert: Alert, message: str) -> Diagnostic:
    signal, limit = alert.watched.bound.signal, alert.limit
    limited = Related(span=limit.span, message=f"its limit, `{limit.text}`")
    related = [] if limit.statement is None else [Related(span=limit.statement.span, message="the runbook says")]
    if signal.query is None:
        hint = "rule and test are both made from this line, so the fault is not yours: please report what stands here"
        return Diagnostic(code=CODE, message=message, span=limit.span, hint=hint, related=tuple(related))
    hint, span = _of_query(signal, alert)
    return Diagnostic(code=CODE, message=message, span=span, hint=hint, related=(limited, *related))


def _of_query(signal: Signal, alert: Alert) -> tuple[str, Span]:
    """Return what to do about a query of the file's own, and the place: its example, else the query itself."""
    if signal.example and signal.example[0].span is not None:
        hint = f"the query of `{signal.id}` must return `value` for the series of its `example`: correct one of the two"
        return hint, signal.example[0].span
    hint = f"the query of `{signal.id}` does not return what its series were made up for: give the signal an `example`"
    return hint, signal.span or alert.limit.span
