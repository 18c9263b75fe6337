"""PromQL: selectors as data, canonical printing, and the Go templates' number formats.

`compiler.resolve` reads selectors with it and `compiler.signals` builds expressions. The promql-parser library parses
and prints; `compiler.promql_text` first rewrites what that library would misread. Prometheus itself decides: the
project runs `promtool check rules`, and the acceptance tests ask Prometheus's API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isinf
from typing import Any, Final

import promql_parser

from compiler import float_labels, patterns, promql_mistakes, promql_text
from compiler.promql_text import Mistake, MistakeError, Token, quoted

METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")

_OPERATORS: Final = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class PromQLError(ValueError):
    """Prometheus would refuse this text, or the text is not allowed in this place.

    `mistake` says where in the text the error is; its length is 0 if the place is unknown.
    """

    def __init__(self, message: str, mistake: Mistake | None = None) -> None:
        super().__init__(message)
        self.mistake = mistake or Mistake(message, 0, 0)

    @property
    def hint(self) -> str | None:
        """How to mend the text, if that is known."""
        return self.mistake.hint


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{label_text(self.label)}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name and its matchers, in the order in which they were written."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        plain = METRIC_NAME.match(self.metric) is not None
        # Every Prometheus reads `{__name__="a.b"}`. Only Prometheus 3 reads `{"a.b"}`; it also prints the first form.
        name_matcher = () if plain else (Matcher(NAME, "=", self.metric),)
        inner = ",".join(map(str, (*name_matcher, *self.matchers)))
        metric = self.metric if plain else ""
        return f"{metric}{{{inner}}}" if inner else metric

    def suffixed(self, suffix: str) -> Selector:
        """Return the same selector of `<metric><suffix>`, such as a histogram's `_bucket`."""
        return replace(self, metric=self.metric + suffix)


NAME: Final = "__name__"
"""The label that holds the metric's name."""


def label_text(label: str) -> str:
    """Return a label as PromQL writes it; a name that needs quotes gets them, and Prometheus 2 cannot read it."""
    return label if LABEL_NAME.match(label) else quoted(label)


def parse_selector(text: str) -> Selector:
    """Return the selector that `text` states, such as `requests_total{code=~"5.."}`; PromQLError for other text."""
    if METRIC_NAME.match(text):
        return Selector(text)
    return selector_of(_plain_selector(text, _parse(text), "a metric's name and its matchers"))


