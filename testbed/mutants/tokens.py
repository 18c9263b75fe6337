"""Cut a PromQL expression into tokens that know their place: in braces, in a range, in a list of labels.

`expressions.py` changes them. This module expects a valid expression: `promtool check rules` has accepted it.
"""

import re
from dataclasses import dataclass
from enum import Enum

_TOKEN = re.compile(
    r"""
      (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` )
    | (?P<duration> (?:\d+(?:ms|[smhdwy]))+ (?![\w.]) )
    | (?P<number> (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<name> [a-zA-Z_:][a-zA-Z0-9_:]* )
    | (?P<operator> =~ | !~ | != | == | >= | <= | [-+*/%^<>=@] )
    | (?P<bracket> [(){}\[\],] )
    """,
    re.VERBOSE,
)
# A subquery's `[1h:1m]` has a colon; elsewhere a colon can begin a name.
_RANGE_TOKEN = re.compile(r"(?P<duration>(?:\d+(?:ms|[smhdwy]))+)|(?P<operator>:)|(?P<bracket>\])")

_LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = _LABEL_LISTS | {"and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan"}


class Place(Enum):
    """The place of a token: what is around it."""

    EXPRESSION = "expression"
    MATCHERS = "matchers"
    RANGE = "range"
    LABELS = "labels"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A piece of the text, `start` to `end`; `type` is string, duration, number, name, operator or bracket."""

    type: str
    text: str
    start: int
    end: int
    place: Place

    def is_metric(self, following: str) -> bool:
        """Tell, by the token that follows, whether a name is a metric's and no function, aggregation or keyword."""
        return self.type == "name" and self.text.lower() not in _WORDS and following not in {"(", "by", "without"}


def read(text: str) -> list[Token]:
    """Return the tokens of an expression."""
    tokens: list[Token] = []
    place, position = Place.EXPRESSION, 0
    while match := (_RANGE_TOKEN if place is Place.RANGE else _TOKEN).search(text, position):
        piece, position = match[0], match.end()
        kind = str(match.lastgroup)
        if kind == "bracket":
            place = _place_after(piece, place, tokens[-1].text if tokens else "")
        tokens.append(Token(type=kind, text=piece, start=match.start(), end=position, place=place))
    return tokens


def _place_after(bracket: str, place: Place, before: str) -> Place:
    """Return the place of the tokens after `bracket`; only parentheses nest, and only in expressions."""
    if bracket == "{":
        return Place.MATCHERS
    if bracket == "[":
        return Place.RANGE
    if bracket == "(" and before.lower() in _LABEL_LISTS:
        return Place.LABELS
    return place if bracket == "," else Place.EXPRESSION
