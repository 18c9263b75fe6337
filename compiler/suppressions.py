"""Suppressions: comments that silence a finding, with a reason.

`compiler.compilation` applies them after `compiler.checks`. The comment is `# tocsin: ignore[code] reason` in YAML and
`<!-- tocsin: ignore[code] reason -->` in Markdown. It stands at the end of the finding's line, or alone on the line
above. Above a fenced block it covers the whole block, because a block cannot hold comments. A comment that is
incomplete, names a code that cannot be suppressed, or silences nothing is itself a finding.
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
    """One code of one comment: its place, the lines that it covers, and its reason."""

    code: str
    span: Span
    lines: range
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment addressed to the program: its text, its place, and whether it stands alone on its line."""

    words: re.Match[str]
    span: Span
    alone: bool


def suppress(documents: Mapping[str, str], runbooks: Mapping[str, str], diagnostics: Diagnostics) -> None:
    """Set aside the findings that comments in `documents` (YAML) and `runbooks` (Markdown) silence; texts by path.

    This also adds findings about the comments themselves. A comment that silences nothing is reported only if all
    checks have run.
    """
    suppressions = [
        *(suppression for path, text in documents.items() for suppression in _of_document(path, text, diagnostics)),
        *(suppression for path, text in runbooks.items() for suppression in _of_runbook(path, text, diagnostics)),
    ]
    used = _set_aside(suppressions, diagnostics)
    if blocking(finding for finding in diagnostics.found if finding.code != "suppression"):
        return
    for suppression in suppressions:
        if suppression not in used:
            message = f"nothing here is `{suppression.code}`"
            diagnostics.error(
                "unused-suppression", suppression.span, message, hint="take it out, or move it to the finding"
            )


def _set_aside(suppressions: Iterable[Suppression], diagnostics: Diagnostics) -> set[Suppression]:
    by_place = {
        (suppression.span.path, line, suppression.code): suppression
        for suppression in suppressions
        for line in suppression.lines
    }
    used, unsilenced = set(), []
    for finding in diagnostics.found:
        suppression = by_place.get((finding.span.path, finding.span.line, finding.code))
        if suppression is None:
            unsilenced.append(finding)
            continue
        used.add(suppression)
        diagnostics.suppressed.append((finding, suppression.reason))
    diagnostics.found[:] = unsilenced
    return used


def _of_document(path: str, text: str, diagnostics: Diagnostics) -> Iterator[Suppression]:
    return _read(list(_yaml_comments(path, text)), {}, diagnostics)


def _of_runbook(path: str, text: str, diagnostics: Diagnostics) -> Iterator[Suppression]:
    comments = list(_markdown_comments(path, text))
    blocks = {block.start: block for block in _blocks(text)} if comments else {}
    return _read(comments, blocks, diagnostics)


def _read(comments: list[Comment], blocks: Mapping[int, range], diagnostics: Diagnostics) -> Iterator[Suppression]:
    """Yield the suppressions of comments; `blocks` are the line ranges of code blocks by their first line."""
    below: dict[int, int] = {}
    for comment in reversed(comments):
        if comment.alone:
            # In a stack of comments, each one covers the line below the last comment.
            below[comment.span.line] = below.get(comment.span.line + 1, comment.span.line + 1)
    for comment in comments:
        line = below.get(comment.span.line, comment.span.line)
        lines = blocks.get(line, range(line, line + 1)) if comment.alone else range(line, line + 1)
        yield from _codes(comment, lines, diagnostics)