def selector_of(node: promql_parser.VectorSelector) -> Selector:
    """Return the selector of a node of `tree`; PromQLError if it names no metric, or some server cannot read it."""
    matchers = _matchers(node)
    if node.name is not None:
        return Selector(node.name, matchers)
    names = [matcher.value for matcher in matchers if (matcher.label, matcher.operator) == (NAME, "=")]
    if len(names) != 1 or not names[0]:
        raise PromQLError("the metric's name is missing")
    return Selector(names[0], tuple(matcher for matcher in matchers if matcher.label != NAME))


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers that `text` lists without braces, such as `job="api",env!="test"`.

    Raises PromQLError if the text holds anything else.
    """
    if not text.strip():
        return ()
    before = "tocsin{"
    try:
        return _matchers(_plain_selector(text, _parse(f"{before}{text}}}"), "label matchers"))
    except PromQLError as error:
        raise PromQLError(str(error), _moved(error.mistake, -len(before), len(text))) from error


def _moved(mistake: Mistake, offset: int, length: int) -> Mistake:
    """Return a mistake moved by `by` characters and clipped to a text of `length` characters."""
    start = max(mistake.start + offset, 0)
    return replace(mistake, start=start, length=max(min(mistake.length, length - start), 0))


def checked(expression: str) -> str:
    """Return a user's expression unchanged, after checking that Prometheus 2.42 accepts it too.

    Raises PromQLError if the parser library accepts the expression and Prometheus 2.42 does not. Expressions built from
    parsed selectors need no such check.
    """
    root = _parse(expression)
    try:
        promql_parser.walk(root, _check_node)
    except PromQLError as error:
        raise PromQLError(str(error), _at_quoted_word(expression, str(error))) from error
    return expression


def _at_quoted_word(expression: str, message: str) -> Mistake | None:
    """Return a mistake placed at the first word that the message quotes; None if the expression has no such word."""
    name = _BACKTICKS.search(message)
    words = (token for token in promql_text.tokens(expression) if name and token.text == name[1])
    return next((Mistake(message, token.start, len(token.text)) for token in words), None)


_BACKTICKS: Final = re.compile(r"`([^`]+)`")


def portable(expression: str) -> str:
    """Return a user's expression rewritten so that every Prometheus reads it alike and selects the same series.

    Raw strings become quoted strings with escapes, and matchers on `float_labels` match their numbers in every form.
    Raises PromQLError if the text cannot be split into tokens.
    """
    try:
        tokens = promql_text.tokens(expression)
    except MistakeError as error:
        raise PromQLError(str(error), error.mistake) from error
    changes = {token: quoted(token.text[1:-1]) for token in tokens if token.text.startswith("`")}
    for operator, value in _float_matchers(tokens):
        text = promql_text.value_of(value)
        if text is not None:
            sign, pattern = float_labels.in_every_form(operator.text, text)
            if pattern != text:
                changes |= {operator: sign, value: quoted(pattern)}
    return promql_text.rewritten(expression, ((token, changes[token]) for token in tokens if token in changes))


def _float_matchers(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, Token]]:
    """Yield the operator and the value of each matcher on a label of `float_labels`."""
    inside = False
    for before, operator, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        inside = before.text == "{" or (inside and before.text != "}")
        label = promql_text.value_of(before) if before.kind == "string" else before.text
        opened = inside or operator.text == "{"
        if opened and value.kind == "string" and label in float_labels.LABELS and operator.text in _SIGNS:
            yield operator, value


_SIGNS: Final = frozenset({"=", "!=", "=~", "!~"})


_EXPERIMENTAL: Final = frozenset({"limitk", "limit_ratio"})
"""Aggregations that need a feature flag; the library itself marks such functions."""


_TOO_NEW: Final = frozenset({"first_over_time", "histogram_quantiles", "max_of", "min_of", "range", "step"})
"""Functions that the library knows. Without a feature flag, Prometheus 2.42 and 3.5 know none (promtool says so)."""


def _check_node(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.VectorSelector):
        _matchers(node)
    elif isinstance(node, promql_parser.Call) and node.func.experimental:
        raise PromQLError(f"the function `{node.func.name}` is experimental")
    elif isinstance(node, promql_parser.Call) and node.func.name in _TOO_NEW:
        raise PromQLError(f"no supported Prometheus has the function `{node.func.name}`")
    elif isinstance(node, promql_parser.AggregateExpr) and str(node.op) in _EXPERIMENTAL:
        raise PromQLError(f"the aggregation `{node.op}` is experimental")
    elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
        fill = node.modifier.fill_values
        if (fill.lhs, fill.rhs) != (None, None):
            raise PromQLError("no supported Prometheus has the modifier `fill`")
    return True


def canonical(expression: str) -> str:
    """Return an expression on one line as Prometheus itself prints it; PromQLError if it does not parse.

    Tools that re-print rules would report a permanent difference if we printed them in another way.
    """
    text, *further = [line.strip() for line in str(_parse(expression).prettify()).split("\n")]
    for line in further:
        tight = text.endswith("(") or line.startswith(")")
        text += line if tight else f" {line}"
    return text


def has_range(expression: str) -> bool:
    """Return whether any part of an expression looks back over a range."""
    ranges: list[bool] = []

    def note_range(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            ranges.append(True)
        return True

    promql_parser.walk(_parse(expression), note_range)
    return bool(ranges)


def operand(expression: str) -> str:
    """Return an expression as the left side of a comparison, in parentheses if it binds less or is easily misread."""
    node = _parse(expression)
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) not in _ARITHMETIC:
        return f"({expression})"
    return expression


_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%", "^"})


_MAX_PARTS: Final = 200
"""Operators and opening brackets of an expression. The library is slow beyond this, and crashes at a few thousand."""
_QUOTED: Final = re.compile(
    r"\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z)|`[^`]*+(?:`|\Z)|#[^\n]*", re.DOTALL
)
"""Strings and comments. An unclosed string runs to the end, so that the pattern tries no quotation mark twice."""
_PART: Final = re.compile(r"[-+*/%^<>=!(\[{]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


def tree(expression: str) -> Any:  # noqa: ANN401 - the library has no types
    """Return the library's syntax tree of an expression; PromQLError if it does not parse."""
    return _parse(expression)


