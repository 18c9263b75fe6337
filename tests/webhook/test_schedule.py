"""Tests of shifts and working hours by the wall clock, and of its changes."""

from __future__ import annotations

import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT
from webhook.catalog.schedule import Schedule

BERLIN = "Europe/Berlin"
HOUR = 3_600


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def schedule(start: str, hours: float, rule: str, zone: str = BERLIN, **changes: object) -> Schedule:
    return Schedule(
        timezone=zone, start=datetime.fromisoformat(start), duration_seconds=int(hours * HOUR), rule=rule, **changes
    )


WEEK = schedule("2026-01-05T09:00", 7 * 24, "FREQ=WEEKLY;INTERVAL=2")
OFFICE = schedule("2026-01-05T09:00", 8, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")


def test_shift_holds_from_its_beginning_and_up_to_its_end() -> None:
    """The next shift begins at the moment when the last one ends."""
    assert not WEEK.holds(at("2026-01-05T08:59:59", BERLIN))
    assert WEEK.holds(at("2026-01-05T09:00", BERLIN))
    assert WEEK.holds(at("2026-01-12T08:59:59", BERLIN))
    assert not WEEK.holds(at("2026-01-12T09:00", BERLIN))
    assert WEEK.holds(at("2026-01-19T09:00", BERLIN)), "every other week"


@pytest.mark.parametrize(
    ("start", "hours"),
    [("2026-03-23T09:00", 7 * 24 - 1), ("2026-10-19T09:00", 7 * 24 + 1)],
    ids=["spring", "autumn"],
)
def test_week_ends_at_the_same_time_of_the_wall_s_clock_when_that_changes(start: str, hours: int) -> None:
    """Seven days are days of the calendar: one hour less in spring, one more in autumn."""
    week = schedule(start, 7 * 24, "FREQ=WEEKLY")
    window = week.window(at(start, BERLIN))
    assert window is not None
    assert window[1] - window[0] == hours * HOUR
    assert not schedule(start, 7 * 24, "FREQ=WEEKLY", until=datetime.fromisoformat(start)).holds(window[1])


def test_shift_that_begins_in_the_hour_that_does_not_exist_begins_at_the_change() -> None:
    """On 29 March 2026 02:30 does not exist: with the offset from before, the shift begins at 03:30 of the new time."""
    night = schedule("2026-03-01T02:30", 4, "FREQ=DAILY")
    window = night.window(at("2026-03-29T04:00", BERLIN))
    assert window == (at("2026-03-29T01:30"), at("2026-03-29T06:30", BERLIN))
    assert not night.holds(at("2026-03-29T03:29", BERLIN))
    assert night.holds(at("2026-03-29T03:30", BERLIN))


def test_shift_that_begins_in_the_hour_that_comes_twice_begins_at_the_first() -> None:
    """On 25 October 2026 02:30 comes twice; the end is by the wall clock, as in every night."""
    night = schedule("2026-10-01T02:30", 4, "FREQ=DAILY")
    assert night.window(at("2026-10-25T03:00", BERLIN)) == (at("2026-10-25T00:30"), at("2026-10-25T06:30", BERLIN))


def test_change_of_half_an_hour_is_one_too() -> None:
    """Lord Howe puts its clocks forward by thirty minutes, on 4 October 2026 at two."""
    night = schedule("2026-10-01T02:15", 1, "FREQ=DAILY", zone="Australia/Lord_Howe")
    assert night.holds(at("2026-10-04T02:45", "Australia/Lord_Howe"))


def test_exceptions_and_the_end_are_days_on_which_none_begins() -> None:
    """No shift begins on a holiday or after `until`."""
    office = schedule(
        "2026-01-05T09:00",
        8,
        OFFICE.rule,
        exceptions=frozenset({date(2026, 12, 25)}),
        until=datetime(2026, 12, 30, 23, 59),  # noqa: DTZ001  by the wall's clock
    )
    assert not office.holds(at("2026-12-25T10:00", BERLIN))
    assert office.following(at("2026-12-25T10:00", BERLIN)) == (
        at("2026-12-28T09:00", BERLIN),
        at("2026-12-28T17:00", BERLIN),
    )
    assert office.following(at("2026-12-31T10:00", BERLIN)) is None
    assert office.after(at("2026-12-31T10:00", BERLIN), 1) is None


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23T10:00", 4, "2026-11-23T14:00"),
        ("2026-11-23T15:00", 4, "2026-11-24T11:00"),
        ("2026-11-27T16:00", 8, "2026-11-30T16:00"),
        ("2026-11-28T12:00", 1, "2026-11-30T10:00"),
        ("2026-03-27T16:30", 1, "2026-03-30T09:30"),
    ],
    ids=["within a day", "over a night", "over a weekend", "from a weekend", "over the change of clocks"],
)
def test_span_counts_only_within_working_hours(start: str, hours: int, end: str) -> None:
    """Four hours from three in the afternoon end at eleven the next morning."""
    assert OFFICE.after(at(start, BERLIN), hours * HOUR) == at(end, BERLIN)


