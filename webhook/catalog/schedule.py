"""Times that recur: shifts and working hours, by the clock on the wall of a zone, over its changes too. Pure.

`escalation` asks who is on call and how spans count. A schedule comes from the catalogue: an RRULE of RFC 5545, read
by python-dateutil, from a first start on the wall's clock.

On a day when clocks change the rules of RFC 5545 hold. A start that the clock passes over is read with the offset from
the change (3.3.5): 02:30 on the night in spring is 03:30; one that comes twice is the first of the two. An end is
read in the same way, for people agree on the clock's times: eight hours from ten in the evening end at six in the
morning, though they may be seven or nine, and whoever begins at six meets whoever ends then. (3.3.6 would have hours
exact.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

_LONGEST_CHANGE = timedelta(hours=2)
"""By more than this no zone has put its clocks forward or back for the summer."""
_CALENDAR_YEARS = 400
"""After so many the Gregorian calendar begins anew, on the same day of the week."""
_LONG_YEARS = 100
"""A rule that does not occur for so long never does."""
_MOST_TURNS = 10_000
"""A span that is not over after so many working times will not be over in anybody's life."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A time that recurs. `start` and `until` are by the clock of `timezone`, without a zone of their own."""

    timezone: str
    start: datetime
    duration_seconds: int
    rule: str
    until: datetime | None = None
    exceptions: frozenset[date] = frozenset()

    def check(self) -> None:
        """Raise KeyError, TypeError or ValueError when the zone or the rule cannot be read, or it never holds."""
        _ = self._zone
        # Where nothing is to be found the library looks up to the last year there is, day by day. So it looks at the
        # same days of the calendar as late as they come, once, before anybody asks who is on call.
        years = _CALENDAR_YEARS * ((MAXYEAR - _LONG_YEARS - self.start.year) // _CALENDAR_YEARS)
        late = replace(self, start=self.start.replace(year=self.start.year + years), until=None)
        if next(iter(late._recurring), None) is None:  # noqa: SLF001  one of its own kind
            raise ValueError("its rule never holds")

    def holds(self, now: float) -> bool:
        """Return whether it holds at `now` (epoch seconds); its end does not belong to it."""
        return self.window(now) is not None

    def window(self, now: float) -> tuple[float, float] | None:
        """Return from when until when it holds around `now` (epoch seconds), or None when it does not hold then."""
        wall = self._wall(now)
        # A start that the clock of the wall has passed over may lie a little ahead on it.
        begin = self._before(wall + _LONGEST_CHANGE)
        while begin is not None:
            window = self._instant(begin), self._end(begin)
            if window[0] <= now < window[1]:
                return window
            if window[1] <= now - _LONGEST_CHANGE.total_seconds():
                return None  # each lasts equally long by the clock, so those before have ended too
            begin = self._before(begin)
        return None

    def following(self, now: float) -> tuple[float, float] | None:
        """Return the window around `now` or else the next one, or None when it never holds again."""
        around = self.window(now)
        if around is not None:
            return around
        begin = self._after(self._wall(now) - _LONGEST_CHANGE)
        # One that lies in the hour that is left out does not take place.
        while begin is not None and self._end(begin) <= max(now, self._instant(begin)):
            begin = self._after(begin)
        return None if begin is None else (self._instant(begin), self._end(begin))

    def after(self, start: float, seconds: float) -> float | None:
        """Return when `seconds` have passed since `start` inside of its windows, or None when they never will have."""
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
        found = rrulestr(f"RRULE:{self.rule}", dtstart=self.start, cache=True)
        if not isinstance(found, rrule):
            raise TypeError("one rule makes one rrule")
        return found if self.until is None else found.replace(until=self.until)

    def _before(self, wall: datetime) -> datetime | None:
        found: datetime | None = self._recurring.before(wall)
        while found is not None and found.date() in self.exceptions:
            found = self._recurring.before(found)
        return found

    def _after(self, wall: datetime) -> datetime | None:
        found: datetime | None = self._recurring.after(wall)
        while found is not None and found.date() in self.exceptions:
            found = self._recurring.after(found)
        return found

    def _wall(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, tz=self._zone).replace(tzinfo=None)

    def _instant(self, wall: datetime) -> float:
        # `supersede` is 0: before the change, and the first of two.
        return wall.replace(tzinfo=self._zone).astimezone(UTC).timestamp()

    def _end(self, begin: datetime) -> float:
        return self._instant(begin + timedelta(seconds=self.duration_seconds))
