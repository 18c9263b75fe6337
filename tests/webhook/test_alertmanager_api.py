"""Alertmanager asked over HTTP, and what its answer says of an incident."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from tests.webhook.samples import NOON, alert, incident_of
from tests.webhook.sender_kit import dribbling
from webhook.catalog.model import Catalog
from webhook.incidents.incident import Incident
from webhook.incidents.truth import Absent, Active, Listed, Quiet, Unknown, judge
from webhook.timestamps import iso
from webhook.workers import alertmanager_api
from webhook.workers.alertmanager_api import NOT_CONFIGURED, SETTLED_SECONDS, SILENT_SECONDS, AlertmanagerApi

URL = "http://alertmanager.example.com:9093"
ALERTS, STATUS = f"{URL}/api/v2/alerts", f"{URL}/api/v2/status"
DATE = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}


@pytest.fixture
def incident(catalog: Catalog) -> Incident:
    return incident_of(catalog, alert(instance="a"), alert(instance="b"))


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def listed(incident: Incident, *states: str) -> list[dict[str, Any]]:
    """Return the API's list of the incident's alerts, each active or suppressed by the named key; shape as in 0.25."""
    return [
        {
            "fingerprint": episode.fingerprint,
            "labels": dict(episode.labels),
            "status": {
                "state": "active" if state == "active" else "suppressed",
                **{key: ["x"] if key == state else [] for key in ("silencedBy", "inhibitedBy", "mutedBy")},
            },
        }
        for episode, state in zip(incident.open_episodes, states, strict=False)
    ]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("active", "active"), Active()),
        (("silencedBy", "active"), Active()),
        (("silencedBy", "silencedBy"), Quiet(by="silenced")),
        (("inhibitedBy",), Quiet(by="inhibited")),
        (("mutedBy",), Quiet(by="muted")),
    ],
)
def test_state_of_the_incident_follows_from_those_of_its_alerts(
    states: tuple[str, ...], expected: object, incident: Incident, http: responses.RequestsMock
) -> None:
    """One that fires and is not suppressed is enough to go on; what is not listed has ended."""
    http.get(ALERTS, json=listed(incident, *states))
    assert AlertmanagerApi(URL).ask(incident) == expected


def test_alerts_of_the_same_group_that_are_not_the_incident_s_do_not_keep_it(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """An alert is known by its fingerprint."""
    other = {**listed(incident, "active")[0], "fingerprint": "other"}
    http.get(ALERTS, json=[other])
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    assert AlertmanagerApi(URL).ask(incident) == Absent()


def test_group_whose_delivery_was_truncated_is_not_over_while_any_of_its_alerts_fires(catalog: Catalog) -> None:
    """Nobody has told us the fingerprints of those that were left out."""
    incident = incident_of(catalog, alert(), truncatedAlerts=5)
    other = Listed(fingerprint="other", labels={"alertname": "ApiPlatformErrorRatio", "x": "y"}, suppression=None)
    foreign = Listed(fingerprint="other", labels={"alertname": "Foreign"}, suppression=None)
    assert judge(incident, [other]) == Active()
    assert judge(incident, [foreign]) == Absent()


def test_alertmanager_that_has_just_started_is_not_believed_that_nothing_fires(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """It learns of a firing alert only when Prometheus tells it again; its own clock says how long it has been up."""
    http.get(ALERTS, json=[])
    status = http.get(STATUS, json={"uptime": iso(NOON - SETTLED_SECONDS + 10)}, headers=DATE)
    found = AlertmanagerApi(URL).ask(incident)
    assert found == Unknown(reason="it has been up for only 290 s and may not know of it yet")
    http.remove(status)
    http.get(STATUS, json={"uptime": iso(NOON - SETTLED_SECONDS)}, headers=DATE)
    assert AlertmanagerApi(URL).ask(incident) == Absent()


def test_group_s_labels_are_the_question_and_cannot_become_another(
    catalog: Catalog, http: responses.RequestsMock
) -> None:
    """Values are quoted for the matcher; a name that the oldest release cannot read is left out, as is what is too long."""
    labels = {"alertname": 'a"b\\c\nd', "dotted.name": "x", "long": "y" * 5_000, "zone": "&x=1"}
    incident = incident_of(catalog, alert(), groupLabels=labels)
    asked = http.get(ALERTS, json=listed(incident, "active"))
    AlertmanagerApi(URL).ask(incident)
    query = parse_qs(urlsplit(str(asked.calls[0].request.url)).query)
    assert query["filter"] == ['alertname="a\\"b\\\\c\\nd"', 'zone="&x=1"']
    assert query["silenced"] == query["inhibited"] == query["active"] == query["unprocessed"] == ["true"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 503}, "HTTP 503"),
        ({"status": 302, "headers": {"Location": "http://elsewhere.example.com"}}, "HTTP 302"),
        ({"body": "<html>"}, "the answer is not Alertmanager's"),
        ({"json": {"data": []}}, "the answer is not Alertmanager's"),
        ({"json": [{"fingerprint": "a"}]}, "the answer is not Alertmanager's"),
        ({"json": ["a"]}, "the answer is not Alertmanager's"),
        ({"body": "[" * 100_000}, "the answer is nested too deeply"),
        ({"body": b"\xff"}, "the answer is not Alertmanager's"),
        ({"body": TimeoutError()}, "no answer in time"),
        ({"body": ConnectionError()}, "no connection: ConnectionError"),
    ],
)
def test_whatever_goes_wrong_is_not_known_rather_than_an_error(
    answer: dict[str, Any], reason: str, incident: Incident, http: responses.RequestsMock
) -> None:
    """A page must never be kept back by the question whether it is needed."""
    http.get(ALERTS, **answer)
    assert AlertmanagerApi(URL).ask(incident) == Unknown(reason=reason)


def test_answer_without_end_is_cut_off(
    incident: Incident, http: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded whatever answers at that address."""
    monkeypatch.setattr(alertmanager_api, "LARGEST_ANSWER", 1_000)
    http.get(ALERTS, body="[" + " " * 100_000 + "]")
    assert AlertmanagerApi(URL).ask(incident) == Unknown(reason="the answer is too large")


