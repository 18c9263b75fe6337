"""Choose the limits of a system from the statements of its guide: at most one for each signal and severity.

A remark marks each guess. A statement that fits no signal is left over. `stanza` writes the limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler import meaning
from compiler.conventions import SEVERITIES
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement
from compiler.quantities import BYTES, COUNT, RATIO, SECONDS, Comparison, Quantity
from compiler.signals.bound import LOW, Signal

AGAINST: Final = "GUESS: it names the good side, or speaks of something else"
"""The remark on a statement that would page on the good side."""

_DEFAULT_SEVERITY: Final = "warning"
_ONE_SIDED: Final = frozenset({">", ">=", "<", "<="})
"""A limit has one side, so a statement such as "not 3" makes no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedLimit:
    """A limit that `import` makes of a statement.

    `statement` is the guide's statement as an alert on the signal's own quantity, and `stated` is the guide's statement
    itself. `remark` is the comment on the limit. `holding` is the statement that says how long the limit must be
    crossed, if that is not `stated` itself.
    """

    severity: str
    statement: GuideStatement
    stated: GuideStatement
    remark: str
    guessed: bool
    holding: GuideStatement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits by signal, the signals that they need beside the vocabulary's (`own`), and the statements left over.

    `against` holds those of the statements left over that would page on the good side of their signal.
    """

    of_signal: Mapping[str, Sequence[ImportedLimit]]
    own: tuple[Signal, ...]
    left_over: tuple[GuideStatement, ...]
    against: frozenset[GuideStatement]

    def without(self, signal: str, severity: str) -> Limits:
        """Return the limits without one of them; its statement is left over then."""
        lines = self.of_signal[signal]
        remaining = {**self.of_signal, signal: [line for line in lines if line.severity != severity]}
        dropped = [line.stated for line in lines if line.severity == severity]
        kept = {key: lines for key, lines in remaining.items() if lines}
        left_over = sorted((*self.left_over, *dropped), key=lambda statement: statement.line)
        own = tuple(signal for signal in self.own if signal.id in kept)
        return Limits(of_signal=kept, own=own, left_over=tuple(left_over), against=self.against)


def limits(statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Limits:
    """Return the limits; they may use the `signals` and those that this module adds.

    A statement with a severity takes precedence over an alert without one, and an alert over a target.
    """
    absences = _absences(statements, signals)
    known = {**signals, **_OWN, **{signal.id: signal for signal in absences.values()}}
    chosen: dict[str, list[ImportedLimit]] = {}
    left_over, against = [], set()
    for statement in sorted(statements, key=_precedence):
        identifier = absences[_absence_key(statement)].id if statement.subject else _signal(statement)
        signal = known.get(identifier)
        lines = chosen.setdefault(identifier, [])
        limit = _limit(statement, signal)
        if limit is not None and signal is not None and _is_against(limit, signal):
            against.add(statement)
            limit = None
        if limit is not None and all(_is_reached_later(*sorted((limit, line), key=_rank)) for line in lines):
            lines.append(limit)
        else:
            left_over.append(statement)
    with_durations = {key: [_with_duration(line, key, left_over) for line in lines] for key, lines in chosen.items()}
    of_signal = {key: sorted(lines, key=_rank) for key, lines in sorted(with_durations.items()) if lines}
    return Limits(
        of_signal=of_signal,
        own=tuple(known[key] for key in of_signal if key not in signals),
        left_over=tuple(sorted(left_over, key=lambda statement: statement.line)),
        against=frozenset(against),
    )


def _precedence(statement: GuideStatement) -> tuple[bool, bool, int]:
    return statement.severity == NO_SEVERITY, statement.kind == TARGET, statement.line


def window(lines: Sequence[ImportedLimit]) -> int | None:
    """Return the seconds within which the limits of a signal count events; None unless the guide states one time."""
    windows = {line.statement.window for line in lines} - {None}
    return windows.pop() if len(windows) == 1 else None


def _limit(statement: GuideStatement, signal: Signal | None) -> ImportedLimit | None:
    """Return the limit that a statement means; None if no limit on its signal can express it."""
    if signal is None or signal.unit != statement.unit or not statement.sure or statement.comparator not in _ONE_SIDED:
        return None
    of_rest = statement.complement and signal.id not in _RESTS
    stated = Comparison(statement.comparator, Quantity(statement.begin, statement.unit))
    paging = meaning.paging(stated, norm=statement.kind == TARGET, of_rest=of_rest)
    if paging is None:
        return None
    alert = (
        statement if statement.begin == statement.value else replace(statement, value=statement.begin, value_to=None)
    )
    if paging != stated:
        changed = replace(statement, comparator=paging.comparator, value=paging.quantity.value)
        alert = replace(changed, kind=ALERT, value_to=None, complement=False)
    guesses = tuple(_guesses(statement, signal.id))
    words = tuple(_words(stated, signal, of_rest=of_rest, norm=statement.kind == TARGET and not guesses))
    severity = statement.severity if statement.severity != NO_SEVERITY else _DEFAULT_SEVERITY
    remark = "; ".join((*words, *guesses))
    return ImportedLimit(severity=severity, statement=alert, stated=statement, remark=remark, guessed=bool(guesses))


def _words(stated: Comparison, signal: Signal, *, of_rest: bool, norm: bool) -> Iterator[str]:
    """Yield the guide's words, if the limit is written differently."""
    if of_rest or norm:
        rest = (f" {meaning.rest(signal)}" if meaning.rest(signal) else ", of its complement") if of_rest else ""
        yield f"guide: {meaning.text(stated)}{rest}{' is to hold' if norm else ''}"


