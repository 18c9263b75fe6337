"""Tests that nobody resolves, gives back or reopens an incident by mistake on the page: Enter, a double tap, an old page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, alert
from tests.webhook.test_pages import Post, page

HASTY = "as the second tap of a double tap does"
Drawn = Callable[[str], dict[str, str]]


@pytest.fixture
def drawn(client: FlaskClient) -> Drawn:
    """Return a function that returns the fields of the form at an address, filled in by `ana`."""

    def fields(address: str) -> dict[str, str]:
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page(client, address))
        return {"actor": "ana", **dict(hidden)}

    return fields


def forms(text: str) -> list[tuple[str, list[str]]]:
    """Return the address that each form posts to, and its buttons as they are written, in their order."""
    return [
        (match[1], re.findall(r"<button[^>]*>", match[2]))
        for match in re.finditer(r'<form method="post" action="([^"]*)">(.*?)</form>', text, flags=re.DOTALL)
    ]


def in_each_state(client: FlaskClient) -> dict[str, str]:
    """Return the pages of an incident in each of its states, by the state."""
    texts = {"open": page(client, "/incidents/1"), "asked": page(client, "/incidents/1/resolve")}
    client.post("/incidents/1/acknowledge", data={"actor": "ana"})
    texts |= {"acknowledged": page(client, "/incidents/1"), "asked, acknowledged": page(client, "/incidents/1/resolve")}
    client.post("/incidents/1/resolve", data={"actor": "ana"})
    texts["fires on"] = page(client, "/incidents/1")
    return texts


def test_enter_does_no_more_than_acknowledge(post: Post, client: FlaskClient) -> None:
    """Enter in a field presses the first button of its form: it acknowledges, or only loads a page."""
    post(alert())
    for state, text in in_each_state(client).items():
        assert forms(text), state
        for action, (first, *_) in forms(text):
            assert action.endswith("/acknowledge") or 'formmethod="get"' in first, state


def test_no_page_resolves_without_asking(post: Post, client: FlaskClient) -> None:
    """Only the page that asks has a form that resolves, and its first choice is to keep the incident open."""
    post(alert())
    for state, text in in_each_state(client).items():
        addresses = [action for action, _ in forms(text)]
        assert ("/incidents/1/resolve" in addresses) is state.startswith("asked"), state
        if state.startswith("asked"):
            assert text.index(">Keep it open<") < text.index('class="grave"'), state


def test_question_says_what_follows(post: Post, client: FlaskClient) -> None:
    """It fires, and is told again after the policy's `still_firing`."""
    post(alert(), alert(instance="second"))
    text = page(client, "/incidents/1/resolve")
    assert "Still firing, 2 alerts." in text
    assert "nobody is called for it until 13:00 UTC" in text
    assert ">Resolve, though it fires<" in text


def test_question_about_what_is_over_leads_to_the_incident(post: Post, client: FlaskClient) -> None:
    """There is nothing to ask."""
    post(alert())
    post(alert(status="resolved"))
    answer = client.get("/incidents/1/resolve")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/1")
    assert client.get("/incidents/99/resolve").status_code == 404


def test_resolve_is_taken_back_by_one_press(
    post: Post,
    client: FlaskClient,
    clock: Clock,
    drawn: Drawn,
) -> None:
    """The page of an incident that fires on has one button."""
    post(alert())
    fields = drawn("/incidents/1/resolve")
    clock.forward(seconds=5)
    client.post("/incidents/1/resolve", data=fields)
    fields = drawn("/incidents/1")
    clock.forward(seconds=5)
    client.post("/incidents/1/reopen", data=fields)
    assert ">Acknowledge<" in page(client, "/incidents/1")


