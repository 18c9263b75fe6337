"""Tests of how a person's resolve, several owners of a group, and deliveries in doubt affect each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert
from webhook.incidents.alertmanager_state import Absent, Active, Unknown
from webhook.timestamps import iso

Post = Callable[..., Any]
Let = Callable[..., None]
Senders = dict[str, FakeSender]

BOTH = {"groupLabels": {"cluster": "eu"}}


def incident(client: FlaskClient, number: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/v1/incidents/{number}").get_json()
    return answer


def resolve(client: FlaskClient) -> None:
    assert client.post("/v1/incidents/1/resolve", json={"actor": "on-call"}).status_code == 200


@pytest.fixture
def fires_on(post: Post, client: FlaskClient, let: Let, clock: Clock) -> None:
    """Let two alerts fire, a person resolve them, and one of them end."""
    post(alert(instance="a"), alert(instance="b"))
    let()
    resolve(client)
    clock.forward(minutes=10)
    post(alert(instance="a", status="resolved"), alert(instance="b"))
    let()


def test_old_picture_of_what_fires_on_is_asked_about_first(
    fires_on: None, post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """The old alert batch does not prove that anything fires, and does not change when the incident is told again."""
    told_again_at = incident(client)["told_again_at"]
    alertmanager_state.answer = Absent()
    let(minutes=1)
    post(alert(instance="a"))
    assert incident(client)["told_again_at"] == told_again_at
    let()
    let(seconds=30)
    assert alertmanager_state.asked == [1, 1]
    details = incident(client)
    assert (details["status"], details["still_firing"], details["told_again_at"]) == ("resolved", True, told_again_at)
    assert "does not list it" in details["timeline"][-1]["detail"]


@pytest.mark.parametrize("answer", [Active(), Unknown(reason="HTTP 503")])
def test_alert_that_fires_again_reopens_what_a_person_has_resolved(  # noqa: PLR0917
    fires_on: None,
    post: Post,
    client: FlaskClient,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    answer: Active | Unknown,
) -> None:
    """The incident also reopens if nobody can be asked, and then the message says so."""
    alertmanager_state.answer = answer
    let(minutes=1)
    post(alert(instance="a"))
    let()
    details = incident(client)
    assert (details["status"], details["firing"] if "firing" in details else len(details["alerts"])) == ("open", 2)
    detail = details["timeline"][-1]["detail"]
    assert "another alert of it has begun to fire since" in detail
    assert ("HTTP 503" in detail) is isinstance(answer, Unknown)


def test_incident_that_is_resolved_by_hand_in_doubt_ends_by_alertmanagers_word(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """No alert of the incident is open, but one is in doubt; a person's resolve does not end it either."""
    alertmanager_state.answer = Absent()
    post(alert(instance="a"), alert(instance="b"))
    post(alert(instance="a", status="resolved"), alert(instance="b"))
    post(alert(instance="a"))
    post(alert(instance="b", status="resolved"))
    assert incident(client)["status"] == "open"
    resolve(client)
    assert incident(client)["still_firing"]
    let()
    assert incident(client)["still_firing"], "asked once"
    let(seconds=30)
    details = incident(client)
    assert (details["status"], details["still_firing"], details["resolved_by"]) == ("resolved", False, "Alertmanager")
    let(hours=3)
    assert incident(client)["status"] == "resolved"


def test_incident_that_is_resolved_by_hand_in_doubt_is_told_when_it_fires(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """Whoever resolved it was shown that nothing fires."""
    alertmanager_state.answer = Active()
    post(alert(instance="a"), alert(instance="b"))
    post(alert(instance="a", status="resolved"), alert(instance="b"))
    post(alert(instance="a"))
    post(alert(instance="b", status="resolved"))
    resolve(client)
    let()
    assert incident(client)["status"] == "open"


def test_end_that_leaves_out_what_fires_on_is_asked_about(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """Alertmanager twice lists none of its alerts; then the incident is over."""
    post(alert(instance="a"), alert(instance="b"))
    let()
    resolve(client)
    alertmanager_state.answer = Absent()
    post(alert(instance="a", status="resolved"))
    let()
    assert (alertmanager_state.asked, incident(client)["still_firing"]) == ([1], True)
    let(minutes=2)
    details = incident(client)
    assert (alertmanager_state.asked, details["still_firing"], details["resolved_by"]) == (
        [1, 1],
        False,
        "Alertmanager",
    )


def test_end_that_leaves_out_another_teams_alerts_is_asked_about(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """The whole group is resolved, and one owner's alerts are not mentioned: each owner's incident is in doubt."""
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    post(ours, theirs, **BOTH)
    let()
    alertmanager_state.answer = Absent()
    post({**ours, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}, **BOTH)
    let()
    assert alertmanager_state.asked == [2]
    let(minutes=2)
    incidents = [incident(client, number) for number in (1, 2)]
    assert [(details["status"], details["resolved_by"]) for details in incidents] == [("resolved", "Alertmanager")] * 2


def test_delivery_in_which_something_fires_says_nothing_of_another_teams_alerts(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """Those alerts may be silenced; Alertmanager leaves silenced alerts out."""
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    post(ours, theirs, **BOTH)
    let()
    post(ours, **BOTH)
    let()
    assert (alertmanager_state.asked, incident(client, 2)["status"]) == ([], "open")


def test_old_start_reopens_its_own_teams_incident(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """The group's other incident belongs to another team."""
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    post(ours, theirs, **BOTH)
    let()
    post({**ours, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}, theirs, **BOTH)
    let(hours=3)
    alertmanager_state.answer = Active()
    post(ours, theirs, **BOTH)
    let()
    assert [len(incident(client, number)["alerts"]) for number in (1, 2)] == [1, 1]
    assert incident(client)["status"] == "open"


def test_old_start_joins_the_incident_that_its_group_has_by_now(
    post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """If a person resolved that incident and it fires on, the alert joins it too, and no second incident is opened."""
    post(alert(instance="a"))
    post(alert(instance="a", status="resolved"))
    let(hours=3)
    post(alert(instance="b", started=iso(1_795_360_000)))
    assert client.post("/v1/incidents/2/resolve", json={"actor": "on-call"}).status_code == 200
    alertmanager_state.answer = Active()
    post(alert(instance="a"))
    let()
    incidents = [incident(client, number) for number in (1, 2)]
    assert [details["status"] for details in incidents] == ["resolved", "open"]
    assert len(incidents[1]["alerts"]) == 2
