"""Parse: what PyYAML says of text that is no YAML → a diagnostic that a person can act on.

Used by `compiler.document` alone.
"""

from __future__ import annotations

from typing import Final

import yaml
from yaml._yaml import Mark as CMark
from yaml.error import Mark
from yaml.reader import ReaderError

from compiler.diagnostics import Diagnostics, Related, Span

_TAB_HINT: Final = "indent with spaces; YAML does not allow tabs"
_LIMIT_HINT: Final = 'quote a limit that begins with a comparator: `"> 5%"`'


def report(path: str, text: str, error: yaml.YAMLError, diagnostics: Diagnostics) -> None:
    """Add what the parser says of a file's `text`, with a hint where what stands at the place suggests one."""
    if isinstance(error, ReaderError):
        line, column = _place(text, error.position)
        message = f"the control character U+{error.character:04X} is not allowed"
        diagnostics.error("syntax", Span(path, line, column, column + 1), message, hint="delete it")
        return
    context = problem = None
    related: tuple[Related, ...] = ()
    span = Span(path, 1, 1, 2)
    if isinstance(error, yaml.MarkedYAMLError):
        context, problem = error.context, error.problem
        span = _at(path, error.problem_mark) or span
        began = _at(path, error.context_mark)
        if context and began and began.line != span.line:
            related = (Related(span=began, message=context),)
    source = diagnostics.line(span)
    message, hint = _in_words(problem or "this is not YAML", source, span.column)
    diagnostics.error("syntax", span, message, hint=hint, related=related)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset in bytes."""
    before = text.encode()[:offset].decode(errors="replace")
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _at(path: str, mark: Mark | CMark | None) -> Span | None:
    return None if mark is None else Span(path, mark.line + 1, mark.column + 1, mark.column + 2)


def _in_words(problem: str, source: str | None, column: int) -> tuple[str, str | None]:
    """Return the parser's words and a hint, by what stands at the place."""
    if source is None:
        return problem, None
    found = source[column - 1 : column]
    indentation = source[: len(source) - len(source.lstrip())]
    if "\t" in indentation + found or " tab " in problem:
        return "a tab stands where YAML wants spaces", _TAB_HINT
    if problem.endswith("cannot start any token"):
        hint = _LIMIT_HINT if found in "<>" else "quote text that begins with a special character"
        return f"a value cannot begin with `{found}`", hint
    if problem.endswith("comment or line break"):
        return problem, _LIMIT_HINT
    if "',' or" in problem:
        return problem, "perhaps a bracket or a quote is left open further up"
    return problem, None
