"""Tests that a call that cannot be delivered moves on to the policy's fallback channels, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.webhook.samples import NOON, Clock, FakeSender, alert
from webhook.incidents.notifications import Action, NewNotification
from webhook.senders.contract import PermanentFailure, TemporaryFailure
from webhook.service import Service
from webhook.storage import timers
from webhook.storage.database import StoreUnavailable
from webhook.storage.notifications import outbox

Post = Callable[..., Any]
Drain = Callable[..., int]
Senders = dict[str, FakeSender]


@pytest.fixture
def catalog_path(catalog_path: Path) -> Path:
    """Return the catalogue with fallback channels, and SMS in no tier, so that every SMS is a fallback.

    A warning has half an hour to be answered; half of that is for the channel that fails.
    """
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["fallback"] = ["sms", "email"]
    tier = {"notify": ["log"], "respond_seconds": 1_800, "escalate_seconds": 3_600}
    data["policies"]["standard"]["severities"]["warning"] |= tier
    catalog_path.write_text(json.dumps(data))
    return catalog_path


@pytest.fixture
def senders(senders: Senders) -> Senders:
    actions: set[Action] = {"open", "join", "escalate"}
    return {**senders, "sms": FakeSender("sms", actions), "phone": FakeSender("phone", actions, shows_state=False)}


def _refuse(refused: bool) -> None:  # noqa: FBT001
    if refused:
        raise PermanentFailure("channel_not_found")


def post_warning(post: Post) -> None:
    post(alert(severity="warning"))


def test_refused_message_reaches_people_by_another_channel_which_says_so(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """Slack says that the channel does not exist; the row keeps its state, and another row stands in for it."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post_warning(post)
    drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]
    assert senders["sms"].jobs[0].message.news == "Slack refused (channel_not_found); reached you by SMS."
    incident = client.get("/v1/incidents/1").get_json()
    slack, sms = (next(row for row in incident["notifications"] if row["channel"] == name) for name in ("slack", "sms"))
    assert (slack["state"], sms["state"], sms["instead_of"]) == ("failed", "sent", slack["id"])
    assert [line["kind"] for line in incident["timeline"]] == ["opened", "failed", "fallback"]


def test_a_message_that_cannot_be_written_moves_on_like_any_other(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """A mistake in this program is a failure, and people hear of the alert by another channel at once."""
    senders["slack"].hook = lambda _: 1 / 0
    post_warning(post)
    drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]
    incident = client.get("/v1/incidents/1").get_json()
    slack = next(row for row in incident["notifications"] if row["channel"] == "slack")
    assert (slack["state"], slack["reason"]) == ("waiting", "internal error: ZeroDivisionError")
    assert slack["moves_on_at"] is not None


