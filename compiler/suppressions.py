"""Suppressions: comments that silence a finding, with a reason.

Between `compiler.checks` and `compiler.compilation`. In YAML `# tocsin: ignore[code] reason`, in Markdown
`<!-- tocsin: ignore[code] reason -->`, at the end of the line of the finding or alone in the line above it. Above a
fenced block it holds for the whole block, which no comment can stand in. A comment that is incomplete, that names what
cannot be silenced or that silences nothing is a finding itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import yaml
from markdown_it import MarkdownIt

from compiler.checks.codes import CODES, blocking, suppressible
from compiler.diagnostics import Diagnostics, Span, did_you_mean, nearest

_YAML: Final = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*tocsin[ \t]*:(?P<words>.*)")
_MARKDOWN: Final = re.compile(r"<!--[ \t]*tocsin[ \t]*:(?P<words>.*?)-->")
_END: Final = "-->"
_WORDS: Final = re.compile(r"\s*ignore\s*\[(?P<codes>[^\[\]]*)\](?P<reason>.*)")
_CODE: Final = re.compile(r"[^\s,]+")
_FORM: Final = "write `tocsin: ignore[code] reason`, several codes with commas between them"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """One code of one comment: its place, the lines that it is about, and the reason that it gives."""

    code: str
    span: Span
    lines: range
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment that speaks to the program: its place, what it says, and whether it stands alone in its line."""

    words: re.Match[str]
    span: Span
    alone: bool


def suppress(documents: Mapping[str, str], runbooks: Mapping[str, str], diagnostics: Diagnostics) -> None:
    """Set the findings aside that comments of the YAML `documents` and Markdown `runbooks` silence; texts by path.

    What is wrong with the comments is added. That one silences nothing is said only where all checks have run.
    """
    found = [
        *(one for path, text in documents.items() for one in _of_document(path, text, diagnostics)),
        *(one for path, text in runbooks.items() for one in _of_runbook(path, text, diagnostics)),
    ]
    used = _set_aside(found, diagnostics)
    if blocking(one for one in diagnostics.found if one.code != "suppression"):
        return
    for one in found:
        if one not in used:
            message = f"nothing here is `{one.code}`"
            diagnostics.error("unused-suppression", one.span, message, hint="take it out, or move it to the finding")


def _set_aside(suppressions: Iterable[Suppression], diagnostics: Diagnostics) -> set[Suppression]:
    by_place = {(one.span.path, line, one.code): one for one in suppressions for line in one.lines}
    used, left = set(), []
    for finding in diagnostics.found:
        one = by_place.get((finding.span.path, finding.span.line, finding.code))
        if one is None:
            left.append(finding)
            continue
        used.add(one)
        diagnostics.suppressed.append((finding, one.reason))
    diagnostics.found[:] = left
    return used


def _of_document(path: str, text: str, diagnostics: Diagnostics) -> Iterator[Suppression]:
    return _read(list(_yaml_comments(path, text)), {}, diagnostics)


def _of_runbook(path: str, text: str, diagnostics: Diagnostics) -> Iterator[Suppression]:
    comments = list(_markdown_comments(path, text))
    blocks = {block.start: block for block in _blocks(text)} if comments else {}
    return _read(comments, blocks, diagnostics)


def _read(comments: list[Comment], blocks: Mapping[int, range], diagnostics: Diagnostics) -> Iterator[Suppression]:
    """Yield what comments silence; `blocks` are the lines of code blocks by the first one."""
    below: dict[int, int] = {}
    for comment in reversed(comments):
        if comment.alone:
            # Of comments that stand below one another each is about what follows the last.
            below[comment.span.line] = below.get(comment.span.line + 1, comment.span.line + 1)
    for comment in comments:
        line = below.get(comment.span.line, comment.span.line)
        lines = blocks.get(line, range(line, line + 1)) if comment.alone else range(line, line + 1)
        yield from _codes(comment, lines, diagnostics)


