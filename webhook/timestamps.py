"""Parses RFC 3339 times into UTC epoch seconds (float), and writes times as short text for people. Pure.

The webhook and its store use UTC epoch seconds everywhere. Where identity depends on a time, they also keep its exact
text, because a float does not hold nine decimals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

MINUTE = 60
HOUR = 3_600
DAY = 86_400

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)\Z", flags=re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", flags=re.ASCII)
# Days from 0001-01-01 (day 1 of the proleptic calendar) to 1970-01-01.
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_FARTHEST = 100 * 366 * DAY
"""Seconds; a time farther ahead is a mistake."""
_STEPS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s"))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """An exact point in time."""

    seconds: float
    """UTC epoch seconds, rounded to what a float holds."""
    exact: str
    """`<epoch seconds>.<nine decimals>`: equal for equal moments, in whatever zone they were written."""


def parse_rfc3339(text: str) -> Moment:
    """Return the moment that `text` names (RFC 3339, any zone, up to nine decimals; further decimals are cut).

    It computes with integers and not with `datetime`, which does not hold nanoseconds and cannot convert Go's zero time
    0001-01-01T00:00:00Z in a zone east or west of it. Raises ValueError when the text is not RFC 3339.
    """
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError("is not an RFC 3339 time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("is not an RFC 3339 time")
    days = datetime(year, month, day, tzinfo=UTC).toordinal() - _EPOCH_DAY
    whole = days * DAY + hour * HOUR + minute * MINUTE + second - _offset(match[8])
    nanoseconds = (match[7] or "")[:9].ljust(9, "0")
    return Moment(seconds=whole + int(nanoseconds) / 1e9, exact=f"{whole}.{nanoseconds}")


def is_credible(seconds: float, *, now: float) -> bool:
    """Return whether `seconds` can be the time at which something began.

    A time before 1970, such as Alertmanager's zero time in the year 1, or more than a day ahead is not credible.
    """
    return 0 < seconds <= now + DAY


def parse_moment(text: str, *, ends: bool = False) -> float:
    """Return the epoch seconds of an RFC 3339 time, or of the beginning of a day (`2026-11-22`, UTC).

    If `ends` is true, a day means its end. Raises ValueError when the text is neither.
    """
    if _DAY.match(text):
        return parse_rfc3339(f"{text}T00:00:00Z").seconds + (DAY if ends else 0)
    return parse_rfc3339(text).seconds


def iso(seconds: float) -> str:
    """Return epoch seconds as RFC 3339 in UTC with whole seconds; empty if the year is not between 1 and 9999."""
    try:
        # strftime would write the year 1 with one digit.
        return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError, OSError):
        return ""


def clock(seconds: float, *, now: float) -> str:
    """Return `03:12 UTC`, with the date before it if it is not today (both in UTC)."""
    text = iso(seconds) if 0 < seconds <= now + _FARTHEST else ""
    if not text:
        return "an unknown time"
    day, time = text[:10], text[11:16]
    return f"{time} UTC" if day == iso(now)[:10] else f"{day} {time} UTC"


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `45 s`, `12 min`, `1 h 30 min`, `2 d 4 h`."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in _STEPS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2 or (parts and size == MINUTE):
            break
    return " ".join(parts) or "0 s"


def written_span(seconds: float) -> str:
    """Return a duration as policies write it: whole hours stay hours, so `48 h` and not `2 d`."""
    return f"{seconds / HOUR:g} h" if seconds >= HOUR and seconds % HOUR == 0 else span(seconds)


def _offset(zone: str) -> int:
    """Return by how many seconds `zone` is ahead of UTC."""
    if zone in "Zz":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * HOUR + int(zone[4:6]) * MINUTE)
