"""Resolve: the limits that a runbook states in words of its own, each with the place of its number.

Used by `compiler.resolve.claims` and `compiler.resolve.matching`; the reading is that of `compiler.guides`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from compiler.diagnostics import Span
from compiler.guides import grammar
from compiler.guides.statement import GuideStatement
from compiler.runbooks import Runbook


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A limit that a runbook states in words of its own, and the place of its number."""

    stated: GuideStatement
    line: str
    span: Span


def of_runbook(runbook: Runbook) -> tuple[Sentence, ...]:
    """Return the sentences of a runbook, with the places where the caller finds them."""
    found = sentences(runbook.path, runbook.text)
    if runbook.shown == runbook.path:
        return found
    return tuple(replace(one, span=one.span._replace(path=runbook.shown)) for one in found)


@lru_cache(maxsize=64)
def sentences(runbook_path: str, text: str) -> tuple[Sentence, ...]:
    """Return the limits that a runbook states anywhere, in the order of their lines."""
    lines = text.split("\n")
    ends: dict[int, int] = {}
    found = []
    for stated in grammar.statements(runbook_path, text):
        line = lines[stated.line - 1]
        start, end = _place(line, stated.written, ends.get(stated.line, 0))
        ends[stated.line] = end
        span = Span(runbook_path, stated.line, start + 1, end + 1)
        found.append(Sentence(stated=stated, line=line.strip(), span=span))
    return tuple(found)


def _place(line: str, written: str, after: int) -> tuple[int, int]:
    """Return where words stand in a line; the whole line, without its indent, where markup parts them."""
    for start in (line.find(written, after), line.find(written)):
        if written and start >= 0:
            return start, start + len(written)
    return len(line) - len(line.lstrip()), max(1, len(line.rstrip()))
