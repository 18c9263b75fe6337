"""Times: RFC 3339 text in, UTC epoch seconds (float) inside, short text for people out. Pure.

Everything inside the webhook and its store is UTC epoch seconds. The text that Alertmanager sent is kept beside
it where identity depends on it, because a float does not hold nine decimals.
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
"""What lies farther ahead is no time that anybody has meant."""
_STEPS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s"))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A point in time, exactly."""

    seconds: float
    """UTC epoch seconds, rounded to what a float holds."""
    exact: str
    """`<epoch seconds>.<nine decimals>`: equal for equal moments, whatever zone they were written in."""


def parse_rfc3339(text: str) -> Moment:
    """Return the moment that `text` names (RFC 3339, any zone, up to nine decimals; more are cut).

    Computed on integers rather than with `datetime`, which neither holds nanoseconds nor converts Go's zero time
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
    """Return whether something may have begun at this time.

    Alertmanager's zero time, of the year 1, and what lies before 1970 or more than a day ahead says nothing.
    """
    return 0 < seconds <= now + DAY


def parse_moment(text: str, *, ends: bool = False) -> float:
    """Return the epoch seconds of an RFC 3339 time, or of a day (`2026-11-22`, UTC): its beginning, or its end.

    Raises ValueError when the text is neither.
    """
    if _DAY.match(text):
        return parse_rfc3339(f"{text}T00:00:00Z").seconds + (DAY if ends else 0)
    return parse_rfc3339(text).seconds


def iso(seconds: float) -> str:
    """Return `seconds` since the epoch as RFC 3339 in UTC with whole seconds; empty when outside the calendar."""
    try:
        # Not by strftime, which writes the year 1 with one digit.
        return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError, OSError):
        return ""


def clock(seconds: float, *, now: float) -> str:
    """Return `03:12 UTC`, with the date before it when that is not today's (both in UTC)."""
    text = iso(seconds) if 0 < seconds <= now + _FARTHEST else ""
    if not text:
        return "an unknown time"
    day, time = text[:10], text[11:16]
    return f"{time} UTC" if day == iso(now)[:10] else f"{day} {time} UTC"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: `45 s`, `12 min`, `1 h 30 min`, `2 d 4 h`."""
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
    """Return a span as policies write it: whole hours as such, `4 h` rather than `240 min`."""
    return f"{seconds / HOUR:g} h" if seconds >= HOUR and seconds % HOUR == 0 else span(seconds)


def _offset(zone: str) -> int:
    """Return how many seconds `zone` lies east of UTC."""
    if zone in "Zz":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * HOUR + int(zone[4:6]) * MINUTE)
