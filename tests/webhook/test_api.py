"""Tests of the HTTP interface: statuses, JSON, and that a 200 means committed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import func, select

from tests.webhook.samples import Clock, FakeSender, alert, payload
from webhook.payload import _VALIDATOR
from webhook.service import Service
from webhook.storage.database import StoreUnavailable
from webhook.storage.tables import metadata
from webhook.web.api import openapi
from webhook.web.flask_app import create_app

Post = Callable[..., dict[str, Any]]


def valid(name: str, data: object) -> None:
    """Check `data` against a schema of the OpenAPI document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": openapi()["components"]}
    Draft202012Validator(schema).validate(data)


def test_delivery_is_in_the_store_before_it_is_answered(post: Post, service: Service) -> None:
    """Incident, alerts, timeline and notifications are written in one transaction."""
    valid("Taken", post(alert()))
    with service.database.read() as connection:
        tables = ("incidents", "firings", "timeline", "notifications")
        counts = {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in tables
        }
    assert counts == {"incidents": 1, "firings": 1, "timeline": 1, "notifications": 4}


@pytest.mark.parametrize(
    ("body", "path"),
    [(b"{", "$"), (b"", "$"), (b"[]", "$"), (json.dumps({**payload(alert()), "version": "3"}).encode(), "$.version")],
)
def test_malformed_delivery_is_a_400_that_says_where(client: FlaskClient, body: bytes, path: str) -> None:
    """The answer names the place, and nothing is stored."""
    answer = client.post("/v1/alertmanager", data=body, content_type="application/json")
    assert answer.status_code == 400
    valid("Problems", answer.get_json())
    assert answer.get_json()["problems"][0]["path"] == path
    assert client.get("/v1/incidents").get_json()["incidents"] == []


def test_delivery_without_a_content_type_is_taken(client: FlaskClient) -> None:
    """A page is not lost because a header is missing."""
    assert client.post("/v1/alertmanager", data=json.dumps(payload(alert()))).status_code == 200


def test_large_delivery_is_taken_whole(client: FlaskClient, post: Post) -> None:
    """Alertmanager sends a group in one request, however many alerts it has."""
    padding = {"summary": "x" * 600, "value": "0.07"}
    assert (
        post(*(alert(instance=f"host-{number}", annotations=padding) for number in range(1_000)))["result"] == "opened"
    )
    assert len(client.get("/v1/incidents/1").get_json()["alerts"]) == 1_000


