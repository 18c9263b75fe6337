"""Read a guide's Markdown into passages: pieces of text that may state limits, each with the texts around it.

markdown-it gives the structure (CommonMark and tables). This module reads headings, paragraphs and list items. `tables`
reads the cells of tables, `fences` the lines of fences. `grammar` then reads the passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from compiler.guides.fences import fence
from compiler.guides.folds import unfolded
from compiler.guides.numbers import SIGNED_NUMBER
from compiler.guides.passage import LONGEST, NEAR, Context, Passage, apart, inherited, is_quiet, plain, prose
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.tables import table
from compiler.guides.vocabulary import vocabulary

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).disable("inline")
_COMMENT: Final = ("<!--", "-->")
_NO_BREAK: Final = re.compile(r"[^\n]")
_COMPARISON: Final = re.compile(r"[<>≥≤]=?\s?\d[\d.,]*\s?(?:%|[a-z]+\b)", re.IGNORECASE)
_LISTS: Final = ("bullet_list", "ordered_list")
_GRADE: Final = re.compile(
    r"\W{0,12}(?:alert )?(?:severity|level|priority|urgency)(?: level)?\W{1,8}(?P<value>\w.{0,40})", re.IGNORECASE
)
_HOLD: Final = re.compile(
    r"\W{0,12}(?:for|duration|hold(?: time)?|pending(?: for)?|sustained(?: for)?)\W{0,4}:\W{0,8}(?P<value>\d.{0,20})",
    re.IGNORECASE,
)


def passages(text: str) -> tuple[Passage, ...]:
    """Return the passages of a guide, in order."""
    return _passages(text, vocabulary().own)


@lru_cache(maxsize=8)
def _passages(text: str, words: tuple[tuple[str, str], ...]) -> tuple[Passage, ...]:
    """Return the passages; `words` are the mapped words for severities, and part of the cache's key only."""
    del words
    # Spaces replace a comment, and its line breaks stay, so that lines keep their numbers.
    visible = _without_comments(text)
    visible, folds = unfolded(visible)
    return tuple(_Walk(tokens=_MARKDOWN.parse(visible), lines=visible.split("\n"), folds=folds).passages())


CODE, TABLE = "code", "a table, in a column or a row that holds no limits"
_PLACES: Final = {"fence": CODE, "code_block": CODE, "table_open": TABLE, "heading_open": "a heading"}


def places(text: str) -> Mapping[int, str]:
    """Return the kind of each line that is no prose, by its number: code, a table, a heading, a comment."""
    visible = _without_comments(text)
    pairs = zip(text.split("\n"), visible.split("\n"), strict=True)
    hidden = {number: "a comment" for number, (line, shown) in enumerate(pairs, 1) if line != shown}
    tokens = (token for token in _MARKDOWN.parse(unfolded(visible)[0]) if token.map and token.type in _PLACES)
    return {line + 1: _PLACES[token.type] for token in tokens for line in range(*(token.map or (0, 0)))} | hidden


def _without_comments(text: str) -> str:
    parts, position = [], 0
    opening, closing = _COMMENT
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start)) >= 0:
        parts += [text[position:start], _NO_BREAK.sub(" ", text[start : end + len(closing)])]
        position = end + len(closing)
    return "".join((*parts, text[position:]))


