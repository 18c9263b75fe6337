"""Whoever acknowledges or resolves does so for what was told when they were shown it; what has come since is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeSender, alert, payload
from tests.webhook.test_callbacks import Press, interaction, settings, shown  # noqa: F401 - fixtures by their names
from tests.webhook.test_callbacks import press as pressed  # noqa: F401
from webhook.render.slack import layout

HEADERS = {"Authorization": "Bearer bearer-token"}
FIRST = alert("ApiPlatformErrorRatio", "critical", component="checkout")
OTHER = alert("ApiPlatformConnectionPool", "critical", component="orders")
REPLICA = alert("ApiPlatformErrorRatio", "critical", component="checkout", instance="second")


@pytest.fixture
def delivers(client: FlaskClient) -> Callable[..., Any]:
    """Return a function that delivers alerts of one group."""
    return lambda *alerts: client.post("/v1/alertmanager", json=payload(*alerts), headers=HEADERS).get_json()


@pytest.fixture
def by_slack(
    pressed: Press,  # noqa: F811
    drain: Callable[..., int],
    senders: dict[str, FakeSender],
) -> Callable[[str], Callable[[], None]]:
    """Return a function that remembers a button as Slack shows it now, and returns how to press that."""

    def drawn(verb: str) -> Callable[[], None]:
        drain()
        blocks = layout(senders["slack"].jobs[-1].message, buttons=True).blocks
        buttons = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
        found = next(one for one in buttons if one["action_id"] == f"tocsin.{verb}")
        action = {**interaction(verb)["actions"][0], "value": found["value"]}
        return lambda: _answers(pressed(verb, actions=[action]), 200)

    return drawn


def _answers(response: Any, *expected: int) -> None:  # noqa: ANN401
    assert response.status_code in expected


@pytest.fixture
def by_page(client: FlaskClient) -> Callable[[str], Callable[[], None]]:
    """Return a function that remembers the form of the incident's page as it is now, and returns how to send that."""

    def drawn(verb: str) -> Callable[[], None]:
        text = client.get("/incidents/1", headers=HEADERS).get_data(as_text=True)
        seen = re.search(r'name="seen" value="(\d+)"', text)
        assert seen is not None
        data = {"actor": "ana", "seen": seen[1]}
        return lambda: _answers(client.post(f"/incidents/1/{verb}", data=data, headers=HEADERS), 303, 409)

    return drawn


@pytest.fixture
def by_api(client: FlaskClient) -> Callable[[str], Callable[[], None]]:
    """Return a function that reads the incident, and returns how to act on what was read."""

    def drawn(verb: str) -> Callable[[], None]:
        seen = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
        body = {"actor": "ana", "told_through": seen}
        return lambda: _answers(client.post(f"/v1/incidents/1/{verb}", json=body, headers=HEADERS), 200, 409)

    return drawn


@pytest.mark.parametrize("way", ["by_slack", "by_page", "by_api"])
@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_what_was_told_after_a_button_was_drawn_is_not_covered_by_it(
    request: pytest.FixtureRequest,
    delivers: Callable[..., Any],
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    way: str,
    verb: str,
) -> None:
    """A second alert has joined; its people are still asked, and the button that shows it does it all."""
    delivers(FIRST)
    act = request.getfixturevalue(way)(verb)
    assert delivers(FIRST, OTHER)["result"] == "joined"
    act()
    assert shown(1)["status"] == "open"
    request.getfixturevalue(way)(verb)()
    assert shown(1)["status"] == {"acknowledge": "acknowledged", "resolve": "resolved"}[verb]


@pytest.mark.parametrize("way", ["by_slack", "by_page", "by_api"])
def test_what_is_no_news_leaves_a_button_as_good_as_it_was(
    request: pytest.FixtureRequest,
    delivers: Callable[..., Any],
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    clock: Clock,
    way: str,
) -> None:
    """The same alert once more, a replica of it, and the next level that is asked because nobody has answered."""
    delivers(FIRST)
    act = request.getfixturevalue(way)("acknowledge")
    clock.forward(minutes=1)
    assert delivers(FIRST)["result"] == "repeated"
    assert delivers(FIRST, REPLICA)["result"] == "updated"
    clock.forward(hours=2)
    assert request.getfixturevalue("step")()
    assert [line["kind"] for line in shown(1)["timeline"]][-1] == "escalated"
    act()
    assert shown(1)["status"] == "acknowledged"


def test_page_says_why_nothing_has_changed_and_shows_the_incident_as_it_is(
    delivers: Callable[..., Any], client: FlaskClient
) -> None:
    """With a form that has been drawn anew."""
    delivers(FIRST)
    text = client.get("/incidents/1", headers=HEADERS).get_data(as_text=True)
    seen = re.search(r'name="seen" value="(\d+)"', text)
    assert seen is not None
    delivers(FIRST, OTHER)
    answer = client.post("/incidents/1/acknowledge", data={"actor": "ana", "seen": seen[1]}, headers=HEADERS)
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "Not acknowledged: there is news that the page did not show when you pressed." in page
    assert f'name="seen" value="{seen[1]}"' not in page
    assert ">Acknowledge<" in page


def test_api_says_why_nothing_has_changed(delivers: Callable[..., Any], client: FlaskClient) -> None:
    """409, with what to do."""
    delivers(FIRST)
    seen = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
    delivers(FIRST, OTHER)
    body = {"actor": "ana", "told_through": seen}
    answer = client.post("/v1/incidents/1/acknowledge", json=body, headers=HEADERS)
    assert answer.status_code == 409
    assert answer.get_json()["error"] == "incident 1 has news since what told_through says was seen: read it again"


@pytest.mark.parametrize("given", [-1, 1.5, "7", True, [], 2**64])
def test_api_refuses_what_no_incident_has_shown(
    delivers: Callable[..., Any],
    client: FlaskClient,
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    given: object,
) -> None:
    """And says which."""
    delivers(FIRST)
    body = {"actor": "ana", "told_through": given}
    answer = client.post("/v1/incidents/1/acknowledge", json=body, headers=HEADERS)
    assert answer.status_code == 400
    assert answer.get_json()["problems"][0]["path"] == "$.told_through"
    assert shown(1)["status"] == "open"


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_who_says_nothing_of_what_they_have_seen_acts_on_what_there_is(
    delivers: Callable[..., Any],
    client: FlaskClient,
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    verb: str,
) -> None:
    """Scripts of older releases, and people at a terminal."""
    delivers(FIRST)
    delivers(FIRST, OTHER)
    assert client.post(f"/v1/incidents/1/{verb}", json={"actor": "ana"}, headers=HEADERS).status_code == 200
    assert shown(1)["status"] != "open"
