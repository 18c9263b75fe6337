"""PromQL: selectors as data, canonical printing, and the Go templates' number formats.

Used by `compiler.resolve` to read selectors and by `compiler.signals` to build expressions. Parsing and printing are
the promql-parser library's; Prometheus itself stays the judge (`promtool check rules`, and the acceptance tests ask its
API).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import promql_parser

from compiler import patterns

METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")

_OPERATORS: Final = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class PromQLError(ValueError):
    """Text that Prometheus would refuse, or that has no place here."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name and matchers, in the order that they were written."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        inner = ",".join(map(str, self.matchers))
        return f"{self.metric}{{{inner}}}" if inner else self.metric

    def suffixed(self, suffix: str) -> Selector:
        """Return the same selector of `<metric><suffix>`, such as a histogram's `_bucket`."""
        return replace(self, metric=self.metric + suffix)


def parse_selector(text: str) -> Selector:
    """Return the selector that `text` writes, such as `requests_total{code=~"5.."}`; PromQLError where it is none."""
    if METRIC_NAME.match(text):
        return Selector(text)
    found = _plain_selector(_parse(text), "a metric's name and its matchers")
    if found.name is None:
        raise PromQLError("the metric's name is missing")
    return Selector(found.name, _matchers(found))


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers that `text` lists without braces, such as `job="api",env!="test"`.

    Raises PromQLError where it lists anything else.
    """
    return _matchers(_plain_selector(_parse(f"tocsin{{{text}}}"), "label matchers")) if text.strip() else ()


def checked(expression: str) -> str:
    """Return an expression that somebody wrote, unless it holds what the parser admits and Prometheus 2.42 does not.

    Raises PromQLError. What is built from parsed selectors needs no such check.
    """
    promql_parser.walk(_parse(expression), _check_node)
    return expression


_EXPERIMENTAL: Final = frozenset({"limitk", "limit_ratio"})
"""Aggregations that want a feature flag; of functions, the library says so."""


def _check_node(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.VectorSelector):
        _matchers(node)
    elif isinstance(node, promql_parser.Call) and node.func.experimental:
        raise PromQLError(f"the function `{node.func.name}` is experimental")
    elif isinstance(node, promql_parser.AggregateExpr) and str(node.op) in _EXPERIMENTAL:
        raise PromQLError(f"the aggregation `{node.op}` is experimental")
    return True


def canonical(expression: str) -> str:
    """Return an expression on one line as Prometheus itself prints it; PromQLError where it does not parse.

    A printing that differs would show as a difference for ever in tools that re-print rules.
    """
    text, *further = [line.strip() for line in str(_parse(expression).prettify()).split("\n")]
    for line in further:
        tight = text.endswith("(") or line.startswith(")")
        text += line if tight else f" {line}"
    return text


def has_range(expression: str) -> bool:
    """Return whether an expression looks back over a range anywhere."""
    found: list[bool] = []

    def look(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            found.append(True)
        return True

    promql_parser.walk(_parse(expression), look)
    return bool(found)


def operand(expression: str) -> str:
    """Return an expression as the left side of a comparison, in parentheses where it binds less or could be misread."""
    found = _parse(expression)
    if isinstance(found, promql_parser.BinaryExpr) and str(found.op) not in _ARITHMETIC:
        return f"({expression})"
    return expression


_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%", "^"})


_MAX_PARTS: Final = 200
"""Operators and opening brackets of an expression: the library is slow from here on, and dies of a few thousand."""
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*", re.DOTALL)
_PART: Final = re.compile(r"[-+*/%^<>=!(\[{]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


def in_parts(expressions: Sequence[str]) -> tuple[str, ...]:
    """Return the expressions joined by `or`, in as few parts as can each be parsed."""
    parts: list[list[str]] = [[]]
    room = _MAX_PARTS
    for expression in expressions:
        size = _size(expression) + 1
        if size > room and parts[-1]:
            parts.append([])
            room = _MAX_PARTS
        parts[-1].append(expression)
        room -= size
    return tuple(" or ".join(part) for part in parts if part)


def _size(text: str) -> int:
    """Return how many operators and brackets an expression has, of which one more than is admitted is enough."""
    return sum(1 for _ in islice(_PART.finditer(_QUOTED.sub("", text)), _MAX_PARTS + 1))


def _parse(text: str) -> Any:  # noqa: ANN401 - the library has no types
    if _size(text) > _MAX_PARTS:
        raise PromQLError(f"it has more than {_MAX_PARTS} operators and brackets; record parts of it by rules")
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise PromQLError("Prometheus takes the character U+FFFD for bytes that are not UTF-8")
    try:
        return promql_parser.parse(text)
    except ValueError as error:
        raise PromQLError(str(error).strip()) from error


def _plain_selector(expression: promql_parser.Expr, what: str) -> promql_parser.VectorSelector:
    if not isinstance(expression, promql_parser.VectorSelector) or expression.offset or expression.at:
        raise PromQLError(f"only {what} can stand here")
    return expression


def _matchers(selector: promql_parser.VectorSelector) -> tuple[Matcher, ...]:
    """Return the matchers of a selector; PromQLError where it is none of the classic ones."""
    if selector.matchers.or_matchers:
        raise PromQLError("matchers joined by `or` are not part of PromQL")
    found = [Matcher(m.name, _OPERATORS[str(m.op).rpartition(".")[2]], m.value) for m in selector.matchers.matchers]
    names = [selector.name or "", *(one.value for one in found if one.label == "__name__" and one.operator == "=")]
    for name, pattern in [
        *((name, METRIC_NAME) for name in names if name),
        *((one.label, LABEL_NAME) for one in found),
    ]:
        if not pattern.match(name):
            raise PromQLError(f"the name `{name}` needs quotes, which older servers do not read")
    for matcher in found:
        if matcher.operator in {"=~", "!~"} and (rest := patterns.unread(matcher.value)) is not None:
            raise PromQLError(f"some Prometheus would not read the regular expression from `{rest}` on")
    return tuple(found)


def go_general(value: float, digits: int) -> str:
    """Return a number as Go's `%.<digits>g` prints it, which is also Python's form."""
    return f"{value:.{digits}g}"
