"""Divide durations in Prometheus' notation, alone and inside PromQL. `scaling.py` applies it to whole files."""

import re
from fractions import Fraction
from math import ceil

from testbed.servers import SCRAPE_SECONDS

# A server that scrapes every second sees nothing shorter.
FLOOR_SECONDS = SCRAPE_SECONDS
# With fewer samples, one late scrape breaks `rate()`. Common practice is a window of four scrapes.
WINDOW_FLOOR_SECONDS = 4 * SCRAPE_SECONDS

_UNIT_MS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
# Match strings and comments first, so that nothing inside them counts as a window.
_PROMQL = re.compile(
    rf"""
      (?P<skip> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` | \#[^\n]* )
    | (?P<open> \[\s*) (?P<window>{_DURATION}) (?: (?P<colon>\s*:\s*) (?P<step>{_DURATION})? )? (?P<close>\s*\])
    | (?P<offset> \boffset\s+-?\s*) (?P<by>{_DURATION})
    """,
    re.VERBOSE,
)


class ScalingError(ValueError):
    """The configuration holds something that cannot be scaled or directed to loopback."""


def scale_expr(expr: str, factor: int) -> str:
    """Return PromQL with windows, subquery steps and offsets divided by `factor`; strings and names do not change."""

    def change(match: re.Match[str]) -> str:
        if match["skip"]:
            return match[0]
        if match["by"]:
            return match["offset"] + scale_duration(match["by"], factor, FLOOR_SECONDS)
        step = scale_duration(match["step"], factor, FLOOR_SECONDS) if match["step"] else ""
        window = scale_duration(match["window"], factor, WINDOW_FLOOR_SECONDS)
        return f"{match['open']}{window}{match['colon'] or ''}{step}{match['close']}"

    return _PROMQL.sub(change, expr)


def scale_duration(text: str, factor: int, floor_seconds: int) -> str:
    """Return the duration divided by `factor`, rounded up to a millisecond, at least `floor_seconds`; zero stays zero.

    Raises `ScalingError` if `text` is not a duration of Prometheus such as `1h30m`.
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
