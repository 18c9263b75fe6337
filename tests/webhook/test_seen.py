"""Whoever acknowledges or resolves does so for what was told when they were shown it; what has come since is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import Clock, FakeSender, alert, payload
from tests.webhook.test_callbacks import (  # noqa: F401 - fixtures by their names
    PLACE,
    AnsweringSender,
    Press,
    answering,
    interaction,
    settings,
    shown,
)
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
        action = {**interaction(verb)["actions"][0], "value": found["value"], "block_id": block_of(blocks)}
        return lambda: _answers(pressed(verb, actions=[action], **PLACE), 200)

    return drawn


def block_of(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Return the id of the row of buttons."""
    return next(str(block["block_id"]) for block in blocks if block["type"] == "actions")


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
        return lambda: _answers(client.post(f"/incidents/1/{verb}", data=data, headers=HEADERS), 303)

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
    """With a form that has been drawn anew, the name that was given, and an address that can be loaded again."""
    delivers(FIRST)
    text = client.get("/incidents/1", headers=HEADERS).get_data(as_text=True)
    seen = re.search(r'name="seen" value="(\d+)"', text)
    assert seen is not None
    delivers(FIRST, OTHER)
    answer = client.post("/incidents/1/acknowledge", data={"actor": "ana", "seen": seen[1]}, headers=HEADERS)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"], headers=HEADERS).get_data(as_text=True)
    assert "<title>Not acknowledged · " in page
    assert "Alerts have joined since the page was drawn on which you pressed." in page
    assert f'name="seen" value="{seen[1]}"' not in page
    assert 'name="actor" value="ana"' in page
    assert ">Acknowledge<" in page


@pytest.mark.parametrize("seen", ["zzz", "-1", "٣", "1" * 20, "1; DROP TABLE incidents"])
def test_form_that_cannot_be_read_changes_nothing(
    delivers: Callable[..., Any],
    client: FlaskClient,
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    seen: str,
) -> None:
    """It says so."""
    delivers(FIRST)
    answer = client.post("/incidents/1/acknowledge", data={"actor": "ana", "seen": seen}, headers=HEADERS)
    assert answer.status_code == 400
    assert shown(1)["status"] == "open"


def test_slack_answers_a_stale_press_with_buttons_that_are_not(
    delivers: Callable[..., Any],
    by_slack: Callable[[str], Callable[[], None]],
    answering: AnsweringSender,  # noqa: F811
    pressed: Press,  # noqa: F811
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
) -> None:
    """Replies are never edited, so their buttons grow old; one press more does what was meant, and says to how much."""
    delivers(FIRST)
    act = by_slack("acknowledge")
    delivers(FIRST, OTHER)
    act()
    text = answering.answers.get(timeout=PATIENCE_SECONDS)[2]
    assert text.startswith("Not acknowledged: alerts have joined Incident 1")
    assert "A press below covers 2 alerts (orders, checkout)." in text
    blocks = answering.buttons.get(timeout=PATIENCE_SECONDS)
    (row,) = blocks
    first = row["elements"][0]  # type: ignore[index]
    assert first["text"]["text"] == "Acknowledge all 2 alerts"
    pressed(actions=[{**first, "type": "button", "block_id": block_of(blocks)}], **PLACE)
    assert shown(1)["status"] == "acknowledged"


def test_what_would_change_nothing_is_not_called_overtaken(
    delivers: Callable[..., Any],
    by_api: Callable[[str], Callable[[], None]],
    client: FlaskClient,
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
) -> None:
    """Somebody else has acknowledged the news meanwhile."""
    delivers(FIRST)
    seen = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
    delivers(FIRST, OTHER)
    by_api("acknowledge")()
    body = {"actor": "bob", "told_through": seen}
    answer = client.post("/v1/incidents/1/acknowledge", json=body, headers=HEADERS)
    assert (answer.status_code, answer.get_json()["result"]) == (200, "unchanged")
    assert shown(1)["acknowledged_by"] == "ana"


def test_acknowledgement_that_ran_out_is_no_news(
    delivers: Callable[..., Any],
    by_page: Callable[[str], Callable[[], None]],
    clock: Clock,
    step: Callable[[], int],
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
) -> None:
    """It is told anew, and a page from before has shown all that fires."""
    delivers(FIRST)
    by_page("acknowledge")()
    act = by_page("resolve")
    clock.forward(hours=5)
    assert step()
    assert shown(1)["status"] == "open"
    act()
    assert shown(1)["status"] == "resolved"


def test_api_says_why_nothing_has_changed(delivers: Callable[..., Any], client: FlaskClient) -> None:
    """409, with what to do."""
    delivers(FIRST)
    seen = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
    delivers(FIRST, OTHER)
    body = {"actor": "ana", "told_through": seen}
    answer = client.post("/v1/incidents/1/acknowledge", json=body, headers=HEADERS)
    assert answer.status_code == 409
    assert answer.get_json()["error"].startswith(
        "alerts have joined incident 1 since told_through, and nothing was changed"
    )


@pytest.mark.parametrize("given", [-1, 1.5, "7", True, [], 2**64, None])
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