def test_address_in_a_payload_is_never_asked(incident: Incident, http: responses.RequestsMock) -> None:
    """Only the configured one is, and where none is, nobody."""
    assert incident.external_url == URL
    assert AlertmanagerApi(None).ask(incident) == Unknown(reason=NOT_CONFIGURED)
    assert len(http.calls) == 0


def test_alertmanager_that_does_not_answer_is_left_alone_for_a_while(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """A hundred steps that are due at once must not each wait for it."""
    now = [0.0]
    api = AlertmanagerApi(URL, clock=lambda: now[0])
    first = http.get(ALERTS, body=TimeoutError())
    assert api.ask(incident) == api.ask(incident) == Unknown(reason="no answer in time")
    assert len(first.calls) == 1
    http.replace(responses.GET, ALERTS, json=listed(incident, "active"))
    now[0] = SILENT_SECONDS
    assert api.ask(incident) == Active()


def test_time_of_an_answer_that_names_none_is_ours(incident: Incident, http: responses.RequestsMock) -> None:
    """A proxy may strip the header."""
    http.get(ALERTS, json=[])
    http.get(STATUS, json={"uptime": iso(time.time() - 86_400)}, headers={"Date": "nonsense"})
    assert AlertmanagerApi(URL).ask(incident) == Absent()


def test_head_that_dribbles_in_is_given_up(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of it comes in time, the whole never does: a step that waited for that would never end."""
    monkeypatch.setattr(alertmanager_api, "LONGEST_ASKING", 0.3)
    with dribbling(b"X", begin=lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n")) as port:
        found = AlertmanagerApi(f"http://127.0.0.1:{port}").ask(incident)
    assert found == Unknown(reason="no answer in time")
