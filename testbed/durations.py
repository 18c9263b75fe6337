"""Divides durations as Prometheus writes them, alone and inside PromQL. `scaling.py` applies it to whole files."""

import re
from fractions import Fraction
from math import ceil

from testbed.servers import SCRAPE_SECONDS

# A server that looks every second sees nothing shorter.
FLOOR_SECONDS = SCRAPE_SECONDS
# `rate()` over fewer samples trips over a late scrape; four scrapes to a window is what the field asks for.
WINDOW_FLOOR_SECONDS = 4 * SCRAPE_SECONDS

_UNIT_MS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
# Strings and comments come first, so that nothing inside them is taken for a window.
_PROMQL = re.compile(
    rf"""
      (?P<skip> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` | \#[^\n]* )
    | (?P<open> \[\s*) (?P<window>{_DURATION}) (?: (?P<colon>\s*:\s*) (?P<step>{_DURATION})? )? (?P<close>\s*\])
    | (?P<offset> \boffset\s+-?\s*) (?P<by>{_DURATION})
    """,
    re.VERBOSE,
)


class ScalingError(ValueError):
    """The configuration holds something that cannot be scaled or led to loopback."""


def scale_expr(expr: str, factor: int) -> str:
    """Return PromQL with its windows, subquery steps and offsets divided by `factor`; strings and names stay."""

    def change(found: re.Match[str]) -> str:
        if found["skip"]:
            return found[0]
        if found["by"]:
            return found["offset"] + scale_duration(found["by"], factor, FLOOR_SECONDS)
        step = scale_duration(found["step"], factor, FLOOR_SECONDS) if found["step"] else ""
        window = scale_duration(found["window"], factor, WINDOW_FLOOR_SECONDS)
        return f"{found['open']}{window}{found['colon'] or ''}{step}{found['close']}"

    return _PROMQL.sub(change, expr)


def scale_duration(text: str, factor: int, floor_seconds: int) -> str:
    """Return the duration divided by `factor`, rounded up to a millisecond, at least `floor_seconds`; zero stays zero.

    Raises `ScalingError` when `text` is no duration of Prometheus', such as `1h30m`.
    """
    if text in {"0", "0s"}:
        return "0s"
    if not re.fullmatch(_DURATION, text):
        raise ScalingError(f"`{text}` is not a duration")
    total = sum(int(number) * _UNIT_MS[unit] for number, unit in _PART.findall(text))
    return _format(max(ceil(Fraction(total, factor)), floor_seconds * 1_000))


def _format(milliseconds: int) -> str:
    parts = []
    for unit in ("h", "m", "s", "ms"):
        number, milliseconds = divmod(milliseconds, _UNIT_MS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts)
