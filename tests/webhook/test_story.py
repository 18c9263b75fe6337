"""Tests of the whole path from a delivery to people's messages: alert batches, worker and senders together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import Clock, FakeSender, alert
from webhook.senders.contract import PermanentFailure, TemporaryFailure
from webhook.service import Service
from webhook.workers import worker as worker_module

Post = Callable[..., Any]
Drain = Callable[..., int]
Senders = dict[str, FakeSender]


def test_page_goes_out_and_resolve_follows_on_every_channel(post: Post, drain: Drain, senders: Senders) -> None:
    """A resolve reaches whoever was told, with what the provider needs to find the first message."""
    assert post(alert()) == {"result": "opened", "incident": 1}
    drain()
    assert senders["slack"].sent == [("open", "#ops-platform")]
    assert senders["pagerduty"].sent == [("open", "events")]
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert post(alert(status="resolved"))["result"] == "resolved"
    drain()
    assert senders["slack"].sent[1:] == [("resolve", "#ops-platform")]
    assert senders["slack"].jobs[1].provider_id == "slack-1"
    assert senders["pagerduty"].sent[1:] == [("resolve", "events")]
    assert senders["email"].sent[1:] == [("resolve", "devops@example.com")]
    assert senders["slack"].jobs[1].message.status == "resolved"


def test_repeat_of_known_alerts_tells_nobody(post: Post, drain: Drain, senders: Senders) -> None:
    """Alertmanager repeats itself and has replicas; people hear of a firing once."""
    post(alert())
    drain()
    before = {name: len(sender.jobs) for name, sender in senders.items()}
    assert post(alert(), externalURL="http://replica.example.com") == {"result": "repeated", "incident": 1}
    drain()
    assert {name: len(sender.jobs) for name, sender in senders.items()} == before


def test_alert_of_known_kind_that_joins_only_edits_the_slack_message(
    post: Post, drain: Drain, senders: Senders
) -> None:
    """The same runbook section twice is no news: the message shows it, and nobody is called."""
    first, second = alert(instance="a"), alert(instance="b")
    post(first)
    drain()
    assert post(first, second)["result"] == "updated"
    drain()
    assert senders["slack"].sent[1:] == [("update", "#ops-platform")]
    assert len(senders["pagerduty"].jobs) == len(senders["email"].jobs) == 1


def test_alert_of_new_kind_that_joins_notifies_again(post: Post, drain: Drain, senders: Senders) -> None:
    """Another runbook section is news: the old message is edited, and people are called again."""
    group = {"system": "api-platform"}
    first, second = alert(), alert("ApiPlatformConnectionPool", annotations={"value": "0.97"})
    post(first, groupLabels=group)
    drain()
    assert post(first, second, groupLabels=group)["result"] == "joined"
    drain()
    assert senders["slack"].sent[1:] == [("update", "#ops-platform"), ("join", "#ops-platform")]
    assert (
        senders["slack"].jobs[2].message.news
        == "New in this incident: API platform: Connection pool usage is 97%, limit >= 95 of 100"
    )
    assert senders["pagerduty"].sent[1:] == [("join", "events")]
    assert senders["email"].sent[1:] == [("join", "devops@example.com")]


def test_higher_severity_calls_the_channels_of_its_tier(post: Post, drain: Drain, senders: Senders) -> None:
    """A warning that becomes critical reaches PagerDuty as a first page."""
    group = {"alertname": "ApiPlatformErrorRatio"}
    post(alert(severity="warning"), groupLabels=group)
    drain()
    assert senders["pagerduty"].jobs == []
    post(alert(severity="warning"), alert(severity="critical"), groupLabels=group)
    drain()
    assert senders["pagerduty"].sent == [("open", "events")]
    assert senders["email"].sent == [("open", "devops@example.com"), ("join", "devops@example.com")]


def test_new_firing_long_after_resolve_opens_a_new_incident(post: Post, clock: Clock) -> None:
    """An incident that has been over for a while stays over."""
    post(alert())
    post(alert(status="resolved"))
    clock.forward(minutes=15)
    assert post(alert(started="2026-11-22T12:00:00Z")) == {"result": "opened", "incident": 2}


def test_resolve_of_one_incident_never_overtakes_the_trigger_of_the_next(
    post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """Both share PagerDuty's key; a late resolve of the first would close the second."""
    post(alert())
    drain()
    senders["pagerduty"].failures = [TemporaryFailure("busy")]
    post(alert(status="resolved"))
    drain("pagerduty")
    post(alert(started="2026-11-22T12:00:00Z"))
    drain("pagerduty")
    assert senders["pagerduty"].sent == [("open", "events")]
    clock.forward(minutes=1)
    drain("pagerduty")
    assert senders["pagerduty"].sent == [("open", "events"), ("resolve", "events"), ("join", "events")]


