"""Tests of who may deliver, read and act: tokens, passwords, browsers and providers' signatures."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import alert, payload
from webhook.service import Service, build
from webhook.serving.pools import pool_of
from webhook.serving.reading import Head
from webhook.settings import read_settings
from webhook.web.flask_app import create_app

OLD, NEW = "old-token", "new-token"
READS = ["/", "/incidents/1", "/v1/incidents", "/v1/incidents/1"]
OPEN = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/style.css"]
SIGNED = ["/slack/interactions", "/pagerduty/webhook"]
"""Without the provider's secret these routes do not exist."""


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
    """A token can be replaced without a moment in which deliveries are refused."""
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
    """The request is refused before its body is read. Basic authentication is for browsers, not for deliveries."""
    answer = guarded.post("/v1/alertmanager", data=b"{", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("headers", [bearer(NEW), basic("anybody", OLD), basic("", OLD)])
def test_reading_is_for_bearers_and_browsers(guarded: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """A browser sends the token as the password."""
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
    """Even the existence of an incident is hidden without a token; the answer makes a browser ask for one."""
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_every_route_needs_a_token_or_a_signature_but_the_open_ones(guarded: FlaskClient) -> None:
    """The test asks every route, so a new route is covered; only the routes in `OPEN` need no token."""
    request_count = 0
    for rule in guarded.application.url_map.iter_rules():
        path = re.sub("<int[^>]*>", "1", rule.rule).replace("<key>", "0a1b")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            status = guarded.open(path, method=method, json={"actor": "x"} if method == "POST" else None).status_code
            assert status == (200 if path in OPEN else 404 if path in SIGNED else 401), (method, path)
            request_count += 1
    assert request_count > len(READS) + len(OPEN)


@pytest.mark.parametrize("path", OPEN)
def test_open_routes_say_nothing_of_an_incident(guarded: FlaskClient, path: str) -> None:
    """An open route shows no names or values of labels, and no names of people."""
    delivered = alert(
        "Confided", component="confided-part", instance="confided-host", annotations={"summary": "confided words"}
    )
    opened = guarded.post("/v1/alertmanager", json=payload(delivered), headers=bearer(OLD)).get_json()
    action = f"/v1/incidents/{opened['incident']}/acknowledge"
    assert guarded.post(action, json={"actor": "confided-name"}, headers=bearer(OLD)).status_code == 200
    body = guarded.get(path).get_data(as_text=True)
    assert "confided" not in body.lower()


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_metrics_need_none(guarded: FlaskClient, path: str) -> None:
    """An orchestrator has no token; the probes and metrics name no incident."""
    assert guarded.get(path).status_code == 200


def test_browser_s_user_name_stands_beside_the_buttons(guarded: FlaskClient) -> None:
    """The page fills in the name that a person has given once."""
    assert 'value="on-call"' in guarded.get("/incidents/1", headers=basic("on-call", OLD)).get_data(as_text=True)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.com"}],
)
@pytest.mark.parametrize("path", ["/v1/alertmanager", "/v1/incidents/1/resolve", "/incidents/1/resolve"])
def test_other_sites_cannot_make_a_browser_act(guarded: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """The browser would send the password with the request of another site."""
    assert guarded.post(path, data={"actor": "x"}, headers={**headers, **basic("x", OLD)}).status_code == 403


def test_own_page_may_act(guarded: FlaskClient) -> None:
    """The buttons of the page work."""
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
    """Otherwise a site could point its name to this machine and read everything."""
    assert client.get("/v1/incidents", headers={"Host": host}).status_code == status


def test_answers_never_hold_a_token(guarded: FlaskClient, service: Service, post: Callable[..., object]) -> None:
    """Pages, metrics and errors hold no token."""
    for path in [*READS, *OPEN]:
        body = guarded.get(path, headers=bearer(OLD)).get_data(as_text=True)
        assert OLD not in body
        assert NEW not in body


USER, PASSWORD = "alertmanager", "pass:word, ü"


@pytest.fixture
def logged_in(environment: dict[str, str], tmp_path: Path) -> Iterator[FlaskClient]:
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    login = {"TOCSIN_DELIVERY_USERNAME": USER, "TOCSIN_DELIVERY_PASSWORD_FILE": str(tmp_path / "password")}
    service = build(read_settings({**environment, "TOCSIN_TOKEN": OLD, **login}), senders={})
    yield create_app(service).test_client()
    service.close()


@pytest.mark.parametrize("headers", [basic(USER, PASSWORD), bearer(OLD)])
def test_delivery_by_user_and_password_is_taken(logged_in: FlaskClient, headers: dict[str, str]) -> None:
    """Some senders can only log in by user and password; a token still works."""
    assert logged_in.post("/v1/alertmanager", json=payload(alert()), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(USER, "wrong"),
        basic("other", PASSWORD),
        basic("", PASSWORD),
        basic(USER, ""),
        basic("", ""),
        basic(USER, OLD),
        bearer(PASSWORD.replace("ü", "u")),
        {"Authorization": "Basic"},
        {"Authorization": "Basic " + base64.b64encode(USER.encode()).decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    ],
)
def test_delivery_by_a_wrong_user_or_password_is_refused(logged_in: FlaskClient, headers: dict[str, str]) -> None:
    """User and password must both be right; the answer names the accepted schemes."""
    answer = logged_in.post("/v1/alertmanager", data=b"{", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer, Basic realm="Tocsin", charset="UTF-8"'


@pytest.mark.parametrize("path", READS)
def test_password_of_deliveries_opens_nothing_else(logged_in: FlaskClient, path: str) -> None:
    """Alertmanager's secret reads no incident and acts on none."""
    assert logged_in.get(path, headers=basic(USER, PASSWORD)).status_code == 401
    assert logged_in.post(f"{path}/resolve", json={"actor": "x"}, headers=basic(USER, PASSWORD)).status_code == 401


def test_deliveries_may_need_a_password_where_nothing_else_does(environment: dict[str, str]) -> None:
    """On loopback, deliveries need the password though no token is set."""
    login = {"TOCSIN_DELIVERY_USERNAME": USER, "TOCSIN_DELIVERY_PASSWORD": "secret"}
    service = build(read_settings({**environment, **login}), senders={})
    client = create_app(service).test_client()
    assert client.post("/v1/alertmanager", json=payload(alert())).status_code == 401
    assert client.post("/v1/alertmanager", json=payload(alert()), headers=basic(USER, "secret")).status_code == 200
    assert client.get("/v1/incidents").status_code == 200
    service.close()


@pytest.mark.parametrize(
    ("path", "headers", "pool"),
    [
        ("/v1/alertmanager", basic(USER, PASSWORD), "deliveries"),
        ("/v1/alertmanager", bearer(OLD), "deliveries"),
        ("/v1/alertmanager", basic(USER, "wrong"), "strangers"),
        ("/v1/alertmanager", basic("x", OLD), "strangers"),
        ("/v1/incidents", basic(USER, PASSWORD), "strangers"),
        ("/v1/incidents", basic("x", OLD), "people"),
    ],
)
def test_who_logs_in_for_deliveries_has_their_threads(
    environment: dict[str, str], path: str, headers: dict[str, str], pool: str
) -> None:
    """Only a request that logs in gets these threads; a stranger's body is not read."""
    login = {"TOCSIN_DELIVERY_USERNAME": USER, "TOCSIN_DELIVERY_PASSWORD": PASSWORD}
    settings = read_settings({**environment, "TOCSIN_TOKEN": OLD, **login})
    head = cast("Head", SimpleNamespace(path=path, method="POST", authorization=headers["Authorization"]))
    assert pool_of(head, settings) == pool
