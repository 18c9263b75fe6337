"""Who is let in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import alert, payload
from webhook.service import Service, build
from webhook.settings import read_settings
from webhook.web.application import create_app

OLD, NEW = "old-token", "new-token"
READS = ["/", "/incidents/1", "/v1/incidents", "/v1/incidents/1"]
OPEN = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/style.css"]


@pytest.fixture
def guarded(environment: dict[str, str]) -> Iterator[FlaskClient]:
    service = build(read_settings({**environment, "TOCSIN_TOKEN": f"{OLD}, {NEW}"}), senders={})
    client = create_app(service).test_client()
    client.post("/v1/alertmanager", json=payload(alert()), headers=bearer(OLD))
    yield client
    service.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(user: str, token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


@pytest.mark.parametrize("token", [OLD, NEW])
def test_two_tokens_are_valid_while_one_replaces_the_other(guarded: FlaskClient, token: str) -> None:
    """Rotation without a moment in which deliveries are refused."""
    assert guarded.post("/v1/alertmanager", json=payload(alert()), headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(""),
        bearer("wrong"),
        bearer(OLD + "x"),
        bearer(f"{OLD}, {NEW}"),
        {"Authorization": OLD},
        {"Authorization": "Bearer"},
        bearer("ü"),
        basic("x", OLD),
    ],
)
def test_delivery_without_a_valid_token_is_refused(guarded: FlaskClient, headers: dict[str, str]) -> None:
    """Before its body is read; Basic is for browsers, not for deliveries."""
    answer = guarded.post("/v1/alertmanager", data=b"{", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("headers", [bearer(NEW), basic("anybody", OLD), basic("", OLD)])
def test_reading_is_for_bearers_and_browsers(guarded: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """A browser shows the token as the password."""
    assert guarded.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", [*READS, "/nothing"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        basic("x", "wrong"),
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic eA=="},
        {"Authorization": "Basic /w=="},
    ],
)
def test_reading_needs_a_token(guarded: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """Also to learn what exists; the answer makes a browser ask."""
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_metrics_need_none(guarded: FlaskClient, path: str) -> None:
    """An orchestrator has no token, and nothing there names an incident."""
    assert guarded.get(path).status_code == 200


def test_browser_s_user_name_stands_beside_the_buttons(guarded: FlaskClient) -> None:
    """Who has said their name once need not say it again."""
    assert 'value="on-call"' in guarded.get("/incidents/1", headers=basic("on-call", OLD)).get_data(as_text=True)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.com"}],
)
@pytest.mark.parametrize("path", ["/v1/alertmanager", "/v1/incidents/1/resolve", "/incidents/1/resolve"])
def test_other_sites_cannot_make_a_browser_act(guarded: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """The browser would send the password along."""
    assert guarded.post(path, data={"actor": "x"}, headers={**headers, **basic("x", OLD)}).status_code == 403


def test_own_page_may_act(guarded: FlaskClient) -> None:
    """The buttons work."""
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", **basic("x", OLD)}
    assert guarded.post("/incidents/1/resolve", data={"actor": "on-call"}, headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9095", 200),
        ("127.0.0.1", 200),
        ("[::1]:9095", 200),
        ("tocsin.example.com", 200),
        ("evil.example.com", 403),
        ("127.0.0.1.evil.example.com", 403),
    ],
)
def test_without_a_token_only_own_names_are_answered(client: FlaskClient, host: str, status: int) -> None:
    """A site could let its name point to this machine and read everything."""
    assert client.get("/v1/incidents", headers={"Host": host}).status_code == status


def test_answers_never_hold_a_token(guarded: FlaskClient, service: Service, post: Callable[..., object]) -> None:
    """Neither pages nor metrics nor errors."""
    for path in [*READS, *OPEN]:
        said = guarded.get(path, headers=bearer(OLD)).get_data(as_text=True)
        assert OLD not in said
        assert NEW not in said
