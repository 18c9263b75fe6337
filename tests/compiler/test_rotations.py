"""Tests of gaps in rotations, which are computed from the times of shifts, over every change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.checks.rotations import gaps
from compiler.model import Schedule
from tests.compiler.base import SPEC, edit, tocsin
from webhook.catalog.schedule import Schedule as Held

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=731)
BERLIN = "Europe/Berlin"
CODE = "rotation-gap"


def shift(
    start: str,
    hours: float,
    rule: str = "FREQ=DAILY",
    *,
    zone: str = BERLIN,
    until: str | None = None,
    exceptions: tuple[date, ...] = (),
) -> Schedule:
    return Schedule(
        id="s",
        timezone=zone,
        start=datetime.fromisoformat(start),
        duration=int(hours * 3600),
        rule=rule,
        until=datetime.fromisoformat(until) if until else None,
        exceptions=exceptions,
    )


def test_three_shifts_of_eight_hours_leave_nobody_out() -> None:
    """This also holds in the nights of the clock changes, because the shifts follow the clock on the wall."""
    assert list(gaps([shift(f"2026-01-05T{hour}:00", 8) for hour in ("06", "14", "22")], BEGIN, END)) == []


@pytest.mark.parametrize("start", ["02:30", "02:00", "03:00"])
def test_shifts_that_meet_in_the_hour_of_the_change_do(start: str) -> None:
    """In the hour that is skipped, or comes twice, an end and a beginning are the same moment."""
    early, late = shift(f"2026-01-05T{start}", 12), shift(f"2026-01-05T{int(start[:2]) + 12}{start[2:]}", 12)
    assert list(gaps([early, late], BEGIN, END)) == []


def test_a_zone_without_a_change_leaves_an_hour_of_one_with_it() -> None:
    """The night shift follows the clock of Berlin, the day shift UTC: an hour of each winter day has nobody on call."""
    uncovered = list(gaps([shift("2026-01-05T20:00", 12), shift("2026-01-05T06:00", 12, zone="UTC")], BEGIN, END))
    berlin = ZoneInfo(BERLIN)
    assert {(ends - starts) for starts, ends in uncovered} == {timedelta(hours=1)}
    assert uncovered[0][0].astimezone(berlin).strftime("%m-%d %H:%M") == "10-25 19:00"


def test_exceptions_and_ends_leave_gaps() -> None:
    """No shift begins on Christmas, and after the end of all shifts nobody is on call."""
    day = shift("2026-01-05T00:00", 24, zone="UTC", exceptions=(date(2026, 12, 25),), until="2027-03-01T00:00")
    christmas = datetime(2026, 12, 25, tzinfo=UTC)
    assert list(gaps([day], BEGIN, END)) == [
        (christmas, christmas + timedelta(days=1)),
        (datetime(2027, 3, 2, tzinfo=UTC), END),
    ]


def test_before_a_rotation_begins_it_has_no_gap() -> None:
    """A rotation that begins next year says nothing about this year."""
    assert list(gaps([shift("2027-01-01T00:00", 24)], BEGIN, END)) == []


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    hours=st.lists(st.tuples(st.integers(0, 47), st.sampled_from([1, 4, 8, 12, 36])), min_size=1, max_size=4),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"]),
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SA,SU", "FREQ=DAILY;INTERVAL=2", "FREQ=MONTHLY"]),
    seconds=st.lists(st.integers(0, 731 * 86400 - 1), min_size=20, max_size=20),
)
def test_a_gap_is_where_the_webhook_finds_nobody(
    hours: list[tuple[int, int]], zone: str, rule: str, seconds: list[int]
) -> None:
    """The two programs read schedules independently, and must read the same."""
    shifts = [shift(f"2026-01-05T{half // 2:02}:{half % 2 * 30:02}", long, rule, zone=zone) for half, long in hours]
    held = [
        Held(timezone=schedule.timezone, start=schedule.start, duration_seconds=schedule.duration, rule=schedule.rule)
        for schedule in shifts
    ]
    uncovered = list(gaps(shifts, BEGIN, END))
    edges = [int(edge.timestamp()) - 1 for span in uncovered[:10] for edge in span]
    for moment in (
        *(int(BEGIN.timestamp()) + offset for offset in seconds),
        *(e for e in edges if e >= BEGIN.timestamp()),
    ):
        at = datetime.fromtimestamp(moment, UTC)
        assert any(starts <= at < ends for starts, ends in uncovered) == (
            not any(schedule.holds(moment) for schedule in held)
        )


@pytest.mark.usefixtures("base")
def test_check_says_which_hours_and_a_comment_silences_it() -> None:
    """The warning stands at the rotation and shows the first times. The level's own contacts may be meant for them."""
    office = (
        "schedules:\n  office: {timezone: Europe/Berlin, start: 2026-01-05 09:00, duration: 23h, rule: FREQ=DAILY}\n"
    )
    turn = "{schedule: office, title: Office, email: [a@example.com], sms: ['+12025550109'], phone: ['+12025550109']}"
    edit(SPEC, "teams:\n", f"{office}\nteams:\n")
    edit(SPEC, "{title: On call,", f"{{title: On call, rotation: [{turn}],")
    result = tocsin("check")
    assert CODE in result.stderr
    assert "is on call for 731 h of the next 2 years: 2026-06-01 08:00 to 09:00" in result.stderr
    assert "and 728 more (Europe/Berlin)" in result.stderr
    (line,) = (
        candidate for candidate in Path(SPEC).read_text(encoding="utf-8").splitlines() if "rotation:" in candidate
    )
    edit(SPEC, line, f"{line}  # tocsin: ignore[{CODE}] the team itself is asked then")
    assert tocsin("check").exit_code == 0
