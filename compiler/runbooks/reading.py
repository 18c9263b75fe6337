"""Read a whole runbook: its text, its sections, the limits that it states and its links.

This is the top module of `compiler.runbooks`; `compiler.source_files` passes the text to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostic, Diagnostics, Span
from compiler.document import CONTROL
from compiler.runbooks.anchors import DEFAULT_STYLE, Style
from compiler.runbooks.commands import language
from compiler.runbooks.comments import without_comments
from compiler.runbooks.headings import Heading, headings
from compiler.runbooks.links import Link, links, names
from compiler.runbooks.lost import LostHeading, lost_headings
from compiler.runbooks.markdown import Document, parse, place
from compiler.runbooks.nesting import refuse_nesting
from compiler.runbooks.section import Section
from compiler.runbooks.statements import Statement, parse_statement
from compiler.severities import PLAIN, SeverityWords

_ITEM: Final = re.compile(r"(?:[-*+]|(?<![0-9])[0-9]++[.)])\s++(?P<text>.*\S)")
_Fences = Sequence[tuple[int, tuple[str, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A bullet of "Alert thresholds" that does not fully have the known form, its place, and its problems."""

    text: str
    span: Span
    problems: tuple[Diagnostic, ...]


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """A parsed runbook.

    `path` is the one that systems name, `shown` is the path where the caller finds the file. `text` has blanks in
    place of comments. `words` are the words for severities. Whether `unread` bullets are mistakes depends on what else
    can be read of them.
    """

    path: str
    shown: str
    text: str
    sections: tuple[Section, ...]
    statements: tuple[Statement, ...]
    unread: tuple[Unread, ...] = ()
    words: SeverityWords = PLAIN
    document: Document = field(repr=False, compare=False)

    @cached_property
    def anchors(self) -> dict[str, Section]:
        """The sections by anchor, without `#`; anchors that HTML sets lead to the section that they stand in."""
        by_anchor = {section.anchor: section for section in self.sections}
        for section in self.sections:
            for alias in section.aliases:
                by_anchor.setdefault(alias, section)
        return by_anchor

    @cached_property
    def targets(self) -> frozenset[str]:
        """Every anchor that a link can lead to."""
        return frozenset((*self.anchors, *(name for name, _ in names(self.document))))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links and the addresses of pictures, sorted by their place."""
        return links(self.document, self.shown)

    @cached_property
    def paragraphs(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The lines of each paragraph, with the number of the first one, from 0."""
        ranges = (place(token) for token in self.document.tokens if token.type == "paragraph_open")
        return tuple((start, self.document.lines[start:end]) for start, end in ranges)

    @cached_property
    def lost(self) -> dict[str, LostHeading]:
        """The lines that were meant to be headings, by the anchor that they would have."""
        return lost_headings(self)

    def quote(self, words: str) -> Statement | None:
        """Return the first line that contains `words`, as a statement, or None; any white space counts as one blank."""
        searched = " ".join(words.split())
        if not searched:
            return None
        for number, line in enumerate(self.text.split("\n"), start=1):
            if searched in " ".join(line.split()):
                start = len(line) - len(line.lstrip()) + 1
                span = Span(self.shown, number, start, len(line) + 1)
                return Statement(title="", severity="", comparison=None, text=line.strip(), span=span)
        return None


def parse_runbook(  # noqa: PLR0913  what decides how a runbook is read
    path: str,
    text: str,
    diagnostics: Diagnostics,
    *,
    shown: str | None = None,
    style: Style = DEFAULT_STYLE,
    words: SeverityWords = PLAIN,
) -> Runbook:
    """Return the parsed runbook; control characters and too deep nesting add errors to `diagnostics`.

    `path` is the one that systems name; `shown` is where the caller finds the file, for places in diagnostics; `style`
    is the site where people read it, which decides the anchors; `words` are the words for severities.
    """
    shown = path if shown is None else shown
    diagnostics.read(shown, text)
    _refuse_controls(shown, text, diagnostics)
    document = parse(text)
    refuse_nesting(shown, document, diagnostics)
    lines = without_comments(document)
    sections = tuple(_sections(path, document, lines, style))
    statements: list[Statement] = []
    unread = []
    for bullet, span in _bullets(shown, sections, document, lines):
        problems = Diagnostics()
        statements += parse_statement(bullet, span, problems, words)
        if problems.found:
            unread.append(Unread(text=bullet, span=span, problems=tuple(problems.found)))
    return Runbook(
        path=path,
        shown=shown,
        text="\n".join(lines),
        sections=sections,
        statements=tuple(statements),
        unread=tuple(unread),
        words=words,
        document=document,
    )


