"""Schedules of shifts and working hours in the local time of a zone, also when its clocks change. Pure.

`escalation` asks who is on call and how long a time lasts within working hours. A schedule comes from the catalogue: an
RRULE of RFC 5545, read by python-dateutil, with a first start in local time.

On a day when clocks change, the rules of RFC 5545 hold. A start in the skipped hour is read with the offset from before
the change (3.3.5): 02:30 on the night in spring is 03:30. If a start comes twice, the first one counts. An end is read
in the same way, because people agree on local times: eight hours from 22:00 end at 06:00, even if seven or nine hours
pass. So a shift that ends at 06:00 meets the one that starts at 06:00. (3.3.6 would require exact hours.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

_LONGEST_CHANGE = timedelta(hours=2)
"""No zone has ever moved its clocks by more than this for the summer."""
_CALENDAR_YEARS = 400
"""After this number of years the Gregorian calendar repeats, with the same days of the week."""
_LONG_YEARS = 100
"""A rule that does not occur for this number of years never occurs."""
_MOST_TURNS = 10_000
"""The most windows that `after` visits; a time that is still not over will take longer than a lifetime."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A recurring time; `start` and `until` are local times of `timezone`, without a zone of their own."""

    timezone: str
    start: datetime
    duration_seconds: int
    rule: str
    until: datetime | None = None
    exceptions: frozenset[date] = frozenset()

    def check(self) -> None:
        """Raise KeyError, TypeError or ValueError if the zone or the rule cannot be read, or the rule never occurs."""
        _ = self._zone
        # If a rule never occurs, the library searches day by day up to the last year, 9999. So this check searches the
        # latest years with the same calendar, once, before anybody asks who is on call.
        years = _CALENDAR_YEARS * ((MAXYEAR - _LONG_YEARS - self.start.year) // _CALENDAR_YEARS)
        late_schedule = replace(self, start=self.start.replace(year=self.start.year + years), until=None)
        if next(iter(late_schedule._recurring), None) is None:  # noqa: SLF001  same class
            raise ValueError("its rule never holds")

    def holds(self, now: float) -> bool:
        """Return whether the schedule holds at `now` (epoch seconds); a window excludes its end."""
        return self.window(now) is not None

    def window(self, now: float) -> tuple[float, float] | None:
        """Return start and end of the window around `now` (epoch seconds), or None if there is none."""
        local_time = self._local_time(now)
        # A start in a skipped hour may be slightly ahead of the local time.
        begin = self._before(local_time + _LONGEST_CHANGE)
        while begin is not None:
            window = self._instant(begin), self._end(begin)
            if window[0] <= now < window[1]:
                return window
            if window[1] <= now - _LONGEST_CHANGE.total_seconds():
                return None  # all windows last equally long in local time, so earlier ones have ended too
            begin = self._before(begin)
        return None

    def following(self, now: float) -> tuple[float, float] | None:
        """Return the window around `now` or else the next one, or None if there is none."""
        current = self.window(now)
        if current is not None:
            return current
        begin = self._after(self._local_time(now) - _LONGEST_CHANGE)
        # A window that lies within the skipped hour does not take place.
        while begin is not None and self._end(begin) <= max(now, self._instant(begin)):
            begin = self._after(begin)
        return None if begin is None else (self._instant(begin), self._end(begin))

    def after(self, start: float, seconds: float) -> float | None:
        """Return when `seconds` within the windows have passed since `start`, or None if that never happens."""
        left, at = seconds, start
        for _ in range(_MOST_TURNS):
            window = self.following(at)
            if window is None:
                return None
            begin, end = max(window[0], at), window[1]
            if begin + left <= end:
                return begin + left
            left, at = left - (end - begin), end
        return None

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _recurring(self) -> rrule:
        rule = rrulestr(f"RRULE:{self.rule}", dtstart=self.start, cache=True)
        if not isinstance(rule, rrule):
            raise TypeError("one rule makes one rrule")
        return rule if self.until is None else rule.replace(until=self.until)

    def _before(self, local_time: datetime) -> datetime | None:
        start: datetime | None = self._recurring.before(local_time)
        while start is not None and start.date() in self.exceptions:
            start = self._recurring.before(start)
        return start

    def _after(self, local_time: datetime) -> datetime | None:
        start: datetime | None = self._recurring.after(local_time)
        while start is not None and start.date() in self.exceptions:
            start = self._recurring.after(start)
        return start

    def _local_time(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, tz=self._zone).replace(tzinfo=None)

    def _instant(self, local_time: datetime) -> float:
        # `fold` is 0: a skipped time has the offset from before the change, and of two equal times the first counts.
        return local_time.replace(tzinfo=self._zone).astimezone(UTC).timestamp()

    def _end(self, begin: datetime) -> float:
        return self._instant(begin + timedelta(seconds=self.duration_seconds))