def _is_against(limit: ImportedLimit, signal: Signal) -> bool:
    return meaning.is_against(limit.statement.comparator, meaning.directed(signal).bad)


def _with_duration(limit: ImportedLimit, signal: str, others: Sequence[GuideStatement]) -> ImportedLimit:
    """Return a limit with its duration, if only another statement of the same limit states the duration."""
    if limit.statement.for_seconds is not None:
        return limit
    timed = (candidate for candidate in others if candidate.for_seconds is not None and _signal(candidate) == signal)
    holding = next((statement for statement in timed if _restates(statement, limit)), None)
    if holding is None:
        return limit
    return replace(limit, statement=replace(limit.statement, for_seconds=holding.for_seconds), holding=holding)


def _restates(candidate: GuideStatement, limit: ImportedLimit) -> bool:
    alert = limit.statement
    terms = candidate.comparator, candidate.value, candidate.unit, candidate.kind
    same = terms == (alert.comparator, alert.value, alert.unit, ALERT)
    return same and candidate.severity in {limit.severity, NO_SEVERITY}


def _is_reached_later(less_severe: ImportedLimit, more_severe: ImportedLimit) -> bool:
    """Return whether a signal reaches the second limit after the first; if not, they are about different things."""
    first, second = less_severe.statement, more_severe.statement
    if less_severe.severity == more_severe.severity or first.comparator[0] != second.comparator[0]:
        return False
    return first.value < second.value if first.comparator[0] == ">" else first.value > second.value


def _rank(limit: ImportedLimit) -> int:
    return SEVERITIES.index(limit.severity)


def _quantile(percentile: int) -> Signal:
    name = "Median" if percentile == 50 else f"{percentile}th percentile"
    parameters = {"quantile": Decimal(percentile) / 100}
    identifier = f"query_duration_p{percentile}"
    title = f"{name} query duration"
    return Signal(id=identifier, kind="quantile", unit=SECONDS, title=title, parameters=parameters)


def _rest(identifier: str, unit: str, title: str) -> Signal:
    return Signal(id=identifier, kind="gauge", unit=unit, title=title, bad=LOW)


