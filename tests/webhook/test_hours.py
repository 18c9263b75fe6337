"""Tests of working hours and rotations: who is told when, and how spans count.

The tests begin on Sunday, 22 November 2026, at noon in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import NOON, Clock, FakeSender, alert
from webhook.catalog.file import load
from webhook.catalog.parse import CatalogError
from webhook.incidents.recipients import on_call, people
from webhook.senders.contract import PermanentFailure
from webhook.service import Service
from webhook.timestamps import iso

Post = Callable[..., Any]
Drain = Callable[..., int]
Senders = dict[str, FakeSender]

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {
    "timezone": "Europe/Berlin",
    "start": "2026-01-05T09:00",
    "duration_seconds": 8 * 3_600,
    "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
}
WEEK_A = {
    "timezone": "Europe/Berlin",
    "start": "2026-11-16T09:00",
    "duration_seconds": 7 * 86_400,
    "rule": "FREQ=WEEKLY;INTERVAL=3",
}
ALWAYS = {**WEEK_A, "start": "2026-01-01T00:00", "duration_seconds": 86_400, "rule": "FREQ=DAILY"}
WEEK_B = {**WEEK_A, "start": "2026-11-23T09:00"}
MONDAY_AT_NINE = 20.0
"""Hours until Monday, nine o'clock in Berlin, which is eight in UTC."""


def turn(schedule: str) -> dict[str, Any]:
    contacts = {"email": [f"{schedule}@example.com"], "sms": [], "phone": []}
    return {"schedule": schedule, "title": schedule.replace("-", " "), "contacts": contacts}


