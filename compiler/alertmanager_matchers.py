"""Read label matchers in the syntax of Alertmanager's configuration; used by `compiler.resolve`.

Examples are `namespace="payments"`, `env!=test` and `job=~"api|web"`; a list has commas, with or without braces
(Alertmanager's documentation, "matcher"). This module accepts only what all supported releases read alike: values in
double quotes, or plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler import patterns
from compiler.promql import LABEL_NAME, Matcher, PromQLError, parse_matchers
from compiler.promql_text import quoted

LONGEST_PATTERN: Final = 1000
"""Characters of the longest regular expression."""

_MATCHER: Final = re.compile(
    r"""\s*+(?P<label>[^\s"'`{}=!~,]*+)\s*+(?P<sign>=~|!~|!=|=(?!=))\s*+"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^\s"'`{}=!~,\\]++))\s*+(?P<end>,|\Z)""",
    re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_EXAMPLE: Final = 'write it as Alertmanager does: `namespace="payments"`, with `=`, `!=`, `=~` or `!~`'


class MatcherError(ValueError):
    """The text is no list of matchers; `start` and `length` say where, and `hint` how to mend it."""

    def __init__(self, message: str, start: int, length: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.start = start
        self.length = length
        self.hint = hint


def read(text: str) -> tuple[Matcher, ...]:
    """Return the matchers that `text` lists; raises MatcherError if there is none, or one is wrong."""
    start, end = 0, len(text)
    if text.strip().startswith("{") and text.strip().endswith("}"):
        start, end = text.index("{") + 1, text.rindex("}")
    matchers = tuple(_read(text, start, end))
    if not matchers:
        raise MatcherError("there is no matcher", 0, len(text), _EXAMPLE)
    return matchers


def checked(matcher: Matcher) -> Matcher:
    """Return the matcher if its label and pattern are valid; raises MatcherError, without a place, if not."""
    if not LABEL_NAME.match(matcher.label):
        raise MatcherError(f"`{matcher.label}` is no label's name", 0, 0, _EXAMPLE)
    if matcher.operator in {"=~", "!~"}:
        _check(matcher.value)
    return matcher


def _read(text: str, place: int, end: int) -> Iterator[Matcher]:
    while text[place:end].strip():
        match = _MATCHER.match(text, place, end)
        if match is None:
            raise _unreadable(text, place, end)
        value = match["plain"] if match["quoted"] is None else _value(match)
        try:
            yield checked(Matcher(match["label"], match["sign"], value))
        except MatcherError as error:
            start, stop = match.start("label"), match.end("plain" if match["quoted"] is None else "quoted")
            raise MatcherError(str(error), start, stop - start, error.hint) from error
        place = match.end()


def _unreadable(text: str, place: int, end: int) -> MatcherError:
    """Return the error for a text that begins with no matcher."""
    rest = text[place:end]
    start = place + len(rest) - len(rest.lstrip())
    hint = _EXAMPLE
    if "==" in rest:
        hint = "one `=` compares"
    elif "'" in rest or "`" in rest:
        hint = 'put the value into double quotes: `namespace="payments"`'
    return MatcherError(f"`{rest.strip()}` is no matcher", start, len(rest.strip()), hint)


def _value(match: re.Match[str]) -> str:
    def unescaped(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPES:
            start = match.start("quoted") + escape.start()
            hint = rf"write a backslash twice: `\\{escape[1]}`"
            raise MatcherError(f"`{escape[0]}` is no escape that every Alertmanager reads", start, 2, hint)
        return _ESCAPES[escape[1]]

    return re.sub(r"\\(.)", unescaped, match["quoted"], flags=re.DOTALL)


def _check(pattern: str) -> None:
    """Raise MatcherError for a regular expression that Alertmanager or the webhook cannot match."""
    if len(pattern) > LONGEST_PATTERN:
        message = f"the regular expression has {len(pattern)} characters, and {LONGEST_PATTERN} are the most"
        raise MatcherError(message, 0, 0, "write several routes to the same team")
    try:
        parse_matchers(f"x=~{quoted(pattern)}")
    except PromQLError as error:
        raise MatcherError(f"the regular expression cannot be read: {error}", 0, 0, error.hint) from error
    unmatched = patterns.unmatched(pattern)
    if unmatched is not None:
        raise MatcherError(f"the webhook does not match {unmatched}", 0, 0, "write it in another way")
