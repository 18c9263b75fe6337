"""A guide's Markdown → passages: pieces of text that may state limits, each with what stands around it.

Structure is markdown-it's (CommonMark and tables). A passage is a list item or a paragraph, read here, a table's cell
(`tables`), or a line of a fence (`fences`, `rule_fences`). Next is `grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from compiler.guides.attributes import attributes
from compiler.guides.fences import fence
from compiler.guides.folds import unfolded
from compiler.guides.passage import NEAR, Context, Passage, apart, inherited, is_quiet, plain, prose
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.tables import table
from compiler.guides.vocabulary import vocabulary
from compiler.guides.written import SIGNED_NUMBER

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).disable("inline")
_COMMENT: Final = ("<!--", "-->")
_NO_BREAK: Final = re.compile(r"[^\n]")
_COMPARISON: Final = re.compile(r"[<>≥≤]=?\s?\d[\d.,]*\s?(?:%|[a-z]+\b)", re.IGNORECASE)
_LISTS: Final = ("bullet_list", "ordered_list")


def passages(text: str) -> tuple[Passage, ...]:
    """Return the passages of a guide, in order."""
    return _passages(text, vocabulary().own)


@lru_cache(maxsize=8)
def _passages(text: str, words: tuple[tuple[str, str], ...]) -> tuple[Passage, ...]:
    """Return the passages as the words for severities have them, which the vocabulary knows."""
    del words
    # A comment is blotted out, and its lines stay, so that lines keep their numbers.
    visible = _without_comments(text)
    visible, folds = unfolded(visible)
    return tuple(_Walk(tokens=_MARKDOWN.parse(visible), lines=visible.split("\n"), folds=folds).passages())


CODE, TABLE = "code", "a table, in a column or a row that holds no limits"
_PLACES: Final = {"fence": CODE, "code_block": CODE, "table_open": TABLE, "heading_open": "a heading"}


def places(text: str) -> Mapping[int, str]:
    """Return what the lines of a guide are a part of that are no prose: code, a table, a heading, a comment."""
    visible = _without_comments(text)
    pairs = zip(text.split("\n"), visible.split("\n"), strict=True)
    hidden = {number: "a comment" for number, (line, shown) in enumerate(pairs, 1) if line != shown}
    tokens = (token for token in _MARKDOWN.parse(unfolded(visible)[0]) if token.map and token.type in _PLACES)
    return {line + 1: _PLACES[token.type] for token in tokens for line in range(*(token.map or (0, 0)))} | hidden


def _without_comments(text: str) -> str:
    parts, at = [], 0
    opening, closing = _COMMENT
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start)) >= 0:
        parts += [text[at:start], _NO_BREAK.sub(" ", text[start : end + len(closing)])]
        at = end + len(closing)
    return "".join((*parts, text[at:]))


class _Walk:
    """One way through a document's tokens.

    `_items` holds the beginning of each list item that is open, `_siblings` what the items before say, by list; `folds`
    the titles over each line that is in a tab or the like.
    """

    def __init__(self, *, tokens: Sequence[Token], lines: Sequence[str], folds: Mapping[int, tuple[str, ...]]) -> None:
        self._tokens = tokens
        self._lines = lines
        self._folds = folds
        self._folded: tuple[str, ...] = ()
        self._context = Context()
        self._sections = attributes(tokens, lines)
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
                # "The output:" speaks of the fence alone.
                self._context.label = "" if self._context.label.endswith(":") else self._context.label
            elif token.type == "table_open":
                yield from table(self._until("table_close", index), (*self._folded, *self._context.above))
            else:
                self._nest(token)

    def _heading(self, token: Token, text: str) -> Iterator[Passage]:
        """Enter a section; a heading states a limit itself, if its comparator is a sign or it says how grave it is."""
        said = self._sections[token.map[0] if token.map else 0]
        grade, for_words = said
        self._context.enter(int(token.tag[1:]), apart(plain(text)), f"severity {grade}" if grade else "", for_words)
        graded = vocabulary().severity(text) != NO_SEVERITY
        if _COMPARISON.search(text) or (graded and SIGNED_NUMBER.search(text)):
            first = (token.map or [0])[0]
            yield self._passage([text], first + 1, self._context.above[1:])

    def _nest(self, token: Token) -> None:
        kind, _, way = token.type.rpartition("_")
        open_ones = self._items if kind == "list_item" else self._siblings if kind in _LISTS else None
        if open_ones is not None and way == "open":
            open_ones.append("")
        elif open_ones is not None:
            open_ones.pop()

    def _until(self, kind: str, index: int) -> Sequence[Token]:
        end = next(i for i in range(index, len(self._tokens)) if self._tokens[i].type == kind)
        return self._tokens[index:end]

    def _open_items(self) -> tuple[str, ...]:
        return (*(one for one in reversed(self._items) if one), *self._folded)

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
        """Return whether a paragraph speaks of what follows: it ends in a colon, leads a list, or is all bold."""
        follows = self._tokens[index + 2].type if index + 2 < len(self._tokens) else ""
        if follows in {"bullet_list_open", "ordered_list_open", "fence"} or words.endswith(":"):
            return True
        only = lines[0].strip()
        return len(lines) == 1 and only.startswith("**") and only.endswith("**")

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
