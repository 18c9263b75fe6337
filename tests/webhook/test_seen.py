"""Tests that an acknowledgement or a resolve covers only what the person was shown, and nothing that came later."""

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
        buttons = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
        button = next(element for element in buttons if element["action_id"] == f"tocsin.{verb}")
        action = {**interaction(verb)["actions"][0], "value": button["value"], "block_id": block_of(blocks)}
        return lambda: _answers(pressed(verb, actions=[action], **PLACE), 200)

    return drawn


def block_of(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Return the id of the row of buttons."""
    return next(str(block["block_id"]) for block in blocks if block["type"] == "actions")


def _answers(response: Any, *expected: int) -> None:  # noqa: ANN401
    assert response.status_code in expected


@pytest.fixture
def by_page(client: FlaskClient, clock: Clock) -> Callable[[str], Callable[[], None]]:
    """Return a function that remembers the form of the incident's page as it is now, and returns how to send that."""

    def drawn(verb: str) -> Callable[[], None]:
        page = "/incidents/1/resolve" if verb == "resolve" else "/incidents/1"
        text = client.get(page, headers=HEADERS).get_data(as_text=True)
        data = {"actor": "ana", **dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))}
        assert set(data) == {"actor", "seen", "state", "drawn"}

        def send() -> None:
            clock.forward(seconds=10)
            _answers(client.post(f"/incidents/1/{verb}", data=data, headers=HEADERS), 303)

        return send

    return drawn


@pytest.fixture
def by_api(client: FlaskClient) -> Callable[[str], Callable[[], None]]:
    """Return a function that reads the incident, and returns how to act on what was read."""

    def drawn(verb: str) -> Callable[[], None]:
        told_through = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
        body = {"actor": "ana", "told_through": told_through}
        return lambda: _answers(client.post(f"/v1/incidents/1/{verb}", json=body, headers=HEADERS), 200, 409)

    return drawn


@pytest.mark.parametrize("interface", ["by_slack", "by_page", "by_api"])
@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_what_was_told_after_a_button_was_drawn_is_not_covered_by_it(
    request: pytest.FixtureRequest,
    delivers: Callable[..., Any],
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    interface: str,
    verb: str,
) -> None:
    """A second alert has joined; its people are still asked, and the button that shows both alerts covers both."""
    delivers(FIRST)
    act = request.getfixturevalue(interface)(verb)
    assert delivers(FIRST, OTHER)["result"] == "joined"
    act()
    assert shown(1)["status"] == "open"
    request.getfixturevalue(interface)(verb)()
    assert shown(1)["status"] == {"acknowledge": "acknowledged", "resolve": "resolved"}[verb]


@pytest.mark.parametrize("interface", ["by_slack", "by_page", "by_api"])
def test_what_is_no_news_leaves_a_button_as_good_as_it_was(
    request: pytest.FixtureRequest,
    delivers: Callable[..., Any],
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    clock: Clock,
    interface: str,
) -> None:
    """The same alert again, its replica, and the next level that is asked for lack of an answer are no news."""
    delivers(FIRST)
    act = request.getfixturevalue(interface)("acknowledge")
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
    """The page has a new form, the given name, and an address that can be loaded again."""
    delivers(FIRST)
    text = client.get("/incidents/1", headers=HEADERS).get_data(as_text=True)
    field = re.search(r'name="seen" value="(\d+)"', text)
    assert field is not None
    delivers(FIRST, OTHER)
    answer = client.post("/incidents/1/acknowledge", data={"actor": "ana", "seen": field[1]}, headers=HEADERS)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"], headers=HEADERS).get_data(as_text=True)
    assert "<title>Not acknowledged · " in page
    assert "Alerts have joined since the page was drawn on which you pressed." in page
    assert f'name="seen" value="{field[1]}"' not in page
    assert 'name="actor" value="ana"' in page
    assert ">Acknowledge<" in page


@pytest.mark.parametrize("seen", ["zzz", "-1", "٣", "1" * 20, "1; DROP TABLE incidents"])
def test_form_that_cannot_be_read_changes_nothing(
    delivers: Callable[..., Any],
    client: FlaskClient,
    shown: Callable[[int], dict[str, Any]],  # noqa: F811
    seen: str,
) -> None:
    """The answer is a 400."""
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
    """Replies are never edited, so their buttons grow old; another press acts, and the answer says what it covers."""
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
    told_through = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
    delivers(FIRST, OTHER)
    by_api("acknowledge")()
    body = {"actor": "bob", "told_through": told_through}
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
    """An earlier page has shown everything that fires, but not that nobody has it any more: it changes nothing."""
    delivers(FIRST)
    by_page("acknowledge")()
    act = by_page("resolve")
    clock.forward(hours=5)
    assert step()
    assert shown(1)["status"] == "open"
    act()
    assert shown(1)["status"] == "open"
    by_page("resolve")()
    assert shown(1)["status"] == "resolved"


def test_api_says_why_nothing_has_changed(delivers: Callable[..., Any], client: FlaskClient) -> None:
    """The answer is a 409 that says what to do."""
    delivers(FIRST)
    told_through = client.get("/v1/incidents/1", headers=HEADERS).get_json()["told_through"]
    delivers(FIRST, OTHER)
    body = {"actor": "ana", "told_through": told_through}
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
    """The answer names the field."""
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
    """These are scripts for older releases, and people at a terminal."""
    delivers(FIRST)
    delivers(FIRST, OTHER)
    assert client.post(f"/v1/incidents/1/{verb}", json={"actor": "ana"}, headers=HEADERS).status_code == 200
    assert shown(1)["status"] != "open"
