"""Resolve: times that recur, such as shifts and working hours, read and tried out.

The recurrence is an RRULE of RFC 5545, read by python-dateutil here and by the webhook. Times are those of the clock on
the wall in the schedule's zone, because that is how people agree on shifts; what daylight saving makes of them is the
webhook's `schedule`.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrulestr

from compiler.diagnostics import Diagnostics, did_you_mean
from compiler.document import Table
from compiler.model import Schedule
from compiler.resolve.reading import duration, table

FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
"""Nothing that people agree on recurs more often, and a rule by the second would have to be counted through."""

_PARTS: Final = re.compile(r"(?=.{1,200}\Z)[A-Z]+=[A-Z0-9+,-]+(;[A-Z]+=[A-Z0-9+,-]+)*")
_INTERVAL: Final = re.compile(r"[1-9]\d{0,3}", flags=re.ASCII)
_ENDS: Final = {"COUNT", "UNTIL"}
_TIMES: Final = {"BYMINUTE", "BYSECOND"}
_DAYS: Final = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS", "BYHOUR"}
_KNOWN: Final = {"FREQ", "INTERVAL", "WKST", *_DAYS, *_ENDS, *_TIMES}
_EXAMPLE: Final = "write `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR` or `FREQ=WEEKLY;INTERVAL=2`"
_MOMENT: Final = "write `2026-01-05 09:00`"
_FAR_YEARS: Final = 8
"""A rule that does not occur for so long, February 29th included, never does."""
_CALENDAR_YEARS: Final = 400
"""After so many the Gregorian calendar begins anew, on the same day of the week."""


def schedules(document: Table, diagnostics: Diagnostics) -> tuple[Schedule, ...]:
    """Return the schedules, sorted by id; what cannot be read is an error at its place and is left out."""
    found = (_schedule(key, given, diagnostics) for key, given in sorted(table(document, "schedules").items()))
    return tuple(schedule for schedule in found if schedule is not None)


def _schedule(key: str, given: Table, diagnostics: Diagnostics) -> Schedule | None:
    zone = _zone(given, diagnostics)
    start = _moment(given, "start", diagnostics)
    until = _moment(given, "until", diagnostics) if "until" in given else None
    seconds = duration(given, "duration", 0, diagnostics, least=60)
    exceptions = _exceptions(given, diagnostics)
    rule = _rule(given, start, diagnostics) if start else None
    if not zone or start is None or rule is None or not seconds:
        return None
    return Schedule(id=key, timezone=zone, start=start, duration=seconds, rule=rule, until=until, exceptions=exceptions)


def _zone(given: Table, diagnostics: Diagnostics) -> str | None:
    name: str = given["timezone"]
    known = available_timezones()
    try:
        # Not only looked up by its name: a file of that name may be none.
        ZoneInfo(name if name in known else "")
    except (ValueError, OSError):
        message = f"there is no time zone `{name}`"
        # What looks like an abbreviation is near many others, and none of them is meant.
        near = did_you_mean(name, known) if "/" in name else None
        hint = near or "write it as the tz database does, such as `Europe/Berlin` or `UTC`"
        diagnostics.error("timezone", given.value_spans["timezone"], message, hint=hint)
        return None
    return name


def _moment(given: Table, key: str, diagnostics: Diagnostics) -> datetime | None:
    try:
        found = datetime.strptime(str(given[key]).replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007  by the wall's clock
    except ValueError:
        message = f"`{given[key]}` is not a date and a time"
        diagnostics.error("recurrence", given.value_spans[key], message, hint=_MOMENT)
        return None
    return found


def _exceptions(given: Table, diagnostics: Diagnostics) -> tuple[date, ...]:
    listed = given.get("exceptions")
    found = []
    for text, span in zip(listed, listed.spans, strict=True) if listed else ():
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            message = f"`{text}` is not a date"
            diagnostics.error("recurrence", span, message, hint="write `2026-12-25`")
    return tuple(sorted(set(found)))


def _rule(given: Table, start: datetime, diagnostics: Diagnostics) -> str | None:
    rule: str = given["rule"].removeprefix("RRULE:")
    problem = _problem(rule, start)
    if problem is None:
        return rule
    message, hint = problem
    diagnostics.error("recurrence", given.value_spans["rule"], message, hint=hint)
    return None


def _problem(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return what is wrong with a rule and how to mend it, or None."""
    if not _PARTS.fullmatch(rule):
        return f"`{rule}` is not a recurrence rule (RFC 5545)", _EXAMPLE
    parts = [(name, value) for name, _, value in (part.partition("=") for part in rule.split(";"))]
    given = dict(parts)
    wrong = (
        (given.get("FREQ") not in FREQUENCIES, "does not recur by DAILY, WEEKLY, MONTHLY or YEARLY", _EXAMPLE),
        (bool(_ENDS & set(given)), "ends by itself", "say `until:` beside it, by the clock of the schedule's zone"),
        (bool(_TIMES & set(given)), "says at which minute or second", "say it in `start:`"),
        (len(given) < len(parts), "has a part twice", _EXAMPLE),
        (not _INTERVAL.fullmatch(given.get("INTERVAL", "1")), "has no such interval", "count from 1, up to 9999"),
        (
            bool(set(given) - _KNOWN),
            f"has parts that are not known: {', '.join(sorted(set(given) - _KNOWN))}",
            _EXAMPLE,
        ),
    )
    found = next(((f"the rule {message}", hint) for holds, message, hint in wrong if holds), None)
    return found or _untried(rule, start)


def _untried(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return what is wrong with a rule that shows itself only when it is used, or None."""
    # The library looks for the first time up to the last year there is. So it is shown the same days of the calendar
    # as late as they come.
    years = _CALENDAR_YEARS * ((MAXYEAR - _FAR_YEARS - 1 - start.year) // _CALENDAR_YEARS)
    late = start.replace(year=start.year + years)
    end = late + timedelta(days=366 * _FAR_YEARS)
    try:
        first = next(iter(rrulestr(f"RRULE:{rule};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=late)), None)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        return f"the rule cannot be read: {error}", _EXAMPLE
    return None if first else ("the rule never holds", "compare its parts: one may exclude another")