def test_store_that_cannot_take_it_is_a_503(
    post: Post, client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager then tries again; when the store is back, nothing is missing."""

    def fail(*_: object) -> None:
        raise StoreUnavailable("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(service.alert_batches, "deliver", fail)
        answer = client.post("/v1/alertmanager", json=payload(alert()))
    assert answer.status_code == 503
    valid("Error", answer.get_json())
    assert "disk" not in answer.get_data(as_text=True)
    assert post(alert())["result"] == "opened"


def test_unexpected_error_is_a_500_without_a_traceback(
    service: Service, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log holds the traceback, the answer does not."""

    def bug(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(service.alert_batches, "deliver", bug)
    answer = client.post("/v1/alertmanager", json=payload(alert()))
    assert (answer.status_code, answer.get_json()) == (500, {"error": "unexpected error; the log has it"})


def test_watchdog_is_recorded_and_tells_nobody(post: Post, client: FlaskClient) -> None:
    """Only a missing Watchdog is reported to people."""
    assert b"tocsin_watchdog_last_heard" not in client.get("/metrics").data
    assert post(alert("Watchdog", None)) == {"result": "watchdog", "incident": None}
    assert b"tocsin_watchdog_last_heard_timestamp_seconds 1.7953488e+09" in client.get("/metrics").data
    assert client.get("/v1/incidents").get_json()["incidents"] == []


def test_watchdog_that_resolves_is_not_heard(post: Post, client: FlaskClient) -> None:
    """A resolved Watchdog is not a sign of life."""
    post(alert("Watchdog", None, status="resolved"))
    assert b"tocsin_watchdog_last_heard" not in client.get("/metrics").data


def test_incident_shows_everything(post: Post, client: FlaskClient, drain: Callable[..., int]) -> None:
    """The incident has the shape that the OpenAPI document promises."""
    post(
        alert("ApiPlatformConnectionPool", annotations={"value": "0.97"}, namespace="shop", pod="web-1"),
        alert(instance="b", annotations={"value": "0.0501"}),
    )
    drain()
    incident = client.get("/v1/incidents/1").get_json()
    valid("Incident", incident)
    assert incident["problem"] == "Connection pool usage is 97%, limit >= 95 of 100"
    assert incident["runbook"]["commands"][0]["text"] == "kubectl --namespace shop logs web-1 --tail 100"
    assert incident["not_reached"] == ["SMS to DevOps team: not configured"]
    assert [line["kind"] for line in incident["timeline"]] == ["opened"]
    assert {row["channel"]: row["state"] for row in incident["notifications"]} == {
        "slack": "sent",
        "pagerduty": "sent",
        "sms": "unconfigured",
        "email": "sent",
    }


def test_incidents_are_listed_by_state_and_in_pages(post: Post, client: FlaskClient) -> None:
    """The newest come first; the answer says where the older ones are."""
    for number in range(5):
        post(alert(instance=str(number)), groupLabels={"n": str(number)})
    client.post("/v1/incidents/2/resolve", json={"actor": "x"})
    client.post("/v1/incidents/4/acknowledge", json={"actor": "x"})
    page = client.get("/v1/incidents?state=open&state=acknowledged&limit=3").get_json()
    valid("IncidentList", page)
    assert [incident["id"] for incident in page["incidents"]] == [5, 4, 3]
    older = client.get(page["next"]).get_json()
    assert ([incident["id"] for incident in older["incidents"]], older["next"]) == ([1], None)
    assert [incident["id"] for incident in client.get("/v1/incidents?state=resolved").get_json()["incidents"]] == [2]


@pytest.mark.parametrize(
    "query", ["state=odd", "limit=0", "limit=201", "limit=x", "before=-1", "before=0", "before=99999999999999999999"]
)
def test_wrong_query_is_a_400(client: FlaskClient, query: str) -> None:
    """The answer names the parameter."""
    answer = client.get(f"/v1/incidents?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["problems"][0]["path"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/incidents/7",
        "/v1/incidents/x",
        "/v1/incidents/9223372036854775807",
        "/v1/incidents/9223372036854775808",
        "/v1/nothing",
    ],
)
def test_what_does_not_exist_is_a_404(client: FlaskClient, path: str) -> None:
    """A number larger than any store's gets the same answer."""
    answer = client.get(path)
    assert answer.status_code == 404
    valid("Error", answer.get_json())


def test_wrong_method_is_a_405(client: FlaskClient) -> None:
    """The answer says which method is allowed."""
    answer = client.get("/v1/alertmanager")
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


def test_acknowledge_and_resolve_name_who_acts(post: Post, client: FlaskClient) -> None:
    """Both are idempotent; a resolved incident cannot be acknowledged."""
    post(alert())
    for verb in ("acknowledge", "resolve"):
        answer = client.post(f"/v1/incidents/1/{verb}", json={"actor": "on\ncall\x1b"})
        valid("Changed", answer.get_json())
        assert answer.get_json()["result"] == f"{verb}d"
    assert client.post("/v1/incidents/1/resolve", json={"actor": "x"}).get_json()["result"] == "unchanged"
    assert client.post("/v1/incidents/1/acknowledge", json={"actor": "x"}).status_code == 409
    incident = client.get("/v1/incidents/1").get_json()
    valid("Incident", incident)
    assert (incident["acknowledged_by"], incident["resolved_by"]) == ("on call", "on call")
    assert (incident["still_firing"], incident["alerts"][0]["firing"]) == (True, True)
    assert incident["told_again_at"] == "2026-11-22T13:00:00Z"


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_hand_on_an_unknown_incident_is_a_404(client: FlaskClient, verb: str) -> None:
    """No incident is created."""
    assert client.post(f"/v1/incidents/3/{verb}", json={"actor": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"actor": 1}', "application/json"),
        (b'{"actor": " "}', "application/json"),
        (b'{"actor": "\\u001f\\u200b"}', "application/json"),
        (b"actor=x", "application/x-www-form-urlencoded"),
        (b'{"actor": "x"}', "text/plain"),
    ],
)
def test_hand_without_a_name_is_a_400(post: Post, client: FlaskClient, body: bytes, kind: str) -> None:
    """Only JSON is taken: a form on another site cannot send it."""
    post(alert())
    assert client.post("/v1/incidents/1/resolve", data=body, content_type=kind).status_code == 400


def test_resolve_by_hand_is_taken_back_by_anybody(post: Post, client: FlaskClient) -> None:
    """Anybody may reopen it at once while it fires; Alertmanager's repeat in between tells nobody."""
    post(alert())
    client.post("/v1/incidents/1/resolve", json={"actor": "x"})
    assert post(alert()) == {"result": "repeated", "incident": 1}
    answer = client.post("/v1/incidents/1/reopen", json={"actor": "y"}).get_json()
    valid("Changed", answer)
    assert answer == {"result": "reopened", "status": "open", "incident": 1}
    assert client.post("/v1/incidents/1/reopen", json={"actor": "y"}).get_json()["result"] == "unchanged"
    incident = client.get("/v1/incidents/1").get_json()
    assert (incident["still_firing"], incident["told_again_at"], incident["resolved_by"]) == (False, None, None)
    assert incident["timeline"][-1]["detail"] == (
        "y has reopened it, resolved by x before; DevOps team (level 1 of 3) is asked again."
    )


