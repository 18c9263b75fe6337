"""Statements of a guide → the limits of its system: one a severity of each signal; and what is left over.

What is a guess says so; what fits no signal is left over instead of being forced into one. `stanza` writes both.
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
"""What is said of a statement that would page on the good side."""

_DEFAULT_SEVERITY: Final = "warning"
_ONE_SIDED: Final = frozenset({">", ">=", "<", "<="})
"""A limit has one side: "not 3" stays with the reader."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedLimit:
    """A limit: the statement as an alert on what its signal measures, the one that the guide makes, and what to say.

    `holding` is the statement that says how long it must last, where that is another one.
    """

    severity: str
    statement: GuideStatement
    stated: GuideStatement
    remark: str
    guessed: bool
    holding: GuideStatement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits by signal, the signals that these need beside the vocabulary's, and the statements left over.

    `against` are those that were left over because they would page on the good side of their signal.
    """

    of_signal: Mapping[str, Sequence[ImportedLimit]]
    own: tuple[Signal, ...]
    left_over: tuple[GuideStatement, ...]
    against: frozenset[GuideStatement]

    def without(self, signal: str, severity: str) -> Limits:
        """Return the limits without one of them, whose statement is left over."""
        lines = self.of_signal[signal]
        others = {**self.of_signal, signal: [one for one in lines if one.severity != severity]}
        dropped = [one.stated for one in lines if one.severity == severity]
        kept = {key: one for key, one in others.items() if one}
        left_over = sorted((*self.left_over, *dropped), key=lambda one: one.line)
        own = tuple(one for one in self.own if one.id in kept)
        return Limits(of_signal=kept, own=own, left_over=tuple(left_over), against=self.against)


def limits(statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Limits:
    """Return the limits; `signals` is the vocabulary that they may use.

    A severity in the guide's own words goes before a symptom without one, and this before the breach of a target.
    """
    missed = _missed(statements, signals)
    known = {**signals, **_OWN, **{one.id: one for one in missed.values()}}
    chosen: dict[str, list[ImportedLimit]] = {}
    left_over, against = [], set()
    for one in sorted(statements, key=lambda one: (one.severity == NO_SEVERITY, one.kind == TARGET, one.line)):
        identifier = missed[_what(one)].id if one.subject else _signal(one)
        signal = known.get(identifier)
        lines = chosen.setdefault(identifier, [])
        limit = _limit(one, signal)
        if limit is not None and signal is not None and _is_against(limit, signal):
            against.add(one)
            limit = None
        if limit is not None and all(_more_severe(*sorted((limit, line), key=_rank)) for line in lines):
            lines.append(limit)
        else:
            left_over.append(one)
    held = {key: [_held(line, key, left_over) for line in lines] for key, lines in chosen.items()}
    found = {key: sorted(lines, key=_rank) for key, lines in sorted(held.items()) if lines}
    return Limits(
        of_signal=found,
        own=tuple(known[key] for key in found if key not in signals),
        left_over=tuple(sorted(left_over, key=lambda one: one.line)),
        against=frozenset(against),
    )


def window(lines: Sequence[ImportedLimit]) -> int | None:
    """Return the seconds within which all limits of a signal count events; None where the guide does not tell."""
    said = {line.statement.window for line in lines} - {None}
    return said.pop() if len(said) == 1 else None


def _limit(one: GuideStatement, signal: Signal | None) -> ImportedLimit | None:
    """Return the limit that a statement means, None where none of its signal can say it."""
    if signal is None or signal.unit != one.unit or not one.sure or one.comparator not in _ONE_SIDED:
        return None
    of_rest = one.complement and signal.id not in _RESTS
    stated = Comparison(one.comparator, Quantity(one.begin, one.unit))
    paging = meaning.paging(stated, norm=one.kind == TARGET, of_rest=of_rest)
    if paging is None:
        return None
    alert = one if one.begin == one.value else replace(one, value=one.begin, value_to=None)
    if paging != stated:
        changed = replace(one, comparator=paging.comparator, value=paging.quantity.value)
        alert = replace(changed, kind=ALERT, value_to=None, complement=False)
    guesses = tuple(_guesses(one, signal.id))
    words = tuple(_words(stated, signal, of_rest=of_rest, norm=one.kind == TARGET and not guesses))
    severity = one.severity if one.severity != NO_SEVERITY else _DEFAULT_SEVERITY
    remark = "; ".join((*words, *guesses))
    return ImportedLimit(severity=severity, statement=alert, stated=one, remark=remark, guessed=bool(guesses))


def _words(stated: Comparison, signal: Signal, *, of_rest: bool, norm: bool) -> Iterator[str]:
    """Yield what the guide says where the limit is written otherwise."""
    if of_rest or norm:
        rest = (f" {meaning.rest(signal)}" if meaning.rest(signal) else ", of its complement") if of_rest else ""
        yield f"guide: {meaning.text(stated)}{rest}{' is to hold' if norm else ''}"


def _is_against(limit: ImportedLimit, signal: Signal) -> bool:
    return meaning.is_against(limit.statement.comparator, meaning.directed(signal).bad)


def _held(limit: ImportedLimit, signal: str, others: Sequence[GuideStatement]) -> ImportedLimit:
    """Return a limit with how long it must last, where only another statement of the same limit says so."""
    if limit.statement.for_seconds is not None:
        return limit
    same = (one for one in others if one.for_seconds is not None and _signal(one) == signal and _restates(one, limit))
    holding = next(same, None)
    if holding is None:
        return limit
    return replace(limit, statement=replace(limit.statement, for_seconds=holding.for_seconds), holding=holding)


def _restates(one: GuideStatement, limit: ImportedLimit) -> bool:
    stated = limit.statement
    same = (one.comparator, one.value, one.unit, one.kind) == (stated.comparator, stated.value, stated.unit, ALERT)
    return same and one.severity in {limit.severity, NO_SEVERITY}


def _more_severe(mild: ImportedLimit, grave: ImportedLimit) -> bool:
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


def _rest(identifier: str, unit: str, title: str) -> Signal:
    return Signal(id=identifier, kind="gauge", unit=unit, title=title, bad=LOW)


_AUTH: Final = Signal(id="auth_success_ratio", kind="ratio", unit=RATIO, title="Authentication success ratio", bad=LOW)
_AVERAGE_QUERY: Final = Signal(id="query_duration_avg", kind="average", unit=SECONDS, title="Average query duration")
_OF_REST: Final = {
    ("disk", BYTES): _rest("disk_free", BYTES, "Free disk space"),
    ("memory", BYTES): _rest("memory_free", BYTES, "Free memory"),
    ("connection_pool", COUNT): _rest("connections_free", COUNT, "Free connections"),
}
"""What is free is a quantity of its own where nobody says of how much: 5 GB free is no share."""
_RESTS: Final = frozenset(one.id for one in _OF_REST.values())
_OWN: Final = {one.id: one for one in (*map(_quantile, (50, 95, 99)), _AVERAGE_QUERY, _AUTH, *_OF_REST.values())}
_OF_QUERIES: Final = {
    **{f"latency_p{percentile}": f"query_duration_p{percentile}" for percentile in (50, 95, 99)},
    "latency_avg": _AVERAGE_QUERY.id,
    "latency_other": _AVERAGE_QUERY.id,
}
"""How long queries take is another quantity than how long answers do: it is measured at the database."""
_QUERY: Final = re.compile(r"\bquer(?:y|ies)\b|\bSQL statements?\b", re.IGNORECASE)
_TIMED: Final = re.compile(r"\b(?:latency|response|duration|time|p\d\d|percentile|average|mean)\b", re.IGNORECASE)
_LOGIN: Final = re.compile(r"\bauthentication\b|\blog-?ins?\b|\bsign-?ins?\b", re.IGNORECASE)


def _signal(one: GuideStatement) -> str:
    """Return the signal of a statement: that of queries, of logins, or of what is free, where its words name them."""
    if one.complement and (one.signal, one.unit) in _OF_REST:
        return _OF_REST[one.signal, one.unit].id
    if one.signal == "success_ratio" and _LOGIN.search(one.text):
        return _AUTH.id
    # "Query time: target below 20 ms, warning above 60 ms": the second number is on what the first is on.
    words = one.text if _TIMED.search(one.text) else one.around.sentence[: one.around.end] or one.text
    return _OF_QUERIES.get(one.signal, one.signal) if _QUERY.search(words) else one.signal


def _missed(statements: Sequence[GuideStatement], signals: Mapping[str, Signal]) -> Mapping[tuple[str, str], Signal]:
    """Return the signal of each thing that is missed: of the first the built-in one, of any other one of its own."""
    found: dict[tuple[str, str], Signal] = {}
    for one in statements:
        signal = signals.get(one.signal)
        if not one.subject or signal is None or _what(one) in found:
            continue
        _, words = _what(one)
        is_first = all(name != one.signal for name, _ in found)
        identifier = f"{signal.id}_{words.replace(' ', '_')}"[:_LONGEST_ID]
        own = replace(signal, id=identifier, title=f"{signal.title} of {words}")
        found[_what(one)] = signal if is_first else own
    return found


def _what(one: GuideStatement) -> tuple[str, str]:
    """Return the signal of a statement with the words that tell what is missed from other things."""
    words = [word for word in _WORDS.findall(one.subject.lower()) if word not in _LITTLE]
    return one.signal, " ".join(word.rstrip("s") for word in words[:2]) or "other"


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


def guesses(one: GuideStatement) -> tuple[str, ...]:
    """Return what is guessed of a statement where it becomes a limit."""
    return tuple(_guesses(one, one.signal if one.subject else _signal(one)))


def _guesses(one: GuideStatement, signal: str) -> Iterator[str]:
    if one.kind == TARGET and one.severity == NO_SEVERITY:
        yield "a target; GUESS: its breach is a warning"
    elif one.severity == NO_SEVERITY:
        yield "GUESS: a warning"
    if one.severity_guess:
        yield f"GUESS: “{one.severity_word}” is {'an' if one.severity[0] in 'aeiou' else 'a'} {one.severity}"
    if one.signal == "latency_other" and signal != one.signal:
        yield "GUESS: the average"
