"""Tests that one of several alerts ends without a delivery, by the rule that ends an incident; the others go on."""

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
    """Return an answer of this kind that does not list `unlisted`; its state applies to the other alerts."""
    unlisted_firings = frozenset((fingerprint, "1795348200.123456789") for fingerprint in unlisted)
    answers: dict[str, Answer] = {
        "active": Active(unlisted=unlisted_firings),
        "unknown": Unknown(reason="HTTP 503", unlisted=unlisted_firings),
        "silenced": Quiet(by="silenced", unlisted=unlisted_firings),
    }
    return answers[kind]


def firing(client: FlaskClient) -> dict[str, bool]:
    details = client.get("/v1/incidents/1").get_json()
    return {entry["fingerprint"]: entry["ended_at"] is None for entry in details["alerts"]}


def incident(client: FlaskClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/v1/incidents/1").get_json()
    return answer


@pytest.fixture
def two(post: Post, let: Let) -> None:
    """Let two alerts fire; the tests end the more severe one."""
    post(alert(instance="a", fingerprint=GRAVE), alert(instance="b", severity="warning", fingerprint=MILD))
    let()


@pytest.mark.parametrize("kind", ["active", "unknown", "silenced"])
def test_it_ends_when_it_was_not_listed_twice(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, kind: str
) -> None:
    """The answers come two minutes apart, whatever is known of the others; those go on, and name the incident."""
    alertmanager_state.answer = listed(kind, GRAVE)
    let(minutes=60)
    assert firing(client) == {GRAVE: True, MILD: True}
    let(seconds=119)
    assert firing(client) == {GRAVE: True, MILD: True}
    let(seconds=1)
    assert firing(client) == {GRAVE: False, MILD: True}
    details = incident(client)
    assert (details["status"], details["severity"]) == ("open", "warning")
    lines = [line["detail"] for line in details["timeline"]]
    assert "1 alert resolved; Alertmanager, asked twice, no longer lists it; it never sent its end" in lines


def test_it_is_asked_about_again_though_nothing_else_is_due(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, service: Service, client: FlaskClient
) -> None:
    """An acknowledged incident is asked about only once in a long while; a missing alert does not wait so long."""
    client.post("/v1/incidents/1/acknowledge", json={"by": "ana"})
    alertmanager_state.answer = listed("active", GRAVE)
    for _ in range(400):
        let(minutes=1)
        if alertmanager_state.asked:
            break
    asked_before = len(alertmanager_state.asked)
    let(minutes=2)
    assert len(alertmanager_state.asked) == asked_before + 1
    assert firing(client) == {GRAVE: False, MILD: True}


@pytest.mark.parametrize("between", ["told", "listed", "other Alertmanager"])
def test_a_word_in_between_counts(
    *, two: None, post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, between: str
) -> None:
    """A delivery or an answer that shows the alert firing restarts the two minutes."""
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
    """Nobody hears of the end; the alert that fires on is told again at its time."""
    client.post("/v1/incidents/1/resolve", json={"by": "ana"})
    let()
    mails_before = len(senders["email"].sent)
    alertmanager_state.answer = listed("silenced", GRAVE)
    let(minutes=61)
    let(minutes=2)
    assert firing(client) == {GRAVE: False, MILD: True}
    assert len(senders["email"].sent) == mails_before
    alertmanager_state.answer = listed("active")
    let(minutes=61)
    assert incident(client)["status"] == "open"


def test_two_that_end_one_after_the_other_do_so_in_their_own_time(
    two: None, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """The end of the first does not restart the question about the second."""
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
    """Two clusters' alerts of the same labels follow each other; the first one's old start may be a new firing."""
    other_cluster = {"externalURL": "http://b.example.com"}
    post(alert(instance="a"))
    post(alert(instance="a", started="2026-11-22T11:55:00Z"), **other_cluster)
    for changes in ({}, other_cluster):
        post(alert(instance="a", started="2026-11-22T11:55:00Z", status="resolved"), **changes)
    let()
    assert incident(client)["status"] == "resolved"
    post(alert(instance="a"))
    let()
    assert alertmanager_state.asked[-1] == 1
    assert incident(client)["status"] == "open"
