"""Find the place of a mistake in a PromQL text, and how to mend it.

`compiler.promql` asks for it when the parser library refuses a text: the library says what is wrong, but not where.
This module knows Prometheus's grammar ("Querying Prometheus: Basics", "Operators") well enough to find the first
misplaced token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from compiler.promql_text import Mistake, MistakeError, Token, code, tokens, value_of


def mistake(text: str, message: str) -> Mistake:
    """Return the mistake in a text that the library refused with `message`, placed as exactly as possible."""
    try:
        token_list = tokens(text)
        _check_escapes(token_list)
        _check_balance(token_list)
        _Grammar(text, token_list).check()
    except MistakeError as error:
        return error.mistake
    except RecursionError:
        pass
    else:
        for pattern, explain in _SAID:
            match = pattern.fullmatch(message)
            placed = match and explain(match, token_list)
            if placed:
                return placed
    return Mistake(message, 0, len(text))


_ESCAPED: Final = re.compile(
    r"""\\(?:[abfnrtv\\]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3}|(?P<quote>["']))"""
)


def _check_escapes(token_list: Iterable[Token]) -> None:
    for token in token_list:
        if token.kind != "string" or token.text.startswith("`"):
            continue
        position = 1
        while (position := token.text.find("\\", position, -1)) >= 0:
            match = _ESCAPED.match(token.text, position)
            if match is None or match["quote"] not in {None, token.text[0]}:
                shown = token.text[position : position + 2]
                hint = f"write `\\{shown}`, or put the text in backticks, where nothing is an escape"
                raise MistakeError(Mistake(f"the string has no escape `{shown}`", token.start + position, 2, hint))
            position = match.end()


_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


def _check_balance(token_list: Iterable[Token]) -> None:
    """Raise MistakeError at an unclosed bracket, or at one that closes nothing."""
    opened: list[Token] = []
    for token in token_list:
        if token.kind != "sign":
            continue
        if token.text in _CLOSING:
            opened.append(token)
        elif token.text in _CLOSING.values():
            if not opened or _CLOSING[opened[-1].text] != token.text:
                missing = f", `{_CLOSING[opened[-1].text]}` is missing before it" if opened else ""
                raise MistakeError(Mistake(f"`{token.text}` closes nothing{missing}", token.start, 1))
            opened.pop()
    if opened:
        last = opened[-1]
        message = f"`{last.text}` is not closed"
        raise MistakeError(Mistake(message, last.start, 1, f"`{_CLOSING[last.text]}` is missing"))


_AGGREGATING: Final = "avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk"
AGGREGATIONS: Final = frozenset(_AGGREGATING.split())
_GROUPING: Final = frozenset({"by", "without"})
_BETWEEN: Final = "+ - * / % ^ == != > < >= <= and or unless atan2"
_BINARY: Final = frozenset(_BETWEEN.split())
_MATCHING: Final = frozenset({"on", "ignoring"})
_MANY: Final = frozenset({"group_left", "group_right"})
_MATCHES: Final = frozenset({"=", "!=", "=~", "!~"})


class _Grammar:
    """Reads tokens by PromQL's grammar, to find the first misplaced token."""

    def __init__(self, text: str, token_list: tuple[Token, ...]) -> None:
        self.tokens = (*token_list, Token("end", "", len(text.rstrip())))
        self.index = 0

    def check(self) -> None:
        """Raise MistakeError at the first misplaced token."""
        self._expression()
        if self._next.kind != "end":
            self._fail("an operator")

    @property
    def _next(self) -> Token:
        return self.tokens[self.index]

    def _is(self, *texts: str) -> bool:
        return self._next.kind in {"sign", "word"} and self._next.text.lower() in texts

    def _take(self, *texts: str) -> bool:
        is_next = self._is(*texts)
        self.index += is_next
        return is_next

    def _need(self, expected: str, *texts: str) -> None:
        if not self._take(*texts):
            self._fail(expected)

    def _fail(self, expected: str) -> None:
        token = self._next
        if token.kind == "end":
            raise MistakeError(Mistake(f"it ends where {expected} is missing", max(token.start - 1, 0), 1))
        raise MistakeError(Mistake(f"{code(token.text)} stands where {expected} should", token.start, len(token.text)))

    def _expression(self) -> None:
        self._operand()
        while self._next.kind in {"sign", "word"} and self._next.text.lower() in _BINARY:
            self.index += 1
            self._take("bool")
            if self._take(*_MATCHING):
                self._labels()
                if self._take(*_MANY) and self._is("("):
                    self._labels()
            self._operand()

    def _operand(self) -> None:
        while self._take("+", "-"):
            pass
        token = self._next
        if self._take("("):
            self._expression()
            self._need("an operator or `)`", ")")
        elif token.kind in {"number", "string"}:
            self.index += 1
        elif self._is("{"):
            self._matchers()
        elif token.kind == "word" and token.text.lower() not in _BINARY:
            self._named(token)
        else:
            self._fail("a value")
        self._modifiers()

    def _named(self, token: Token) -> None:
        self.index += 1
        if token.text.lower() in AGGREGATIONS and self._take(*_GROUPING):
            self._labels()
            self._arguments()
        elif self._is("("):
            self._arguments()
            if token.text.lower() in AGGREGATIONS and self._take(*_GROUPING):
                self._labels()
        elif self._is("{"):
            self._matchers()

    def _modifiers(self) -> None:
        while True:
            if self._take("["):
                while not self._take("]"):
                    self.index += 1
            elif self._take("offset"):
                self._take("-", "+")
                self._number("a duration, such as `5m`,")
            elif self._take("@"):
                if self._take("start", "end"):
                    self._arguments()
                else:
                    self._take("-", "+")
                    self._number("a time")
            else:
                return

    def _number(self, expected: str) -> None:
        if self._next.kind != "number":
            self._fail(expected)
        self.index += 1

    def _arguments(self) -> None:
        self._list(self._expression, "an operator, `,` or `)`", "(", ")")

    def _labels(self) -> None:
        self._list(self._label, "`,` or `)`", "(", ")")

    def _label(self) -> None:
        if self._next.kind not in {"word", "string"}:
            self._fail("a label")
        self.index += 1

    def _matchers(self) -> None:
        self._list(self._matcher, "`,` or `}`", "{", "}")

    def _list(self, read_item: Callable[[], None], expected: str, begin: str, end: str) -> None:
        self._need(f"`{begin}`", begin)
        while not self._take(end):
            read_item()
            if not self._take(","):
                self._need(expected, end)
                return

    def _matcher(self) -> None:
        name = self._next
        if name.kind not in {"word", "string"}:
            self._fail("a label")
        self.index += 1
        if name.kind == "string" and self._is(",", "}"):
            return
        self._need("`=`, `!=`, `=~` or `!~`", *_MATCHES)
        value = self._next
        if value.kind != "string":
            hint = f'write `"{value.text}"`' if value.kind in {"word", "number"} else None
            shown = f"; {code(value.text)} has none" if value.text else ""
            message = f"the value of a matcher stands in quotes{shown}"
            raise MistakeError(Mistake(message, value.start, max(len(value.text), 1), hint))
        self.index += 1
        if self._take("or"):
            self._matcher()


def _in_call(match: re.Match[str], token_list: tuple[Token, ...]) -> Mistake | None:
    """Return the mistake in the call that the library names, if the text has exactly one call of that name."""
    calls = [token for token in token_list if token.kind == "word" and token.text == match["name"]]
    if len(calls) != 1:
        return None
    expected = match.groupdict().get("type", "")
    message = f"`{match['name']}` takes {_TYPES[expected]}" if expected in _TYPES else match.string
    hint = "a range stands behind a metric, such as `[5m]`" if expected == "matrix" else None
    return Mistake(message, calls[0].start, len(calls[0].text), hint)


_TYPES: Final = {"matrix": "a range", "vector": "a metric", "scalar": "a number", "string": "a text"}


def _in_pattern(match: re.Match[str], token_list: tuple[Token, ...]) -> Mistake | None:
    """Return the mistake in a regular expression that the library cannot read."""
    strings = [token for token in token_list if token.kind == "string" and value_of(token) == match["pattern"]]
    if not strings:
        return None
    return Mistake(f"`{match['pattern']}` is no regular expression", strings[0].start, len(strings[0].text))


_SAID: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], tuple[Token, ...]], Mistake | None]], ...]] = (
    (re.compile(r"unknown function with name '(?P<name>[^']+)'"), _in_call),
    (re.compile(r"expected type (?P<type>\w+) in call to function '(?P<name>[^']+)', got .*"), _in_call),
    (re.compile(r"expected .* argument\(s\) in call to '(?P<name>[^']+)', got .*"), _in_call),
    (re.compile(r"illegal regex for (?P<pattern>.*)", re.DOTALL), _in_pattern),
)
"""The library's messages about texts with correct grammar, and the functions that find the place of each."""