def test_what_is_over_is_not_reopened(post: Post, client: FlaskClient) -> None:
    """The answer says why: none of its alerts fires."""
    post(alert())
    post(alert(status="resolved"))
    answer = client.post("/v1/incidents/1/reopen", json={"actor": "y"})
    assert (answer.status_code, answer.get_json()["error"]) == (
        409,
        "incident 1 is over: none of its alerts fires any more",
    )
    assert client.post("/v1/incidents/7/reopen", json={"actor": "y"}).status_code == 404


def test_healthz_says_alive(client: FlaskClient) -> None:
    """The answer does not depend on the store or the catalogue."""
    valid("Health", client.get("/healthz").get_json())


def test_readyz_says_ready(client: FlaskClient) -> None:
    """The store is writable and the catalogue is loaded."""
    answer = client.get("/readyz")
    valid("Readiness", answer.get_json())
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")


def test_readyz_shows_a_broken_catalogue_without_taking_the_server_away(client: FlaskClient, service: Service) -> None:
    """Paging goes on with the last good catalogue."""
    service.settings.catalog.write_text("{")
    service.catalog.refresh()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["catalog"]["last_load_ok"]) == (200, False)
    assert "is not JSON" in answer.get_json()["warnings"][0]
    assert b"tocsin_catalog_last_load_ok 0.0" in client.get("/metrics").data


def test_metrics_the_generated_alerts_use_exist_from_the_start(client: FlaskClient) -> None:
    """If a series appears only with the first failure, an alert on it never sees it rise."""
    metrics = client.get("/metrics").get_data(as_text=True)
    for channel in ("slack", "pagerduty", "email", "sms", "phone", "log"):
        assert f'tocsin_outbox_oldest_seconds{{channel="{channel}"}} 0.0' in metrics
        assert f'tocsin_notifications_failed_total{{channel="{channel}"}} 0.0' in metrics
    assert "tocsin_catalog_last_load_ok 1.0" in metrics


def test_metrics_tell_of_the_queue(post: Post, client: FlaskClient, clock: Clock) -> None:
    """They say how many notifications wait, and for how long the oldest has waited."""
    post(alert())
    clock.forward(seconds=90)
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_outbox_waiting{channel="slack"} 1.0' in metrics
    assert 'tocsin_outbox_oldest_seconds{channel="slack"} 90.0' in metrics
    assert 'tocsin_notifications_total{channel="sms",state="unconfigured"} 1.0' in metrics
    assert 'tocsin_open_incidents{severity="critical",status="open"} 1.0' in metrics
    assert 'tocsin_alertmanager_deliveries_total{result="opened"} 1.0' in metrics


def test_metrics_are_answered_when_the_store_is_gone(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tocsin_store_up` is then the one metric that matters, and it is present."""

    def fail() -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(service.database, "read", fail)
    assert b"tocsin_store_up 0.0" in client.get("/metrics").data


def test_requests_are_counted_by_route_and_status(client: FlaskClient) -> None:
    """Requests are counted by the route's pattern, so that nobody can add unlimited label values."""
    client.get("/v1/incidents/77")
    client.get("/nothing/here")
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_http_requests_total{method="GET",route="/v1/incidents/{id}",status="404"} 1.0' in metrics
    assert 'tocsin_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in metrics


def test_openapi_describes_every_route_and_no_other(service: Service) -> None:
    """The document is the contract: it must list every route."""
    rules = create_app(service).url_map.iter_rules()
    routes = {
        (method, rule.rule.replace("<int(max=9223372036854775807):number>", "{number}").replace("<key>", "{key}"))
        for rule in rules
        for method in rule.methods or ()
        if method in {"GET", "POST"}
    }
    described = {(method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods}
    assert routes == described


def test_openapi_is_served(client: FlaskClient) -> None:
    """The served document is the file in the package."""
    assert client.get("/openapi.json").get_json() == openapi()


def test_openapi_s_payload_is_the_one_that_is_checked() -> None:
    """Two descriptions of the same payload must not differ."""
    described = openapi()["components"]["schemas"]["AlertmanagerPayload"]
    assert set(described["required"]) == set(_VALIDATOR.schema["required"])
    assert set(described["properties"]) == set(_VALIDATOR.schema["properties"])
    assert set(described["properties"]["alerts"]["items"]["required"]) == set(
        _VALIDATOR.schema["$defs"]["alert"]["required"]
    )


def test_unconfigured_installation_still_leaves_a_trace(
    post: Post, service: Service, senders: dict[str, FakeSender], drain: Callable[..., int]
) -> None:
    """Without any receiver the notification goes to the log."""
    for name in ("slack", "pagerduty", "email"):
        del senders[name]
    service.alert_batches._channels = {"log": senders["log"].actions}
    post(alert())
    drain()
    assert senders["log"].sent == [("open", "log")]