def edited(path: Path, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    data: dict[str, Any] = json.loads(path.read_text())
    data["schedules"] = {"office": OFFICE, "week-a": WEEK_A, "week-b": WEEK_B, **changes}
    data["policies"]["standard"]["severities"]["warning"]["hours"] = "office"
    data["levels"]["devops"]["rotation"] = [turn("week-a"), turn("week-b")]
    return data


@pytest.fixture
def catalog_path(catalog_path: Path) -> Path:
    """Return the catalogue with office hours for warnings and a rotation in which two of three weeks are covered."""
    catalog_path.write_text(json.dumps(edited(catalog_path)))
    return catalog_path


def mails(senders: Senders) -> list[tuple[str, str]]:
    return [(action, address.partition("@")[0]) for action, address in senders["email"].sent]


def assert_one_mail_on_monday(senders: Senders, clock: Clock, drain: Drain) -> None:
    """Let the weekend pass; assert that no mail comes before the office opens, and then one page."""
    clock.forward(hours=MONDAY_AT_NINE - 0.1)
    drain()
    assert mails(senders) == []
    clock.forward(hours=0.1)
    drain()
    assert mails(senders) == [("open", "week-a")]


def test_warning_outside_of_working_hours_waits_for_them(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, client: FlaskClient
) -> None:
    """The team's channel shows it at once; phones and mailboxes wait until Monday at nine."""
    post(alert(severity="warning"))
    drain()
    assert senders["slack"].sent == [("open", "#ops-platform")]
    assert senders["slack"].jobs[0].message.standing == (
        "L1 DevOps team (week a), told in working hours from 2026-11-23 08:00 UTC: acknowledge within 4 h, by 2026-11-23"
        " 12:00 UTC."
    )
    assert b'tocsin_outbox_waiting{channel="email"} 0.0' in client.get("/metrics").data, "waiting for hours is no delay"
    assert_one_mail_on_monday(senders, clock, drain)


def test_spans_of_working_hours_count_only_within_them(
    *, post: Post, drain: Drain, step: Callable[[], int], senders: Senders, clock: Clock
) -> None:
    """Eight hours from Sunday end on Monday at five, when the office closes."""
    post(alert(severity="warning"))
    clock.forward(hours=MONDAY_AT_NINE + 7.9)
    step()
    drain()
    assert mails(senders) == [("open", "week-a")]
    clock.forward(hours=0.1)
    step()
    clock.forward(hours=16)
    drain()
    assert mails(senders) == [("open", "week-a"), ("escalate", "manager")]


@pytest.mark.parametrize(
    ("saturday", "hours"), [("2026-03-28T12:00", 44), ("2026-10-24T12:00", 46)], ids=["spring", "autumn"]
)
def test_weekend_on_which_the_clocks_change_ends_when_the_office_opens(  # noqa: PLR0917
    saturday: str,
    hours: int,
    post: Post,
    drain: Drain,
    step: Callable[[], int],
    senders: Senders,
    clock: Clock,
    service: Service,
    catalog_path: Path,
) -> None:
    """From Saturday noon to Monday at nine by the wall clock: one hour less in spring, one more in autumn.

    The next level's eight hours are Monday's, and end when the office closes.
    """
    catalog_path.write_text(json.dumps(edited(catalog_path, **{"week-a": ALWAYS})))
    assert service.catalog.refresh()
    clock.now = datetime.fromisoformat(saturday).replace(tzinfo=BERLIN).timestamp()
    post(alert(severity="warning", started=iso(clock.now)))
    clock.forward(hours=hours, seconds=-1)
    drain()
    assert mails(senders) == []
    clock.forward(seconds=1)
    drain()
    assert mails(senders) == [("open", "week-a")]
    clock.forward(hours=8, seconds=-1)
    assert step() == 0
    clock.forward(seconds=1)
    assert step() == 1
    clock.forward(hours=16)
    drain()
    assert mails(senders)[1:] == [("escalate", "manager")]


@pytest.mark.parametrize("sunday", ["2026-03-29T08:30", "2026-10-25T08:30"], ids=["spring", "autumn"])
def test_turn_changes_at_nine_on_the_day_on_which_the_clocks_do(  # noqa: PLR0917
    sunday: str, post: Post, drain: Drain, senders: Senders, clock: Clock, service: Service, catalog_path: Path
) -> None:
    """At half past eight it is the old turn, half an hour later the new one, in winter and in summer time."""
    start = datetime.fromisoformat(sunday).replace(hour=9, minute=0)
    new = {**ALWAYS, "start": start.isoformat(timespec="minutes"), "rule": "FREQ=DAILY"}
    old = {**WEEK_A, "start": (start - timedelta(days=7)).isoformat(timespec="minutes"), "rule": "FREQ=YEARLY"}
    catalog_path.write_text(json.dumps(edited(catalog_path, **{"week-a": old, "week-b": new})))
    assert service.catalog.refresh()
    clock.now = datetime.fromisoformat(sunday).replace(tzinfo=BERLIN).timestamp()
    post(alert(instance="before", started=iso(clock.now)), groupLabels={"n": "1"})
    clock.forward(minutes=30, seconds=-1)
    post(alert(instance="at the last moment", started=iso(clock.now)), groupLabels={"n": "2"})
    clock.forward(seconds=1)
    post(alert(instance="after", started=iso(clock.now)), groupLabels={"n": "3"})
    drain()
    assert mails(senders) == [("open", "week-a"), ("open", "week-a"), ("open", "week-b")]


@pytest.mark.parametrize("night", ["2026-03-29T01:30", "2026-10-25T01:30"], ids=["spring", "autumn"])
def test_span_over_the_change_of_clocks_is_as_long_as_any(
    *, night: str, post: Post, drain: Drain, step: Callable[[], int], senders: Senders, clock: Clock
) -> None:
    """A change of the wall clock gives nobody an hour more or less."""
    clock.now = datetime.fromisoformat(night).replace(tzinfo=BERLIN).timestamp()
    post(alert(started=iso(clock.now)))
    clock.forward(hours=1, seconds=-1)
    assert step() == 0
    clock.forward(seconds=1)
    assert step() == 1
    drain()
    assert ("escalate", "manager") in mails(senders)


def test_critical_alert_knows_no_hours(post: Post, drain: Drain, senders: Senders) -> None:
    """Hours belong to a severity, and critical has none."""
    post(alert())
    drain()
    assert mails(senders) == [("open", "week-a")]


def test_critical_alert_that_joins_a_warning_which_waits_for_working_hours_is_told_at_once(
    *,
    post: Post,
    drain: Drain,
    senders: Senders,
    clock: Clock,
    client: FlaskClient,
    catalog_path: Path,
    service: Service,
) -> None:
    """One mail on Sunday tells both alerts; on Monday at nine nothing is left to tell."""
    data = edited(catalog_path)
    data["policies"]["standard"]["severities"]["critical"]["notify"] = ["email"]
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    group = {"cell": "a"}
    post(alert("ApiPlatformConnectionPool", "warning"), groupLabels=group)
    clock.forward(minutes=5)
    drain()
    assert mails(senders) == []
    post(alert("ApiPlatformConnectionPool", "warning"), alert(), groupLabels=group)
    assert b'tocsin_outbox_oldest_seconds{channel="email"} 0.0' in client.get("/metrics").data, (
        "no delay of five minutes"
    )
    drain()
    assert mails(senders) == [("open", "week-a")]
    assert senders["email"].jobs[0].message.severity == "critical"
    clock.forward(hours=MONDAY_AT_NINE)
    drain()
    assert mails(senders) == [("open", "week-a")]


def test_warning_that_joins_a_warning_which_waits_for_working_hours_waits_too(
    post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """Neither alert is urgent: one mail on Monday at nine tells both."""
    group = {"cell": "a"}
    post(alert("Lag", "warning"), groupLabels=group)
    clock.forward(minutes=5)
    post(alert("Lag", "warning"), alert("Load", "warning"), groupLabels=group)
    assert_one_mail_on_monday(senders, clock, drain)


def test_warning_that_is_over_before_the_office_opens_is_one_mail_about_the_past(
    post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """There is one mail, and it does not sound as if the alert still fires."""
    post(alert(severity="warning"))
    post(alert(severity="warning", status="resolved"))
    clock.forward(hours=MONDAY_AT_NINE)
    drain()
    assert [(job.action, job.message.status) for job in senders["email"].jobs] == [("open", "resolved")]


def test_fallback_waits_for_working_hours_too(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, service: Service, catalog_path: Path
) -> None:
    """Slack's refusal of a warning is no reason to wake somebody on Sunday."""
    data = edited(catalog_path)
    data["policies"]["standard"]["fallback"] = ["email"]
    data["policies"]["standard"]["severities"]["warning"]["notify"] = ["log"]
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert(severity="warning"))
    drain()
    drain()
    assert mails(senders) == []
    clock.forward(hours=MONDAY_AT_NINE)
    drain()
    assert mails(senders) == [("open", "week-a")]


def test_the_one_on_call_is_told_and_named(post: Post, drain: Drain, senders: Senders, clock: Clock) -> None:
    """Until Monday at nine week A is on call, then week B; the time of the page counts, not that of the catalogue."""
    post(alert(instance="sunday"))
    drain()
    assert senders["email"].jobs[0].message.tier == "L1 DevOps team (week a)"
    clock.forward(hours=MONDAY_AT_NINE)
    post(alert("Nobody", severity="critical", instance="monday"))
    drain()
    assert mails(senders) == [("open", "week-a"), ("open", "week-b")]


def test_gap_in_a_rotation_leaves_nobody_out(catalog_path: Path) -> None:
    """In the third week nobody is on call: the level's own contacts are told, and the message says why."""
    catalog = load(catalog_path)
    contacts = people(catalog, policy="standard", severity="critical", level=0, now=NOON + 8 * 86_400)
    assert [(contact.channel, contact.destination) for contact in contacts] == [
        ("sms", "+12025550101"),
        ("email", "devops@example.com"),
    ]
    assert {contact.who for contact in contacts} == {"DevOps team (nobody is on call)"}


def test_first_of_two_turns_at_once_is_on_call(catalog_path: Path) -> None:
    """The order in the file counts: an exception stands above the rule."""
    catalog_path.write_text(json.dumps(edited(catalog_path, **{"week-b": WEEK_A})))
    catalog = load(catalog_path)
    assert on_call(catalog.levels["devops"], catalog, NOON)[0] == "DevOps team (week a)"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"office": {**OFFICE, "timezone": "Middle/Earth"}}, "schedule `office` cannot be read"),
        ({"office": {**OFFICE, "timezone": ".."}}, "schedule `office` cannot be read"),
        ({"office": {**OFFICE, "rule": "FREQ=SOMETIMES"}}, "schedule `office` cannot be read"),
        ({"office": {**OFFICE, "start": "2026-13-05T09:00"}}, "schedule `office` cannot be read"),
    ],
)
def test_schedule_that_cannot_be_read_leaves_the_last_good_catalogue_in_force(
    changes: dict[str, Any], reason: str, catalog_path: Path
) -> None:
    """An unknown time zone is reported when the file is read, not in the middle of the night."""
    catalog_path.write_text(json.dumps(edited(catalog_path, **changes)))
    with pytest.raises(CatalogError, match=reason):
        load(catalog_path)


