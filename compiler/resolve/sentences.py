"""Resolve: the limits that a runbook states in words of its own, each with the place of its number.

Used by `compiler.resolve.claims` and `compiler.resolve.matching`; the reading is that of `compiler.guides`.
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
    """A limit that a runbook states in words of its own, and the place of its number.

    `spoken` is from what it can be told what the limit is about; `titled` the title or the id of the signal that a
    bullet of "Alert thresholds" names, empty where the words have to tell.
    """

    stated: GuideStatement
    line: str
    span: Span
    spoken: Spoken
    titled: str = ""


def of_runbook(runbook: Runbook) -> tuple[Sentence, ...]:
    """Return the sentences of a runbook, with the places where the caller finds them."""
    found = sentences(runbook.path, runbook.text, runbook.words.own)
    if runbook.shown == runbook.path:
        return found
    return tuple(replace(one, span=one.span._replace(path=runbook.shown)) for one in found)


@lru_cache(maxsize=64)
def sentences(runbook_path: str, text: str, own: tuple[tuple[str, str], ...] = ()) -> tuple[Sentence, ...]:
    """Return the limits that a runbook states anywhere, in the order of their lines.

    `own` are the words for severities that thresholds.yaml maps.
    """
    lines = text.split("\n")
    stripped = [line.strip() for line in lines]
    ends: dict[int, int] = {}
    found = []
    with speaking(SeverityWords(own=own)):
        statements = grammar.statements(runbook_path, text)
    beside = _beside(statements)
    for stated in statements:
        line = lines[stated.line - 1]
        start, end = _place(line, stated.written, ends.get(stated.line, 0))
        ends[stated.line] = end
        span = Span(runbook_path, stated.line, start + 1, end + 1)
        said = beside[_sentence(stated)][_mark(stated)]
        found.append(Sentence(stated=stated, line=stripped[stated.line - 1], span=span, spoken=said))
    return tuple(found)


_SentenceKey = tuple[str, str, str, str, tuple[str, ...]]


def _sentence(stated: GuideStatement) -> _SentenceKey:
    around = stated.around
    return around.sentence, around.before, around.behind, around.beside, around.above


def _mark(stated: GuideStatement) -> Mark:
    return Mark(start=stated.around.start, end=stated.around.end, severity=stated.severity)


def _beside(statements: Iterable[GuideStatement]) -> Mapping[_SentenceKey, Mapping[Mark, Spoken]]:
    """Return what is said at each number of each sentence."""
    found: dict[_SentenceKey, dict[Mark, GuideStatement]] = {}
    for one in statements:
        found.setdefault(_sentence(one), {}).setdefault(_mark(one), one)
    each = {key: sorted(marks, key=lambda one: one.start) for key, marks in found.items()}
    return {
        key: dict(zip(marks, spoken(found[key][marks[0]].around, marks), strict=True)) for key, marks in each.items()
    }


@lru_cache(maxsize=64)
def above(text: str) -> Mapping[int, tuple[str, ...]]:
    """Return what stands over each item and paragraph of a runbook, nearest first, by its first line."""
    found: dict[int, tuple[str, ...]] = {}
    for one in passages(text):
        found.setdefault(one.starts[0][1], tuple(map(restored, one.above)))
    return found


def _place(line: str, written: str, after: int) -> tuple[int, int]:
    """Return where words stand in a line; the whole line, without its indent, where markup parts them."""
    for start in (line.find(written, after), line.find(written)):
        if written and start >= 0:
            return start, start + len(written)
    return len(line) - len(line.lstrip()), max(1, len(line.rstrip()))