@PATIENT
@given(
    st.integers(int(at("2026-01-10T00:00")), int(at("2027-12-31T00:00"))),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.sampled_from([0.5, 2, 8, 24, 36, 7 * 24]),
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=MONTHLY;BYMONTHDAY=-1"]),
)
def test_laws_of_windows(now: int, zone: str, hours: float, rule: str) -> None:
    """The window found holds or begins later, and no shift holds between now and its begin."""
    recurring = schedule("2026-01-03T02:30", hours, rule, zone)
    window = recurring.following(now)
    assert window is not None
    begin, end = window
    assert begin < end
    assert end > now
    assert recurring.holds(now) == (begin <= now)
    assert recurring.holds(begin)
    if begin > now:
        assert not recurring.holds((now + begin) / 2)
    after = recurring.after(now, 600)
    assert after is not None
    assert after >= now + 600


CHANGES = (
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05"),
)


@PATIENT
@given(
    st.sampled_from([(zone, day) for zone, *days in CHANGES for day in days]),
    st.sampled_from([15, 30, 60, 120, 180, 480, 720]),
    st.integers(0, 95),
    st.integers(-12 * 3600, 36 * 3600),
)
def test_shifts_that_meet_leave_nobody_out_when_clocks_change(
    change: tuple[str, str], minutes: int, quarter: int, second: int
) -> None:
    """This holds for any length and start, in the hour that is skipped and in the one that comes twice."""
    zone, day = change
    begins = [(quarter * 15 + number * minutes) % (24 * 60) for number in range(24 * 60 // minutes)]
    shifts = [
        schedule(f"2026-01-05T{begin // 60:02}:{begin % 60:02}", minutes / 60, "FREQ=DAILY", zone) for begin in begins
    ]
    now = at(f"{day}T00:00", zone) + second
    assert any(shift.holds(now) for shift in shifts)


@PATIENT
@given(st.integers(int(at("2026-01-10T00:00")), int(at("2027-12-31T00:00"))))
def test_two_weeks_by_turns_leave_nobody_out_and_never_overlap(now: int) -> None:
    """At any moment of any year exactly one of week A and week B is on call."""
    other_week = schedule("2026-01-12T09:00", 7 * 24, "FREQ=WEEKLY;INTERVAL=2")
    assert WEEK.holds(now) != other_week.holds(now)


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31"])
def test_rule_that_never_holds_is_refused_before_anybody_waits_for_it(rule: str) -> None:
    """A search day by day up to the year 9999 takes many seconds, in the request that asks who is on call."""
    began = time.process_time()
    with pytest.raises(ValueError, match="never holds"):
        schedule("2026-01-05T09:00", 8, rule).check()
    assert time.process_time() - began < 2


@pytest.mark.parametrize("start", ["2026-01-05T09:00", "2399-12-31T09:00", "9998-06-01T09:00", "2092-02-29T09:00"])
def test_rule_that_holds_seldom_is_none_that_never_does(start: str) -> None:
    """February 29th on a Monday comes every 28 years, and once not for 40."""
    schedule(start, 8, "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO").check()
