"""Find the links of a Markdown text: their targets, and where the targets are written.

`reading` uses it. markdown-it finds the links, but not their places; so `_with_places` reads the characters again. If a
link uses a definition (`[label]: target`), its place is the definition.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_inline import StateInline, html_inline, image, link

from compiler.diagnostics import Span
from compiler.runbooks.comments import blanked
from compiler.runbooks.markdown import Document, place

_Rule = Callable[[StateInline, bool], bool]
_TAG: Final = re.compile(r"<[A-Za-z][A-Za-z0-9-]*(?P<rest>[\s/][^<>]*)>")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s"'/])(?P<name>[A-Za-z][A-Za-z-]*+)\s*+=\s*+(?:"(?P<a>[^"]*)"|'(?P<b>[^']*)'|(?P<c>[^\s"'=<>`]+))"""
)
_DEFINED: Final = re.compile(r"\]:[\s>]*+(?:<(?P<bracketed>[^<>\n]*)>|(?P<bare>\S+))")
_LINK_ATTRIBUTES: Final = frozenset({"href", "src"})
_ANCHOR_ATTRIBUTES: Final = frozenset({"id", "name"})
_FOOTNOTE: Final = "^"
_LINK_HINTS: Final = ("](", "href", "src", "HREF", "SRC")
"""A text without any of these has no link; `_definitions` reads the targets of definitions."""
_ANCHOR_HINTS: Final = ("id=", "name=", "ID=", "NAME=")
"""A text without any of these sets no anchor."""
_LONGEST: Final = 20_000
"""The most characters of one paragraph. markdown-it takes quadratic time for odd text, such as only brackets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The target of a link or a picture, without escapes, and its place."""

    target: str
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The target of a link (`leads` is set) or an anchor that HTML sets, with its start and its length in the text."""

    words: str
    start: int
    length: int
    leads: bool


def links(document: Document, path: str) -> tuple[Link, ...]:
    """Return the links of a document by their place; `path` is the one to show."""
    in_text = [
        Link(target=reference.words.strip(), span=block.span(reference.start, reference.length, path))
        for block, reference in _references(document, _LINK_HINTS)
        if reference.leads
    ]
    return tuple(sorted([*in_text, *_definitions(document, path)], key=lambda target: target.span))


def names(document: Document) -> Iterator[tuple[str, int]]:
    """Yield the anchors that HTML sets, with the line, from 0, that each stands in."""
    for block, reference in _references(document, _ANCHOR_HINTS):
        if not reference.leads and reference.words:
            yield reference.words, block.line(reference.start)[0]


def _references(document: Document, hints: tuple[str, ...]) -> Iterator[tuple[Block, Reference]]:
    if not any(hint in document.text for hint in hints):
        return
    for token in document.tokens:
        text = token.content
        if token.type in {"inline", "html_block"} and any(hint in text for hint in hints):
            block = Block(document.lines, place(token)[0], text)
            if token.type == "html_block":
                yield from ((block, reference) for reference in _in_html(blanked(text, html=True)))
            elif len(text) <= _LONGEST:
                yield from ((block, reference) for reference in _in_text(text, document))


def _in_html(text: str, offset: int = 0) -> Iterator[Reference]:
    for tag in _TAG.finditer(text):
        for attribute in _ATTRIBUTE.finditer(tag["rest"]):
            name = attribute["name"].lower()
            group = next(key for key in "abc" if attribute[key] is not None)
            if name in _LINK_ATTRIBUTES or name in _ANCHOR_ATTRIBUTES:
                start = offset + tag.start("rest") + attribute.start(group)
                yield Reference(
                    words=attribute[group], start=start, length=len(attribute[group]), leads=name in _LINK_ATTRIBUTES
                )


def _in_text(text: str, document: Document) -> list[Reference]:
    references: list[Reference] = []
    _INLINE.parseInline(text, {"references": document.definitions, "found": references})
    return references


def _with_places(rule: _Rule, read: Callable[[StateInline, int], Iterator[Reference]]) -> _Rule:
    """Return a rule of markdown-it that also adds the references that it finds to `found` of the environment."""

    def placed(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
        start, references = state.pos, state.env["found"]
        before = len(references)
        if not rule(state, silent):
            return False
        if not silent:
            if rule is image:
                # markdown-it reads a picture's words separately, with other offsets; readers see no links in them.
                del references[before:]
            references.extend(read(state, start))
        return True

    return placed


def _target(state: StateInline, start: int) -> Iterator[Reference]:
    """Yield the target in the parentheses of a link; the target of a definition stands elsewhere."""
    picture = state.src[start] == "!"
    label = state.md.helpers.parseLinkLabel(state, start + picture, not picture)
    if state.src[label + 1 : label + 2] != "(" or state.pos <= label + 1:
        return
    position = label + 2
    while state.src[position : position + 1].isspace():
        position += 1
    destination = state.md.helpers.parseLinkDestination(state.src, position, state.posMax)
    if destination.ok:
        bracket = state.src[position : position + 1] == "<"
        yield Reference(
            words=destination.str, start=position + bracket, length=destination.pos - position - 2 * bracket, leads=True
        )


def _tag(state: StateInline, start: int) -> Iterator[Reference]:
    return _in_html(state.src[start : state.pos], start)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline.ruler.at("link", _with_places(link, _target))
    parser.inline.ruler.at("image", _with_places(image, _target))
    parser.inline.ruler.at("html_inline", _with_places(html_inline, _tag))
    return parser


_INLINE: Final = _parser()


def _definitions(document: Document, path: str) -> Iterator[Link]:
    for label, definition in document.definitions.items():
        start, end = definition["map"]
        match = _DEFINED.search("\n".join(document.lines[start:end]))
        if match is None or label.startswith(_FOOTNOTE):
            continue
        words = match["bare"] or match["bracketed"] or ""
        begin = match.start("bare" if match["bare"] else "bracketed")
        preceding = match.string[:begin]
        number = start + preceding.count("\n")
        yield Link(target=unescapeAll(words), span=_span(path, number, begin - preceding.rfind("\n") - 1, words))


def _span(path: str, number: int, column: int, words: str) -> Span:
    return Span(path, number + 1, column + 1, column + len(words) + 1)


class Block:
    """The text of a block that begins in the line `first`, from 0, of a file."""

    def __init__(self, lines: Sequence[str], first: int, text: str) -> None:
        self._lines = lines
        self._first = first
        self._block_lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._block_lines)]
        self._shifts: dict[int, int] = {}

    def line(self, start: int) -> tuple[int, int]:
        """Return the line in the file, and the column in the block, of a place in the text; both count from 0."""
        index = bisect_right(self._starts, start) - 1
        return self._first + index, start - self._starts[index]

    def span(self, start: int, length: int, path: str) -> Span:
        """Return the place in the file of some characters of the text, up to the end of their line."""
        number, column = self.line(start)
        block_line = self._block_lines[number - self._first]
        line = self._lines[number] if number < len(self._lines) else ""
        excerpt = block_line[column : column + length]
        begin = column + self._shift(number, line, block_line)
        if not line.startswith(excerpt, begin):
            # markdown-it has removed backslashes from the cells of tables.
            begin = max(line.find(excerpt), 0)
        return Span(path, number + 1, begin + 1, begin + len(excerpt) + 1)

    def _shift(self, number: int, line: str, block_line: str) -> int:
        """Return by how many columns a line of the block is shifted to the right in the file."""
        if number not in self._shifts:
            stripped = block_line.strip()
            self._shifts[number] = max(line.find(stripped), 0) - (len(block_line) - len(block_line.lstrip()))
        return self._shifts[number]
