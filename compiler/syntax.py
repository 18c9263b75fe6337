"""Parse: text that is no YAML, or other YAML than its author meant → a diagnostic that a person can act on.

Used by `compiler.document` alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import yaml
from yaml._yaml import Mark as CMark
from yaml.error import Mark
from yaml.reader import ReaderError

from compiler.diagnostics import Diagnostics, Related, Span

_TAB_HINT: Final = "indent with spaces; YAML does not allow tabs"
_LIMIT_HINT: Final = 'quote a limit that begins with a comparator: `"> 5%"`'
_QUOTE_HINT: Final = "quote text that holds a comma, or a colon before a blank"
_LONGEST: Final = 1000
"""Characters of a text that commas may have cut into keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CutOff:
    """A key's text that YAML ends too early, at a comma in braces: as its author meant it, and where it stands."""

    key: str
    text: str
    span: Span

    def report(self, diagnostics: Diagnostics) -> None:
        """Add an error that shows how to write it."""
        hint = f"quote it: `{self.key}: {json.dumps(self.text, ensure_ascii=False)}`"
        diagnostics.error("syntax", self.span, "inside braces a comma ends a text that is not quoted", hint=hint)


def rejoined(text: str, start: int, key: tuple[int, int], value: int) -> str | None:
    """Return the text from `start` on whose end became a key at a comma, or None where that is a key of its own.

    `key` is where that key begins and ends, `value` where its value would stand, all as offsets.
    """
    begin, end = key
    if end - start > _LONGEST or ":" in text[end:value] or not text[start:begin].rstrip().endswith(","):
        return None
    whole = " ".join(text[start:end].split())
    return None if " #" in whole else whole


def report(path: str, text: str, error: yaml.YAMLError, diagnostics: Diagnostics) -> None:
    """Add what the parser says of a file's `text`, with a hint where what stands at the place suggests one."""
    if isinstance(error, ReaderError):
        line, column = _place(text, error.position)
        message = f"the control character U+{error.character:04X} is not allowed"
        diagnostics.error("syntax", Span(path, line, column, column + 1), message, hint="delete it")
        return
    context = problem = began = None
    related: tuple[Related, ...] = ()
    span = Span(path, 1, 1, 2)
    if isinstance(error, yaml.MarkedYAMLError):
        context, problem = error.context, error.problem
        span = _at(path, error.problem_mark) or span
        began = _at(path, error.context_mark)
        if context and began and began.line != span.line:
            related = (Related(span=began, message=context),)
    source = diagnostics.line(span)
    message, hint = _in_words(problem or "this is not YAML", source, span, began)
    diagnostics.error("syntax", span, message, hint=hint, related=related)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset in bytes."""
    before = text.encode()[:offset].decode(errors="replace")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _at(path: str, mark: Mark | CMark | None) -> Span | None:
    return None if mark is None else Span(path, mark.line + 1, mark.column + 1, mark.column + 2)


def _in_words(problem: str, source: str | None, span: Span, began: Span | None) -> tuple[str, str | None]:
    """Return the parser's words and a hint, by what stands at the place; `began` is where the brackets open."""
    if source is None:
        return problem, None
    found = source[span.column - 1 : span.column]
    indentation = source[: len(source) - len(source.lstrip())]
    if "\t" in indentation + found or " tab " in problem:
        return "a tab stands where YAML wants spaces", _TAB_HINT
    if problem.endswith("cannot start any token"):
        hint = _LIMIT_HINT if found in "<>" else "quote text that begins with a special character"
        return f"a value cannot begin with `{found}`", hint
    if problem.endswith("comment or line break"):
        return problem, _LIMIT_HINT
    if "',' or" in problem:
        inside = found == ":" and began is not None and began.line == span.line
        return problem, _QUOTE_HINT if inside else "perhaps a bracket or a quote is left open further up"
    return problem, None
