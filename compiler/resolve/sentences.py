"""Resolve: the limits that a runbook states in free sentences, each with the place of its number.

`compiler.resolve.claims` and `compiler.resolve.matching` use them; `compiler.guides` reads the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from compiler.diagnostics import Span
from compiler.guides import grammar
from compiler.guides.passage import restored
from compiler.guides.passages import passages
from compiler.guides.statement import GuideStatement
from compiler.guides.vocabulary import speaking
from compiler.runbooks import Runbook
from compiler.severities import SeverityWords
from compiler.subjects import Mark, Spoken, spoken


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A limit that a runbook states in a free sentence, and the place of its number.

    `spoken` holds the words that tell what the limit is about. `titled` is the title or the id of the signal that a
    bullet of "Alert thresholds" names; it is empty for a free sentence, whose words must tell the signal.
    """

    stated: GuideStatement
    line: str
    span: Span
    spoken: Spoken
    titled: str = ""


def of_runbook(runbook: Runbook) -> tuple[Sentence, ...]:
    """Return the sentences of a runbook, with places under the path that messages show."""
    stated = sentences(runbook.path, runbook.text, runbook.words.own)
    if runbook.shown == runbook.path:
        return stated
    return tuple(replace(sentence, span=sentence.span._replace(path=runbook.shown)) for sentence in stated)


@lru_cache(maxsize=64)
def sentences(runbook_path: str, text: str, own: tuple[tuple[str, str], ...] = ()) -> tuple[Sentence, ...]:
    """Return all limits that a runbook states, in the order of their lines.

    `own` are the words for severities that `severities:` in thresholds.yaml maps.
    """
    lines = text.split("\n")
    stripped = [line.strip() for line in lines]
    ends: dict[int, int] = {}
    result = []
    with speaking(SeverityWords(own=own)):
        statements = grammar.statements(runbook_path, text)
    spoken_words = _words_by_mark(statements)
    for stated in statements:
        line = lines[stated.line - 1]
        start, end = _place(line, stated.written, ends.get(stated.line, 0))
        ends[stated.line] = end
        span = Span(runbook_path, stated.line, start + 1, end + 1)
        words = spoken_words[_sentence_key(stated)][_mark(stated)]
        result.append(Sentence(stated=stated, line=stripped[stated.line - 1], span=span, spoken=words))
    return tuple(result)


_SentenceKey = tuple[str, str, str, str, tuple[str, ...]]


def _sentence_key(stated: GuideStatement) -> _SentenceKey:
    around = stated.around
    return around.sentence, around.before, around.behind, around.beside, around.above


def _mark(stated: GuideStatement) -> Mark:
    return Mark(start=stated.around.start, end=stated.around.end, severity=stated.severity)


def _words_by_mark(statements: Iterable[GuideStatement]) -> Mapping[_SentenceKey, Mapping[Mark, Spoken]]:
    """Return the words that belong to each number of each sentence."""
    by_mark: dict[_SentenceKey, dict[Mark, GuideStatement]] = {}
    for statement in statements:
        by_mark.setdefault(_sentence_key(statement), {}).setdefault(_mark(statement), statement)
    marks_by_sentence = {key: sorted(marks, key=lambda mark: mark.start) for key, marks in by_mark.items()}
    return {
        key: dict(zip(marks, spoken(by_mark[key][marks[0]].around, marks), strict=True))
        for key, marks in marks_by_sentence.items()
    }


@lru_cache(maxsize=64)
def above(text: str) -> Mapping[int, tuple[str, ...]]:
    """Return, by the first line of each item and paragraph, the headings and items above it, nearest first."""
    headings: dict[int, tuple[str, ...]] = {}
    for passage in passages(text):
        headings.setdefault(passage.starts[0][1], tuple(map(restored, passage.above)))
    return headings


def _place(line: str, words: str, after: int) -> tuple[int, int]:
    """Return the columns of words in a line; if markup splits them, those of the whole line without its indent."""
    for start in (line.find(words, after), line.find(words)):
        if words and start >= 0:
            return start, start + len(words)
    return len(line) - len(line.lstrip()), max(1, len(line.rstrip()))