def _codes(comment: Comment, lines: range, diagnostics: Diagnostics) -> Iterator[Suppression]:
    words = _WORDS.match(comment.words["words"])
    code_matches = list(_CODE.finditer(words["codes"])) if words else []
    if words is None or not code_matches:
        diagnostics.error("suppression", comment.span, "this comment silences nothing", hint=_FORM)
        return
    reason = words["reason"].strip()
    if not reason:
        message = "this suppression gives no reason"
        diagnostics.error("suppression", comment.span, message, hint="say behind the brackets why the finding is fine")
    offset = comment.span.column + comment.words.start("words") - comment.words.start() + words.start("codes")
    for match in code_matches:
        code = match.group()
        span = comment.span._replace(column=offset + match.start(), end_column=offset + match.end())
        if suppressible(code):
            yield Suppression(code=code, span=span, lines=lines, reason=reason)
        else:
            _refuse(code, span, diagnostics)


def _refuse(code: str, span: Span, diagnostics: Diagnostics) -> None:
    if code in CODES:
        message = f"`{code}` cannot be suppressed"
        diagnostics.error("suppression", span, message, hint="nothing compiles until it is mended")
        return
    hint = did_you_mean(code, CODES)
    suggestion = nearest(code, CODES)
    if suggestion is not None and not suppressible(suggestion):
        hint = f"{hint} that one cannot be suppressed: mend what it is about"
    diagnostics.error("suppression", span, f"there is no code `{code}`", hint=hint)


def _yaml_comments(path: str, text: str) -> Iterator[Comment]:
    """Yield the comments of a YAML text; text in a value is no comment."""
    comments = list(_comments(path, text, _YAML))
    if not comments:
        return
    values = _values(text)
    for comment in comments:
        place = (comment.span.line - 1, comment.span.column - 1)
        before = bisect_right(values, place, key=itemgetter(0))
        if not before or place >= values[before - 1][1]:
            yield comment


_Mark = tuple[int, int]


def _values(text: str) -> list[tuple[_Mark, _Mark]]:
    """Return where the values and keys of a YAML text begin and end, in order, as line and column from 0."""
    values = []
    # As in `compiler.document`: editors do not count these characters as line breaks.
    parser = yaml.CBaseLoader(text.translate(dict.fromkeys((0x85, 0x2028, 0x2029), " ")))
    try:
        while (event := parser.get_event()) is not None:
            if isinstance(event, yaml.ScalarEvent) and event.start_mark is not None and event.end_mark is not None:
                block = event.style in {"|", ">"}
                # A comment may follow the indicator of a block scalar.
                start = (event.start_mark.line + 1, 0) if block else (event.start_mark.line, event.start_mark.column)
                values.append((start, (event.end_mark.line, event.end_mark.column)))
    except yaml.YAMLError:
        # The file could not be read, so nothing in it can be silenced.
        return [((0, 0), (text.count("\n") + 1, 0))]
    return values


def _markdown_comments(path: str, text: str) -> Iterator[Comment]:
    """Yield the comments of a Markdown text; text in code is no comment."""
    comments = list(_comments(path, text, _MARKDOWN)) if "<!--" in text else []
    in_blocks = {line for block in _blocks(text) for line in block} if comments else set()
    line, counted, ticks = 0, 0, 0
    for comment in comments:
        if comment.span.line != line:
            line, counted, ticks = comment.span.line, 0, 0
        ticks += comment.words.string.count("`", counted, comment.words.start())
        counted = comment.words.start()
        if ticks % 2 == 0 and line not in in_blocks:
            yield comment


def _comments(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[Comment]:
    for number, line in enumerate(text.split("\n"), start=1):
        # A comment that begins after the last `-->` has no end. A search for the end would read the rest of
        # the line again for each beginning.
        last = line.rfind(_END) + len(_END) if pattern is _MARKDOWN else len(line)
        stripped = line.strip()
        for match in pattern.finditer(line, 0, last):
            span = Span(path, number, match.start() + 1, match.end() + 1)
            yield Comment(words=match, span=span, alone=match.group().strip() == stripped)


def _blocks(text: str) -> Iterator[range]:
    """Yield the line ranges of the code blocks, from 1, including their fences."""
    for token in MarkdownIt("commonmark").disable("inline").parse(text):
        if token.type in {"fence", "code_block"} and token.map is not None:
            yield range(token.map[0] + 1, token.map[1] + 1)
