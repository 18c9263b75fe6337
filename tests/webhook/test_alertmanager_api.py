"""Tests of asking Alertmanager over HTTP, and of what its answer means for an incident."""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from tests.webhook.samples import NOON, InAnyLife, alert, incident_of
from tests.webhook.sender_kit import dribbling
from webhook.alertmanagers import Hidden, Server
from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import (
    NAMES_NOBODY,
    NOT_CONFIGURED,
    SETTLED_SECONDS,
    Absent,
    Active,
    Heard,
    Known,
    Listed,
    Quiet,
    Unknown,
    classify,
    labels_to_ask_by,
    names_to_ask_by,
)
from webhook.incidents.alertmanager_state import (
    Testimony as Said,
)
from webhook.incidents.firing import Source
from webhook.incidents.incident import Incident, LeftOut
from webhook.timestamps import iso
from webhook.workers import alertmanager_api
from webhook.workers.alertmanager_api import LARGEST_ANSWER, SILENT_SECONDS, AlertmanagerApi

URL = "http://alertmanager.example.com:9093"
ALERTS, STATUS = f"{URL}/api/v2/alerts", f"{URL}/api/v2/status"
GROUPS = f"{URL}/api/v2/alerts/groups"
DATE = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
DOG = {"fingerprint": "dog", "labels": {"alertname": "Watchdog"}, "status": {"state": "active"}}
DOGS = (Listed(fingerprint="dog", labels={"alertname": "Watchdog"}, suppression=None, starts_at=NOON - 86_400),)
SERVER = Server(name="single", url=URL, external_urls=frozenset({URL}))


def asking(*servers: Server, **options: Callable[[], Any]) -> AlertmanagerApi:
    """Return a client that asks these servers at noon; they have listed alerts of ours before."""
    known = Known(vouched=InAnyLife(*(server.key for server in servers or (SERVER,))))
    return AlertmanagerApi(servers or (SERVER,), **{"known": lambda: known, "now": lambda: NOON, **options})


@pytest.fixture
def incident(catalog: Catalog) -> Incident:
    return incident_of(catalog, alert(instance="a"), alert(instance="b"))


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def filtered(request: Any, alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: ANN401  of `requests`
    """Return the alerts that meet all filters of the request, as Alertmanager lists them."""
    filters = parse_qs(urlsplit(request.url).query).get("filter", [])
    matchers = [re.fullmatch(r'(\w+)(=~?)"(.*)"', filter_text) for filter_text in filters]
    assert all(matchers), matchers
    return [
        entry
        for entry in alerts
        if all(
            re.fullmatch(m[3] if m[2] == "=~" else re.escape(m[3]), entry["labels"].get(m[1], ""))
            for m in matchers
            if m
        )
    ]


def listed(incident: Incident, *states: str) -> list[dict[str, Any]]:
    """Return the API's list of the incident's alerts, each active or suppressed by the named key; shape as in 0.25."""
    return [
        {
            "fingerprint": firing.fingerprint,
            "labels": dict(firing.labels),
            "status": {
                "state": "active" if state == "active" else "suppressed",
                **{key: ["x"] if key == state else [] for key in ("silencedBy", "inhibitedBy", "mutedBy")},
            },
        }
        for firing, state in zip(incident.open_firings, states, strict=False)
    ]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("active", "active"), Active()),
        (("silencedBy", "active"), Active()),
        (("silencedBy", "silencedBy"), Quiet(by="silenced")),
        (("inhibitedBy", "inhibitedBy"), Quiet(by="inhibited")),
        (("mutedBy", "mutedBy"), Quiet(by="muted")),
    ],
)
def test_state_of_the_incident_follows_from_those_of_its_alerts(
    states: tuple[str, ...], expected: object, incident: Incident, http: responses.RequestsMock
) -> None:
    """One alert that fires and is not suppressed keeps the incident going; an alert that is not listed has ended."""
    http.get(ALERTS, json=listed(incident, *states))
    assert asking().ask(incident) == expected


