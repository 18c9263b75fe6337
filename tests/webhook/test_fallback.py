"""A call that cannot be delivered moves on to the policy's fallback channels, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeSender, alert
from webhook.outgoing import Action
from webhook.senders.contract import PermanentFailure, TemporaryFailure

Post = Callable[..., Any]
Drain = Callable[..., int]
Senders = dict[str, FakeSender]


@pytest.fixture
def catalog_path(catalog_path: Path) -> Path:
    """Return the catalogue with fallback channels, and SMS in no tier: what goes there stands in for something."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["fallback"] = ["sms", "email"]
    data["policies"]["standard"]["severities"]["warning"]["notify"] = ["log"]
    catalog_path.write_text(json.dumps(data))
    return catalog_path


@pytest.fixture
def senders(senders: Senders) -> Senders:
    actions: set[Action] = {"open", "join", "escalate"}
    return {**senders, "sms": FakeSender("sms", actions)}


def post_warning(post: Post) -> None:
    post(alert(severity="warning"))


def test_refused_message_reaches_people_by_another_channel_which_says_so(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """Slack says that the channel does not exist; the row keeps its state, another one stands in for it."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post_warning(post)
    drain()
    drain()
    assert senders["sms"].said == [("open", "+12025550101")]
    assert senders["sms"].jobs[0].message.news == "Slack refused (channel_not_found); reached you by SMS."
    found = client.get("/v1/incidents/1").get_json()
    slack, sms = (next(one for one in found["deliveries"] if one["channel"] == name) for name in ("slack", "sms"))
    assert (slack["state"], sms["state"], sms["instead_of"]) == ("failed", "sent", slack["id"])
    assert [line["kind"] for line in found["timeline"]] == ["opened", "failed", "fallback"]


def test_message_that_failed_three_times_moves_on_and_is_still_tried(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """Nobody waits for the fourth try; when Slack is back the team sees it there too."""
    senders["slack"].failures = [TemporaryFailure("HTTP 500") for _ in range(4)]
    post_warning(post)
    for tries in (1, 2, 3):
        assert senders["sms"].jobs == [], f"before try {tries}"
        drain("slack")
        drain("sms")
        clock.forward(minutes=5)
    assert senders["sms"].jobs[0].message.news == "Slack failed 3 times (HTTP 500); reached you by SMS."
    for _ in range(2):
        drain()
        clock.forward(minutes=5)
    assert senders["slack"].said == [("open", "#ops-platform")]
    assert len(senders["sms"].jobs) == 1, "it moves on once"


def test_destination_that_asks_for_long_patience_is_not_waited_for(post: Post, drain: Drain, senders: Senders) -> None:
    """An hour's pause is no way to deliver a page."""
    senders["slack"].failures = [TemporaryFailure("ratelimited", retry_after=3_600)]
    post_warning(post)
    drain("slack")
    drain("sms")
    assert senders["sms"].said == [("open", "+12025550101")]


def test_fallback_that_fails_too_moves_on_to_the_next(post: Post, drain: Drain, senders: Senders) -> None:
    """In the order of the policy."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    senders["sms"].failures = [PermanentFailure("no such number")]
    post_warning(post)
    for _ in range(3):
        drain()
    assert senders["email"].said == [("open", "devops@example.com")]
    assert senders["email"].jobs[0].message.news == (
        "SMS refused (no such number); reached you by e-mail. Slack refused (channel_not_found)."
    )


def test_who_is_called_by_the_fallback_channel_anyway_is_not_called_twice(
    post: Post, drain: Drain, senders: Senders
) -> None:
    """A critical alert reaches the same person by SMS in its own right."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert())
    drain()
    drain()
    assert senders["sms"].said == [("open", "+12025550101")]
    assert senders["sms"].jobs[0].message.news == ""


def test_edit_that_fails_wakes_nobody(post: Post, drain: Drain, senders: Senders) -> None:
    """Only calls move on; a picture that is out of date is no reason to ring."""
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
    """Somebody is on it: no second way is needed."""
    post_warning(post)
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    drain()
    drain()
    assert senders["sms"].jobs == []


def test_news_after_somebody_has_taken_the_incident_is_called_in_all_the_same(
    *, post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """Another runbook section: whoever took the first trouble has not taken this one."""
    group = {"system": "api-platform"}
    first, second = alert(), alert("ApiPlatformConnectionPool", annotations={"value": "0.97"})
    post(first, groupLabels=group)
    drain()
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    clock.forward(minutes=1)
    post(first, second, groupLabels=group)
    drain()
    assert senders["sms"].said == [("open", "+12025550101"), ("join", "+12025550101")]


def test_sms_about_what_somebody_has_taken_is_not_sent(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """It was acknowledged in Slack before the message left: nobody else is called out of bed."""
    post(alert())
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    drain()
    assert senders["sms"].jobs == []
    assert senders["email"].jobs[0].message.standing.startswith("Acknowledged by on-call")
