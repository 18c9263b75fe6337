"""The links of a Markdown text: what they lead to, and where that is written.

Used by `reading`. markdown-it says what is a link; that it also says where costs a second look at the same characters,
which `_placed` takes. Where a definition (`[label]: target`) is used, the definition is the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_inline import StateInline, html_inline, image, link

from compiler.diagnostics import Span
from compiler.runbooks.blocks import Block
from compiler.runbooks.comments import blanked
from compiler.runbooks.markdown import Document, place

_Rule = Callable[[StateInline, bool], bool]
_TAG: Final = re.compile(r"<[A-Za-z][A-Za-z0-9-]*(?P<rest>[\s/][^<>]*)>")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s"'/])(?P<name>[A-Za-z][A-Za-z-]*+)\s*+=\s*+(?:"(?P<a>[^"]*)"|'(?P<b>[^']*)'|(?P<c>[^\s"'=<>`]+))"""
)
_DEFINED: Final = re.compile(r"\]:[\s>]*+(?:<(?P<bracketed>[^<>\n]*)>|(?P<bare>\S+))")
_LEADING: Final = frozenset({"href", "src"})
_NAMING: Final = frozenset({"id", "name"})
_FOOTNOTE: Final = "^"
_HINTS: Final = ("](", "href", "src", "HREF", "SRC")
"""Without one of these a text holds no link; what stands in definitions is read there."""
_NAMES: Final = ("id=", "name=", "ID=", "NAME=")
"""Without one of these a text sets no anchor."""
_LONGEST: Final = 20_000
"""Characters of one paragraph. markdown-it takes quadratic time over what nobody writes, such as brackets alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The target of a link or a picture, escapes undone, and where it stands."""

    target: str
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A target or a name that something is linked by: the words, where they begin in their text, and how long."""

    words: str
    start: int
    length: int
    leads: bool


def links(document: Document, path: str) -> tuple[Link, ...]:
    """Return the links of a document by their place; `path` is the one to show."""
    found = [
        Link(target=one.words.strip(), span=block.span(one.start, one.length, path))
        for block, one in _everything(document, _HINTS)
        if one.leads
    ]
    return tuple(sorted([*found, *_definitions(document, path)], key=lambda one: one.span))


def names(document: Document) -> Iterator[tuple[str, int]]:
    """Yield the anchors that HTML sets, with the line, from 0, that each stands in."""
    for block, one in _everything(document, _NAMES):
        if not one.leads and one.words:
            yield one.words, block.line(one.start)[0]


def _everything(document: Document, wanted: tuple[str, ...]) -> Iterator[tuple[Block, Found]]:
    if not any(one in document.text for one in wanted):
        return
    for token in document.tokens:
        text = token.content
        if token.type in {"inline", "html_block"} and any(one in text for one in wanted):
            block = Block(document.lines, place(token)[0], text)
            if token.type == "html_block":
                yield from ((block, one) for one in _in_html(blanked(text, html=True)))
            elif len(text) <= _LONGEST:
                yield from ((block, one) for one in _in_text(text, document))


def _in_html(text: str, offset: int = 0) -> Iterator[Found]:
    for tag in _TAG.finditer(text):
        for one in _ATTRIBUTE.finditer(tag["rest"]):
            name = one["name"].lower()
            group = next(key for key in "abc" if one[key] is not None)
            if name in _LEADING or name in _NAMING:
                start = offset + tag.start("rest") + one.start(group)
                yield Found(words=one[group], start=start, length=len(one[group]), leads=name in _LEADING)


def _in_text(text: str, document: Document) -> list[Found]:
    found: list[Found] = []
    _INLINE.parseInline(text, {"references": document.definitions, "found": found})
    return found


def _placed(rule: _Rule, read: Callable[[StateInline, int], Iterator[Found]]) -> _Rule:
    """Return a rule of markdown-it that also puts what it has found, and where, into `found` of the environment."""

    def placed(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
        start, found = state.pos, state.env["found"]
        before = len(found)
        if not rule(state, silent):
            return False
        if not silent:
            if rule is image:
                # Its words have been read by themselves, from another beginning; they are shown without links.
                del found[before:]
            found.extend(read(state, start))
        return True

    return placed


def _target(state: StateInline, start: int) -> Iterator[Found]:
    """Yield the target in the parentheses of a link; a definition's stands elsewhere."""
    picture = state.src[start] == "!"
    label = state.md.helpers.parseLinkLabel(state, start + picture, not picture)
    if state.src[label + 1 : label + 2] != "(" or state.pos <= label + 1:
        return
    position = label + 2
    while state.src[position : position + 1].isspace():
        position += 1
    found = state.md.helpers.parseLinkDestination(state.src, position, state.posMax)
    if found.ok:
        bracket = state.src[position : position + 1] == "<"
        yield Found(words=found.str, start=position + bracket, length=found.pos - position - 2 * bracket, leads=True)


def _tag(state: StateInline, start: int) -> Iterator[Found]:
    return _in_html(state.src[start : state.pos], start)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline.ruler.at("link", _placed(link, _target))
    parser.inline.ruler.at("image", _placed(image, _target))
    parser.inline.ruler.at("html_inline", _placed(html_inline, _tag))
    return parser


_INLINE: Final = _parser()


def _definitions(document: Document, path: str) -> Iterator[Link]:
    for label, definition in document.definitions.items():
        start, end = definition["map"]
        found = _DEFINED.search("\n".join(document.lines[start:end]))
        if found is None or label.startswith(_FOOTNOTE):
            continue
        words = found["bare"] or found["bracketed"] or ""
        begins = found.start("bare" if found["bare"] else "bracketed")
        before = found.string[:begins]
        number = start + before.count("\n")
        yield Link(target=unescapeAll(words), span=_span(path, number, begins - before.rfind("\n") - 1, words))


def _span(path: str, number: int, column: int, words: str) -> Span:
    return Span(path, number + 1, column + 1, column + len(words) + 1)