def test_alerts_of_the_same_group_that_are_not_the_incident_s_do_not_keep_it(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """Alerts are compared by their fingerprints."""
    foreign = {**listed(incident, "active")[0], "fingerprint": "other"}
    http.get(ALERTS, json=[foreign])
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    assert asking().ask(incident) == Absent()


def test_alertmanager_that_has_just_started_is_not_believed_that_nothing_fires(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """It learns of a firing alert only when Prometheus sends it again; its own clock says how long it has been up."""
    http.get(ALERTS, json=[])
    status = http.get(STATUS, json={"uptime": iso(NOON - SETTLED_SECONDS + 10)}, headers=DATE)
    answer = asking().ask(incident)
    assert answer == Unknown(reason="it has been up for only 290 s and may not know of it yet")
    http.remove(status)
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    assert asking().ask(incident) == Absent()


@pytest.mark.parametrize(("interval", "up", "waits"), [(60, 301, False), (180, 301, False), (900, 301, True)])
def test_alertmanager_that_has_just_started_waits_for_rules_that_are_evaluated_seldom(
    incident: Incident, http: responses.RequestsMock, interval: int, up: int, *, waits: bool
) -> None:
    """If a rule is evaluated every quarter of an hour, Prometheus sends its alert again only after that time."""
    http.get(ALERTS, json=[])
    http.get(STATUS, json={"uptime": iso(NOON - up)}, headers=DATE)
    answer = asking(known=lambda: Known(evaluation_seconds=interval)).ask(incident)
    assert isinstance(answer, Unknown)
    assert ("it has been up for only 301 s" in answer.reason) is waits


def test_group_s_labels_are_the_question_and_cannot_become_another(
    catalog: Catalog, http: responses.RequestsMock
) -> None:
    """Values are quoted for the matcher; names that the oldest release cannot read and too long values are left out."""
    labels = {"alertname": 'a"b\\c\nd', "dotted.name": "x", "long": "y" * 5_000, "zone": "&x=1"}
    awkward = alert(labels["alertname"], zone=labels["zone"], **{"dotted.name": "x", "long": labels["long"]})
    incident = incident_of(catalog, awkward, groupLabels=labels)
    listing = http.get(ALERTS, json=listed(incident, "active"))
    asking().ask(incident)
    query = parse_qs(urlsplit(str(listing.calls[0].request.url)).query)
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
    """The question whether a page is needed must never hold the page back."""
    http.get(ALERTS, **answer)
    assert asking().ask(incident) == Unknown(reason=reason)


def test_answer_without_end_is_cut_off(
    incident: Incident, http: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory for an answer is bounded, whatever server answers at that address."""
    monkeypatch.setattr(alertmanager_api, "LARGEST_ANSWER", 1_000)
    http.get(ALERTS, body="[" + " " * 100_000 + "]")
    assert asking().ask(incident) == Unknown(reason="the answer is too large")


SMALL_VALUES = {
    "objects": "{}",
    "arrays": "[]",
    "numbers": "1.5",
    "texts": '"ab"',
    "nothing": "null",
    "objects in arrays": "[{}]",
    "members": '{"a": 0}',
    "alerts": '{"fingerprint": "x", "labels": {"a": "b"}, "status": {}}',
    "labels": '{"labels": {"a": "b", "c": "d"}}',
    "matchers that silence": '{"status": {"silencedBy": ["x", "y"]}}',
}


@pytest.mark.parametrize("value", SMALL_VALUES.values(), ids=SMALL_VALUES)
@pytest.mark.parametrize("around", ["[{}]", '{{"alerts": [{}]}}', '[{{"other": [{}]}}]'])
def test_answer_of_too_many_values_is_refused_before_it_is_decoded(
    around: str, value: str, incident: Incident, http: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit counts values of every kind, at every place."""
    monkeypatch.setattr(alertmanager_api, "MOST_VALUES", 1_000)
    monkeypatch.setattr(alertmanager_api, "_MANY", 500)
    http.get(ALERTS, body=around.format(",".join([value] * 1_001)).encode())
    answer = asking().ask(incident)
    assert isinstance(answer, Unknown)
    assert "too many values" in answer.reason


def test_answer_within_the_bytes_takes_bounded_memory(incident: Incident, http: responses.RequestsMock) -> None:
    """An empty object takes thirty times the memory of its text."""
    http.get(ALERTS, body=b"[" + b"{}," * (LARGEST_ANSWER // 3 - 10) + b"{}]")
    tracemalloc.start()
    answer = asking().ask(incident)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(answer, Unknown)
    assert peak < 4 * LARGEST_ANSWER


def test_signs_within_labels_count_for_nothing(incident: Incident, http: responses.RequestsMock) -> None:
    """A label that holds a million braces is one value."""
    entries = listed(incident, "active", "active")
    entries[0]["labels"] |= {"path": "{[," * 1_000_000}
    http.get(ALERTS, json=entries)
    assert asking().ask(incident) == Active()


def test_address_in_a_payload_is_never_asked(incident: Incident, http: responses.RequestsMock) -> None:
    """Only the configured address is asked; without one, nobody is."""
    assert incident.external_url == URL
    assert AlertmanagerApi(()).ask(incident) == Unknown(reason=NOT_CONFIGURED)
    assert len(http.calls) == 0


def test_alertmanager_that_does_not_answer_is_left_alone_for_a_while(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """A hundred steps that are due at once must not each wait for the same server."""
    now = [0.0]
    api = asking(clock=lambda: now[0])
    first = http.get(ALERTS, body=TimeoutError())
    assert api.ask(incident) == api.ask(incident) == Unknown(reason="no answer in time")
    assert len(first.calls) == 1
    http.replace(responses.GET, ALERTS, json=listed(incident, "active"))
    now[0] = SILENT_SECONDS
    assert api.ask(incident) == Active()


def test_time_of_an_answer_that_names_none_is_ours(incident: Incident, http: responses.RequestsMock) -> None:
    """A proxy may strip the `Date` header."""
    http.get(ALERTS, json=[])
    http.get(STATUS, json={"uptime": iso(time.time() - 86_400 * 365)}, headers={"Date": "nonsense"})
    assert asking().ask(incident) == Absent()


def test_head_that_dribbles_in_is_given_up(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the head comes in time, but the head never ends; a step must not wait for it for ever."""
    monkeypatch.setattr(alertmanager_api, "LONGEST_ASKING", 0.3)
    server = Server(name="slow", url="", external_urls=frozenset({URL}))
    with dribbling(b"X", begin=lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n")) as port:
        answer = asking(replace(server, url=f"http://127.0.0.1:{port}")).ask(incident)
    assert answer == Unknown(reason="no answer in time")


def placed(incident: Incident, muted: str, receiver: str = "tocsin") -> list[dict[str, Any]]:
    """Return the API's groups: one for each alert of the incident, muted or not; shape as in 0.33."""
    return [
        {
            "receiver": {"name": receiver},
            "alerts": [{**entry, "status": {**entry["status"], "mutedBy": ["night"] if state == "m" else []}}],
        }
        for entry, state in zip(listed(incident, "active", "active"), muted, strict=True)
    ]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (lambda incident: placed(incident, "mm"), Quiet(by="muted")),
        (lambda incident: placed(incident, "m-"), Active()),
        (lambda incident: placed(incident, "mm", receiver="another's"), Active()),
        (lambda incident: [*placed(incident, "mm"), *placed(incident, "-m")], Active()),
        (
            lambda incident: [*placed(incident, "mm"), *placed(incident, "--", receiver="another's")],
            Quiet(by="muted"),
        ),
        (lambda _: {"groups": []}, Active()),
        (lambda _: [{"receiver": None}], Active()),
    ],
)
def test_muted_is_what_each_group_for_our_receiver_says(
    groups: Callable[[Incident], object], expected: object, incident: Incident, http: responses.RequestsMock
) -> None:
    """0.33 gives `mutedBy` only in its groups; if they cannot be read, nothing is known to be muted."""
    http.get(ALERTS, json=listed(incident, "active", "active"))
    http.get(GROUPS, json=groups(incident))
    assert asking().ask(incident) == expected


def test_groups_that_are_not_told_hold_nothing(incident: Incident, http: responses.RequestsMock) -> None:
    """If Alertmanager does not answer for its groups, that is no reason to wait."""
    http.get(ALERTS, json=listed(incident, "active", "active"))
    http.get(GROUPS, status=500)
    assert asking().ask(incident) == Active()


def test_only_who_told_of_it_is_asked(incident: Incident, http: responses.RequestsMock) -> None:
    """Another cluster's Alertmanager knows nothing of the incident, and is not asked about it."""
    other_server = Server(name="b", url="http://b.example.com", external_urls=frozenset({"http://b.example.com"}))
    assert asking(other_server).ask(incident) == Unknown(
        reason=f"{URL} is not among the Alertmanagers that are configured"
    )
    assert len(http.calls) == 0


def test_server_without_an_external_url_speaks_for_what_it_lists(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """Its address is nobody's external URL; an alert that it lists with the same start is evidently its own."""
    inside = Server(name="single", url="http://inside.example.com")
    entries = [
        {**entry, "startsAt": iso(incident.open_firings[0].starts_at)[:-1] + ".123Z"}
        for entry in listed(incident, "silencedBy", "silencedBy")
    ]
    answer = http.get("http://inside.example.com/api/v2/alerts", json=entries)
    assert asking(inside).ask(incident) == Quiet(by="silenced")
    http.remove(answer)
    http.get("http://inside.example.com/api/v2/alerts", json=[])
    http.get("http://inside.example.com/api/v2/status", json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    assert asking(inside).ask(incident) == Unknown(reason=f"{URL} is not among the Alertmanagers that are configured")


def test_server_without_an_external_url_does_not_speak_for_what_another_left_out(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """It has listed other alerts of ours, but the alerts left out are unknown: they may be another cluster's."""
    inside = Server(name="single", url="http://inside.example.com")
    http.get("http://inside.example.com/api/v2/alerts", json=[])
    http.get("http://inside.example.com/api/v2/status", json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    ended = tuple(replace(firing, ended_at=NOON, sources=()) for firing in incident.firings)
    left_out = replace(incident, truncated=1, firings=ended)
    assert asking(inside).ask(left_out) == Unknown(reason=f"{URL} is not among the Alertmanagers that are configured")


def test_server_without_an_external_url_does_not_speak_for_another_firing_of_the_same_labels(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """It has listed the firing that started last; another cluster reports its own firing, with another start."""
    inside = Server(name="single", url="http://inside.example.com")
    http.get("http://inside.example.com/api/v2/alerts", json=[])
    started = NOON - 86_400
    http.get("http://inside.example.com/api/v2/status", json={"uptime": iso(started)}, headers=DATE)
    own = incident.firings[0].sources[0]
    foreign = replace(own, url="http://other.example.com:9093", started="1.000000000")

    def told_by(*sources: Source) -> Incident:
        firing = replace(incident.firings[0], sources=sources, listed_by={inside.key: started})
        return replace(incident, firings=(firing,))

    assert asking(inside).ask(told_by(own)) == Absent()
    assert asking(inside).ask(told_by(own, foreign)) == Unknown(
        reason="http://other.example.com:9093 is not among the Alertmanagers that are configured"
    )


def test_server_without_a_name_that_refuses_says_why(incident: Incident, http: responses.RequestsMock) -> None:
    """It has no configured external URL; while it does not answer, nobody can tell whose alerts it holds."""
    inside = Server(name="single", url="http://inside.example.com")
    http.get("http://inside.example.com/api/v2/alerts", status=401)
    assert asking(inside).ask(incident) == Unknown(reason="HTTP 401")


def test_server_that_has_listed_alerts_of_ours_in_another_life_only_is_not_believed(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """It is old and empty: another tenant, another process behind the same address, or one that lost its state."""
    started = NOON - 864_000
    http.get(STATUS, json={"uptime": iso(started)}, headers=DATE)
    http.get(ALERTS, json=[])
    other_life = Known(vouched=frozenset({(SERVER.key, started + 86_400)}))
    assert asking(known=lambda: other_life).ask(incident) == Unknown(
        reason="it lists nothing of it, and has not since it was started"
    )
    same_life = Known(vouched=frozenset({(SERVER.key, started)}))
    assert asking(known=lambda: same_life).ask(incident) == Absent()


def test_watchdog_that_was_told_has_to_be_listed(incident: Incident, http: responses.RequestsMock) -> None:
    """An Alertmanager that does not list the delivered Watchdog has lost its Prometheus, or is another tenant's."""
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 900),), vouched=InAnyLife(SERVER.key))
    dog = {**DOG, "startsAt": iso(NOON - 900)}
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    api = asking(known=lambda: known)
    for dogs, expected in (
        ([], Unknown(reason="it lists nothing of it, but does not list its Watchdog either")),
        (
            [{**dog, "startsAt": iso(NOON - 60)}],
            Unknown(reason="it lists nothing of it, but does not list its Watchdog either"),
        ),
        ([dog], Absent()),
    ):
        http.get(ALERTS, json=[])
        http.get(ALERTS, json=dogs)
        assert api.ask(incident) == expected
        http.remove(responses.GET, ALERTS)


@pytest.mark.parametrize(("seconds", "ended"), [(299, False), (300 + 299, False), (300 + 300, True)])
def test_prometheus_that_was_started_anew_may_not_have_the_alert_yet(
    incident: Incident, http: responses.RequestsMock, seconds: int, *, ended: bool
) -> None:
    """The Watchdog fires at once, but an alert only after its condition has held for the rule's `for`."""
    now = NOON + seconds
    known = Known(
        watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=now - seconds),),
        pending_seconds={"ApiPlatformErrorRatio": 300},
    )
    dog = {**DOG, "startsAt": iso(now - seconds)}
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    why = "it lists nothing of it, but its Prometheus was started anew and may not know of it yet"
    for knowledge, expected in (
        (known, Absent() if ended else Unknown(reason=why)),
        (replace(known, pending_seconds={}), Unknown(reason=why)),
    ):
        http.get(ALERTS, json=[])
        http.get(ALERTS, json=[dog])
        assert asking(known=lambda knowledge=knowledge: knowledge, now=lambda: now).ask(incident) == expected
        http.remove(responses.GET, ALERTS)


@pytest.mark.parametrize(("seconds", "ended"), [(600 + 2 * 720 - 1, False), (600 + 2 * 720, True)])
def test_prometheus_that_was_started_anew_fires_late_where_its_rules_are_evaluated_seldom(
    incident: Incident, http: responses.RequestsMock, seconds: int, *, ended: bool
) -> None:
    """Prometheus sees the condition at most one interval after its start, and `for` also ends at an evaluation."""
    now = NOON + seconds
    known = Known(
        watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=now - seconds),),
        pending_seconds={"ApiPlatformErrorRatio": 300},
        evaluation_seconds=900,
    )
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    http.get(ALERTS, json=[])
    http.get(ALERTS, json=[{**DOG, "startsAt": iso(now - seconds)}])
    assert isinstance(asking(known=lambda: known, now=lambda: now).ask(incident), Absent) is ended


def test_another_cluster_s_later_start_is_not_when_the_alert_began_here(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """For alerts with the same labels the incident keeps the later start; our Prometheus was started in between."""
    began = NOON - 900
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=began),), pending_seconds={})
    ours = Source(url=URL, receiver="tocsin", started=str(began - 60))
    firings = tuple(replace(firing, starts_at=began + 60, sources=(ours,)) for firing in incident.firings)
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    http.get(ALERTS, json=[])
    http.get(ALERTS, json=[{**DOG, "startsAt": iso(began)}])
    answer = asking(known=lambda: known).ask(replace(incident, firings=firings))
    assert isinstance(answer, Unknown)
    assert "its Prometheus was started anew" in answer.reason


def test_alert_that_has_ended_ends_by_itself_where_a_watchdog_was_delivered(
    incident: Incident, http: responses.RequestsMock
) -> None:
    """The Watchdog is asked for whenever an alert is missing, even if another alert fires."""
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 900),))
    dog = {
        "fingerprint": "dog",
        "labels": {"alertname": "Watchdog"},
        "status": {"state": "active"},
        "startsAt": iso(NOON - 900),
    }
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    listing = http.get(ALERTS, json=[*listed(incident, "active"), dog])
    fires, ended = incident.open_firings
    answer = asking(known=lambda: known).ask(incident)
    assert isinstance(answer, Active)
    assert {identity for identity, _, _ in answer.seen} == {fires.identity}
    assert answer.unlisted == {ended.identity}
    filters = [parse_qs(urlsplit(str(call.request.url)).query)["filter"] for call in listing.calls]
    assert filters == [['alertname="ApiPlatformErrorRatio"'], ['alertname=~"ApiPlatformErrorRatio|Watchdog"']]


