"""Labels whose values are numbers: `le` of histograms, `quantile` of summaries, in every form that servers store.

Prometheus 2 stores what the exporter writes (`1`, `1.0`, `1000000`); Prometheus 3 stores what OpenMetrics asks for
(`1.0`, `1e+06`). Measured with both, by the text format and by OpenMetrics. A matcher that knows one form alone selects
nothing elsewhere, and a healthy service reads as 0 %.
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
"""Characters of a number; no bucket has more, and Python need not write out `1e300`."""


def in_every_form(operator: str, value: str) -> tuple[str, str]:
    """Return operator and value of a matcher on one of `LABELS` that also knows the other forms of its numbers."""
    if operator in {"=", "!="}:
        found = forms(value)
        if len(found) == 1:
            return operator, value
        return _NEGATIVE[operator], "|".join(map(_escaped, found))
    return operator, _pattern(value)


def forms(text: str) -> tuple[str, ...]:
    """Return a number in the forms that servers store, the given one first; a text that is no number as it is."""
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST:
        return (text,)
    value = float(text)
    if not isfinite(value):
        return (text,)
    plain = format(Decimal(repr(value)).normalize(), "f")
    found = [text, _general(value), _dotted(_general(value))]
    if len(plain) <= _LONGEST:
        found += [plain, _dotted(plain)]
    return tuple(dict.fromkeys(found))


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
"""Powers of ten from which on Go writes an exponent (Go, `strconv`: the shortest form counts as one of six digits)."""


def _dotted(text: str) -> str:
    """Return a number as OpenMetrics writes it: with `.0` where it has neither point nor exponent."""
    return text if "." in text or "e" in text else f"{text}.0"


def _escaped(text: str) -> str:
    return text.replace(".", r"\.").replace("+", r"\+")


def _pattern(pattern: str) -> str:
    """Return a regular expression that lets each number through that it knows in one form, in every form."""
    body = _unwrapped(pattern)
    if body is not None:
        before, inner, behind = body
        return f"{before}{_pattern(inner)}{behind}"
    found: list[str] = []
    for alternative in _alternatives(pattern):
        found += _of_alternative(alternative)
    return "|".join(dict.fromkeys(found))


def _of_alternative(alternative: str) -> Iterator[str]:
    yield alternative
    literal = alternative.replace(r"\.", ".").replace(r"\+", "+")
    if _NUMBER.fullmatch(literal) and not re.search(r"(?<!\\)\+", alternative):
        same = {literal, alternative}
        yield from (_escaped(one) for one in forms(literal) if one not in same)
    elif (wide := _widened(alternative)) is not None:
        yield wide


_PROBES: Final = tuple(map(str, (*range(21), 25, 30, 50, 60, 75, 100, 120, 250, 300, 500, 1000, 2500, 5000, 10000)))


def _widened(pattern: str) -> str | None:
    """Return the pattern for the other form of the whole numbers that a pattern lets through in one form alone."""
    try:
        found = [(automaton.matches(pattern, one), automaton.matches(pattern, f"{one}.0")) for one in _PROBES]
    except automaton.TooLargeError:
        return None
    bare = any(alone and not with_point for alone, with_point in found)
    dotted = any(with_point and not alone for alone, with_point in found)
    if bare and not dotted:
        return rf"(?:{pattern})\.0"
    return pattern[: -len(r"\.0")] if dotted and not bare and pattern.endswith(r"\.0") else None


_BRACKETED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+(?:\]|\Z)|.", re.DOTALL)


def _pieces(pattern: str) -> list[str]:
    """Return a pattern's characters, an escape or a set as one."""
    return _BRACKETED.findall(pattern)


def _alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a pattern that lie in no group."""
    found, depth = [""], 0
    for piece in _pieces(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return found


def _unwrapped(pattern: str) -> tuple[str, str, str] | None:
    """Return what stands before, in and behind the group, or the anchors, that hold a whole pattern; else None."""
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
