"""Writes a measured number with its unit, for people. Pure; used by `render`.

The units are those of the catalogue. The numbers are in its base units: a ratio such as 0.073, seconds, bytes.
"""

from __future__ import annotations

import math
from typing import Literal

Unit = Literal["ratio", "seconds", "bytes", "count", "state", "per_second"]

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def measured(text: str | None, unit: Unit) -> str | None:
    """Return the number in an annotation `value` as people write it, or None if there is none.

    A state has no number. NaN and infinities are named, because the rule saw them.
    """
    if text is None or unit == "state":
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    if math.isnan(number):
        return "not a number (NaN)"
    if math.isinf(number):
        return "infinite" if number > 0 else "minus infinity"
    return _in_words(number, unit)


def measured_number(text: str | None) -> float | None:
    """Return the number in an annotation `value`, which may be infinite; None if there is none, or NaN."""
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _in_words(number: float, unit: Unit) -> str:
    if unit == "ratio":
        return f"{_digits(number * 100)}%"
    if unit == "seconds":
        return _seconds(number)
    if unit == "bytes":
        return _bytes(number)
    return f"{_digits(number)}/s" if unit == "per_second" else _digits(number)


def _seconds(number: float) -> str:
    size = abs(number)
    if size == 0:
        return "0 s"
    if size < 0.9995:
        return f"{_digits(number * 1_000)} ms"
    if size < 120:
        return f"{_digits(number)} s"
    if size < 7_200:
        return f"{_digits(number / 60)} min"
    return f"{_digits(number / 3_600)} h" if size < 172_800 else f"{_digits(number / 86_400)} d"


def _bytes(number: float) -> str:
    power = 0
    while abs(number) >= 1_024 and power < len(_BYTES) - 1:
        number /= 1_024
        power += 1
    return f"{_digits(number)} {_BYTES[power]}"


def _digits(number: float) -> str:
    """Return `number` with three significant digits below a thousand, and without decimals from a thousand on."""
    if number == 0:
        return "0"
    if abs(number) >= 999.5:
        return f"{number:.0f}" if abs(number) < 1e15 else f"{number:.3g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    if decimals > 9:
        return f"{number:.3g}"
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
