"""Explain a text that is not a limit: what is wrong with it, and which limit its author probably meant.

Pure. `compiler.resolve` asks for advice when `compiler.quantities` cannot read a limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from compiler.conventions import OFF
from compiler.quantities import (
    COUNT,
    RATIO,
    SECONDS,
    Quantity,
    QuantityError,
    decimal_text,
    parse_comparison,
    parse_quantity,
    quantity_text,
)

Advice = tuple[str, str | None]
"""A message and, if there is one, a hint."""

_OTHER_COMPARATORS: Final = {
    "=>": ">=",
    "=<": "<=",
    ">>": ">",
    "<<": "<",
    "≫": ">",
    "≪": "<",
    "greater than or equal to": ">=",
    "less than or equal to": "<=",
    "greater than": ">",
    "larger than": ">",
    "higher than": ">",
    "bigger than": ">",
    "exceeds": ">",
    "beyond": ">",
    "from": ">=",
    "lower than": "<",
    "smaller than": "<",
    "fewer than": "<",
    "up to": "<=",
    "gte": ">=",
    "lte": "<=",
    "gt": ">",
    "lt": "<",
    "=": ">=",
}
_OTHER_UNITS: Final = {
    **dict.fromkeys(("percent", "pct", "per cent", "perc"), "%"),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds", "millisec"), "ms"),
    **dict.fromkeys(("secs", "sek"), "s"),
    **dict.fromkeys(("mins", "minuten"), "min"),
    **dict.fromkeys(("hr", "hrs", "std"), "h"),
    **dict.fromkeys(("byte", "bytes"), "B"),
    **dict.fromkeys(("rps", "qps", "tps", "reqs", "per sec"), "per second"),
}
_BY_CASE: Final = {
    unit.casefold(): unit
    for unit in ("ms", "s", "sec", "m", "min", "h", "d", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB")
}
_NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
}
_SCALES: Final = {
    **dict.fromkeys(("k", "thousand", "tsd"), 1000),
    **dict.fromkeys(("M", "mio", "million", "millions"), 10**6),
    **dict.fromkeys(("bn", "billion", "mrd"), 10**9),
}
_LONGEST: Final = 80
"""Characters of the longest text that may be meant as a limit."""
NOTHING: Final = frozenset(
    {"no", "none", "never", "null", "nil", "-", "n/a", "disabled", "no limit", "false", "nothing", "disable"}
)
"""Words for "no limit" besides the format's own word."""
_COMPARATOR: Final = re.compile(
    r"\s*(?P<sign>>=|<=|==|>|<|≥|≤|above|over|more than|at least|below|under|less than|at most)?\s*(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_TEXT: Final = "|".join(
    re.escape(comparator) + (r"\b" if comparator[-1].isalpha() else "") for comparator in _OTHER_COMPARATORS
)
_OTHER: Final = re.compile(rf"\s*(?P<sign>{_OTHER_TEXT})\s*(?P<rest>[^\s=<>].*)\Z", re.IGNORECASE)
_UNIT: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z][A-Za-z ]*?)\.?\Z")
_DURATION_PARTS: Final = re.compile(r"(?:[0-9]+(?:h|m(?!s)|s))+[0-9]+ms\Z")


def advice(text: str, unit: str) -> Advice | None:
    """Return what is wrong with a limit of a signal measured in `unit`; None if this module has no advice."""
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        return None
    if text.strip().casefold() in NOTHING:
        return f"`{text}` is not a limit", f"write `{OFF}` where nobody is to be told"
    if text.strip().startswith("!="):
        number = text.strip()[2:].strip()
        return "a limit has one side, and `!=` has two", f"write `> {number}` or `< {number}`"
    wrong_comparator = _OTHER.match(text)
    if wrong_comparator is not None:
        sign = _OTHER_COMPARATORS[wrong_comparator["sign"].lower()]
        return f"`{wrong_comparator['sign']}` is no comparator", _write(sign, wrong_comparator["rest"])
    match = _COMPARATOR.match(text)
    assert match is not None  # noqa: S101 - all of its parts may be missing
    sign, rest = match["sign"] or "", match["rest"]
    for explain in _EXPLANATIONS:
        finding = explain(sign, rest)
        if finding is not None:
            return finding
    return _without_comparator(rest, unit) if not sign else None


def without_unit(text: str, unit: str) -> str | None:
    """Return how to write a limit whose number lacks its unit; None if the text is no comparison."""
    try:
        comparison = parse_comparison(text)
    except QuantityError:
        return None
    return f"write {_in_unit(comparison.comparator, comparison.quantity.value, unit)}"


def _in_unit(sign: str, number: Decimal, unit: str) -> str:
    if unit == RATIO and number > 100:
        return "a percentage, such as `> 5%`"
    if unit == RATIO:
        return f"`{sign} {decimal_text(number * 100 if number <= 1 else number)}%`"
    if unit == SECONDS:
        return f"`{sign} {decimal_text(number)}ms` or `{sign} {decimal_text(number)}s`"
    return f"`{sign} {quantity_text(Quantity(number, unit))}`"


def _without_comparator(rest: str, unit: str) -> Advice | None:
    try:
        quantity = parse_quantity(rest)
    except QuantityError:
        return None
    message = f"`{rest}` has no comparator"
    if quantity.unit == COUNT and unit != COUNT:
        return f"{message} and no unit", f"write {_in_unit('>', quantity.value, unit)}, with `<` where less is worse"
    return message, f"write `> {rest}`, or `< {rest}` where less is worse"