def _codes(comment: Comment, lines: range, diagnostics: Diagnostics) -> Iterator[Suppression]:
    words = _WORDS.match(comment.words["words"])
    named = list(_CODE.finditer(words["codes"])) if words else []
    if words is None or not named:
        diagnostics.error("suppression", comment.span, "this comment silences nothing", hint=_FORM)
        return
    reason = words["reason"].strip()
    if not reason:
        message = "this suppression gives no reason"
        diagnostics.error("suppression", comment.span, message, hint="say behind the brackets why the finding is fine")
    offset = comment.span.column + comment.words.start("words") - comment.words.start() + words.start("codes")
    for one in named:
        code = one.group()
        span = comment.span._replace(column=offset + one.start(), end_column=offset + one.end())
        if suppressible(code):
            yield Suppression(code=code, span=span, lines=lines, reason=reason)
        else:
            _refuse(code, span, diagnostics)


def _refuse(code: str, span: Span, diagnostics: Diagnostics) -> None:
    if code in CODES:
        message = f"`{code}` cannot be suppressed"
        diagnostics.error("suppression", span, message, hint="it leaves nothing to compile: mend it")
        return
    hint = did_you_mean(code, CODES)
    meant = nearest(code, CODES)
    if meant is not None and not suppressible(meant):
        hint = f"{hint} that one cannot be suppressed: mend what it is about"
    diagnostics.error("suppression", span, f"there is no code `{code}`", hint=hint)


def _yaml_comments(path: str, text: str) -> Iterator[Comment]:
    """Yield the comments of a YAML text; what stands in a value is none."""
    found = list(_comments(path, text, _YAML))
    if not found:
        return
    values = _values(text)
    for comment in found:
        place = (comment.span.line - 1, comment.span.column - 1)
        before = bisect_right(values, place, key=itemgetter(0))
        if not before or place >= values[before - 1][1]:
            yield comment


_Mark = tuple[int, int]


def _values(text: str) -> list[tuple[_Mark, _Mark]]:
    """Return where the values and keys of a YAML text begin and end, in order, by line and column from 0."""
    found = []
    # As `compiler.document` reads it: these are no line breaks to editors.
    parser = yaml.CBaseLoader(text.translate(dict.fromkeys((0x85, 0x2028, 0x2029), " ")))
    try:
        while (event := parser.get_event()) is not None:
            if isinstance(event, yaml.ScalarEvent) and event.start_mark is not None and event.end_mark is not None:
                block = event.style in {"|", ">"}
                # A comment may stand behind the sign that begins a block.
                start = (event.start_mark.line + 1, 0) if block else (event.start_mark.line, event.start_mark.column)
                found.append((start, (event.end_mark.line, event.end_mark.column)))
    except yaml.YAMLError:
        # Nothing of the file has been read, so nothing of it can be silenced.
        return [((0, 0), (text.count("\n") + 1, 0))]
    return found


def _markdown_comments(path: str, text: str) -> Iterator[Comment]:
    """Yield the comments of a Markdown text; what stands in code is none."""
    found = list(_comments(path, text, _MARKDOWN)) if "<!--" in text else []
    in_blocks = {line for block in _blocks(text) for line in block} if found else set()
    line, counted, ticks = 0, 0, 0
    for comment in found:
        if comment.span.line != line:
            line, counted, ticks = comment.span.line, 0, 0
        ticks += comment.words.string.count("`", counted, comment.words.start())
        counted = comment.words.start()
        if ticks % 2 == 0 and line not in in_blocks:
            yield comment


def _comments(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[Comment]:
    for number, line in enumerate(text.split("\n"), start=1):
        # What begins behind the last end has none: each beginning would be read to the end of the line.
        last = line.rfind(_END) + len(_END) if pattern is _MARKDOWN else len(line)
        stripped = line.strip()
        for match in pattern.finditer(line, 0, last):
            span = Span(path, number, match.start() + 1, match.end() + 1)
            yield Comment(words=match, span=span, alone=match.group().strip() == stripped)


def _blocks(text: str) -> Iterator[range]:
    """Yield the lines of the blocks of code, from 1, their fences included."""
    for token in MarkdownIt("commonmark").disable("inline").parse(text):
        if token.type in {"fence", "code_block"} and token.map is not None:
            yield range(token.map[0] + 1, token.map[1] + 1)
