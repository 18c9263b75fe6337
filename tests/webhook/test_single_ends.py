"""One of several alerts has ended and no delivery says so: it ends by the rule that ends an incident, the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import FakeAlertmanagerState, FakeSender, alert
from webhook.incidents.alertmanager_state import Absent, Active, Answer, Quiet, Unknown
from webhook.service import Service

Post = Callable[..., Any]
Let = Callable[..., None]

STARTED = "2026-11-22T11:50:00.123456789Z"
GRAVE, MILD = "grave", "mild"


def listed(kind: str, *unlisted: str) -> Answer:
    """Return the answer of that kind by which these alerts are not listed and the others are as it says."""
    gone = frozenset((one, "1795348200.123456789") for one in unlisted)
    answers: dict[str, Answer] = {
        "active": Active(unlisted=gone),
        "unknown": Unknown(reason="HTTP 503", unlisted=gone),
        "silenced": Quiet(by="silenced", unlisted=gone),
    }
    return answers[kind]


def firing(client: FlaskClient) -> dict[str, bool]:
    found = client.get("/v1/incidents/1").get_json()
    return {one["fingerprint"]: one["ended_at"] is None for one in found["alerts"]}


def incident(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/incidents/1").get_json()
    return found


@pytest.fixture
def two(post: Post, let: Let) -> None:
    """Let two alerts fire, of which the more severe one will have ended."""
    post(alert(instance="a", fingerprint=GRAVE), alert(instance="b", severity="warning", fingerprint=MILD))
    let()


@pytest.mark.parametrize("kind", ["active", "unknown", "silenced"])
def test_it_ends_when_it_was_not_listed_twice(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, kind: str
) -> None:
    """Two minutes apart, whatever is known of the others; these stay, and name the incident."""
    alertmanager_state.answer = listed(kind, GRAVE)
    let(minutes=60)
    assert firing(client) == {GRAVE: True, MILD: True}
    let(seconds=119)
    assert firing(client) == {GRAVE: True, MILD: True}
    let(seconds=1)
    assert firing(client) == {GRAVE: False, MILD: True}
    found = incident(client)
    assert (found["status"], found["severity"]) == ("open", "warning")
    lines = [line["detail"] for line in found["timeline"]]
    assert "1 alert resolved; Alertmanager, asked twice, no longer lists it; it never sent its end" in lines


def test_it_is_asked_about_again_though_nothing_else_is_due(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, service: Service, client: FlaskClient
) -> None:
    """An acknowledged incident is asked about once in a long while; what is not listed is not left so long."""
    client.post("/v1/incidents/1/acknowledge", json={"by": "ana"})
    alertmanager_state.answer = listed("active", GRAVE)
    for _ in range(400):
        let(minutes=1)
        if alertmanager_state.asked:
            break
    asked = len(alertmanager_state.asked)
    let(minutes=2)
    assert len(alertmanager_state.asked) == asked + 1
    assert firing(client) == {GRAVE: False, MILD: True}


@pytest.mark.parametrize("between", ["told", "listed", "other Alertmanager"])
def test_a_word_in_between_counts(
    *, two: None, post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, between: str
) -> None:
    """Who tells that it fires, or lists it, begins the two minutes anew."""
    alertmanager_state.answer = listed("active", GRAVE)
    let(minutes=60)
    if between == "listed":
        alertmanager_state.answer = listed("active")
        let(minutes=2)
        alertmanager_state.answer = listed("active", GRAVE)
    elif between == "told":
        post(alert(instance="a", fingerprint=GRAVE))
    else:
        post(alert(instance="a", fingerprint=GRAVE), externalURL="http://b.example.com")
    let(minutes=2)
    assert firing(client) == {GRAVE: True, MILD: True}


def test_an_alert_that_a_person_has_resolved_ends_in_silence(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, senders: dict[str, FakeSender]
) -> None:
    """Nobody hears of it; what fires on is told again at its time."""
    client.post("/v1/incidents/1/resolve", json={"by": "ana"})
    let()
    said = len(senders["email"].said)
    alertmanager_state.answer = listed("silenced", GRAVE)
    let(minutes=61)
    let(minutes=2)
    assert firing(client) == {GRAVE: False, MILD: True}
    assert len(senders["email"].said) == said
    alertmanager_state.answer = listed("active")
    let(minutes=61)
    assert incident(client)["status"] == "open"


def test_two_that_end_one_after_the_other_do_so_in_their_own_time(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """The second is not asked about anew because the first has ended."""
    alertmanager_state.answer = listed("active", GRAVE)
    let(minutes=60)
    alertmanager_state.answer = Absent()
    let(minutes=2)
    assert firing(client) == {GRAVE: False, MILD: True}
    let(seconds=119)
    assert incident(client)["status"] == "open"
    let(seconds=1)
    assert incident(client)["status"] == "resolved"


def test_firing_of_another_cluster_that_was_followed_by_one_elsewhere_is_told_when_it_fires_again(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """Two clusters' alerts of the same labels follow each other; the first one's old start is no old picture for sure."""
    there = {"externalURL": "http://b.example.com"}
    post(alert(instance="a"))
    post(alert(instance="a", started="2026-11-22T11:55:00Z"), **there)
    for more in ({}, there):
        post(alert(instance="a", started="2026-11-22T11:55:00Z", status="resolved"), **more)
    let()
    assert incident(client)["status"] == "resolved"
    post(alert(instance="a"))
    let()
    assert alertmanager_state.asked[-1] == 1
    assert incident(client)["status"] == "open"
