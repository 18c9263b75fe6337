"""The headings of a Markdown text: their words, their anchors, and how far their sections reach.

Between `markdown` and `reading`. GitHub gives every heading an anchor, those in quotations and lists too; HTML may set
further ones.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from compiler.anchors import Anchors, Style, slug
from compiler.runbooks.links import names
from compiler.runbooks.markdown import Document, place

_INLINE: Final = MarkdownIt("commonmark").enable("strikethrough")
_CONTAINERS: Final = frozenset({"blockquote_open", "list_item_open"})
_ATTRIBUTES: Final = re.compile(r"[ ]\{:?[ ]*+(?P<given>[^{}\n]*+)\}[ ]*\Z")
_GIVEN: Final = re.compile(r"#(?P<anchor>[^ =}]+)")
_ATTRIBUTED: Final = frozenset({"mkdocs", "plain"})
"""Styles that know `## Title {#anchor}`: Python-Markdown's extension `attr_list`, and most makers of plain pages."""
_ONLY_TAGS: Final = re.compile(r"[ \t]*(?:<[^<>]*>[ \t]*)*")
_FURTHEST: Final = 20
"""Lines between an anchor and the heading that it is for."""
_BREAKS: Final = frozenset({"softbreak", "hardbreak"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading: its title, its anchor, further anchors that lead to it; lines from 0, `body` behind the heading."""

    title: str
    anchor: str
    aliases: tuple[str, ...]
    start: int
    body: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """A heading as it is written: its words with those of pictures and without them, the anchor that it sets itself.

    `within` is the line where the quotation or list ends that it stands in.
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
    written = tuple(_written(document, style))
    anchors = Anchors(style, (one.anchor for one in written if one.anchor is not None))
    further = _further(document, written)
    ends = _ends(written, len(document.lines))
    return tuple(
        _heading(one, set_here, anchors, style, end) for one, set_here, end in zip(written, further, ends, strict=True)
    )


def _heading(one: _Written, further: Sequence[tuple[str, int]], anchors: Anchors, style: Style, end: int) -> Heading:
    """Return a heading; on plain pages it goes by the anchor that HTML sets in it or above it, if there is one."""
    given = one.anchor or anchors.add(one.words if style == "gitea" else one.spoken)
    beside = [name for name, line in further if line < one.body] if style == "plain" and one.anchor is None else []
    found = dict.fromkeys([*beside[:1], given, *(name for name, _ in further), *_expected(one.spoken, style)])
    anchor, *aliases = found
    title = " ".join(one.words.split())
    return Heading(title=title, anchor=anchor, aliases=tuple(aliases), start=one.start, body=one.body, end=end)


def _written(document: Document, style: Style) -> Iterator[_Written]:
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
            yield _Written(
                words="".join(_part(one, pictures=True) for one in parts),
                spoken="".join(_part(one, pictures=False) for one in parts),
                anchor=anchor,
                level=int(token.tag[1:]),
                start=place(token)[0],
                body=place(token)[1],
                within=within,
            )


def _attributed(markup: str, style: Style) -> tuple[str, str | None]:
    """Return a heading without its attributes, and the anchor that they set."""
    found = _ATTRIBUTES.search(markup) if style in _ATTRIBUTED and markup.endswith("}") else None
    if found is None:
        return markup, None
    anchor = _GIVEN.search(found["given"])
    return markup[: found.start()].rstrip(), anchor["anchor"] if anchor else None


def _part(token: Token, *, pictures: bool) -> str:
    """Return the words of a part of a heading; those of pictures GitHub leaves out of anchors."""
    if token.type in _BREAKS:
        return "\n"
    return str(token.content) if token.type in {"text", "code_inline"} or (pictures and token.type == "image") else ""


def _expected(spoken: str, style: Style) -> Iterator[str]:
    """Yield the anchor without hyphens for the blanks beside a picture or a comment, which nobody expects."""
    if style == "github" and spoken != spoken.strip():
        yield slug(spoken.strip())


def _ends(written: Sequence[_Written], last: int) -> list[int]:
    """Return the line, from 0, where each section ends: at a heading of its level or above, or with what it is in."""
    ends = [last] * len(written)
    open_: list[int] = []
    for index, one in enumerate(written):
        while open_ and written[open_[-1]].within <= one.start:
            ended = open_.pop()
            ends[ended] = written[ended].within
        while open_ and written[open_[-1]].within == one.within and written[open_[-1]].level >= one.level:
            ends[open_.pop()] = one.start
        open_.append(index)
    for index in open_:
        ends[index] = written[index].within
    return ends


def _further(document: Document, written: Sequence[_Written]) -> list[list[tuple[str, int]]]:
    """Return, for each heading, the anchors that HTML sets in it, above it or in its section's own part; and where."""
    found: list[list[tuple[str, int]]] = [[] for _ in written]
    starts = [one.start for one in written]
    for name, line in names(document):
        index = bisect_right(starts, line) - 1
        below = index + 1
        if below < len(written) and _leads_up(document.lines, line, written[below].start):
            index = below
        if index >= 0:
            found[index].append((name, line))
    return found


def _leads_up(lines: Sequence[str], line: int, heading: int) -> bool:
    """Return whether nothing but tags stands between a line and a heading, so that the anchor is the heading's."""
    return heading - line <= _FURTHEST and all(_ONLY_TAGS.fullmatch(one) for one in lines[line:heading])
