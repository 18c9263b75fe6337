"""Checks of rotations: somebody must be on call at every hour of the next two years.

The check computes the gaps from the starts and ends of shifts in local time, as the webhook's module `schedule` does.
A local time that daylight saving skips has the offset from before the change. A local time that occurs twice means the
first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics
from compiler.model import Level, Schedule

YEARS = 2
_DAYS = 366 + 365
_MOST_SHOWN = 3
_LONGEST = timedelta(days=3_660)
"""A longer shift covers the whole checked time."""
_CLOCK_CHANGE = timedelta(hours=4)
"""More than any time zone moves its clocks forward or back."""
_STEPS = {"DAILY": 1, "WEEKLY": 7}

Span = tuple[datetime, datetime]


def today() -> datetime:
    """Return the start of the checked time: the current day in UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Add a warning for each level whose rotation has times at which nobody is on call."""
    schedules = {schedule.id: schedule for schedule in context.model.schedules}
    begin = today()
    for level in context.model.levels:
        shifts = [schedules[turn.schedule] for turn in level.rotation if turn.schedule in schedules]
        if not shifts or len(shifts) < len(level.rotation):
            continue
        level_gaps = tuple(gaps(shifts, begin, begin + timedelta(days=_DAYS)))
        if level_gaps:
            _warn(context, level, shifts[0], level_gaps, diagnostics)


def gaps(schedules: Sequence[Schedule], begin: datetime, end: datetime) -> Iterator[Span]:
    """Yield the times, in UTC, that no schedule covers; the time before the earliest start of a schedule is no gap."""
    covered_until = max(begin, min(_instant(schedule.start, ZoneInfo(schedule.timezone)) for schedule in schedules))
    for starts, ends in sorted(shift for schedule in schedules for shift in _shifts(schedule, begin, end)):
        if starts > covered_until:
            yield covered_until, min(starts, end)
        covered_until = max(covered_until, ends)
        if covered_until >= end:
            return
    if covered_until < end:
        yield covered_until, end


def _shifts(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[Span]:
    zone, length = ZoneInfo(schedule.timezone), min(timedelta(seconds=schedule.duration), _LONGEST)
    first = begin.astimezone(zone).replace(tzinfo=None)
    last = end.astimezone(zone).replace(tzinfo=None)
    # If a schedule began long ago, the library counts from a later occurrence. This saves time.
    start = _late_start(schedule, first - length - _CLOCK_CHANGE)
    rule = rrulestr(f"RRULE:{schedule.rule}", dtstart=start)
    for local_time in rule.xafter(first - length - _CLOCK_CHANGE, inc=True):
        if local_time > last or (schedule.until is not None and local_time > schedule.until):
            return
        starts, ends = _instant(local_time, zone), _instant(local_time + length, zone)
        if local_time.date() not in schedule.exceptions and starts < ends and ends > begin and starts < end:
            yield starts, ends


def _late_start(schedule: Schedule, before: datetime) -> datetime:
    """Return a start at or before `before` from which the rule yields the same later times as from its own start."""
    parts = dict(part.split("=") for part in schedule.rule.split(";"))
    days = _STEPS.get(parts["FREQ"], 0) * int(parts.get("INTERVAL", "1"))
    if not days or before <= schedule.start:
        return schedule.start
    return schedule.start + timedelta(days=(before - schedule.start).days // days * days)


def _instant(local_time: datetime, zone: ZoneInfo) -> datetime:
    return local_time.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _warn(
    context: CheckContext, level: Level, schedule: Schedule, level_gaps: Sequence[Span], diagnostics: Diagnostics
) -> None:
    zone = ZoneInfo(schedule.timezone)
    uncovered_hours = sum(((ends - starts) for starts, ends in level_gaps), timedelta()) / timedelta(hours=1)
    hours = f"{uncovered_hours:,.1f}".removesuffix(".0")
    shown = ", ".join(_shown(span, zone) for span in level_gaps[:_MOST_SHOWN])
    more = f" and {len(level_gaps) - _MOST_SHOWN} more" if len(level_gaps) > _MOST_SHOWN else ""
    message = (
        f"nobody in the rotation of level `{level.id}` is on call for {hours} h of the next {YEARS} years:"
        f" {shown}{more} ({schedule.timezone})"
    )
    hint = "let shifts meet, or add a last shift that never ends; the level's own contacts are told in a gap"
    level_table = context.document["levels"][level.id]
    diagnostics.warning("rotation-gap", level_table.key_spans["rotation"], message, hint=hint)


def _shown(span: Span, zone: ZoneInfo) -> str:
    starts, ends = (moment.astimezone(zone) for moment in span)
    one_day = starts.date() == ends.date()
    return (
        f"{starts:%Y-%m-%d %H:%M} to {ends:%H:%M}" if one_day else f"{starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
    )