def test_update_waits_for_the_message_it_edits(post: Post, drain: Drain, senders: Senders, clock: Clock) -> None:
    """While the first message is being tried again, nothing about the incident goes to that destination."""
    senders["slack"].failures = [TemporaryFailure("busy")]
    post(alert(instance="a"))
    drain("slack")
    post(alert(instance="a"), alert(instance="b"))
    assert drain("slack") == 0
    clock.forward(minutes=1)
    drain("slack")
    assert senders["slack"].sent == [("open", "#ops-platform")], (
        "the first message shows both alerts; the edit is superseded"
    )
    assert len(senders["slack"].jobs[0].message.alerts) == 2


def test_incident_resolved_before_it_was_told_wakes_nobody_and_is_told_once(
    post: Post, drain: Drain, senders: Senders
) -> None:
    """A message says that it is over; PagerDuty, which would call somebody, gets only the end."""
    post(alert())
    post(alert(status="resolved"))
    drain()
    assert senders["slack"].sent == [("open", "#ops-platform")]
    assert senders["slack"].jobs[0].message.status == "resolved"
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert senders["pagerduty"].sent == [("resolve", "events")]


def test_update_after_a_first_message_that_failed_for_good_is_told_anew(
    post: Post, drain: Drain, senders: Senders
) -> None:
    """Once the channel exists, the next message says everything instead of editing nothing."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert(instance="a"))
    drain("slack")
    post(alert(instance="a"), alert(instance="b"))
    drain("slack")
    assert senders["slack"].sent == [("update", "#ops-platform")]
    assert senders["slack"].jobs[0].provider_id is None


def test_retry_after_holds_back_the_whole_destination_and_no_other(
    post: Post, drain: Drain, senders: Senders, clock: Clock
) -> None:
    """Slack asked for a pause of one channel: its other messages wait too, other channels do not."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=60)]
    post(alert())
    drain("slack")
    post(alert("ApiPlatformConnectionPool"))
    post(alert("Nobody", severity="warning"))
    drain("slack")
    assert senders["slack"].sent == [("open", "#ops")]
    clock.forward(seconds=59)
    assert drain("slack") == 0
    clock.forward(seconds=2)
    assert drain("slack") == 2


def test_killed_worker_s_message_comes_back_when_its_lease_has_run_out(
    post: Post, service: Service, senders: Senders, clock: Clock, drain: Drain
) -> None:
    """The process died between claim and send: nothing was stored, so another worker takes over."""

    class Killed(BaseException):
        pass

    def die(job: object) -> None:
        raise Killed

    post(alert())
    senders["slack"].hook = die
    try:
        service.worker().run_once("slack")
    except Killed:
        senders["slack"].hook = lambda _: None
    assert drain("slack") == 0
    clock.forward(seconds=61)
    assert drain("slack") == 1
    assert senders["slack"].sent == [("open", "#ops-platform")]


def test_paused_worker_cannot_finish_what_another_has_taken_over(
    post: Post, service: Service, senders: Senders, clock: Clock, drain: Drain
) -> None:
    """Its lease is lost, so what it writes about the message does not count."""
    post(alert())
    second_worker = service.worker()

    def sleep_past_the_lease(job: object) -> None:
        senders["slack"].hook = lambda _: None
        clock.forward(seconds=61)
        second_worker.run_once("slack")

    senders["slack"].hook = sleep_past_the_lease
    drain("slack")
    post(alert(status="resolved"))
    drain("slack")
    assert senders["slack"].jobs[-1].provider_id == "slack-1", "the id of the message of the one who held the lease"