def test_everything_is_asked_for_where_the_group_has_no_name(catalog: Catalog, http: responses.RequestsMock) -> None:
    """Alertmanager joins filters by "and": a filter on the group's labels would exclude the Watchdog."""
    incident = incident_of(catalog, alert(cluster="eu"), groupLabels={"cluster": "eu"})
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 900),))
    listing = http.get(ALERTS, json=[])
    asking(known=lambda: known).ask(incident)
    queries = [parse_qs(urlsplit(str(call.request.url)).query) for call in listing.calls]
    by_name = 'alertname=~"ApiPlatformErrorRatio|Watchdog"'
    assert [query.get("filter") for query in queries] == [['cluster="eu"'], [by_name]]
    http.reset()
    listing = http.get(ALERTS, json=[])
    asking(known=lambda: known).ask(replace(incident, truncated=3))
    queries = [parse_qs(urlsplit(str(call.request.url)).query) for call in listing.calls]
    assert [query.get("filter") for query in queries] == [['cluster="eu"'], None], "of the rest no name is known"


@pytest.mark.parametrize("has_watchdog", [True, False])
@pytest.mark.parametrize("labels", [{"alertname": "NodeDown"}, {"alertname": "NodeDown", "zone": "a"}, {"zone": "a"}])
def test_alert_that_has_joined_from_another_group_is_asked_about_too(
    catalog: Catalog, http: responses.RequestsMock, labels: dict[str, str], *, has_watchdog: bool
) -> None:
    """The joined alert lacks a label of the group, and Alertmanager lists only alerts that meet all filters."""
    own, joined = alert("NodeDown", zone="a"), alert("DiskFull", zone="b")
    incident = incident_of(catalog, own, joined, groupLabels=labels)
    states = ("silencedBy", "active") if incident.open_firings[0].title == "NodeDown" else ("active", "silencedBy")
    entries = [*listed(incident, *states), {**DOG, "startsAt": iso(NOON - 900)}]
    http.add_callback(responses.GET, ALERTS, callback=lambda request: (200, {}, json.dumps(filtered(request, entries))))
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    http.get(GROUPS, json=[])
    dog = Heard(url=URL, fingerprint="dog", starts_at=NOON - 900)
    answer = asking(known=lambda: Known(watchdogs=(dog,) if has_watchdog else ())).ask(incident)
    assert isinstance(answer, Active)
    assert answer.unlisted == frozenset()


