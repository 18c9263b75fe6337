"""Tests of payloads that Grafana posts for the alerts that it manages itself, and of vmalert's links."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import NOON, alert, incident_of, message_of, payload
from webhook.alertmanagers import Server
from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state
from webhook.payload import PayloadError, PostedAlert, parse_payload
from webhook.payload_stream import stream_payload
from webhook.workers.alertmanager_api import AlertmanagerApi

Post = Callable[..., dict[str, Any]]
SILENCE = "https://grafana.example.com/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DQueueStuck"


def grafana_alert(name: str = "QueueStuck", **more: object) -> dict[str, Any]:
    """Return an alert in Grafana's form (grafana/alerting, `ExtendedAlert`)."""
    base = alert(
        name,
        None,
        started="2026-11-22T12:50:07.92607674+01:00",
        annotations={"summary": "Nothing leaves the queue."},
        generator="https://grafana.example.com/alerting/grafana/abc/view?orgId=1",
        grafana_folder="payouts",
    )
    own = {
        "silenceURL": SILENCE,
        "dashboardURL": "https://grafana.example.com/d/abc?orgId=1",
        "panelURL": "https://grafana.example.com/d/abc?orgId=1&viewPanel=2",
        "imageURL": "https://grafana.example.com/public/img/1.png",
        "values": {"B": 22, "C": 1.5},
        "valueString": "[ var='B' labels={} value=22 ]",
        "orgId": 1,
    }
    return {**base, **own, **more}


def grafana(*alerts: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return a payload in Grafana's form (`ExtendedData`)."""
    members = {
        "orgId": 1,
        "title": "[FIRING:1] QueueStuck",
        "state": "alerting",
        "message": "x",
        "appVersion": "12.4.0",
    }
    whole = payload(*(alerts or (grafana_alert(),)), version="1", externalURL="https://grafana.example.com/")
    return {**whole, **members, **changes}


def only(data: dict[str, Any]) -> PostedAlert:
    """Return the one alert of a payload."""
    (posted_alert,) = parse_payload(json.dumps(data).encode()).alerts
    return posted_alert


def test_grafana_s_payload_is_taken_and_ended(client: FlaskClient) -> None:
    """Grafana's version 1 has the same form as Alertmanager's payload."""
    assert client.post("/v1/alertmanager", json=grafana()).get_json()["result"] == "opened"
    ended = grafana(grafana_alert(status="resolved", endsAt="2026-11-22T11:58:00Z"), status="resolved", state="ok")
    assert client.post("/v1/alertmanager", json=ended).get_json()["result"] == "resolved"


def test_the_message_leads_where_grafana_says(catalog: Catalog) -> None:
    """The links are Grafana's dashboard, panel, image and form for a silence; its Alertmanager has no page."""
    message = message_of(catalog, grafana_alert(), externalURL="https://grafana.example.com/", version="1")
    assert {link.text: link.url for link in message.links if "example.com/incidents" not in link.url} == {
        "Grafana": "https://grafana.example.com/alerting/grafana/abc/view?orgId=1",
        "Dashboard": "https://grafana.example.com/d/abc?orgId=1",
        "Panel": "https://grafana.example.com/d/abc?orgId=1&viewPanel=2",
        "Image": "https://grafana.example.com/public/img/1.png",
        "Silence": SILENCE,
    }
    assert message.description == "Values: B = 22, C = 1.5"
    assert message.subject == "WARNING: QueueStuck (grafana_folder payouts)"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://x/y", "//x", "https://", "https://x/\ny", "x" * 5_000]
)
def test_only_addresses_of_the_web_become_links(catalog: Catalog, address: str) -> None:
    """No other address becomes a link, whatever the payload holds."""
    keys = ("silenceURL", "dashboardURL", "panelURL", "imageURL", "generatorURL")
    message = message_of(catalog, grafana_alert(**dict.fromkeys(keys, address)), version="1")
    assert {link.text for link in message.links} == {"Incident 12", "Silence"}
    assert all(link.url.startswith(("https://tocsin.", "http://alertmanager.")) for link in message.links)


@pytest.mark.parametrize(
    ("values", "text", "shown"),
    [
        ({"B": 22.123456789}, "", "B = 22.1235"),
        ({}, "[ value=1 ]", ""),
        (None, "[ var='B' value=22 ]", "[ var='B' value=22 ]"),
        (None, None, ""),
        ({"B": "22", "C": True, "D": None, "E": [1], "F": 3}, "", "F = 3"),
        ({"B": 10**400}, "", ""),
        (
            {f"V{number}": number for number in range(99)},
            "",
            ", ".join(f"V{number} = {number}" for number in range(10)),
        ),
        ([1], 7, ""),
        ("x", "y", "y"),
    ],
)
def test_values_are_told_as_far_as_they_are_numbers(values: object, text: object, shown: str) -> None:
    """Values that are not numbers are no reason to refuse an alert."""
    data = grafana(grafana_alert(values=values, valueString=text))
    assert only(data).annotations.get("values", "") == shown


def test_annotations_of_the_rule_go_before_what_grafana_adds() -> None:
    """Somebody wrote them on purpose."""
    own = grafana_alert(annotations={"dashboard_url": "https://own.example.com"})
    assert only(grafana(own)).annotations["dashboard_url"] == "https://own.example.com"