def test_message_that_cannot_be_written_is_tried_again_and_told(
    post: Post, senders: Senders, clock: Clock, drain: Drain, client: FlaskClient
) -> None:
    """A mistake in this program delays a page and never loses it."""
    senders["slack"].hook = lambda _: 1 / 0
    post(alert())
    drain("slack")
    senders["slack"].hook = lambda _: None
    row = client.get("/v1/incidents/1").get_json()["notifications"][0]
    assert (row["state"], row["reason"]) == ("waiting", "internal error: ZeroDivisionError")
    clock.forward(minutes=1)
    assert drain("slack") == 1


def test_permanent_failure_stands_in_the_timeline_and_in_what_the_others_say(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """Whoever reads a message learns whom the incident has not reached."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert())
    drain("slack")
    drain()
    assert "Slack to Platform team: failed (channel_not_found)" in senders["email"].jobs[0].message.undelivered
    timeline = client.get("/v1/incidents/1").get_json()["timeline"]
    assert timeline[-1]["kind"] == "failed"
    assert "channel_not_found" in timeline[-1]["detail"]
    assert b'tocsin_notifications_failed_total{channel="slack"} 1.0' in client.get("/metrics").data


def test_message_is_given_up_after_a_day_of_trying(
    post: Post, drain: Drain, senders: Senders, clock: Clock, client: FlaskClient
) -> None:
    """It is not given up at the first try, if this program was away; the row says why it was never sent."""
    post(alert())
    clock.forward(hours=25)
    for _ in range(5):
        senders["slack"].failures = [TemporaryFailure("HTTP 500")]
        row = client.get("/v1/incidents/1").get_json()["notifications"][0]
        assert row["state"] == "waiting"
        drain("slack")
        clock.forward(minutes=5)
    row = client.get("/v1/incidents/1").get_json()["notifications"][0]
    assert (row["state"], row["reason"]) == ("failed", "given up at try 5: HTTP 500")


def test_acknowledging_tells_pagerduty_and_edits_slack(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """Somebody works on it: the call stops, and the message says who."""
    post(alert())
    drain()
    assert client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"}).status_code == 200
    drain()
    assert senders["pagerduty"].sent[1:] == [("acknowledge", "events")]
    assert senders["slack"].sent[1:] == [("update", "#ops-platform")]
    assert senders["slack"].jobs[1].message.standing == "Acknowledged by on-call at 12:00 UTC."
    assert len(senders["email"].jobs) == 1


def test_page_leaves_at_once_when_the_worker_waits(
    post: Post, service: Service, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit wakes the worker; its poll is for other processes only."""
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 60.0)
    sent, idle = threading.Event(), threading.Semaphore(0)
    senders["slack"].hook = lambda _: sent.set()
    wait = service.wakeup.wait

    def wait_and_tell(heard: int, seconds: float) -> None:
        idle.release()
        wait(heard, seconds)

    monkeypatch.setattr(service.wakeup, "wait", wait_and_tell)
    worker = service.worker()
    worker.start()
    try:
        for _ in range(worker_module.THREADS * len(senders)):
            assert idle.acquire(timeout=PATIENCE_SECONDS), "every thread has looked and found nothing"
        post(alert())
        assert sent.wait(timeout=PATIENCE_SECONDS)
    finally:
        worker.stop()


def test_hanging_destination_does_not_hold_up_another(post: Post, service: Service, senders: Senders) -> None:
    """Slack hangs, and PagerDuty still calls."""
    release, paged = threading.Event(), threading.Event()
    senders["slack"].hook = lambda _: release.wait(timeout=PATIENCE_SECONDS) and None
    senders["pagerduty"].hook = lambda _: paged.set()
    worker = service.worker()
    worker.start()
    try:
        post(alert())
        assert paged.wait(timeout=PATIENCE_SECONDS)
    finally:
        release.set()
        worker.stop()