def test_message_that_fails_for_now_is_waited_for_until_the_deadline_needs_another_way(
    *, post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """A warning has half an hour; a quarter of an hour is for Slack. When Slack is back, the team gets it there too."""
    senders["slack"].hook = lambda _: _fail_until(TemporaryFailure("HTTP 500"), clock, 1_200)
    post_warning(post)
    for _ in range(90):
        drain()
        assert senders["sms"].jobs == []
        clock.forward(seconds=10)
    drain()
    assert senders["sms"].jobs[0].message.news == "Slack has not taken it for 15 min (HTTP 500); reached you by SMS."
    incident = client.get("/v1/incidents/1").get_json()
    slack = next(row for row in incident["notifications"] if row["channel"] == "slack")
    assert slack["moves_on_at"] == "2026-11-22T12:15:00Z"
    for _ in range(3):
        clock.forward(minutes=5)
        drain()
    assert senders["slack"].sent == [("open", "#ops-platform")]
    assert len(senders["sms"].jobs) == 1, "it moves on once"


@pytest.mark.parametrize("minutes", [1, 5, 14])
def test_greylisted_mail_rings_no_telephone(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, catalog_path: Path, service: Service, minutes: int
) -> None:
    """A mail server that first refuses mail from strangers takes it a few minutes later (RFC 6647)."""
    standard(catalog_path, service, fallback=["phone"], notify=["email"], severity="critical")
    greylisted = TemporaryFailure("SMTP 451: 4.7.1 greylisted, try again later")
    senders["email"].hook = lambda _: _fail_until(greylisted, clock, 60 * minutes)
    post(alert())
    for _ in range(200):
        drain()
        clock.forward(seconds=10)
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert senders["phone"].jobs == []


@pytest.mark.parametrize(
    ("tier", "seconds"),
    [
        ({"respond_seconds": 1_800, "escalate_seconds": 3_600}, 900),
        ({"respond_seconds": 3_600, "escalate_seconds": 600}, 300),
        ({"respond_seconds": None, "escalate_seconds": 7_200}, 3_600),
        ({"respond_seconds": 0, "escalate_seconds": 900}, 10),
        ({"respond_seconds": None, "escalate_seconds": None}, 3_600),
    ],
)
def test_how_long_a_failure_may_last_comes_from_the_tier(
    *,
    post: Post,
    drain: Drain,
    senders: Senders,
    clock: Clock,
    catalog_path: Path,
    service: Service,
    tier: dict[str, float | None],
    seconds: float,
) -> None:
    """Half of the time until somebody must answer, or until the next level is told if that is sooner; at least 10 s."""
    standard(catalog_path, service, fallback=["sms"], severity="warning", **tier)
    senders["slack"].hook = lambda _: _fail_until(TemporaryFailure("HTTP 503"), clock, 1e9)
    post_warning(post)
    drain()
    clock.forward(seconds=seconds - 1)
    drain()
    assert senders["sms"].jobs == []
    clock.forward(seconds=1)
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]


def test_what_stands_in_has_half_of_the_time_that_is_left(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, catalog_path: Path, service: Service
) -> None:
    """Critical: a quarter of an hour for Slack, half of the rest for the SMS, and the phone call is still in time."""
    standard(catalog_path, service, fallback=["sms", "phone"], notify=["log"], severity="critical")
    for channel in ("slack", "sms"):
        senders[channel].hook = lambda _: _fail_until(TemporaryFailure("HTTP 503"), clock, 1e9)
    began = clock()
    post(alert())
    while not senders["phone"].jobs and clock() < began + 3_600:
        drain()
        clock.forward(seconds=10)
    assert 22 * 60 <= clock() - began <= 24 * 60


def test_failure_that_somebody_has_to_mend_is_not_waited_for(post: Post, drain: Drain, senders: Senders) -> None:
    """Somebody may mend a refused certificate, so Slack is tried again; meanwhile another channel is used."""
    senders["slack"].failures = [TemporaryFailure("the certificate was not accepted", lasting=True)]
    post_warning(post)
    drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]


def test_pause_that_ends_in_time_is_waited_for(post: Post, drain: Drain, senders: Senders, clock: Clock) -> None:
    """A warning has half an hour; a pause of ten minutes leaves enough of it."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=600)]
    post_warning(post)
    for _ in range(11):
        drain()
        clock.forward(minutes=1)
    assert (senders["slack"].sent, senders["sms"].jobs) == ([("open", "#ops-platform")], [])


def standard(catalog_path: Path, service: Service, *, fallback: list[str], severity: str, **tier: object) -> None:
    """Change the policy and one of its tiers."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["fallback"] = fallback
    data["policies"]["standard"]["severities"][severity] |= tier
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()


def _fail_until(failure: Exception, clock: Clock, seconds: float) -> None:
    if clock() < NOON + seconds:
        raise failure