def test_silence_about_an_alert_that_was_not_asked_about_means_nothing(incident: Incident) -> None:
    """Its labels do not meet the filters that the server was asked by."""
    answer = Said(server="s", urls=frozenset({URL}), alerts=(), up=86_400.0, started=1.0)
    listed_by = tuple(replace(firing, listed_by={"s": 1.0}) for firing in incident.firings)
    listed_incident = replace(incident, firings=listed_by)
    assert classify(listed_incident, (answer,), Known(), NOON) == Absent()
    other_answer = replace(answer, asked_by={"alertname": "another"})
    assert isinstance(classify(listed_incident, (other_answer,), Known(), NOON), Unknown)


def test_store_that_cannot_be_read_ends_nothing(incident: Incident, http: responses.RequestsMock) -> None:
    """Then the delivered Watchdogs are not known, and nobody is asked."""
    assert asking(known=lambda: None).ask(incident) == Unknown(reason="the store could not be read")
    assert not http.calls


def test_list_with_the_watchdogs_that_is_too_large_leaves_what_is_known(
    catalog: Catalog, http: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert in the group's own list fires; an alert that is missing there may have ended or not."""
    monkeypatch.setattr(alertmanager_api, "LARGEST_ANSWER", 1_000)
    incident = incident_of(catalog, alert(instance="a"), alert(instance="b"), groupLabels={"cluster": "eu"})
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 900),))
    http.get(STATUS, json={"uptime": iso(NOON - 86_400)}, headers=DATE)
    for own, expected in (
        (listed(incident, "active"), Active()),
        (
            [],
            Unknown(
                reason="it lists nothing of it, and which Watchdogs it lists is not known: the answer is too large"
            ),
        ),
    ):
        http.get(ALERTS, json=own)
        http.get(ALERTS, body="[" + " " * 100_000 + "]")
        answer = asking(known=lambda: known).ask(incident)
        assert answer == expected
        assert not getattr(answer, "unlisted", ())
        http.remove(responses.GET, ALERTS)


