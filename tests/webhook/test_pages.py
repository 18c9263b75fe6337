"""Tests of the web pages: complete, safe, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeSender, alert
from webhook.senders.contract import PermanentFailure
from webhook.service import Service
from webhook.web import pages

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
Post = Callable[..., Any]
Drain = Callable[..., int]


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    return answer.get_data(as_text=True)


def test_list_shows_open_incidents_the_most_severe_first(post: Post, client: FlaskClient) -> None:
    """Recently resolved incidents stand below."""
    post(alert("ApiPlatformCircuitBreaker", "emergency"))
    post(alert(severity="warning"))
    post(alert("Gone"))
    post(alert("Gone", status="resolved"))
    text = page(client, "/")
    assert "2 open incidents" in text
    assert (
        text.index("/incidents/1")
        < text.index("/incidents/2")
        < text.index("Recently resolved")
        < text.index("/incidents/3")
    )


def test_empty_list_says_that_nothing_is_wrong_if_that_is_known(post: Post, client: FlaskClient, clock: Clock) -> None:
    """Without a heartbeat, or while one is silent, nobody knows whether alerts would come."""
    text = page(client, "/")
    assert "No incident is open" in text
    assert "No Watchdog has been heard yet" in text
    post(alert("Watchdog", "none", annotations={}))
    clock.forward(seconds=12)
    text = page(client, "/")
    assert "Nothing is wrong" in text
    assert "Last heard from Alertmanager 12 s ago." in text
    clock.forward(hours=2)
    text = page(client, "/")
    assert "Nothing is wrong" not in text
    assert "Not heard: " in text
    assert "since 12:00 UTC" in text


def test_list_keeps_the_most_severe_and_counts_them_all(
    post: Post, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old emergency must not vanish behind newer warnings."""
    monkeypatch.setattr(pages, "MOST_OPEN", 3)
    post(alert("ApiPlatformCircuitBreaker", "emergency"))
    for number in range(5):
        post(alert(component=f"c{number}", severity="warning"), groupLabels={"number": str(number)})
    text = page(client, "/")
    assert "6 open incidents" in text
    assert re.findall(r"#(\d)</span>", text) == ["1", "6", "5"]
    assert "Only the 3 most severe and newest are shown here" in text


def test_list_does_not_say_that_all_is_well_while_something_fires(post: Post, client: FlaskClient) -> None:
    """Incidents that a person resolved and that fire on stand apart, with the time when they are told again."""
    post(alert())
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    text = page(client, "/")
    assert "Nothing is wrong" not in text
    assert "1 incident resolved by hand, still firing" in text
    assert "told again at 13:00 UTC" in text


def test_button_reopens_what_was_resolved_by_hand(post: Post, client: FlaskClient) -> None:
    """The button is on the incident's page."""
    post(alert())
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    text = page(client, "/incidents/1")
    assert "resolved by hand, still firing" in text
    assert "<s>" not in text
    assert 'action="/incidents/1/reopen"' in text
    assert client.post("/incidents/1/reopen", data={"actor": "ana"}).status_code == 303
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"


def test_incident_page_shows_everything(
    post: Post, client: FlaskClient, drain: Drain, senders: dict[str, FakeSender]
) -> None:
    """It shows runbook, filled commands, alerts, notifications with their states, timeline and labels."""
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert("ApiPlatformConnectionPool", annotations={"value": "0.97"}, namespace="shop", pod="web-1"))
    drain()
    text = page(client, "/incidents/1")
    for expected in (
        "Connection pool usage is 97%, limit &gt;= 95 of 100",
        "acknowledge within 30 min",
        "kubectl --namespace shop logs web-1 --tail 100",
        "&lt;database&gt; is left for you to fill in",
        "runbooks/api-platform.md:44",
        "channel_not_found",
        "SMS to DevOps team: not configured",
        "opened",
        "namespace",
    ):
        assert expected in text, expected


def test_unknown_alert_has_a_page_too(post: Post, client: FlaskClient) -> None:
    """The page says that the alert has no runbook."""
    post(alert("Nobody", annotations={"summary": "Odd."}))
    assert "No runbook is known for this alert" in page(client, "/incidents/1")


@pytest.mark.parametrize(
    "place", ["alertname", "component", "instance", "summary", "description", "value", "generator", "actor"]
)
def test_nothing_an_alert_says_becomes_markup(post: Post, client: FlaskClient, place: str) -> None:
    """Text is escaped wherever it appears."""
    labels = {place: HOSTILE} if place in {"component", "instance"} else {}
    name = HOSTILE if place == "alertname" else "Nobody"
    post(
        alert(
            name,
            annotations={place: HOSTILE},
            generator=f"javascript:{HOSTILE}" if place == "generator" else "http://p/",
            **labels,
        )
    )
    client.post("/v1/incidents/1/acknowledge", json={"actor": HOSTILE})
    for path in ("/", "/incidents/1"):
        text = page(client, path)
        assert "<script" not in text
        assert "<img" not in text
        assert 'href="javascript' not in text


def test_pages_carry_a_strict_policy_and_no_script(post: Post, client: FlaskClient) -> None:
    """A script that slipped through would not run."""
    post(alert())
    for path in ("/", "/incidents/1", "/nothing"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert "<script" not in answer.get_data(as_text=True)
        assert not re.search(r'(?:src|style)="', answer.get_data(as_text=True))


def test_only_our_own_style_sheet_is_loaded(post: Post, client: FlaskClient) -> None:
    """The page loads nothing from elsewhere, so it works without the Internet."""
    post(alert())
    assert re.findall(r"<link[^>]*>", page(client, "/incidents/1")) == ['<link rel="stylesheet" href="/style.css">']
    assert client.get("/style.css").mimetype == "text/css"
    assert "url(" not in client.get("/style.css").get_data(as_text=True)


def test_button_acknowledges_and_leads_back(post: Post, client: FlaskClient) -> None:
    """It needs no script, and asks who acts."""
    post(alert())
    answer = client.post("/incidents/1/acknowledge", data={"actor": "on-call"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/1")
    assert "Acknowledged by on-call" in page(client, "/incidents/1")
    assert 'action="/incidents/1/unacknowledge"' in page(client, "/incidents/1")
    client.post("/incidents/1/unacknowledge", data={"actor": "on-call"})
    assert "on-call has given it back" in page(client, "/incidents/1")
    client.post("/incidents/1/resolve", data={"actor": "on-call"})
    assert "Resolved by hand at 12:00 UTC by on-call, and it still fires." in page(client, "/incidents/1")
    post(alert(status="resolved"))
    assert "Resolved at 12:00 UTC by Alertmanager" in page(client, "/incidents/1")
    assert "<form" not in page(client, "/incidents/1")


def test_missing_incident_is_a_page_too(client: FlaskClient) -> None:
    """The page is for a person who followed an old link."""
    assert "There is no incident 5." in page(client, "/incidents/5", 404)
    assert client.post("/incidents/5/resolve", data={"actor": "x"}).status_code == 404


def test_broken_catalogue_is_seen_on_the_list(client: FlaskClient, service: Service) -> None:
    """Somebody looks at the list."""
    service.settings.catalog.write_text("{")
    service.catalog.refresh()
    assert "The catalogue on disk could not be loaded" in page(client, "/")


def test_page_of_a_storm_is_complete(post: Post, client: FlaskClient) -> None:
    """The page lists all alerts, though a message lists only some."""
    post(*(alert(instance=f"host-{number}") for number in range(300)), truncatedAlerts=50)
    text = page(client, "/incidents/1")
    assert text.count("<tr><td>instance=host-") == 300
    assert "left 50 further alerts out" in text