def anchors_in(text: str, style: Style = DEFAULT_STYLE) -> frozenset[str]:
    """Return every anchor of a Markdown text, for links that lead there."""
    document = parse(text)
    anchors = [anchor for heading in headings(document, style) for anchor in (heading.anchor, *heading.aliases)]
    return frozenset((*anchors, *(name for name, _ in names(document))))


def _refuse_controls(shown: str, text: str, diagnostics: Diagnostics) -> None:
    """Add an error for the first control character."""
    control = CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - (text.rfind("\n", 0, control.start()) + 1) + 1
        message = f"the control character U+{ord(control.group()):04X} is not allowed"
        diagnostics.error("encoding", Span(shown, line, column, column + 1), message, hint="delete it")


def _sections(path: str, document: Document, lines: Sequence[str], style: Style) -> Iterator[Section]:
    fences = [
        (place(token)[0], _fence(token.info, token.content)) for token in document.tokens if token.type == "fence"
    ]
    starts = [start for start, _ in fences]
    for heading in headings(document, style):
        yield Section(
            path=path,
            title=heading.title,
            anchor=heading.anchor,
            aliases=heading.aliases,
            line=heading.start + 1,
            end=heading.end,
            markdown=_markdown(document, lines, heading),
            fences=tuple(
                fence for _, fence in fences[bisect_left(starts, heading.body) : bisect_left(starts, heading.end)]
            ),
        )


def _markdown(document: Document, lines: Sequence[str], heading: Heading) -> str:
    """Return the text below a heading, without lines that held only a comment."""
    body = lines[heading.body : heading.end]
    if body != document.lines[heading.body : heading.end]:
        original = document.lines[heading.body : heading.end]
        body = [
            line.rstrip()
            for line, original_line in zip(body, original, strict=True)
            if line.strip() or not original_line.strip()
        ]
    return "\n".join(body).strip("\n")


def _fence(info: str, content: str) -> tuple[str, str]:
    return language(info), content.removesuffix("\n")


def _leads_list(document: Document, index: int, text: str) -> bool:
    """Return whether an item only says what the list inside it is about, such as "Staging:"."""
    next_type = next((token.type for token in document.tokens[index + 2 :] if token.type not in _TEXT_TOKENS), "")
    return text.rstrip(" *_").endswith(":") and next_type in {"bullet_list_open", "ordered_list_open"}


_TEXT_TOKENS: Final = frozenset({"inline", "paragraph_close"})


def _bullets(
    shown: str, sections: Sequence[Section], document: Document, lines: Sequence[str]
) -> Iterator[tuple[str, Span]]:
    """Yield the list items below "Alert thresholds": their text, which may have several lines, and its place."""
    threshold_sections = [section for section in sections if section.title.casefold() == THRESHOLDS_HEADING.casefold()]
    for index, token in enumerate(document.tokens):
        number = place(token)[0]
        if token.type != "list_item_open" or not any(
            section.line <= number < section.end for section in threshold_sections
        ):
            continue
        item = _ITEM.search(lines[number])
        if item is not None and not _leads_list(document, index, item["text"]):
            span = Span(shown, number + 1, item.start("text") + 1, item.end("text") + 1)
            start, end = place(document.tokens[index + 1])
            yield "\n".join([item["text"], *(line.rstrip() for line in lines[start + 1 : end])]), span