def test_delivery_without_an_external_url_is_nobody_s(catalog: Catalog, http: responses.RequestsMock) -> None:
    """Servers are configured, but the delivery does not say which of them to ask."""
    incident = incident_of(catalog, alert(), externalURL="")
    assert asking().ask(incident) == Unknown(reason=NAMES_NOBODY)
    assert len(http.calls) == 0


def test_login_is_read_from_its_files_each_time(
    incident: Incident, http: responses.RequestsMock, tmp_path: Path
) -> None:
    """A replaced password needs no restart; the reason for an unreadable one names its file but no value."""
    secret = tmp_path / "password"
    secret.write_text("first\n")
    basic = replace(
        SERVER,
        username="ops",
        password=Hidden(path=secret),
        headers={"X-Scope-OrgID": Hidden(path=secret), "X-Team": "a"},
    )
    listing = http.get(ALERTS, json=listed(incident, "silencedBy", "silencedBy"))
    asking(basic).ask(incident)
    secret.write_text("second")
    asking(basic).ask(incident)
    asking(replace(SERVER, token=Hidden(path=secret))).ask(incident)
    heads = [call.request.headers for call in listing.calls]
    assert [head["Authorization"] for head in heads] == [
        b"Basic b3BzOmZpcnN0",
        b"Basic b3BzOnNlY29uZA==",
        b"Bearer second",
    ]
    assert [head["X-Scope-OrgID"] for head in heads[:2]] == [b"first", b"second"]
    secret.unlink()
    answer = asking(basic).ask(incident)
    assert isinstance(answer, Unknown)
    assert answer.reason == f"a secret cannot be read: {secret}: No such file or directory"


