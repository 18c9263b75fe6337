"""Statements of a guide → the limits of its system: one a severity of each signal; and what is left over.

What is a guess says so; what fits no signal is left over instead of being forced into one. `stanza` writes both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler.conventions import SEVERITIES
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement
from compiler.quantities import COUNT, RATIO, SECONDS
from compiler.signals.bound import Signal

_DEFAULT_SEVERITY: Final = "warning"
_BREACH: Final = {"<": ">", "<=": ">", ">": "<", ">=": "<", "==": "=="}
"""A value exactly at a target breaches nothing that anybody would be woken for."""
_BREACH_OF_COUNT: Final = {**_BREACH, "<": ">=", ">": "<="}
"""Of whole things exactly so many are a value as any other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedLimit:
    """A limit: the statement as an alert, the one that the guide makes, and what of it is a guess.

    `holding` is the statement that says how long it must last, where that is another one.
    """

    severity: str
    statement: GuideStatement
    stated: GuideStatement
    remark: str
    holding: GuideStatement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits by signal, the signals that these need beside the vocabulary's, and the statements left over."""

    of_signal: Mapping[str, Sequence[ImportedLimit]]
    own: tuple[Signal, ...]
    left_over: tuple[GuideStatement, ...]

    def without(self, signal: str, severity: str) -> Limits:
        """Return the limits without one of them, whose statement is left over."""
        lines = self.of_signal[signal]
        others = {**self.of_signal, signal: [one for one in lines if one.severity != severity]}
        dropped = [one.stated for one in lines if one.severity == severity]
        kept = {key: one for key, one in others.items() if one}
        left_over = sorted((*self.left_over, *dropped), key=lambda one: one.line)
        return Limits(of_signal=kept, own=tuple(one for one in self.own if one.id in kept), left_over=tuple(left_over))


def limits(statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Limits:
    """Return the limits; `signals` is the vocabulary that they may use.

    A severity in the guide's own words goes before a symptom without one, and this before the breach of a target.
    """
    known = {**signals, **_OWN}
    chosen: dict[str, list[ImportedLimit]] = {}
    left_over = []
    for one in sorted(statements, key=lambda one: (one.severity == NO_SEVERITY, one.kind == TARGET, one.line)):
        identifier = _signal(one)
        signal = known.get(identifier)
        lines = chosen.setdefault(identifier, [])
        severity = one.severity if one.severity != NO_SEVERITY else _DEFAULT_SEVERITY
        remark = "; ".join(_remarks(one, identifier))
        limit = ImportedLimit(severity=severity, statement=_breached(one), stated=one, remark=remark)
        # A limit has one side: "not 3" stays with the reader.
        fits = signal is not None and signal.unit == one.unit and one.sure and one.comparator in _BREACH
        if fits and all(_graver(*sorted((limit, line), key=_rank)) for line in lines):
            lines.append(limit)
        else:
            left_over.append(one)
    held = {key: [_held(line, key, left_over) for line in lines] for key, lines in chosen.items()}
    found = {key: sorted(lines, key=_rank) for key, lines in sorted(held.items()) if lines}
    own = tuple(_OWN[key] for key in found if key in _OWN)
    return Limits(of_signal=found, own=own, left_over=tuple(sorted(left_over, key=lambda one: one.line)))


def _held(limit: ImportedLimit, signal: str, others: Sequence[GuideStatement]) -> ImportedLimit:
    """Return a limit with how long it must last, where only another statement of the same limit says so."""
    if limit.statement.hold is not None:
        return limit
    same = (one for one in others if one.hold is not None and _signal(one) == signal and _restates(one, limit))
    holding = next(same, None)
    if holding is None:
        return limit
    return replace(limit, statement=replace(limit.statement, hold=holding.hold), holding=holding)


def _restates(one: GuideStatement, limit: ImportedLimit) -> bool:
    stated = limit.statement
    same = (one.comparator, one.value, one.unit, one.kind) == (stated.comparator, stated.value, stated.unit, ALERT)
    return same and one.severity in {limit.severity, NO_SEVERITY}


def _graver(mild: ImportedLimit, grave: ImportedLimit) -> bool:
    """Return whether the second is reached after the first; what is not speaks of something else."""
    one, other = mild.statement, grave.statement
    if mild.severity == grave.severity or one.comparator[0] != other.comparator[0]:
        return False
    return one.value < other.value if one.comparator[0] == ">" else one.value > other.value


def _rank(one: ImportedLimit) -> int:
    return SEVERITIES.index(one.severity)


def _quantile(percentile: int) -> Signal:
    name = "Median" if percentile == 50 else f"{percentile}th percentile"
    parameters = {"quantile": Decimal(percentile) / 100}
    identifier = f"query_duration_p{percentile}"
    title = f"{name} query duration"
    return Signal(id=identifier, kind="quantile", unit=SECONDS, title=title, parameters=parameters)


_AUTH: Final = Signal(id="auth_success_ratio", kind="ratio", unit=RATIO, title="Authentication success ratio")
_AVERAGE_QUERY: Final = Signal(id="query_duration_avg", kind="average", unit=SECONDS, title="Average query duration")
_OWN: Final = {one.id: one for one in (*map(_quantile, (50, 95, 99)), _AVERAGE_QUERY, _AUTH)}
_OF_QUERIES: Final = {
    **{f"latency_p{percentile}": f"query_duration_p{percentile}" for percentile in (50, 95, 99)},
    "latency_avg": _AVERAGE_QUERY.id,
    "latency_other": _AVERAGE_QUERY.id,
}
"""How long queries take is another quantity than how long answers do: it is measured at the database."""
_QUERY: Final = re.compile(r"\bquer(?:y|ies)\b|\bSQL statements?\b", re.IGNORECASE)
_LOGIN: Final = re.compile(r"\bauthentication\b|\blog-?ins?\b|\bsign-?ins?\b", re.IGNORECASE)


def _signal(one: GuideStatement) -> str:
    """Return the signal of a statement: that of queries, or of logins, where its own words name them."""
    if one.signal == "success_ratio" and _LOGIN.search(one.text):
        return _AUTH.id
    return _OF_QUERIES.get(one.signal, one.signal) if _QUERY.search(one.text) else one.signal


def _breached(one: GuideStatement) -> GuideStatement:
    """Return the alert that a target means: its breach."""
    if one.kind != TARGET or one.comparator not in _BREACH:
        return one
    breach = (_BREACH_OF_COUNT if one.unit == COUNT else _BREACH)[one.comparator]
    return replace(one, comparator=breach, kind=ALERT, value_to=None)


def _remarks(one: GuideStatement, signal: str) -> Iterator[str]:
    if one.kind == TARGET:
        yield "a target; GUESS: its breach is a warning"
    elif one.severity == NO_SEVERITY:
        yield "GUESS: a warning"
    if one.severity_guess:
        yield f"GUESS: “{one.severity_word}” is {'an' if one.severity[0] in 'aeiou' else 'a'} {one.severity}"
    if one.signal == "latency_other" and signal != one.signal:
        yield "GUESS: the average"