@pytest.mark.parametrize(
    ("before", "address", "action", "says"),
    [
        ((), "/incidents/1/resolve", "resolve", "Not resolved."),
        (("acknowledge",), "/incidents/1", "unacknowledge", "Not given back."),
        (("acknowledge",), "/incidents/1/resolve", "resolve", "Not resolved."),
        (("resolve",), "/incidents/1", "reopen", "Not reopened."),
    ],
)
def test_second_tap_of_a_double_tap_changes_nothing(  # noqa: PLR0917
    post: Post,
    client: FlaskClient,
    clock: Clock,
    drawn: Drawn,
    before: tuple[str, ...],
    address: str,
    action: str,
    says: str,
) -> None:
    """It comes within a second after the button was drawn; the page says so, and the same press works later."""
    post(alert())
    for earlier in before:
        client.post(f"/incidents/1/{earlier}", data={"actor": "ana"})
    state = client.get("/v1/incidents/1").get_json()
    fields = drawn(address)
    clock.forward(seconds=0.4)
    answer = client.post(f"/incidents/1/{action}", data=fields)
    text = page(client, answer.headers["Location"])
    assert says in text
    assert HASTY in text
    after = client.get("/v1/incidents/1").get_json()
    assert (after["status"], after["timeline"]) == (state["status"], state["timeline"])
    clock.forward(seconds=0.7)
    client.post(f"/incidents/1/{action}", data=fields)
    assert client.get("/v1/incidents/1").get_json()["timeline"] != state["timeline"]


def test_double_tap_on_acknowledge_acknowledges_once(
    post: Post,
    client: FlaskClient,
    clock: Clock,
    drawn: Drawn,
) -> None:
    """The second tap on the same page finds the incident acknowledged."""
    post(alert())
    fields = drawn("/incidents/1")
    client.post("/incidents/1/acknowledge", data=fields)
    clock.forward(seconds=0.3)
    client.post("/incidents/1/acknowledge", data=fields)
    lines = [line["kind"] for line in client.get("/v1/incidents/1").get_json()["timeline"]]
    assert lines.count("acknowledged") == 1


@pytest.mark.parametrize(
    ("address", "action", "meanwhile", "expected"),
    [
        ("/incidents/1/resolve", "resolve", "acknowledge", "acknowledged"),
        ("/incidents/1", "acknowledge", "resolve", "resolved"),
    ],
)
def test_button_of_another_state_changes_nothing(  # noqa: PLR0917
    post: Post,
    client: FlaskClient,
    clock: Clock,
    drawn: Drawn,
    address: str,
    action: str,
    meanwhile: str,
    expected: str,
) -> None:
    """Somebody else has acted since; the page shows the incident as it stands."""
    post(alert())
    fields = drawn(address)
    clock.forward(minutes=1)
    client.post(f"/incidents/1/{meanwhile}", data={"actor": "ben"})
    client.post(f"/incidents/1/{action}", data=fields)
    assert client.get("/v1/incidents/1").get_json()["status"] == expected


def test_form_of_an_earlier_release_is_asked(post: Post, client: FlaskClient) -> None:
    """Its Resolve stood beside Acknowledge."""
    post(alert())
    answer = client.post("/incidents/1/resolve", data={"actor": "ana", "seen": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/1/resolve?actor=ana")
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"


@pytest.mark.parametrize("field", ["state", "drawn"])
@pytest.mark.parametrize("text", ["<script>", "9" * 40, "1e400", "\x00", "open; DROP"])
def test_record_that_cannot_be_read_changes_nothing(
    post: Post,
    client: FlaskClient,
    drawn: Drawn,
    field: str,
    text: str,
) -> None:
    """The answer is a 400."""
    post(alert())
    answer = client.post("/incidents/1/acknowledge", data={**drawn("/incidents/1"), field: text})
    assert answer.status_code == 400
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"


def test_api_takes_the_status_that_was_read(post: Post, client: FlaskClient) -> None:
    """A script that read the incident as open does not resolve what somebody has acknowledged since."""
    post(alert())
    client.post("/v1/incidents/1/acknowledge", json={"actor": "ana", "status": "open"})
    answer: Any = client.post("/v1/incidents/1/resolve", json={"actor": "ben", "status": "open"})
    assert (answer.status_code, answer.get_json()["error"]) == (
        409,
        "incident 1 is acknowledged now, and nothing was changed: read it again and send its new status",
    )
    assert client.post("/v1/incidents/1/resolve", json={"actor": "ben", "status": "no"}).status_code == 400
    answer = client.post("/v1/incidents/1/resolve", json={"actor": "ben", "status": "acknowledged"})
    assert answer.get_json()["result"] == "resolved"