_AUTH: Final = Signal(id="auth_success_ratio", kind="ratio", unit=RATIO, title="Authentication success ratio", bad=LOW)
_AVERAGE_QUERY: Final = Signal(id="query_duration_avg", kind="average", unit=SECONDS, title="Average query duration")
_OF_REST: Final = {
    ("disk", BYTES): _rest("disk_free", BYTES, "Free disk space"),
    ("memory", BYTES): _rest("memory_free", BYTES, "Free memory"),
    ("connection_pool", COUNT): _rest("connections_free", COUNT, "Free connections"),
}
"""Signals for what is free. "5 GB free" is no share, because the guide does not say of how much."""
_RESTS: Final = frozenset(signal.id for signal in _OF_REST.values())
_OWN: Final = {
    signal.id: signal for signal in (*map(_quantile, (50, 95, 99)), _AVERAGE_QUERY, _AUTH, *_OF_REST.values())
}
_OF_QUERIES: Final = {
    **{f"latency_p{percentile}": f"query_duration_p{percentile}" for percentile in (50, 95, 99)},
    "latency_avg": _AVERAGE_QUERY.id,
    "latency_other": _AVERAGE_QUERY.id,
}
"""Signals for the duration of queries, which a database measures; the duration of answers is another quantity."""
_QUERY: Final = re.compile(r"\bquer(?:y|ies)\b|\bSQL statements?\b", re.IGNORECASE)
_TIMED: Final = re.compile(r"\b(?:latency|response|duration|time|p\d\d|percentile|average|mean)\b", re.IGNORECASE)
_LOGIN: Final = re.compile(r"\bauthentication\b|\blog-?ins?\b|\bsign-?ins?\b", re.IGNORECASE)


def _signal(statement: GuideStatement) -> str:
    """Return the signal of a statement; words for queries, logins or free space select a signal of this module."""
    if statement.complement and (statement.signal, statement.unit) in _OF_REST:
        return _OF_REST[statement.signal, statement.unit].id
    text, around = statement.text, statement.around
    if statement.signal == "success_ratio" and _LOGIN.search(text):
        return _AUTH.id
    # "Query time: target below 20 ms, warning above 60 ms": both numbers limit the same quantity.
    words = text if _TIMED.search(text) else around.sentence[: around.end] or text
    return _OF_QUERIES.get(statement.signal, statement.signal) if _QUERY.search(words) else statement.signal


def _absences(statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Mapping[tuple[str, str], Signal]:
    """Return the signal of each missing thing: the built-in one for the first thing, a new one for each other thing."""
    absences: dict[tuple[str, str], Signal] = {}
    for statement in statements:
        signal = signals.get(statement.signal)
        if not statement.subject or signal is None or _absence_key(statement) in absences:
            continue
        _, words = _absence_key(statement)
        is_first = all(name != statement.signal for name, _ in absences)
        identifier = f"{signal.id}_{words.replace(' ', '_')}"[:_LONGEST_ID]
        own = replace(signal, id=identifier, title=f"{signal.title} of {words}")
        absences[_absence_key(statement)] = signal if is_first else own
    return absences


def _absence_key(statement: GuideStatement) -> tuple[str, str]:
    """Return the signal of a statement, with the words that distinguish the missing thing from others."""
    words = [word for word in _WORDS.findall(statement.subject.lower()) if word not in _LITTLE]
    return statement.signal, " ".join(word.rstrip("s") for word in words[:2]) or "other"


_WORDS: Final = re.compile(r"[a-z]+")
_LITTLE: Final = frozenset(
    {
        *(
            "a",
            "an",
            "any",
            "n",
            "no",
            "not",
            "nothing",
            "of",
            "one",
            "our",
            "s",
            "single",
            "t",
            "the",
            "their",
            "zero",
        ),
        *("are", "been", "did", "do", "does", "has", "hasn", "have", "haven", "had", "is", "isn", "it", "its", "was"),
        *("from", "last", "latest", "most", "new", "newest", "recent", "since", "successful", "were", "without"),
        *("after", "alert", "critical", "for", "if", "once", "page", "that", "warn", "warning", "when", "whenever"),
    }
)
_LONGEST_ID: Final = 60


def guesses(statement: GuideStatement) -> tuple[str, ...]:
    """Return the guesses that a limit made from a statement contains."""
    return tuple(_guesses(statement, statement.signal if statement.subject else _signal(statement)))


def _guesses(statement: GuideStatement, signal: str) -> Iterator[str]:
    severity = statement.severity
    if statement.kind == TARGET and severity == NO_SEVERITY:
        yield "a target; GUESS: its breach is a warning"
    elif severity == NO_SEVERITY:
        yield "GUESS: a warning"
    if statement.severity_guess:
        yield f"GUESS: “{statement.severity_word}” is {'an' if severity[0] in 'aeiou' else 'a'} {severity}"
    if statement.signal == "latency_other" and signal != statement.signal:
        yield "GUESS: the average"