def test_schedule_that_does_not_exist_is_named_with_who_names_it(catalog_path: Path) -> None:
    """JSON Schema cannot express this."""
    data = edited(catalog_path)
    del data["schedules"]["office"], data["schedules"]["week-b"]
    catalog_path.write_text(json.dumps(data))
    with pytest.raises(CatalogError) as caught:
        load(catalog_path)
    assert "level `devops` names the schedule `week-b`" in str(caught.value)
    assert "policy `standard` names the schedule `office`" in str(caught.value)


@pytest.mark.parametrize(("hold", "hours"), [(4 * 3_600, 4), (None, None)])
def test_policy_says_how_long_an_acknowledgement_holds(  # noqa: PLR0917
    hold: float | None,
    hours: int | None,
    post: Post,
    drain: Drain,
    step: Callable[[], int],
    senders: Senders,
    clock: Clock,
    client: FlaskClient,
    service: Service,
    catalog_path: Path,
) -> None:
    """An acknowledgement may hold for a number of hours, or until the incident is resolved or given back."""
    data = edited(catalog_path)
    data["policies"]["standard"]["severities"]["critical"]["acknowledged_seconds"] = hold
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    post(alert())
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    clock.forward(hours=3.9)
    step()
    drain()
    assert [action for action, _ in mails(senders)] == ["open"]
    clock.forward(hours=0.1 if hours else 100)
    step()
    drain()
    assert [action for action, _ in mails(senders)] == (["open", "escalate"] if hours else ["open"])
