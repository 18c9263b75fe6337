"""Find the headings of a Markdown text: their words, their anchors, and how far their sections reach.

`reading` uses it; it uses `markdown`. GitHub gives every heading an anchor, even in quotations and lists; HTML may set
further anchors.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from compiler.runbooks.anchors import Anchors, Style, slug
from compiler.runbooks.links import names
from compiler.runbooks.markdown import Document, place

_INLINE: Final = MarkdownIt("commonmark").enable("strikethrough")
_CONTAINERS: Final = frozenset({"blockquote_open", "list_item_open"})
_ATTRIBUTES: Final = re.compile(r"[ ]\{:?[ ]*+(?P<given>[^{}\n]*+)\}[ ]*\Z")
_GIVEN: Final = re.compile(r"#(?P<anchor>[^ =}]+)")
_ATTRIBUTED: Final = frozenset({"mkdocs", "plain"})
"""Styles that know `## Title {#anchor}`: Python-Markdown with `attr_list`, and most generators of plain pages."""
_ONLY_TAGS: Final = re.compile(r"[ \t]*(?:<[^<>]*>[ \t]*)*")
_MOST_LINES_ABOVE: Final = 20
"""The most lines between an anchor and its heading."""
_BREAKS: Final = frozenset({"softbreak", "hardbreak"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading; `aliases` are further anchors that lead to it.

    Lines count from 0; `body` is the first line behind the heading.
    """

    title: str
    anchor: str
    aliases: tuple[str, ...]
    start: int
    body: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _MarkdownHeading:
    """A heading as written; `words` include the words of pictures, `spoken` excludes them.

    `anchor` is the one that the heading sets itself. `within` is the line where its quotation or list ends.
    """

    words: str
    spoken: str
    anchor: str | None
    level: int
    start: int
    body: int
    within: int


def headings(document: Document, style: Style) -> tuple[Heading, ...]:
    """Return the headings in order."""
    raw_headings = tuple(_read_headings(document, style))
    anchors = Anchors(style, (heading.anchor for heading in raw_headings if heading.anchor is not None))
    anchors_of_headings = _html_anchors(document, raw_headings)
    ends = _ends(raw_headings, len(document.lines))
    return tuple(
        _heading(heading, html_anchors, anchors, style, end)
        for heading, html_anchors, end in zip(raw_headings, anchors_of_headings, ends, strict=True)
    )


def _heading(
    raw_heading: _MarkdownHeading, html_anchors: Sequence[tuple[str, int]], anchors: Anchors, style: Style, end: int
) -> Heading:
    """Return a heading; on plain pages, an anchor that HTML sets in the heading or above it precedes the usual one."""
    usual = raw_heading.anchor or anchors.add(raw_heading.words if style == "gitea" else raw_heading.spoken)
    first_choice = (
        [name for name, line in html_anchors if line < raw_heading.body]
        if style == "plain" and raw_heading.anchor is None
        else []
    )
    all_anchors = dict.fromkeys(
        [*first_choice[:1], usual, *(name for name, _ in html_anchors), *_expected(raw_heading.spoken, style)]
    )
    anchor, *aliases = all_anchors
    title = " ".join(raw_heading.words.split())
    return Heading(
        title=title, anchor=anchor, aliases=tuple(aliases), start=raw_heading.start, body=raw_heading.body, end=end
    )


def _read_headings(document: Document, style: Style) -> Iterator[_MarkdownHeading]:
    containers: list[tuple[int, int]] = []
    for index, token in enumerate(document.tokens):
        if token.type not in _CONTAINERS and token.type != "heading_open":
            continue
        while containers and containers[-1][0] >= token.level:
            containers.pop()
        if token.type in _CONTAINERS:
            containers.append((token.level, place(token)[1]))
        else:
            within = containers[-1][1] if containers else len(document.lines)
            markup, anchor = _attributed(document.tokens[index + 1].content, style)
            parts = _INLINE.parseInline(markup)[0].children or []
            yield _MarkdownHeading(
                words="".join(_part(part, pictures=True) for part in parts),
                spoken="".join(_part(part, pictures=False) for part in parts),
                anchor=anchor,
                level=int(token.tag[1:]),
                start=place(token)[0],
                body=place(token)[1],
                within=within,
            )


def _attributed(markup: str, style: Style) -> tuple[str, str | None]:
    """Return a heading without its attributes, and the anchor that they set."""
    attributes = _ATTRIBUTES.search(markup) if style in _ATTRIBUTED and markup.endswith("}") else None
    if attributes is None:
        return markup, None
    anchor = _GIVEN.search(attributes["given"])
    return markup[: attributes.start()].rstrip(), anchor["anchor"] if anchor else None


def _part(token: Token, *, pictures: bool) -> str:
    """Return the words of a part of a heading; GitHub leaves the words of pictures out of anchors."""
    if token.type in _BREAKS:
        return "\n"
    return str(token.content) if token.type in {"text", "code_inline"} or (pictures and token.type == "image") else ""


def _expected(spoken: str, style: Style) -> Iterator[str]:
    """Yield the anchor that authors expect: without the hyphens for the blanks beside a picture or a comment."""
    if style == "github" and spoken != spoken.strip():
        yield slug(spoken.strip())


def _ends(raw_headings: Sequence[_MarkdownHeading], last: int) -> list[int]:
    """Return the line, from 0, where each section ends: at a heading of its level or above, or with its container."""
    ends = [last] * len(raw_headings)
    open_sections: list[int] = []
    for index, heading in enumerate(raw_headings):
        while open_sections and raw_headings[open_sections[-1]].within <= heading.start:
            inner = open_sections.pop()
            ends[inner] = raw_headings[inner].within
        while (
            open_sections
            and raw_headings[open_sections[-1]].within == heading.within
            and raw_headings[open_sections[-1]].level >= heading.level
        ):
            ends[open_sections.pop()] = heading.start
        open_sections.append(index)
    for index in open_sections:
        ends[index] = raw_headings[index].within
    return ends


def _html_anchors(document: Document, raw_headings: Sequence[_MarkdownHeading]) -> list[list[tuple[str, int]]]:
    """Return, for each heading, the anchors that HTML sets, and their lines.

    They stand in the heading, above it, or in its section before the next heading.
    """
    by_heading: list[list[tuple[str, int]]] = [[] for _ in raw_headings]
    starts = [heading.start for heading in raw_headings]
    for name, line in names(document):
        index = bisect_right(starts, line) - 1
        next_index = index + 1
        if next_index < len(raw_headings) and _leads_up(document.lines, line, raw_headings[next_index].start):
            index = next_index
        if index >= 0:
            by_heading[index].append((name, line))
    return by_heading


def _leads_up(lines: Sequence[str], line: int, heading: int) -> bool:
    """Return whether only tags stand between a line and a heading, so that an anchor there belongs to the heading."""
    return heading - line <= _MOST_LINES_ABOVE and all(_ONLY_TAGS.fullmatch(text) for text in lines[line:heading])
