"""The statements that the stanza's limits do not carry → its `waive:`, so that none of them goes unnoticed.

`compiler.resolve.claims` decides what a limit carries, here as when the file is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.conventions import QUESTION
from compiler.diagnostics import Span
from compiler.guides.statement import NO_SEVERITY, TARGET, GuideStatement
from compiler.importing.limits import Limits
from compiler.importing.spelling import amount, quoted, said
from compiler.quantities import Comparison, Quantity
from compiler.resolve.claims import Claim, agrees, candidates, is_usual
from compiler.resolve.sentences import Sentence, sentences
from compiler.runbooks import Section
from compiler.signals.bound import Signal

_LEAST_WORDS = 12
"""Characters; what is shorter, such as a cell of a table, would be found in other lines, too."""


def not_carried(
    path: str, text: str, limits: Limits, signals: Mapping[str, Signal], sections: Mapping[str, Section]
) -> tuple[Sentence, ...]:
    """Return the statements that no limit carries; `sections` are those of the signals."""
    claims = _claims(path, limits, signals, sections)
    return tuple(one for one in sentences(path, text) if not _carried(one, claims))


def waivers(alone: Sequence[Sentence]) -> Iterator[str]:
    """Yield the lines of `waive:`, none where there is nothing to waive."""
    waived: list[str] = []
    for one in alone:
        line = " ".join(one.line.split())
        if any(words in line for words in waived):
            continue
        if not waived:
            yield "    # No limit above carries these: bind each to a signal of its own, or say why nobody need know."
            yield "    waive:"
        waived.append(_words(one, line))
        comment = said(one.stated, _meant(one.stated))
        yield f"      - {{statement: {quoted(waived[-1])}, reason: {QUESTION}}}  # {comment}"


def _meant(stated: GuideStatement) -> str:
    none = "a target" if stated.kind == TARGET else "no severity"
    grade = none if stated.severity == NO_SEVERITY else stated.severity
    return f"{stated.signal} {stated.comparator} {amount(stated)}, {grade}"


def _claims(
    path: str, limits: Limits, signals: Mapping[str, Signal], sections: Mapping[str, Section]
) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            signal=signals[signal],
            severity=one.severity,
            comparison=Comparison(one.statement.comparator, Quantity(one.statement.value, one.statement.unit)),
            hold=one.statement.hold,
            section=sections.get(signal),
            span=Span(path, one.stated.line, 1, 1),
        )
        for signal, lines in limits.of_signal.items()
        for one in lines
    )


def _carried(one: Sentence, claims: Sequence[Claim]) -> bool:
    found = candidates(one, claims)
    return is_usual(one, found) or any(agrees(one, claim) for claim in found)


def _words(one: Sentence, line: str) -> str:
    """Return words that stand in a statement's line as they are: its own, else the whole line."""
    own = " ".join(one.stated.text.split())
    return own if len(own) >= _LEAST_WORDS and own in line else line
