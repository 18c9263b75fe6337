"""Compare the limits of a stanza with their guide, and write the statements that no limit carries as `waive:`.

`compiler.resolve.matching` decides which statement a limit carries, as it does when a file is compiled. So a stanza
compiles as soon as its questions are answered.
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
from compiler.importing.spelling import amount, comment_on, one_line, quoted
from compiler.meaning import directed
from compiler.model import Limit
from compiler.quantities import Comparison, Quantity
from compiler.resolve.matching import Matching, Watch
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Covering, Waiver
from compiler.runbooks import Runbook, Section
from compiler.runbooks.statements import Statement
from compiler.signals.bound import Signal

_LEAST_CHARACTERS: Final = 12
"""Characters; a shorter text, such as a cell of a table, may also occur in other lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """A statement of the guide that no limit carries: its line, its words, its `number` as written, and its meaning."""

    line: int
    text: str
    words: str
    number: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Limits that their guide states, and the other statements of the guide.

    Limits may use the `signals`. `sections` maps a signal to the section that its limits lead to. `quotations` maps a
    signal to the line that its limits quote, because nothing else tells that the line is about them.
    """

    runbook: Runbook
    limits: Limits
    signals: Mapping[str, Signal]
    sections: Mapping[str, Section]
    quotations: Mapping[str, str]

    @cached_property
    def alone(self) -> tuple[Alone, ...]:
        """The statements that no limit carries, in the order of their lines."""
        free = (sentence for sentence in self._matching.free if not self._matching.carriers(sentence))
        sentences = (_alone(sentence, doubtful=sentence.stated in self.limits.against) for sentence in free)
        bullets = (
            Alone(
                line=bullet.span.line,
                text=bullet.text,
                words=bullet.title,
                number="",
                meaning=f"{bullet.severity}, a bullet",
            )
            for bullet in self._matching.bullets
            if not self._matching.bearers(bullet)
        )
        unread = (
            Alone(
                line=bullet.span.line,
                text=bullet.text,
                words=bullet.text,
                number="",
                meaning="not read: no limit of its own",
            )
            for bullet in self._matching.unread
        )
        return tuple(sorted((*sentences, *bullets, *unread), key=lambda statement: statement.line))

    def unstated(self) -> tuple[str, str] | None:
        """Return signal and severity of the first limit that the matching does not find in the guide, or None."""
        for watch in self._matching.watches:
            for limit in watch.limits:
                bullet = self._matching.bullet(watch, limit.severity)
                same = bullet is not None and bullet.comparison == _comparison(limit)
                stated_elsewhere = bullet is None and (watch.quoted or self._matching.agreeing_statement(watch, limit))
                if not same and not stated_elsewhere:
                    return watch.signal.id, limit.severity
        return None

    @cached_property
    def _matching(self) -> Matching:
        titles = {title for signal in self.signals.values() for title in (signal.title, signal.id)}
        return Matching(
            runbook=self.runbook,
            watches=tuple(self._watch(signal, lines) for signal, lines in self.limits.of_signal.items()),
            titles=frozenset(title.casefold() for title in titles),
        )

    def _watch(self, signal: str, lines: Sequence[ImportedLimit]) -> Watch:
        limits = tuple(_limit(self.runbook.path, line) for line in lines)
        return Watch(
            system="",
            signal=directed(self.signals[signal]),
            severities=tuple(limit.severity for limit in limits),
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
    """Return the limits that the matching finds in their guide; the others quote their line or are left over."""
    agreed = Agreement(runbook=runbook, limits=limits, signals=signals, sections=sections, quotations={})
    while (unstated := agreed.unstated()) is not None:
        signal, severity = unstated
        words = _quotation(runbook, agreed.limits.of_signal[signal])
        if words is not None and signal not in agreed.quotations:
            agreed = replace(agreed, quotations={**agreed.quotations, signal: words})
        else:
            quotations = {key: line for key, line in agreed.quotations.items() if key != signal}
            agreed = replace(agreed, limits=agreed.limits.without(signal, severity), quotations=quotations)
    return agreed


def _quotation(runbook: Runbook, lines: Sequence[ImportedLimit]) -> str | None:
    """Return the words of the one line that states all limits of a signal; None if another line has the same words."""
    numbers = {limit.stated.line for limit in lines}
    line = next(iter(numbers))
    words = " ".join(runbook.text.split("\n")[line - 1].split())
    quoted_line = runbook.quote(words)
    return words if len(numbers) == 1 and quoted_line is not None and quoted_line.span.line == line else None


def waivers(alone: Sequence[Alone], path: str) -> Iterator[str]:
    """Yield the lines of `waive:`, or none if there is nothing to waive."""
    candidates = [_waiver(statement) for statement in alone]
    covering = Covering(candidates)
    waived: set[int] = set()
    for statement, waiver in zip(alone, candidates, strict=True):
        if any(id(earlier) in waived for earlier in covering.covering(statement.text, statement.number)):
            continue
        if not waived:
            yield "    # No limit above carries these: bind each to a signal of its own, or say why nobody need know."
            yield "    waive:"
        waived.add(id(waiver))
        comment = one_line(f"{path}:{statement.line}: {statement.meaning}")
        yield f"      - {{statement: {quoted(waiver.words)}, reason: {QUESTION}}}  # {comment}"


def _waiver(statement: Alone) -> Waiver:
    """Return the waiver of a statement, in its own words if they are long enough, else in those of the whole line."""
    own, line = " ".join(statement.words.split()), " ".join(statement.text.split())
    span = Span("", statement.line, 1, 1)
    short = Waiver(words=own, reason="", span=span)
    if len(own) >= _LEAST_CHARACTERS and short.covers(line, statement.number):
        return short
    return Waiver(words=line, reason="", span=span)


def _alone(sentence: Sentence, *, doubtful: bool) -> Alone:
    """Return a sentence that no limit carries; `doubtful` is set if it names the good side of its signal."""
    stated = sentence.stated
    doubt = f"; {AGAINST}" if doubtful else ""
    comment = comment_on(stated, f"{_meaning(stated)}{doubt}").removeprefix(f"{stated.path}:{stated.line}: ")
    return Alone(line=stated.line, text=sentence.line, words=stated.text, number=stated.written, meaning=comment)


def _meaning(stated: GuideStatement) -> str:
    ungraded = "a target" if stated.kind == TARGET else "no severity"
    grade = ungraded if stated.severity == NO_SEVERITY else stated.severity
    return f"{stated.signal} {stated.comparator} {amount(stated)}, {grade}"


def _limit(path: str, limit: ImportedLimit) -> Limit:
    statement = limit.statement
    return Limit(
        severity=limit.severity,
        comparator=statement.comparator,
        value=statement.value,
        unit=statement.unit,
        text="",
        for_seconds=DEFAULT_HOLD[limit.severity] if statement.for_seconds is None else statement.for_seconds,
        default=False,
        statement=None,
        span=Span(path, limit.stated.line, 1, 1),
    )


def _comparison(limit: Limit) -> Comparison:
    return Comparison(limit.comparator, Quantity(limit.value, limit.unit))
