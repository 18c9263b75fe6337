"""The limits of a stanza, held against their guide as when the file is compiled; what they leave over → `waive:`.

`compiler.resolve.matching` decides what a limit carries, here as there, so that a stanza whose questions are answered
compiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from compiler.conventions import DEFAULT_HOLD, QUESTION
from compiler.diagnostics import Span
from compiler.guides.statement import NO_SEVERITY, TARGET, GuideStatement
from compiler.importing.limits import AGAINST, ImportedLimit, Limits, window
from compiler.importing.spelling import amount, one_line, quoted, said
from compiler.meaning import directed
from compiler.model import Limit
from compiler.quantities import Comparison, Quantity
from compiler.resolve.matching import Matching, Watch
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Covering, Waiver
from compiler.runbooks import Runbook, Section
from compiler.signals.bound import Signal
from compiler.statements import Statement

_LEAST_WORDS: Final = 12
"""Characters; what is shorter, such as a cell of a table, would be found in other lines, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """What a line of the guide states and no limit carries: its `number` as written, and what it means."""

    line: int
    text: str
    words: str
    number: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Limits that their guide states, and what it states besides.

    `signals` are those that limits may use, `sections` those that the limits lead to, and `quotations` the lines that a
    signal's limits quote because nothing else tells that the line is about them.
    """

    runbook: Runbook
    limits: Limits
    signals: Mapping[str, Signal]
    sections: Mapping[str, Section]
    quotations: Mapping[str, str]

    @cached_property
    def alone(self) -> tuple[Alone, ...]:
        """The statements that no limit carries, in the order of their lines."""
        free = (one for one in self._matching.free if not self._matching.carriers(one))
        sentences = (_alone(one, doubtful=one.stated in self.limits.against) for one in free)
        bullets = (
            Alone(line=one.span.line, text=one.text, words=one.title, number="", meaning=f"{one.severity}, a bullet")
            for one in self._matching.bullets
            if not self._matching.bearers(one)
        )
        unread = (
            Alone(line=one.span.line, text=one.text, words=one.text, number="", meaning="not read: no limit of its own")
            for one in self._matching.unread
        )
        return tuple(sorted((*sentences, *bullets, *unread), key=lambda one: one.line))

    def unstated(self) -> tuple[str, str] | None:
        """Return signal and severity of the first limit that the guide would not be seen to state, or None."""
        for watch in self._matching.watches:
            for limit in watch.limits:
                bullet = self._matching.bullet(watch, limit.severity)
                same = bullet is not None and bullet.comparison == _comparison(limit)
                said_elsewhere = bullet is None and (watch.quoted or self._matching.saying(watch, limit))
                if not same and not said_elsewhere:
                    return watch.signal.id, limit.severity
        return None

    @cached_property
    def _matching(self) -> Matching:
        titles = {title for one in self.signals.values() for title in (one.title, one.id)}
        return Matching(
            runbook=self.runbook,
            watches=tuple(self._watch(*one) for one in self.limits.of_signal.items()),
            titles=frozenset(title.casefold() for title in titles),
        )

    def _watch(self, signal: str, lines: Sequence[ImportedLimit]) -> Watch:
        limits = tuple(_limit(self.runbook.path, one) for one in lines)
        return Watch(
            system="",
            signal=directed(self.signals[signal]),
            severities=tuple(one.severity for one in limits),
            limits=limits,
            section=self.sections.get(signal),
            quoted=self._quoted(signal),
            window=window(lines),
        )

    def _quoted(self, signal: str) -> Statement | None:
        return self.runbook.quote(self.quotations[signal]) if signal in self.quotations else None


def agreement(
    runbook: Runbook, limits: Limits, signals: Mapping[str, Signal], sections: Mapping[str, Section]
) -> Agreement:
    """Return the limits that their guide can be seen to state: the others quote their line, or are left over."""
    found = Agreement(runbook=runbook, limits=limits, signals=signals, sections=sections, quotations={})
    while (unstated := found.unstated()) is not None:
        signal, severity = unstated
        words = _quotation(runbook, found.limits.of_signal[signal])
        if words is not None and signal not in found.quotations:
            found = replace(found, quotations={**found.quotations, signal: words})
        else:
            quotations = {key: one for key, one in found.quotations.items() if key != signal}
            found = replace(found, limits=found.limits.without(signal, severity), quotations=quotations)
    return found


def _quotation(runbook: Runbook, lines: Sequence[ImportedLimit]) -> str | None:
    """Return the line that states all limits of a signal, where there is one and no other line has the same words."""
    numbers = {one.stated.line for one in lines}
    line = next(iter(numbers))
    words = " ".join(runbook.text.split("\n")[line - 1].split())
    quoted_line = runbook.quote(words)
    return words if len(numbers) == 1 and quoted_line is not None and quoted_line.span.line == line else None


def waivers(alone: Sequence[Alone], path: str) -> Iterator[str]:
    """Yield the lines of `waive:`, none where there is nothing to waive."""
    each = [_waiver(one) for one in alone]
    covering = Covering(each)
    waived: set[int] = set()
    for one, waiver in zip(alone, each, strict=True):
        if any(id(other) in waived for other in covering.covering(one.text, one.number)):
            continue
        if not waived:
            yield "    # No limit above carries these: bind each to a signal of its own, or say why nobody need know."
            yield "    waive:"
        waived.add(id(waiver))
        comment = one_line(f"{path}:{one.line}: {one.meaning}")
        yield f"      - {{statement: {quoted(waiver.words)}, reason: {QUESTION}}}  # {comment}"


def _waiver(one: Alone) -> Waiver:
    """Return the waiver of a statement, in its own words where these are enough, else those of the whole line."""
    own, line = " ".join(one.words.split()), " ".join(one.text.split())
    span = Span("", one.line, 1, 1)
    short = Waiver(words=own, reason="", span=span)
    if len(own) >= _LEAST_WORDS and short.covers(line, one.number):
        return short
    return Waiver(words=line, reason="", span=span)


def _alone(one: Sentence, *, doubtful: bool) -> Alone:
    """Return a sentence; `doubtful` where it names the good side of its signal."""
    stated = one.stated
    doubt = f"; {AGAINST}" if doubtful else ""
    comment = said(stated, f"{_meant(stated)}{doubt}").removeprefix(f"{stated.path}:{stated.line}: ")
    return Alone(line=stated.line, text=one.line, words=stated.text, number=stated.written, meaning=comment)


def _meant(stated: GuideStatement) -> str:
    none = "a target" if stated.kind == TARGET else "no severity"
    grade = none if stated.severity == NO_SEVERITY else stated.severity
    return f"{stated.signal} {stated.comparator} {amount(stated)}, {grade}"


def _limit(path: str, one: ImportedLimit) -> Limit:
    statement = one.statement
    return Limit(
        severity=one.severity,
        comparator=statement.comparator,
        value=statement.value,
        unit=statement.unit,
        text="",
        for_seconds=DEFAULT_HOLD[one.severity] if statement.for_seconds is None else statement.for_seconds,
        default=False,
        statement=None,
        span=Span(path, one.stated.line, 1, 1),
    )


def _comparison(limit: Limit) -> Comparison:
    return Comparison(limit.comparator, Quantity(limit.value, limit.unit))