class _Walk:
    """A walk through a document's tokens.

    `_items` holds the beginning of each open list item. `_siblings` holds, for each open list, the text of its earlier
    items. `folds` holds the titles over each line in a tab or a box.
    """

    def __init__(self, *, tokens: Sequence[Token], lines: Sequence[str], folds: Mapping[int, tuple[str, ...]]) -> None:
        self._tokens = tokens
        self._lines = lines
        self._folds = folds
        self._folded: tuple[str, ...] = ()
        self._context = Context()
        self._sections = _attributes(tokens, lines)
        self._items: list[str] = []
        self._siblings: list[str] = []

    def passages(self) -> Iterator[Passage]:
        for index, token in enumerate(self._tokens):
            self._folded = self._folds.get(token.map[0], ()) if token.map else self._folded
            if token.type == "heading_open":
                yield from self._heading(token, self._tokens[index + 1].content)
            elif token.type == "paragraph_open":
                yield from self._paragraph(index + 1)
            elif token.type in {"fence", "code_block"}:
                if token.type == "fence":
                    yield from fence(token, (*self._open_items(), *self._context.titles))
                # A label such as "The output:" is about the fence only.
                self._context.label = "" if self._context.label.endswith(":") else self._context.label
            elif token.type == "table_open":
                yield from table(self._until("table_close", index), (*self._folded, *self._context.above))
            else:
                self._nest(token)

    def _heading(self, token: Token, text: str) -> Iterator[Passage]:
        """Enter a section, and yield its heading if that states a limit.

        A heading does so with a comparator that is a sign, or with a comparator and a severity.
        """
        grade, for_words = self._sections[token.map[0] if token.map else 0]
        self._context.enter(int(token.tag[1:]), apart(plain(text)), f"severity {grade}" if grade else "", for_words)
        graded = vocabulary().severity(text) != NO_SEVERITY
        if _COMPARISON.search(text) or (graded and SIGNED_NUMBER.search(text)):
            first = (token.map or [0])[0]
            yield self._passage([text], first + 1, self._context.above[1:])

    def _nest(self, token: Token) -> None:
        kind, _, edge = token.type.rpartition("_")
        stack = self._items if kind == "list_item" else self._siblings if kind in _LISTS else None
        if stack is not None and edge == "open":
            stack.append("")
        elif stack is not None:
            stack.pop()

    def _until(self, kind: str, index: int) -> Sequence[Token]:
        end = next(i for i in range(index, len(self._tokens)) if self._tokens[i].type == kind)
        return self._tokens[index:end]

    def _open_items(self) -> tuple[str, ...]:
        return (*(item for item in reversed(self._items) if item), *self._folded)

    def _paragraph(self, index: int) -> Iterator[Passage]:
        first, end = self._tokens[index].map or (0, 0)
        lines = self._lines[first:end]
        beside = self._siblings[-1] if self._siblings else ""
        passage = self._passage(lines, first + 1, (*self._open_items(), *self._context.above))
        yield passage
        words = passage.text[-NEAR:]
        if self._siblings:
            self._siblings[-1] = f"{beside} {words}"[-NEAR:].strip()
        if not self._items:
            self._context.label = words if self._is_label(lines, words, index) else ""
        elif not self._items[-1]:
            self._items[-1] = words

    def _is_label(self, lines: Sequence[str], words: str, index: int) -> bool:
        """Return whether a paragraph is a label: it ends in a colon, is all bold, or a list or a fence follows."""
        next_type = self._tokens[index + 2].type if index + 2 < len(self._tokens) else ""
        if next_type in {"bullet_list_open", "ordered_list_open", "fence"} or words.endswith(":"):
            return True
        only_line = lines[0].strip()
        return len(lines) == 1 and only_line.startswith("**") and only_line.endswith("**")

    def _passage(self, lines: Sequence[str], first: int, above: tuple[str, ...]) -> Passage:
        severity, target = inherited((*self._open_items(), *self._context.titles))
        parts = [prose(line) for line in lines]
        starts, offset = [], 0
        for number, words in enumerate(parts, first):
            starts.append((offset, number))
            offset += len(words) + 1
        return Passage(
            text=" ".join(parts),
            starts=tuple(starts),
            severity=severity,
            target=target,
            above=above,
            beside=self._siblings[-1] if self._siblings else "",
            for_words=self._context.for_words,
            listed=bool(self._items),
            quiet=is_quiet(self._context.above),
        )


def _attributes(tokens: Sequence[Token], lines: Sequence[str]) -> Mapping[int, tuple[str, str]]:
    """Return the severity and the duration that each section gives to all its limits, by its heading's line (from 0).

    Lines such as "Severity: P1" and "For: 5m" state them. Each is empty if the section does not state it exactly once.
    """
    hidden = {
        line for token in tokens if token.type in {"fence", "table_open"} for line in range(*(token.map or (0, 0)))
    }
    starts = [token.map[0] for token in tokens if token.type == "heading_open" and token.map]
    return {
        start: (_only(_GRADE, texts), _only(_HOLD, texts))
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=False)
        for texts in [[lines[line] for line in range(start + 1, end) if line not in hidden]]
    }


def _only(pattern: re.Pattern[str], texts: Sequence[str]) -> str:
    values = list(_values(pattern, texts))
    return values[0] if len(values) == 1 else ""


def _values(pattern: re.Pattern[str], texts: Sequence[str]) -> Iterator[str]:
    return (match["value"] for text in texts if len(text) <= LONGEST and (match := pattern.match(text)))