def test_destination_that_asks_for_long_patience_is_not_waited_for(post: Post, drain: Drain, senders: Senders) -> None:
    """A pause of an hour is too long for a page."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=3_600)]
    post_warning(post)
    drain("slack")
    drain("sms")
    assert senders["sms"].sent == [("open", "+12025550101")]
    assert senders["sms"].jobs[0].message.news == "Slack asks to be left alone for 1 h; reached you by SMS."


def test_call_that_finds_its_destination_paused_moves_on_at_once(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, client: FlaskClient
) -> None:
    """The call was never tried, and could not be for an hour; Slack gets it after that."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=3_600)]
    post(alert(severity="warning"), groupLabels={"n": "1"})
    drain()
    clock.forward(minutes=10)
    post(alert(severity="warning", instance="b"), groupLabels={"n": "2"})
    drain()
    assert [job.message.incident_id for job in senders["sms"].jobs] == [1, 2]
    assert senders["sms"].jobs[1].message.news == "Slack asks to be left alone for 50 min; reached you by SMS."
    assert client.get("/v1/incidents/2").get_json()["timeline"][-1]["kind"] == "fallback"
    clock.forward(hours=1)
    drain()
    assert {job.message.incident_id for job in senders["slack"].jobs} == {1, 2}
    assert len(senders["sms"].jobs) == 2, "it moves on once"