def _write(sign: str, rest: str) -> str:
    """Return a hint that shows the limit; if its number needs mending too, the hint shows the mended number."""
    for explain in _EXPLANATIONS:
        suggestion = explain(sign, rest)
        if suggestion is not None and suggestion[1] is not None:
            return suggestion[1]
    return f"write `{sign} {rest}`"


def _hold(sign: str, rest: str) -> Advice | None:
    match = re.fullmatch(r"(?P<number>.+?)\s+(?:for|during|over|in|within)\s+(?P<hold>[0-9]+\s*[a-z]+)", rest)
    if match is None:
        return None
    duration = match["hold"].replace(" ", "")
    hint = f"write `{sign or '>'} {match['number']}`, and `for: {duration}` beside it"
    return "a limit holds no duration: how long it must last stands in `for:`", hint


def _several(sign: str, rest: str) -> Advice | None:
    match = re.match(r"(?P<first>[^,;<>]+?)\s*(?:[,;]|and|or)?\s*[<>≥≤]", rest)
    if match is None:
        return None
    return "these are two limits: each severity has one", f"write `{sign or '>'} {match['first']}`"


def _range(sign: str, rest: str) -> Advice | None:
    match = re.fullmatch(r"(?P<first>[0-9.]+\s*(?P<unit>[^\s\d-]*))\s*(?:-|–|to|\.\.)\s*[0-9.]+\s*(?P<last>\S*)", rest)
    if match is None:
        return None
    first = match["first"].strip() + ("" if match["unit"] else match["last"])
    hint = f"write where it begins: `{sign or '>'} {first}`; the other end is the next severity's"
    return f"`{rest}` is a range, and a limit is one number", hint


def _separators(sign: str, rest: str) -> Advice | None:
    thousands = re.match(r"[0-9]{1,3}(?:[,'_ \u00a0\u202f][0-9]{3})+(?![0-9])", rest)
    if thousands is not None:
        number = re.sub(r"[^0-9]", "", thousands.group())
        message = f"`{thousands.group()}` is written with a separator of thousands"
        return message, f"write `{sign or '>'} {number}{rest[thousands.end() :]}`"
    decimals = re.match(r"(?P<whole>[0-9]+),(?P<part>[0-9]+)", rest)
    if decimals is None:
        return None
    number = f"{decimals['whole']}.{decimals['part']}"
    return f"`{decimals.group()}` has a comma for its point", f"write `{sign or '>'} {number}{rest[decimals.end() :]}`"


def _scale(sign: str, rest: str) -> Advice | None:
    """Return how to write `25k` or `1.5 million`; a lower-case `m` means minutes and is no scale."""
    match = re.fullmatch(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<scale>[A-Za-z]+)(?P<unit>\s.*)?", rest)
    size = _SCALES.get(match["scale"] if match["scale"] == "M" else match["scale"].casefold()) if match else None
    if match is None or size is None:
        return None
    number = decimal_text(Decimal(match["number"]) * size)
    unit = match["unit"] or ""
    return f"`{match['scale']}` is not a unit", f"write `{sign or '>'} {number}{unit if 'per' in unit else ''}`"


def _unit(sign: str, rest: str) -> Advice | None:
    match = _UNIT.match(rest)
    if match is None:
        return None
    written = match["unit"].strip()
    known = _OTHER_UNITS.get(written.casefold()) or _BY_CASE.get(written.casefold())
    if known is None or known == written:
        return None
    blank = " " if known[:3] == "per" else ""
    return f"`{written}` is not a unit", f"write `{sign or '>'} {match['number']}{blank}{known}`"


def _words(sign: str, rest: str) -> Advice | None:
    word, _, unit = rest.partition(" ")
    number = _NUMBERS.get(word.casefold())
    if number is None:
        return None
    suggestion = _unit(sign, f"{number} {unit}") if unit else None
    return f"`{word}` is written as a word", suggestion[1] if suggestion else f"write `{sign or '>'} {number} {unit}`"


def _sums(sign: str, rest: str) -> Advice | None:
    if not _DURATION_PARTS.match(rest):
        return None
    sizes = {"h": 3600_000, "m": 60_000, "s": 1000, "ms": 1}
    total = sum(int(count) * sizes[unit] for count, unit in re.findall(r"([0-9]+)(ms|h|m|s)", rest))
    return f"`{rest}` mixes milliseconds with greater units", f"write `{sign or '>'} {total}ms`"


def _odd(sign: str, rest: str) -> Advice | None:
    if re.match(r"[$@]|\{\{|%\(|<[a-z]", rest):
        return f"`{rest}` is a variable, and nothing puts a number in its place", "write the number"
    if re.match(r"[-−][0-9]", rest):
        return f"`{rest}` is negative, and what is measured is not", "write a number of 0 or more"
    exponent = re.match(r"[0-9]{1,18}(?:\.[0-9]{1,18})?[eE][-+]?[0-9]{1,2}(?![0-9])", rest)
    if exponent is not None:
        number = decimal_text(Decimal(exponent.group()))
        return f"`{exponent.group()}` has an exponent", f"write `{sign or '>'} {number}{rest[exponent.end() :]}`"
    if rest.endswith("+") and rest[:-1].strip():
        return f"`{rest}` has its comparator at the end", f"write `>= {rest[:-1].strip()}`"
    return None


_EXPLANATIONS: Final[tuple[Callable[[str, str], Advice | None], ...]] = (
    _hold,
    _several,
    _odd,
    _range,
    _separators,
    _sums,
    _words,
    _scale,
    _unit,
)
