"""Report parts of a Markdown text that are nested too deep.

`reading` uses it; it uses `markdown`. A program that shows a section descends into the nested marks, and too many of
them would exhaust the stack of the program that tells people. Besides, markdown-it silently leaves out text
that is in more than twenty lists and quotations. This module reads the text as messages and pages show it: there, HTML
is text and may hold marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks.markdown import Document, place

MAX_LISTS: Final = 8
"""The most nested lists and quotations. markdown-it counts a list and its item as two levels, and ends at twenty."""
MAX_MARKS: Final = 16
"""The most nested emphases, links and pictures; nobody writes half as many."""
_LONGEST: Final = 20_000
"""The most characters of one paragraph with marks. markdown-it takes quadratic time for odd text."""
_OPENING: Final = frozenset({"blockquote_open", "list_item_open"})
_CLOSING: Final = frozenset({"blockquote_close", "list_item_close"})
_MARKS: Final = re.compile(r"[*_~\[]")
_BREAKS: Final = frozenset({"softbreak", "hardbreak"})


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


_INLINE: Final = _parser()
_BLOCKS: Final = _parser().disable("inline")


def refuse_nesting(shown: str, document: Document, diagnostics: Diagnostics) -> None:
    """Add an error for each list and each paragraph in which something is nested too deep, at its line."""
    tokens = _BLOCKS.parse(document.text) if _may_be_deep(document) else ()
    for message, hint, number in (*_deep_lists(tokens), *_deep_marks(tokens)):
        line = document.lines[number]
        start = len(line) - len(line.lstrip())
        span = Span(shown, number + 1, start + 1, max(start + 2, len(line) + 1))
        diagnostics.error("nesting", span, message, hint=hint)


def _may_be_deep(document: Document) -> bool:
    """Return whether any block could be nested too deep; if none could, the runbook needs no second parse."""
    deepest = max((token.level for token in document.tokens), default=0)
    return deepest > MAX_LISTS or any(
        len(_MARKS.findall(token.content)) > MAX_MARKS
        for token in document.tokens
        if token.type in {"inline", "html_block"}
    )


def _deep_lists(tokens: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """Yield message, hint and line for each list or quotation at which the nesting becomes too deep."""
    open_blocks: list[str] = []
    for token in tokens:
        if token.type in _OPENING:
            open_blocks.append(token.type)
            if len(open_blocks) == MAX_LISTS + 1:
                message = f"lists and quotations are nested more than {MAX_LISTS} deep"
                yield message, "write a heading, or fewer levels", place(token)[0]
        elif token.type in _CLOSING:
            open_blocks.pop()


def _deep_marks(tokens: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """Yield message, hint and line for each paragraph whose marks are nested too deep, or that is too long to check."""
    for token in tokens:
        if token.type != "inline" or len(_MARKS.findall(token.content)) <= MAX_MARKS:
            continue
        line = place(token)[0]
        if len(token.content) > _LONGEST:
            message = f"a paragraph with emphases or links is longer than {_LONGEST} characters"
            yield message, "write an empty line where a thought ends", line
            continue
        for part in _parts(token):
            line += part.type in _BREAKS
            if part.level > MAX_MARKS:
                message = f"emphases and links are nested more than {MAX_MARKS} deep"
                yield message, "close each `*`, `_` and `~` before the next, or write `\\*`", line
                break


def _parts(token: Token) -> list[Token]:
    return [part for inline in _INLINE.parseInline(token.content) for part in inline.children or ()]
