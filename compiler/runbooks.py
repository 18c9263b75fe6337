"""Parse: a Markdown runbook → its sections, their commands, and the limits that it states.

Beside `compiler.document` at the head of the pipeline; `compiler.resolve` binds alerts to what is found here. Structure
comes from markdown-it (CommonMark, tables, front matter), anchors from `compiler.anchors`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from compiler.anchors import Anchors
from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostics, Span
from compiler.document import CONTROL
from compiler.statements import Statement, parse_statement

_PLACEHOLDER: Final = re.compile(
    r"<[A-Za-z][A-Za-z0-9_. -]*>|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Z][A-Z0-9_]+|\bYOUR_[A-Z0-9_]+\b"
)
_FILLED_BY: Final = re.compile(r"^.*`([^`\n]+)` is the alert['’]s `([a-zA-Z_][a-zA-Z0-9_]*)` label.*$", re.MULTILINE)
_ITEM: Final = re.compile(r"(?:[-*+]|[0-9]+[.)])\s+(?P<text>.*\S)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Placeholder:
    """A part of a command that somebody fills in, and the alert label that does; None where a person must.

    `explanation` is the line of the section that names the label.
    """

    text: str
    label: str | None
    explanation: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A fenced code block of a section."""

    language: str
    text: str
    placeholders: tuple[Placeholder, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it, up to the next heading of its level or above.

    `line` is the heading's, `end` the section's last one.
    """

    path: str
    title: str
    anchor: str
    line: int
    end: int
    markdown: str
    fences: tuple[tuple[str, str], ...]

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The section's commands, in order."""
        explained = {one[1]: (one[2], one[0]) for one in _FILLED_BY.finditer(self.markdown)}
        return tuple(_command(language, text, explained) for language, text in self.fences)


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """A parsed runbook; `unread` are bullets of its "Alert thresholds" with an error.

    `path` is the one that systems name, `shown` where the caller finds it.
    """

    path: str
    shown: str
    text: str
    sections: tuple[Section, ...]
    statements: tuple[Statement, ...]
    unread: tuple[str, ...] = ()

    @cached_property
    def anchors(self) -> dict[str, Section]:
        """The sections by anchor, without `#`."""
        return {section.anchor: section for section in self.sections}

    def quote(self, words: str) -> Statement | None:
        """Return the first line that holds `words` as a statement, or None; white space counts as one blank."""
        wanted = " ".join(words.split())
        if not wanted:
            return None
        for number, line in enumerate(self.text.split("\n"), start=1):
            if wanted in " ".join(line.split()):
                start = len(line) - len(line.lstrip()) + 1
                span = Span(self.shown, number, start, len(line) + 1)
                return Statement(title="", severity="", comparison=None, text=line.strip(), span=span)
        return None


def _parser() -> MarkdownIt:
    # Inline markup is read in headings alone: everything else is handed on as Markdown.
    return MarkdownIt("commonmark").enable("table").use(front_matter_plugin).disable("inline")


_MARKDOWN: Final = _parser()
_INLINE: Final = MarkdownIt("commonmark")


def parse_runbook(path: str, text: str, diagnostics: Diagnostics, *, shown: str | None = None) -> Runbook:
    """Return the sections and statements of a runbook; a statement that cannot be read is an error in `diagnostics`.

    `path` is the one that systems name; `shown` is where the caller finds the file, for places in diagnostics.
    """
    shown = path if shown is None else shown
    diagnostics.read(shown, text)
    _refuse_controls(shown, text, diagnostics)
    lines = text.split("\n")
    tokens = _MARKDOWN.parse(text)
    sections = tuple(_sections(path, lines, tokens))
    statements: list[Statement] = []
    unread = []
    for bullet, span in _bullets(shown, sections, lines, tokens):
        before = len(diagnostics.found)
        statements += parse_statement(bullet, span, diagnostics)
        if len(diagnostics.found) > before:
            unread.append(bullet)
    return Runbook(
        path=path, shown=shown, text=text, sections=sections, statements=tuple(statements), unread=tuple(unread)
    )


def _refuse_controls(shown: str, text: str, diagnostics: Diagnostics) -> None:
    """Add an error for the first control character."""
    found = CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
        message = f"the control character U+{ord(found.group()):04X} is not allowed"
        diagnostics.error("encoding", Span(shown, line, column, column + 1), message, hint="delete it")


def _sections(path: str, lines: Sequence[str], tokens: Sequence[Token]) -> Iterator[Section]:
    anchors = Anchors()
    headings = [
        (int(token.tag[1:]), _place(token), _plain(tokens[index + 1].content))
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    fences = [(_place(token)[0], _fence(token)) for token in tokens if token.type == "fence"]
    starts = [start for start, _ in fences]
    for (_, (start, body), title), end in zip(headings, _ends(headings, len(lines)), strict=True):
        yield Section(
            path=path,
            title=title,
            anchor=anchors.add(title),
            line=start + 1,
            end=end,
            markdown="\n".join(lines[body:end]).strip("\n"),
            fences=tuple(fence for _, fence in fences[bisect_left(starts, body) : bisect_left(starts, end)]),
        )


def _ends(headings: Sequence[tuple[int, tuple[int, int], str]], last: int) -> list[int]:
    """Return, for each heading, the line (from 0) where its section ends: at the next one of its level or above."""
    ends = [last] * len(headings)
    open_: list[tuple[int, int]] = []
    for index, (level, (start, _), _) in enumerate(headings):
        while open_ and open_[-1][0] >= level:
            ends[open_.pop()[1]] = start
        open_.append((level, index))
    return ends


def _place(token: Token) -> tuple[int, int]:
    return (token.map[0], token.map[1]) if token.map else (0, 0)


def _plain(heading: str) -> str:
    """Return a heading as GitHub shows it: without its markup, images by their alternative text."""
    inline = _INLINE.parseInline(heading)[0]
    return "".join(_plain_part(child) for child in inline.children or []).strip()


def _plain_part(token: Token) -> str:
    if token.type in {"text", "code_inline", "image"}:
        return str(token.content)
    return " " if token.type in {"softbreak", "hardbreak"} else ""


def _fence(token: Token) -> tuple[str, str]:
    info = token.info.split()
    return (info[0] if info else "", token.content.removesuffix("\n"))


def _command(language: str, text: str, explained: dict[str, tuple[str, str]]) -> Command:
    found = dict.fromkeys(_PLACEHOLDER.findall(text))
    return Command(language=language, text=text, placeholders=tuple(_placeholder(part, explained) for part in found))


def _placeholder(text: str, explained: dict[str, tuple[str, str]]) -> Placeholder:
    label, explanation = explained.get(text, (None, None))
    return Placeholder(text=text, label=label, explanation=explanation)


def _bullets(
    shown: str, sections: Sequence[Section], lines: Sequence[str], tokens: Sequence[Token]
) -> Iterator[tuple[str, Span]]:
    """Yield the list items below "Alert thresholds": their text, which may have several lines, and its place."""
    stating = [one for one in sections if one.title.casefold() == THRESHOLDS_HEADING.casefold()]
    for index, token in enumerate(tokens):
        number = _place(token)[0]
        if token.type != "list_item_open" or not any(one.line <= number < one.end for one in stating):
            continue
        item = _ITEM.search(lines[number])
        if item is not None:
            span = Span(shown, number + 1, item.start("text") + 1, item.end("text") + 1)
            start, end = _place(tokens[index + 1])
            yield "\n".join([item["text"], *lines[start + 1 : end]]), span
