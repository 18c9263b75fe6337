"""List the mutants of a PromQL expression: each changes one place of its text in which a rule could be wrong.

The module works on the text, because a person reads the difference and the parser's nodes do not know their places.
`tokens.py` cuts the text; `rules.py` puts the results into rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from testbed.mutants.durations import doubled_and_shortened
from testbed.mutants.matchers import changed_matchers
from testbed.mutants.naive import naive_forms
from testbed.mutants.tokens import Place, Token, read

COMPARATORS = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<="),
    "<=": ("<", ">="),
    "==": ("!=",),
    "!=": ("==",),
}
AGGREGATIONS = {"sum": "max", "max": "min", "min": "max", "avg": "max", "count": "sum", "group": "sum"}
FUNCTIONS = {
    "rate": "increase",
    "increase": "rate",
    "irate": "rate",
    "max_over_time": "min_over_time",
    "min_over_time": "max_over_time",
    "avg_over_time": "max_over_time",
    "sum_over_time": "max_over_time",
    "absent": "count",
}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
SET_OPERATORS = {"and": "unless", "or": "and", "unless": "and"}

# How many characters of the expression to show before and after a change.
SHOWN_BEFORE, SHOWN_AFTER = 40, 24


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One changed expression; `before` and `after` are the parts of it around the change."""

    kind: str
    text: str
    before: str
    after: str


def differences(text: str) -> Iterator[Difference]:
    """Yield the mutants of the expression `text`, from left to right."""
    tokens = read(text)
    for number, token in enumerate(tokens):
        for kind, changed in _changes(tokens, number):
            yield difference(kind, text, token.start, token.end, changed)
    yield from _matcher_differences(text, tokens)
    yield from _dropped_labels(text, tokens)
    yield from _dropped_scales(text, tokens)
    for (start, end), naive in naive_forms(text, tokens):
        yield difference("robust form replaced by naive", text, start, end, naive)


def difference(kind: str, text: str, start: int, end: int, changed: str) -> Difference:
    """Return `text` with `changed` between `start` and `end`, and the text around the change."""
    left, right = max(0, start - SHOWN_BEFORE), min(len(text), end + SHOWN_AFTER)
    opening, closing = ("…" if left else "") + text[left:start], text[end:right] + ("…" if right < len(text) else "")
    return Difference(
        kind=kind,
        text=text[:start] + changed + text[end:],
        before=opening + text[start:end] + closing,
        after=opening + changed + closing,
    )


def steps(number: str) -> tuple[str, str]:
    """Return a number with its last digit one more and one less: 0.05 as 0.06 and 0.04, 100 as 101 and 99."""
    value = Decimal(number)
    exponent = value.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return format(value + step, "f"), format(value - step, "f")


def _changes(tokens: list[Token], number: int) -> Iterator[tuple[str, str]]:
    """Yield the kind and the replacement of each change of a single token."""
    token = tokens[number]
    if token.place is Place.RANGE or token.type == "duration":
        if token.type == "duration":
            yield from (("range", changed) for changed in doubled_and_shortened(token.text))
    elif token.place is Place.EXPRESSION and token.type == "operator":
        yield from (("comparator", changed) for changed in COMPARATORS.get(token.text, ()))
        if token.text in ARITHMETIC:
            yield "arithmetic", ARITHMETIC[token.text]
    elif token.place is Place.EXPRESSION and token.type == "number":
        kind = "limit" if _is_limit(tokens, number) else "number"
        yield from ((kind, changed) for changed in steps(token.text))
    elif token.place is Place.EXPRESSION and token.type == "string":
        yield "string", f"{token.text[:-1]}x{token.text[-1]}"
    elif token.place is Place.EXPRESSION and token.type == "name":
        yield from _changed_names(tokens, number)


def _changed_names(tokens: list[Token], number: int) -> Iterator[tuple[str, str]]:
    token, following = tokens[number], tokens[number + 1].text if number + 1 < len(tokens) else ""
    if token.text in SET_OPERATORS:
        yield "set operator", SET_OPERATORS[token.text]
    elif token.text in AGGREGATIONS and following in {"(", "by", "without"}:
        yield "aggregation", AGGREGATIONS[token.text]
    elif token.text in FUNCTIONS and following == "(":
        yield "function", FUNCTIONS[token.text]
    elif token.is_metric(following):
        yield "metric", f"{token.text}x"


def _is_limit(tokens: list[Token], number: int) -> bool:
    """Tell whether a comparator stands before the number, with only arithmetic on numbers in between."""
    for token in reversed(tokens[:number]):
        if token.text in COMPARATORS:
            return True
        if token.type != "number" and token.text not in {*ARITHMETIC, "bool", "("}:
            return False
    return False


def _matcher_differences(text: str, tokens: list[Token]) -> Iterator[Difference]:
    """Yield each matcher with another operator, with another value, with one alternative less, and left out."""
    for number, (name, operator, value) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        if (name.place, name.type, value.type) != (Place.MATCHERS, "name", "string"):
            continue
        for changed in changed_matchers(operator.text, value.text):
            yield difference("matcher", text, operator.start, value.end, changed)
        start, end = _with_comma(tokens, number, number + 2)
        yield difference("matcher dropped", text, start, end, "")


def _dropped_labels(text: str, tokens: list[Token]) -> Iterator[Difference]:
    """Yield each list of labels, such as that of `by` or `on`, without one of its labels."""
    for number, token in enumerate(tokens):
        if token.place is Place.LABELS and token.type == "name":
            start, end = _with_comma(tokens, number, number)
            yield difference("label dropped", text, start, end, "")


def _dropped_scales(text: str, tokens: list[Token]) -> Iterator[Difference]:
    """Yield the expression without each factor that converts a measured value to another unit (`/ 1000`)."""
    for number, (before, operator, factor) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        if operator.text not in {"*", "/"} or operator.place is not Place.EXPRESSION or factor.type != "number":
            continue
        # A number times a number, or times 0, measures nothing; other mutants change a limit.
        if before.type != "number" and Decimal(factor.text) and not _is_limit(tokens, number + 2):
            yield difference("scale dropped", text, before.end, factor.end, "")


def _with_comma(tokens: list[Token], first: int, last: int) -> tuple[int, int]:
    """Return where the entry of tokens `first` to `last` starts and ends, with one comma beside it."""
    if tokens[last + 1].text == ",":
        return tokens[first].start, tokens[last + 2].start
    if tokens[first - 1].text == ",":
        return tokens[first - 1].start, tokens[last].end
    return tokens[first].start, tokens[last].end
