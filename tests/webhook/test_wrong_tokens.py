"""Tests that wrong tokens are counted, logged without their text, and slowed for their sender alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from webhook.service import build
from webhook.serving.guesses import FORGIVEN_SECONDS, FREE, LONGEST_SECONDS, MOST_PEERS, Guesses
from webhook.serving.pools import guesses
from webhook.serving.reading import Head
from webhook.settings import read_settings
from webhook.web.flask_app import create_app
from webhook.web.wrong_tokens import LINE_SECONDS, MOST_ADDRESSES, WrongTokens

RIGHT = "the-right-token"
SECRET = "hunter2-is-what-they-tried"


@pytest.fixture
def guarded(environment: dict[str, str]) -> Iterator[FlaskClient]:
    service = build(read_settings({**environment, "TOCSIN_TOKEN": RIGHT}), senders={})
    yield create_app(service).test_client()
    service.close()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"ana:{password}".encode()).decode()


SHAPES = {
    "bearer": f"Bearer {SECRET}",
    "bearer in capitals": f"BEARER {SECRET}",
    "bearer with two words": f"Bearer {RIGHT} {SECRET}",
    "bearer with a comma": f"Bearer {RIGHT},{SECRET}",
    "basic": basic(SECRET),
    "basic with the token as user": "Basic " + base64.b64encode(f"{RIGHT}:{SECRET}".encode()).decode(),
    "basic that is no base64": f"Basic {SECRET}",
    "another scheme": f"Digest {SECRET}",
    "no scheme": SECRET,
    "the beginning of the token": f"Bearer {RIGHT[:-1]}",
    "more than the token": f"Bearer {RIGHT}x",
    "very long": f"Bearer {SECRET * 300}",
}


@pytest.mark.parametrize("path", ["/v1/alertmanager", "/v1/incidents", "/"])
@pytest.mark.parametrize("shape", SHAPES)
def test_wrong_token_is_counted_and_logged_without_it(guarded: FlaskClient, shape: str, path: str) -> None:
    """Operators see that somebody guesses, and from which address."""
    with capture_logs() as lines:
        for _ in range(3):
            answer = guarded.open(path, method="POST", headers={"Authorization": SHAPES[shape]})
            assert answer.status_code == 401
    assert "tocsin_wrong_tokens_total 3.0" in guarded.get("/metrics").get_data(as_text=True)
    warnings = [line for line in lines if line["event"] == "a wrong token was shown"]
    assert [(line["address"], line["path"], line["times"]) for line in warnings] == [("127.0.0.1", path, 1)]
    assert SECRET not in str(lines)
    assert RIGHT not in str(lines)


def test_no_token_is_no_wrong_one(guarded: FlaskClient) -> None:
    """A browser first asks without one."""
    assert guarded.get("/v1/incidents").status_code == 401
    assert "tocsin_wrong_tokens_total 0.0" in guarded.get("/metrics").get_data(as_text=True)


def test_a_flood_is_a_line_a_minute() -> None:
    """The log stays readable and gives the number; addresses are forgotten before they fill the memory."""
    wrong = WrongTokens()
    with capture_logs() as lines:
        for second in range(200):
            wrong.shown("192.0.2.1", "/", float(second))
    assert [line["times"] for line in lines] == [1, LINE_SECONDS, LINE_SECONDS, LINE_SECONDS]
    for number in range(2 * MOST_ADDRESSES):
        wrong.shown(f"2001:db8::{number:x}", "/", 0.0)
    assert len(wrong._of) == MOST_ADDRESSES


def test_waits_grow_and_are_forgiven() -> None:
    """A few mistakes cost nothing, a series costs seconds each, and a minute later hardly anything."""
    guesses = Guesses()
    waits = [guesses.wait("a", 0.0) for _ in range(20)]
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE:] == sorted(waits[FREE:])
    assert waits[-1] == LONGEST_SECONDS
    assert guesses.wait("b", 0.0) == 0.0
    assert guesses.wait("a", 20 * FORGIVEN_SECONDS) == 0.0
    for number in range(2 * MOST_PEERS):
        guesses.wait(str(number), 1_000.0)
    assert len(guesses._counts) == MOST_PEERS


@pytest.mark.parametrize(
    ("path", "authorization", "is_one"),
    [
        ("/v1/alertmanager", "Bearer x", True),
        ("/", "Basic x", True),
        ("/v1/alertmanager", "", False),
        ("/slack/interactions", "Bearer x", False),
        ("/pagerduty/webhook", "Bearer x", False),
    ],
)
def test_what_a_provider_signs_shows_no_token(
    environment: dict[str, str], path: str, authorization: str, *, is_one: bool
) -> None:
    """A signature lets callbacks in, whatever their headers hold."""
    settings = read_settings({**environment, "TOCSIN_TOKEN": RIGHT})
    head = Head(method="POST", path=path, length=0, authorization=authorization, waits_for_continue=False)
    assert guesses(head, settings) is is_one
