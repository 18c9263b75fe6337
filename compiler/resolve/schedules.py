"""Resolve: recurring times, such as shifts and working hours, read and tested for at least one occurrence.

The recurrence is an RRULE (RFC 5545); the compiler and the webhook read it with python-dateutil. Times are local times
in the schedule's time zone, because people agree on shifts by local time. The webhook's module `schedule` applies
daylight saving time.
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
"""People agree on nothing that recurs more often, and a rule by the second would take too long to enumerate."""

_PARTS: Final = re.compile(r"(?=.{1,200}\Z)[A-Z]+=[A-Z0-9+,-]+(;[A-Z]+=[A-Z0-9+,-]+)*")
_INTERVAL: Final = re.compile(r"[1-9]\d{0,3}", flags=re.ASCII)
_ENDS: Final = {"COUNT", "UNTIL"}
_TIMES: Final = {"BYMINUTE", "BYSECOND"}
_DAYS: Final = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS", "BYHOUR"}
_KNOWN: Final = {"FREQ", "INTERVAL", "WKST", *_DAYS, *_ENDS, *_TIMES}
_EXAMPLE: Final = "write `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR` or `FREQ=WEEKLY;INTERVAL=2`"
_MOMENT: Final = "write `2026-01-05 09:00`"
_FAR_YEARS: Final = 8
"""A rule that does not occur within so many years never occurs; the span includes a February 29th."""
_CALENDAR_YEARS: Final = 400
"""After so many years the Gregorian calendar repeats, on the same days of the week."""


def schedules(document: Table, diagnostics: Diagnostics) -> tuple[Schedule, ...]:
    """Return the schedules, sorted by id; one that cannot be read is an error at its place and is left out."""
    resolved = (_schedule(key, given, diagnostics) for key, given in sorted(table(document, "schedules").items()))
    return tuple(schedule for schedule in resolved if schedule is not None)


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
        # Opening the zone, not only looking up its name, detects a file that is no valid zone.
        ZoneInfo(name if name in known else "")
    except (ValueError, OSError):
        message = f"there is no time zone `{name}`"
        # A name without a slash may be an abbreviation, which is similar to many zones but means none of them.
        near = did_you_mean(name, known) if "/" in name else None
        hint = near or "write it as the tz database does, such as `Europe/Berlin` or `UTC`"
        diagnostics.error("timezone", given.value_spans["timezone"], message, hint=hint)
        return None
    return name


def _moment(given: Table, key: str, diagnostics: Diagnostics) -> datetime | None:
    try:
        moment = datetime.strptime(str(given[key]).replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007  by the wall's clock
    except ValueError:
        message = f"`{given[key]}` is not a date and a time"
        diagnostics.error("recurrence", given.value_spans[key], message, hint=_MOMENT)
        return None
    return moment


def _exceptions(given: Table, diagnostics: Diagnostics) -> tuple[date, ...]:
    listed = given.get("exceptions")
    dates = []
    for text, span in zip(listed, listed.spans, strict=True) if listed else ():
        try:
            dates.append(date.fromisoformat(text))
        except ValueError:
            message = f"`{text}` is not a date"
            diagnostics.error("recurrence", span, message, hint="write `2026-12-25`")
    return tuple(sorted(set(dates)))


def _rule(given: Table, start: datetime, diagnostics: Diagnostics) -> str | None:
    rule: str = given["rule"].removeprefix("RRULE:")
    problem = _problem(rule, start)
    if problem is None:
        return rule
    message, hint = problem
    diagnostics.error("recurrence", given.value_spans["rule"], message, hint=hint)
    return None


def _problem(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return the problem of a rule and how to correct it, or None."""
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
    problem = next(((f"the rule {message}", hint) for holds, message, hint in wrong if holds), None)
    return problem or _untried(rule, start)


def _untried(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return the problem of a rule that appears only when the library evaluates it, or None."""
    # The library searches for the first occurrence up to the last year of `datetime`. An equivalent start as late as
    # possible in the calendar keeps this search short.
    years = _CALENDAR_YEARS * ((MAXYEAR - _FAR_YEARS - 1 - start.year) // _CALENDAR_YEARS)
    late = start.replace(year=start.year + years)
    end = late + timedelta(days=366 * _FAR_YEARS)
    try:
        first = next(iter(rrulestr(f"RRULE:{rule};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=late)), None)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        return f"the rule cannot be read: {error}", _EXAMPLE
    return None if first else ("the rule never holds", "compare its parts: one may exclude another")
