"""Labels whose values are numbers, `le` and `quantile`: make matchers match every form that servers store.

Prometheus 2 stores the number as the exporter writes it (`1`, `1.0`, `1000000`); Prometheus 3 stores OpenMetrics' form
(`1.0`, `1e+06`). We measured both servers, with the text format and with OpenMetrics. A matcher that knows only one
form selects nothing on the other server, and a healthy service reads as 0 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import Final

from compiler import automaton

LABELS: Final = frozenset({"le", "quantile"})

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NEGATIVE: Final = {"!=": "!~", "!~": "!~", "=": "=~", "=~": "=~"}
_LONGEST: Final = 25
"""Characters of the longest number: no bucket bound has more, and so Python never writes out `1e300`."""


def in_every_form(operator: str, value: str) -> tuple[str, str]:
    """Return the operator and value of a matcher on one of `LABELS`, extended to all forms of its numbers."""
    if operator in {"=", "!="}:
        spellings = forms(value)
        if len(spellings) == 1:
            return operator, value
        return _NEGATIVE[operator], "|".join(map(_escaped, spellings))
    return operator, _pattern(value)


def forms(text: str) -> tuple[str, ...]:
    """Return a number in the forms that servers store, the given form first; other text is returned alone."""
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST:
        return (text,)
    value = float(text)
    if not isfinite(value):
        return (text,)
    plain = format(Decimal(repr(value)).normalize(), "f")
    spellings = [text, _general(value), _dotted(_general(value))]
    if len(plain) <= _LONGEST:
        spellings += [plain, _dotted(plain)]
    return tuple(dict.fromkeys(spellings))


def _general(value: float) -> str:
    """Return a number as Go's `strconv.FormatFloat(value, 'g', -1, 64)` prints it."""
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if _SMALL < exponent < _LARGE:
        return format(number, "f")
    digits = "".join(map(str, number.as_tuple().digits))
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{'-' if number.is_signed() else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


_SMALL: Final = -5
_LARGE: Final = 6
"""Between these powers of ten, Go writes no exponent (Go, `strconv`: the shortest form counts as six digits)."""


def _dotted(text: str) -> str:
    """Return a number as OpenMetrics writes it: with `.0` if it has neither point nor exponent."""
    return text if "." in text or "e" in text else f"{text}.0"


def _escaped(text: str) -> str:
    return text.replace(".", r"\.").replace("+", r"\+")


def _pattern(pattern: str) -> str:
    """Return a regular expression that matches, in every form, each number that `pattern` matches in one form."""
    body = _unwrapped(pattern)
    if body is not None:
        before, inner, behind = body
        return f"{before}{_pattern(inner)}{behind}"
    alternatives: list[str] = []
    for alternative in _alternatives(pattern):
        alternatives += _forms_of_alternative(alternative)
    return "|".join(dict.fromkeys(alternatives))


def _forms_of_alternative(alternative: str) -> Iterator[str]:
    yield alternative
    literal = alternative.replace(r"\.", ".").replace(r"\+", "+")
    if _NUMBER.fullmatch(literal) and not re.search(r"(?<!\\)\+", alternative):
        written = {literal, alternative}
        yield from (_escaped(form) for form in forms(literal) if form not in written)
    elif (widened := _widened(alternative)) is not None:
        yield widened


_PROBES: Final = tuple(map(str, (*range(21), 25, 30, 50, 60, 75, 100, 120, 250, 300, 500, 1000, 2500, 5000, 10000)))


def _widened(pattern: str) -> str | None:
    """Return a pattern for the other form of whole numbers, if a pattern matches them in one form only; else None."""
    try:
        probed = [(automaton.matches(pattern, number), automaton.matches(pattern, f"{number}.0")) for number in _PROBES]
    except automaton.TooLargeError:
        return None
    bare = any(alone and not with_point for alone, with_point in probed)
    dotted = any(with_point and not alone for alone, with_point in probed)
    if bare and not dotted:
        return rf"(?:{pattern})\.0"
    return pattern[: -len(r"\.0")] if dotted and not bare and pattern.endswith(r"\.0") else None


_BRACKETED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+(?:\]|\Z)|.", re.DOTALL)


def _pieces(pattern: str) -> list[str]:
    """Return a pattern's characters; an escape or a set counts as one."""
    return _BRACKETED.findall(pattern)


def _alternatives(pattern: str) -> list[str]:
    """Return the alternatives at the top level of a pattern, outside of groups."""
    alternatives, depth = [""], 0
    for piece in _pieces(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            alternatives.append("")
        else:
            alternatives[-1] += piece
    return alternatives


def _unwrapped(pattern: str) -> tuple[str, str, str] | None:
    """Split a pattern that is one group, or that has anchors, into what opens it, its inside and what closes it.

    Returns None for other patterns.
    """
    if pattern.startswith("^") and len(_alternatives(pattern)) == 1:
        end = "$" if pattern.endswith("$") and not pattern.endswith(r"\$") else ""
        return "^", pattern[1 : len(pattern) - len(end)], end
    pieces, depth = _pieces(pattern), 0
    if not pieces or pieces[0] != "(":
        return None
    for index, piece in enumerate(pieces):
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            if index != len(pieces) - 1:
                return None
            before = "(?:" if pattern.startswith("(?:") else "("
            inner = pattern[len(before) : -1]
            return None if inner.startswith("?") else (before, inner, ")")
    return None