def test_call_waits_for_a_destination_that_asks_for_little_patience(
    post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """A pause of half a minute is usual, but repeated pauses are too much."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=30) for _ in range(60)]
    post(alert(severity="warning"), groupLabels={"n": "1"})
    drain()
    post(alert(severity="warning", instance="b"), groupLabels={"n": "2"})
    for _ in range(29):
        clock.forward(seconds=30)
        drain()
        assert senders["sms"].jobs == []
    clock.forward(seconds=30)
    drain()
    assert [job.message.incident_id for job in senders["sms"].jobs] == [1, 2]


def test_call_behind_one_that_its_destination_does_not_take_moves_on(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """A joined alert waits behind the first message of its ordering key, but does not wait out that message's time."""
    group = {"system": "api-platform"}
    first, second = alert(severity="warning"), alert("ApiPlatformConnectionPool", "warning")
    senders["slack"].hook = lambda _: _fail_until(TemporaryFailure("HTTP 500"), clock, 1e9)
    post(first, groupLabels=group)
    for _ in range(4):
        drain()
        clock.forward(minutes=5)
    post(first, second, groupLabels=group)
    for _ in range(4):
        drain()
        clock.forward(minutes=5)
    assert [action for action, _ in senders["sms"].sent] == ["open", "join"]
    assert senders["sms"].jobs[1].message.news.startswith("Slack has not taken it for 15 min (HTTP 500); reached you")


def test_call_that_waits_for_its_hours_is_not_held_up_by_a_pause_before_them(
    *, post: Post, drain: Drain, senders: Senders, clock: Clock, catalog_path: Path, service: Service
) -> None:
    """A pause of an hour on Sunday does not matter on Monday at nine."""
    data = json.loads(catalog_path.read_text())
    data["schedules"] = {
        "office": {
            "timezone": "UTC",
            "start": "2026-01-05T09:00",
            "duration_seconds": 8 * 3_600,
            "rule": "FREQ=WEEKLY;BYDAY=MO",
        }
    }
    data["policies"]["standard"]["severities"]["warning"] |= {"hours": "office", "notify": ["email"]}
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    with service.database.write() as connection:
        outbox.pause(connection, "email", "devops@example.com", clock() + 3_600)
    post(alert(severity="warning"))
    drain()
    assert senders["sms"].jobs == []
    clock.forward(hours=21)
    drain()
    assert senders["email"].sent == [("open", "devops@example.com")]


def test_news_that_fails_after_somebody_has_taken_the_incident_moves_on(
    *, post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """The alert has another runbook section: whoever acknowledged the first alert has not heard of this one."""
    group = {"system": "api-platform"}
    first, second = alert(severity="warning"), alert("ApiPlatformConnectionPool", "warning")
    post(first, groupLabels=group)
    drain()
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    drain()
    clock.forward(minutes=1)
    post(first, second, groupLabels=group)
    drain("log")
    senders["slack"].hook = lambda job: _refuse(job.action == "join")
    drain("slack", "sms")
    assert senders["sms"].sent == [("join", "+12025550101")]


def test_fallback_that_fails_too_moves_on_to_the_next(post: Post, drain: Drain, senders: Senders) -> None:
    """The fallbacks are tried in the order of the policy."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    senders["sms"].failures = [PermanentFailure("no such number")]
    post_warning(post)
    for _ in range(3):
        drain()
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert senders["email"].jobs[0].message.news == (
        "SMS refused (no such number); reached you by e-mail. Slack refused (channel_not_found)."
    )


def test_who_is_called_by_the_fallback_channel_anyway_is_not_called_twice(
    post: Post, drain: Drain, senders: Senders
) -> None:
    """A critical alert reaches the same person by SMS anyway."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert())
    drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]
    assert senders["sms"].jobs[0].message.news == ""


def test_edit_that_fails_wakes_nobody(post: Post, drain: Drain, senders: Senders) -> None:
    """Only calls move on; an outdated message is no reason to ring."""
    post(alert(severity="warning", instance="a"))
    drain()
    senders["slack"].failures = [PermanentFailure("cant_update_message")]
    post(alert(severity="warning", instance="a"), alert(severity="warning", instance="b"))
    drain()
    drain()
    assert senders["sms"].jobs == []


def test_call_for_an_incident_that_somebody_has_taken_does_not_move_on(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """Somebody works on the incident, so no fallback is needed."""
    post_warning(post)
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    drain()
    drain()
    assert senders["sms"].jobs == []


def test_news_after_somebody_has_taken_the_incident_is_called_in_all_the_same(
    *, post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """The alert has another runbook section: whoever acknowledged the first alert has not acknowledged this one."""
    group = {"system": "api-platform"}
    first, second = alert(), alert("ApiPlatformConnectionPool", annotations={"value": "0.97"})
    post(first, groupLabels=group)
    drain()
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    clock.forward(minutes=1)
    post(first, second, groupLabels=group)
    drain()
    assert senders["sms"].sent == [("open", "+12025550101"), ("join", "+12025550101")]


def test_sms_about_what_somebody_has_taken_is_not_sent(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """It was acknowledged in Slack before the SMS was sent, so nobody else is woken."""
    post(alert())
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    drain()
    assert senders["sms"].jobs == []
    assert senders["email"].jobs[0].message.standing.startswith("Acknowledged by on-call")


def test_one_number_written_twice_is_called_once(
    post: Post, drain: Drain, senders: Senders, catalog_path: Path, service: Service
) -> None:
    """With a number that the catalogue repeats, the phone is called exactly once."""
    data = json.loads(catalog_path.read_text())
    data["levels"]["devops"]["contacts"]["sms"] *= 2
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post_warning(post)
    drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]


def fail_fallback_of(monkeypatch: pytest.MonkeyPatch, number: int, error: Callable[[], Exception]) -> None:
    """Raise an error when a fallback of this incident's notification is written."""
    enqueue = outbox.enqueue

    def broken(
        connection: Connection, incident_id: int, messages: Iterable[NewNotification], *, cause: int, now: float
    ) -> None:
        rows = list(messages)
        enqueue(connection, incident_id, rows, cause=cause, now=now)
        if incident_id == number and any(row.instead_of for row in rows):
            raise error()

    monkeypatch.setattr(outbox, "enqueue", broken)


@pytest.mark.parametrize("error", [KeyError, lambda: IntegrityError("INSERT", {}, Exception("UNIQUE"))])
def test_call_that_cannot_move_on_is_in_the_way_of_no_other(
    *,
    post: Post,
    drain: Drain,
    senders: Senders,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[], Exception],
    client: FlaskClient,
) -> None:
    """Whatever is wrong with the first of two stalled calls, the second moves on, and the first stays as it was."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=3_600)]
    fail_fallback_of(monkeypatch, 1, error)
    post(alert(severity="warning"), groupLabels={"n": "1"})
    post(alert(severity="warning", instance="b"), groupLabels={"n": "2"})
    drain()
    drain()
    assert [job.message.incident_id for job in senders["sms"].jobs] == [2]
    incident = client.get("/v1/incidents/1").get_json()
    assert [row["state"] for row in incident["notifications"] if row["channel"] == "slack"] == ["waiting"]
    assert [line["kind"] for line in incident["timeline"]] == ["opened"]


def test_call_that_is_refused_ends_even_where_it_cannot_move_on(
    post: Post, drain: Drain, senders: Senders, monkeypatch: pytest.MonkeyPatch, client: FlaskClient
) -> None:
    """Otherwise it would be sent again at the end of every lease and be refused again."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    fail_fallback_of(monkeypatch, 1, KeyError)
    post_warning(post)
    drain()
    incident = client.get("/v1/incidents/1").get_json()
    assert [row["state"] for row in incident["notifications"] if row["channel"] == "slack"] == ["failed"]
    assert [line["kind"] for line in incident["timeline"]] == ["opened", "failed"]


def test_call_that_meets_a_lost_store_is_looked_at_again(
    post: Post, drain: Drain, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unavailable store says nothing about the call."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=3_600)]
    with monkeypatch.context() as patch:
        fail_fallback_of(patch, 1, lambda: OperationalError("INSERT", {}, Exception("database is locked")))
        post_warning(post)
        with pytest.raises(StoreUnavailable):
            drain()
    drain()
    assert senders["sms"].sent == [("open", "+12025550101")]


@pytest.mark.parametrize("notify", [["email"], ["sms", "email"]])
def test_call_moves_on_past_a_channel_that_is_held_up_itself(
    *,
    post: Post,
    drain: Drain,
    senders: Senders,
    catalog_path: Path,
    service: Service,
    clock: Clock,
    notify: list[str],
) -> None:
    """Both gateways are down: an SMS that waits as long as the mail is no fallback, so the phone rings."""
    data = json.loads(catalog_path.read_text())
    standard = data["policies"]["standard"]
    standard["fallback"] = ["sms", "email", "phone"]
    standard["severities"]["critical"] |= {"notify": notify, "respond_seconds": 0}
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    for channel in ("sms", "email"):
        senders[channel].failures = [TemporaryFailure("down") for _ in range(20)]
    post(alert())
    for _ in range(10):
        drain()
        clock.forward(minutes=1)
    assert senders["phone"].sent == [("open", "+12025550101")]
    assert (senders["sms"].sent, senders["email"].sent) == ([], [])


def test_call_on_a_channel_that_is_no_longer_configured_moves_on_after_a_minute(
    *, post: Post, senders: Senders, service: Service, catalog_path: Path, clock: Clock
) -> None:
    """No process here will ever try it; for a minute another replica may have the sender."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["severities"]["critical"]["notify"] = ["sms"]
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    post(alert())
    del senders["sms"]
    worker = replace(service, senders=senders).worker()
    clock.forward(seconds=59)
    assert not worker.move_on_once()
    clock.forward(seconds=1)
    assert worker.move_on_once()
    assert not worker.move_on_once(), "it moves on once"
    while worker.run_once("email"):
        pass
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert senders["email"].jobs[0].message.news == "SMS is no longer configured; reached you by e-mail."


def test_level_whose_only_channel_is_no_longer_configured_is_not_waited_for(
    *, post: Post, senders: Senders, service: Service, catalog_path: Path, clock: Clock
) -> None:
    """The call cannot move on to any channel, so the step to the next level runs now."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["fallback"] = []
    data["policies"]["standard"]["severities"]["critical"] |= {"notify": ["sms"], "escalate_seconds": 86_400}
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    post(alert())
    with service.database.read() as connection:
        assert not timers.any_due(connection, clock())
    del senders["sms"]
    worker = replace(service, senders=senders).worker()
    clock.forward(minutes=1)
    assert worker.move_on_once()
    with service.database.read() as connection:
        assert timers.any_due(connection, clock())
