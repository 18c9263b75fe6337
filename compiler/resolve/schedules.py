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
"""Shifts and hours never recur more often, and a rule that recurs by the second would take too long to enumerate."""

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
    resolved = (_schedule(key, mapping, diagnostics) for key, mapping in sorted(table(document, "schedules").items()))
    return tuple(schedule for schedule in resolved if schedule is not None)


def _schedule(key: str, mapping: Table, diagnostics: Diagnostics) -> Schedule | None:
    zone = _zone(mapping, diagnostics)
    start = _moment(mapping, "start", diagnostics)
    until = _moment(mapping, "until", diagnostics) if "until" in mapping else None
    seconds = duration(mapping, "duration", 0, diagnostics, least=60)
    exceptions = _exceptions(mapping, diagnostics)
    rule = _rule(mapping, start, diagnostics) if start else None
    if not zone or start is None or rule is None or not seconds:
        return None
    return Schedule(id=key, timezone=zone, start=start, duration=seconds, rule=rule, until=until, exceptions=exceptions)


def _zone(mapping: Table, diagnostics: Diagnostics) -> str | None:
    name: str = mapping["timezone"]
    zones = available_timezones()
    try:
        # Opening the zone, not only looking up its name, detects a file that is no valid zone.
        ZoneInfo(name if name in zones else "")
    except (ValueError, OSError):
        message = f"there is no time zone `{name}`"
        # A name without a slash may be an abbreviation, which is similar to many zones but means none of them.
        suggestion = did_you_mean(name, zones) if "/" in name else None
        hint = suggestion or "write it as the tz database does, such as `Europe/Berlin` or `UTC`"
        diagnostics.error("timezone", mapping.value_spans["timezone"], message, hint=hint)
        return None
    return name


def _moment(mapping: Table, key: str, diagnostics: Diagnostics) -> datetime | None:
    try:
        moment = datetime.strptime(str(mapping[key]).replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007  by the wall's clock
    except ValueError:
        message = f"`{mapping[key]}` is not a date and a time"
        diagnostics.error("recurrence", mapping.value_spans[key], message, hint=_MOMENT)
        return None
    return moment


def _exceptions(mapping: Table, diagnostics: Diagnostics) -> tuple[date, ...]:
    texts = mapping.get("exceptions")
    dates = []
    for text, span in zip(texts, texts.spans, strict=True) if texts else ():
        try:
            dates.append(date.fromisoformat(text))
        except ValueError:
            message = f"`{text}` is not a date"
            diagnostics.error("recurrence", span, message, hint="write `2026-12-25`")
    return tuple(sorted(set(dates)))


def _rule(mapping: Table, start: datetime, diagnostics: Diagnostics) -> str | None:
    rule: str = mapping["rule"].removeprefix("RRULE:")
    problem = _problem(rule, start)
    if problem is None:
        return rule
    message, hint = problem
    diagnostics.error("recurrence", mapping.value_spans["rule"], message, hint=hint)
    return None


def _problem(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return the problem of a rule and how to correct it, or None."""
    if not _PARTS.fullmatch(rule):
        return f"`{rule}` is not a recurrence rule (RFC 5545)", _EXAMPLE
    parts = [(name, value) for name, _, value in (part.partition("=") for part in rule.split(";"))]
    value_by_name = dict(parts)
    problems = (
        (value_by_name.get("FREQ") not in FREQUENCIES, "does not recur by DAILY, WEEKLY, MONTHLY or YEARLY", _EXAMPLE),
        (
            bool(_ENDS & set(value_by_name)),
            "ends by itself",
            "say `until:` beside it, by the clock of the schedule's zone",
        ),
        (bool(_TIMES & set(value_by_name)), "says at which minute or second", "say it in `start:`"),
        (len(value_by_name) < len(parts), "has a part twice", _EXAMPLE),
        (
            not _INTERVAL.fullmatch(value_by_name.get("INTERVAL", "1")),
            "has no such interval",
            "count from 1, up to 9999",
        ),
        (
            bool(set(value_by_name) - _KNOWN),
            f"has parts that are not known: {', '.join(sorted(set(value_by_name) - _KNOWN))}",
            _EXAMPLE,
        ),
    )
    problem = next(((f"the rule {message}", hint) for applies, message, hint in problems if applies), None)
    return problem or _evaluation_problem(rule, start)


def _evaluation_problem(rule: str, start: datetime) -> tuple[str, str] | None:
    """Return the problem of a rule that appears only when the library evaluates it, or None."""
    # The library searches for the first occurrence up to the last year of `datetime`. An equivalent start as late as
    # possible in the calendar keeps this search short.
    years = _CALENDAR_YEARS * ((MAXYEAR - _FAR_YEARS - 1 - start.year) // _CALENDAR_YEARS)
    late_start = start.replace(year=start.year + years)
    end = late_start + timedelta(days=366 * _FAR_YEARS)
    try:
        first = next(iter(rrulestr(f"RRULE:{rule};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=late_start)), None)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        return f"the rule cannot be read: {error}", _EXAMPLE
    return None if first else ("the rule never holds", "compare its parts: one may exclude another")