def in_parts(expressions: Sequence[str]) -> tuple[str, ...]:
    """Return the expressions joined by `or`, in as few parts as possible that each stay below the parser's limit."""
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
    """Return how many operators and brackets an expression has; counting stops at one more than the limit."""
    return sum(1 for _ in islice(_PART.finditer(_QUOTED.sub("", text)), _MAX_PARTS + 1))


def _parse(text: str) -> Any:  # noqa: ANN401 - the library has no types
    if _size(text) > _MAX_PARTS:
        raise PromQLError(f"it has more than {_MAX_PARTS} operators and brackets; record parts of it by rules")
    if (place := text.find(_REPLACEMENT)) >= 0:
        message = "Prometheus takes the character U+FFFD for bytes that are not UTF-8"
        raise PromQLError(message, Mistake(message, place, 1))
    try:
        return promql_parser.parse(promql_text.without_raw_strings(text))
    except MistakeError as error:
        raise PromQLError(str(error), error.mistake) from error
    except ValueError as error:
        mistake = promql_mistakes.mistake(text, str(error).strip())
        raise PromQLError(mistake.message, mistake) from error


_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def _plain_selector(text: str, expression: promql_parser.Expr, allowed: str) -> promql_parser.VectorSelector:
    if not isinstance(expression, promql_parser.VectorSelector) or expression.offset or expression.at:
        message = f"only {allowed} can stand here"
        start, hint = _too_much(text, expression)
        raise PromQLError(message, Mistake(message, start, len(text) - start, hint))
    return expression


def _too_much(text: str, expression: promql_parser.Expr) -> tuple[int, str | None]:
    """Return where a text goes beyond a selector, and a hint if there is one."""
    if isinstance(expression, promql_parser.MatrixSelector):
        return _place_of(text, "["), "take the range out; `window` says how far the signal looks back"
    if isinstance(expression, promql_parser.VectorSelector):
        return _place_of(text, "offset" if expression.offset else "@"), None
    if _LOOKS_LIKE_A_NAME.fullmatch(text):
        return 0, f"""write `{{"{text.strip()}"}}` if that is its name"""
    return 0, "PromQL of your own is the `query` of a signal below `signals:`"


def _place_of(text: str, word: str) -> int:
    return next((token.start for token in promql_text.tokens(text) if token.text.lower() == word), 0)


_LOOKS_LIKE_A_NAME: Final = re.compile(r"\s*[A-Za-z_][\w:]*(?:[-./][\w:]+)+\s*")


def _matchers(selector: promql_parser.VectorSelector) -> tuple[Matcher, ...]:
    """Return the matchers of a selector, in the forms that every server stores; PromQLError if some cannot read it.

    Labels that need quotes pass; `compiler.checks` checks whether the servers can read them.
    """
    if selector.matchers.or_matchers:
        raise PromQLError("matchers joined by `or` are not part of PromQL")
    matchers = [
        Matcher(matcher.name, _OPERATORS[str(matcher.op).rpartition(".")[2]], matcher.value)
        for matcher in selector.matchers.matchers
    ]
    names = [
        selector.name or "",
        *(matcher.value for matcher in matchers if matcher.label == NAME and matcher.operator == "="),
    ]
    for name in (*names, *(matcher.label for matcher in matchers)):
        if _UNNAMABLE.search(name):
            raise PromQLError(f"the name `{name}` holds a character that no rule can carry on")
    for matcher in matchers:
        if matcher.operator in {"=~", "!~"} and (rest := patterns.unread(matcher.value)) is not None:
            raise PromQLError(f"some Prometheus would not read the regular expression from `{rest}` on")
    return tuple(map(_in_every_form, matchers))


_UNNAMABLE: Final = re.compile(r"""[\x00-\x1f"'`\\${}\x7f]""")
"""Characters that templates, the replacement of `label_replace` or strings would take for syntax in a name."""


def _in_every_form(matcher: Matcher) -> Matcher:
    if matcher.label not in float_labels.LABELS:
        return matcher
    return Matcher(matcher.label, *float_labels.in_every_form(matcher.operator, matcher.value))


def go_general(value: float, digits: int) -> str:
    """Return a number as Go's `%.<digits>g` prints it; Python prints the same, except for infinity."""
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.{digits}g}"