def test_what_another_server_lists_with_the_very_start_fires(incident: Incident) -> None:
    """The server that reported the alert is trusted and lists nothing; a server that lists this firing knows of it."""
    other_server = Server(name="other", url="http://other", external_urls=frozenset({"http://other.example.com"}))
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 86_400),))
    testimonies = [
        Said(server="single", urls=frozenset({URL}), alerts=(), up=86_400.0, started=NOON - 86_400, watchdogs=DOGS),
        Said(server="other", urls=other_server.external_urls, alerts=None, reason="HTTP 503"),
    ]
    assert classify(incident, testimonies, known, NOON) == Absent()
    firing = incident.open_firings[0]
    for starts_at, suppression, expected in (
        (firing.starts_at, None, Active()),
        (firing.starts_at + 30, None, Absent()),
        (firing.starts_at, "silenced", Absent()),
    ):
        listed_too = Listed(
            fingerprint=firing.fingerprint, labels=firing.labels, suppression=suppression, starts_at=starts_at
        )
        testimonies[1] = Said(server="other", urls=other_server.external_urls, alerts=(listed_too,))
        assert classify(incident, testimonies, known, NOON) == expected


def test_what_was_left_out_is_asked_about_by_its_group_alone(incident: Incident) -> None:
    """Alerts from other groups need not have the labels of this group, and they were reported as ended."""
    ended = tuple(replace(firing, ended_at=NOON - 60) for firing in incident.firings)
    left_out = replace(incident, truncated=1, firings=ended, group_labels={"instance": "c"})
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 86_400),))
    answer = Said(
        server="single",
        urls=frozenset({URL}),
        alerts=(),
        asked_by={"instance": "c"},
        up=86_400.0,
        started=NOON - 86_400,
        watchdogs=DOGS,
    )
    assert classify(left_out, [answer], known, NOON) == Absent()


def test_what_another_group_has_left_out_is_asked_about_by_that_groups_labels(incident: Incident) -> None:
    """Those alerts need not have the labels of the incident's own group."""
    ended = tuple(replace(firing, ended_at=NOON - 60) for firing in incident.firings)
    left_out_there = LeftOut(group_labels={"severity": "critical"}, count=2)
    left_out = replace(
        incident,
        truncated=2,
        left_out=(left_out_there,),
        firings=ended,
        group_labels={"alertname": "X", "severity": "critical"},
    )
    assert labels_to_ask_by(left_out) == {"severity": "critical"}
    assert names_to_ask_by(left_out) is None
    known = Known(watchdogs=(Heard(url=URL, fingerprint="dog", starts_at=NOON - 86_400),))
    fires = Listed(fingerprint="y", labels={"alertname": "Y", "severity": "critical"}, suppression=None)
    answer = Said(
        server="single",
        urls=frozenset({URL}),
        alerts=(fires,),
        asked_by={"severity": "critical"},
        up=86_400.0,
        started=NOON - 86_400,
        watchdogs=DOGS,
    )
    assert classify(left_out, [answer], known, NOON) == Active()
    assert classify(left_out, [replace(answer, alerts=())], known, NOON) == Absent()
