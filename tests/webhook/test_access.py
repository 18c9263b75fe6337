"""Who is let in."""

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
"""Without the provider's secret they are not there."""


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


def test_every_route_needs_a_token_or_a_signature_but_the_open_ones(guarded: FlaskClient) -> None:
    """Whoever adds a route need not think of it: all are asked about here, and what needs none is listed above."""
    asked = 0
    for rule in guarded.application.url_map.iter_rules():
        path = re.sub("<int[^>]*>", "1", rule.rule).replace("<key>", "0a1b")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            status = guarded.open(path, method=method, json={"actor": "x"} if method == "POST" else None).status_code
            assert status == (200 if path in OPEN else 404 if path in SIGNED else 401), (method, path)
            asked += 1
    assert asked > len(READS) + len(OPEN)


@pytest.mark.parametrize("path", OPEN)
def test_open_routes_say_nothing_of_an_incident(guarded: FlaskClient, path: str) -> None:
    """Neither names nor values of labels, nor who has done what."""
    told = alert(
        "Confided", component="confided-part", instance="confided-host", annotations={"summary": "confided words"}
    )
    opened = guarded.post("/v1/alertmanager", json=payload(told), headers=bearer(OLD)).get_json()
    action = f"/v1/incidents/{opened['incident']}/acknowledge"
    assert guarded.post(action, json={"actor": "confided-name"}, headers=bearer(OLD)).status_code == 200
    said = guarded.get(path).get_data(as_text=True)
    assert "confided" not in said.lower()


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
    """Some senders know no other way; a token is as good as before."""
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
    """Both have to be right, and the answer says which ways there are."""
    answer = logged_in.post("/v1/alertmanager", data=b"{", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer, Basic realm="Tocsin", charset="UTF-8"'


@pytest.mark.parametrize("path", READS)
def test_password_of_deliveries_opens_nothing_else(logged_in: FlaskClient, path: str) -> None:
    """Alertmanager's secret reads no incident, and acts on none."""
    assert logged_in.get(path, headers=basic(USER, PASSWORD)).status_code == 401
    assert logged_in.post(f"{path}/resolve", json={"actor": "x"}, headers=basic(USER, PASSWORD)).status_code == 401


def test_deliveries_may_need_a_password_where_nothing_else_does(environment: dict[str, str]) -> None:
    """On loopback, without a token."""
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
    """And nobody else's: a stranger's body is not read."""
    login = {"TOCSIN_DELIVERY_USERNAME": USER, "TOCSIN_DELIVERY_PASSWORD": PASSWORD}
    settings = read_settings({**environment, "TOCSIN_TOKEN": OLD, **login})
    head = cast("Head", SimpleNamespace(path=path, method="POST", authorization=headers["Authorization"]))
    assert pool_of(head, settings) == pool