@pytest.mark.parametrize("wrong", [7, None, [], {}, True, ""])
def test_links_of_another_type_are_left_out(wrong: object) -> None:
    """The alert itself is kept."""
    assert "dashboard_url" not in only(grafana(grafana_alert(dashboardURL=wrong))).annotations


@pytest.mark.parametrize("version", ["0", "2", "3", "5", "", 1, 4, None, ["1"]])
def test_other_versions_are_refused_and_both_are_named(version: object) -> None:
    """The error names both versions, so that whoever sets it up knows what Tocsin reads."""
    with pytest.raises(PayloadError, match=r'must be "4" \(as Alertmanager posts it\) or "1" \(as Grafana does\)'):
        parse_payload(json.dumps(grafana(version=version)).encode())


def test_a_large_payload_of_grafana_s_is_taken_in_bounded_memory() -> None:
    """Members that are not kept are dropped while the body is read; links and values stay."""
    long = grafana_alert(embeddedImage="x" * 100_000, extra={"deep": ["y"] * 100})
    body = json.dumps(grafana(*(dict(long, fingerprint=str(number)) for number in range(60)))).encode()
    delivery = stream_payload(body[:1_000], BytesIO(body[1_000:]))
    assert len(delivery.alerts) == 60
    assert delivery.alerts[0].annotations["silence_url"] == SILENCE
    assert delivery.alerts[0].annotations["values"] == "B = 22, C = 1.5"


@pytest.mark.parametrize(
    ("name", "annotations", "problem"),
    [
        ("DatasourceNoData", {}, "Grafana's rule Queue stuck has no data"),
        ("DatasourceNoData", {"summary": "Nothing."}, "Grafana's rule Queue stuck has no data: Nothing."),
        (
            "DatasourceError",
            {"Error": "[sse.dataQueryError] failed to execute query [A]", "summary": "Nothing."},
            "Grafana cannot evaluate its rule Queue stuck: [sse.dataQueryError] failed to execute query [A]",
        ),
    ],
)
def test_a_rule_that_grafana_cannot_evaluate_is_named(
    catalog: Catalog, name: str, annotations: dict[str, str], problem: str
) -> None:
    """The alert's own name does not name the rule."""
    labels = {
        "alertname": name,
        "rulename": "Queue stuck",
        "datasource_uid": "p1",
        "ref_id": "A",
        "grafana_folder": "f",
    }
    message = message_of(catalog, {**grafana_alert(), "labels": labels, "annotations": annotations})
    assert (message.title, message.problem) == (f"{name}: Queue stuck", problem)
    assert message.labels == "grafana_folder f; rulename Queue stuck"


def test_rules_that_grafana_cannot_evaluate_are_a_kind_each(post: Post) -> None:
    """Another rule that fails is news, though Grafana groups them under one name."""
    first = alert("DatasourceError", None, rulename="a", fingerprint="1")
    assert post(first)["result"] == "opened"
    assert post(first, alert("DatasourceError", None, rulename="b", fingerprint="2"))["result"] == "joined"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://vmalert:8880/vmalert/alert?group_id=1036955090143761274&alert_id=1074584496268461589", "vmalert"),
        ("http://vmalert:8880/api/v1/1036955090143761274/1074584496268461589/status", "vmalert"),
        ("http://vm.example.com/vmui/#/?g0.expr=up%20%3D%3D%200", "VictoriaMetrics"),
        ('http://grafana.example.com/explore?orgId=1&left={"datasource":"VM","queries":[{"expr":"up"}]}', "Grafana"),
        ("http://prometheus.example.com/graph?g0.expr=x", "Prometheus"),
        ("/vmalert/alert?group_id=1", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_link_to_the_rule_is_named_after_the_program(catalog: Catalog, url: str, text: str | None) -> None:
    """The program vmalert links to itself, or to the address in `-external.alert.source`."""
    names = {"vmalert", "VictoriaMetrics", "Grafana", "Prometheus"}
    message = message_of(catalog, alert("Nobody", generator=url))
    assert [link.text for link in message.links if link.text in names] == ([text] if text else [])


def test_grafana_that_is_not_configured_is_not_asked(catalog: Catalog) -> None:
    """Grafana has its own external URL; an Alertmanager at another address knows nothing of its alerts."""
    incident = incident_of(catalog, grafana_alert(), externalURL="https://grafana.example.com/", version="1")
    alertmanager = Server(
        name="am",
        url="http://127.0.0.1:9",
        external_urls=frozenset({"http://am:9093"}),
        username=None,
        password=None,
        token=None,
    )
    answer = AlertmanagerApi([alertmanager]).ask(incident)
    assert isinstance(answer, alertmanager_state.Unknown)
    assert "https://grafana.example.com is not among the Alertmanagers that are configured" in answer.reason


def test_an_alert_that_grafana_does_not_list_is_not_over(catalog: Catalog) -> None:
    """Grafana's `/api/v2/status` has no `uptime`, so its list does not prove that an alert has ended."""
    incident = incident_of(catalog, grafana_alert(), externalURL="https://grafana.example.com/", version="1")
    testimony = alertmanager_state.Testimony(
        server="grafana", urls=frozenset({"https://grafana.example.com"}), any_url=False, alerts=()
    )
    assert isinstance(
        alertmanager_state.classify(incident, (testimony,), alertmanager_state.Known(), NOON),
        alertmanager_state.Unknown,
    )
