"""Tests of alerts that nobody compiled: their severity, their owner, and the labels that tell them apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from compiler.severities import word_key as compiler_s_key
from tests.webhook.samples import FakeSender, alert, message_of, payload
from webhook.catalog.model import Catalog
from webhook.catalog.parse import parse
from webhook.incidents.notifications import Action
from webhook.render import mail, pagerduty, slack, sms, speech, webhook
from webhook.render.message import Message
from webhook.render.plain import summary_lines
from webhook.service import Service
from webhook.severity import LONGEST_WORD, Severity, Word, read, word_key

Post = Callable[..., dict[str, Any]]
WORDS: dict[str, Word] = {
    "p0": "emergency",
    "page": "critical",
    "p1": "critical",
    "high": "critical",
    "p2": "warning",
    "ticket": "warning",
    "p5": "info",
    "debug": "info",
    "heartbeat": "none",
}


@pytest.fixture
def house(catalog: Catalog) -> Catalog:
    """Return a catalogue with words for severities."""
    return replace(catalog, severity_words=WORDS)


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("page", "critical"),
        ("P1", "critical"),
        ("p-1", "critical"),
        (" Ticket ", "warning"),
        ("debug", "info"),
        ("Emergency", "emergency"),
    ],
)
def test_a_word_of_the_house_is_understood(label: str, severity: Severity) -> None:
    """All its spellings are understood, and no message mentions the word."""
    reading = read(label, WORDS)
    assert (reading.severity, reading.unknown, reading.is_none) == (severity, "", False)


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("odd", "critical"),
        ("1", "critical"),
        ("0", "emergency"),
        ("5", "critical"),
        ("page/P0", "emergency"),
        ("ticket, debug", "warning"),
        ("ticket (odd)", "critical"),
        ("P0 (odd)", "emergency"),
        ("x" * 100_000, "critical"),
        ("ticket" + " " * LONGEST_WORD + "x", "critical"),
        ("/", "critical"),
        ("none, odd", "critical"),
        ("²", "critical"),
    ],
)
def test_a_word_that_is_not_known_counts_as_the_gravest_that_it_may_mean(label: str, severity: Severity) -> None:
    """A false page is noise, and a missed one is silence."""
    reading = read(label, WORDS)
    assert (reading.severity, reading.unknown, reading.is_none) == (severity, label.strip(), False)


@pytest.mark.parametrize("label", ["none", "None", "heartbeat", " NONE "])
def test_none_is_nobody_s_business(label: str) -> None:
    """It counts with the house's own words, and without."""
    assert read(label, WORDS).is_none
    assert read("none", {}).is_none


@pytest.mark.parametrize("label", [None, "", "  "])
def test_an_empty_label_says_nothing(catalog: Catalog, label: str | None) -> None:
    """The fallback then gives the severity, and no word is reported as unknown."""
    labels = {"alertname": "Nobody", **({} if label is None else {"severity": label})}
    match = catalog.match(labels)
    assert (match.severity, match.unknown_severity) == (catalog.fallback.severity, "")


def test_an_unknown_word_of_a_known_alert_is_the_gravest_that_it_has(house: Catalog) -> None:
    """The alert's own rules limit the choice; the limit is that of the rule chosen."""
    match = house.match({"alertname": "ApiPlatformErrorRatio", "severity": "odd"})
    assert match.alert is not None
    assert (match.severity, match.limit_known, match.unknown_severity) == (match.alert.severity, True, "odd")


def test_a_graver_fallback_is_likely_too(house: Catalog) -> None:
    """If the fallback's severity is emergency, an unknown word is one too."""
    grave = replace(house, fallback=replace(house.fallback, severity="emergency"))
    assert grave.match({"alertname": "Nobody", "severity": "odd"}).severity == "emergency"


@pytest.mark.parametrize("word", ["SEV-1", "sev 1", "Phone call", "İ", "ß", "P\u00a01", "🔴", "a..b__c--d"])
def test_compiler_and_webhook_have_one_key_for_a_word(word: str) -> None:
    """The catalogue's keys are the compiler's."""
    assert word_key(word) == compiler_s_key(word)


def everything(message: Message, action: Action = "open") -> dict[str, str]:
    """Return what each channel says, as text."""
    content = mail.layout(message)
    return {
        "slack": json.dumps(slack.layout(message, action=action).blocks, ensure_ascii=False),
        "mail": content.text,
        "mail.html": content.html,
        "log": "\n".join(summary_lines(message)),
        "pagerduty": json.dumps(pagerduty.layout(message), ensure_ascii=False),
        "webhook": json.dumps(webhook.layout(message, action=action, dedup_key="x", at=0.0), ensure_ascii=False),
        "sms": sms.layout(message),
        "phone": speech.layout(message),
    }


def missing(word: str, texts: dict[str, str]) -> list[str]:
    """Return the channels that do not say a word."""
    return [channel for channel, text in texts.items() if word not in text]


@pytest.mark.parametrize("action", ["open", "join"])
def test_every_channel_says_that_a_severity_is_not_known(house: Catalog, action: Action) -> None:
    """Whoever is woken by it learns why, and what to map."""
    message = message_of(house, alert("Nobody", "odd"), action=action)
    assert message.severity_note == "Severity “odd” is not known here and counts as critical."
    assert missing("odd", everything(message, action)) == []


def test_a_severity_that_is_known_needs_no_word(house: Catalog) -> None:
    """No channel says anything, because nothing has to be done."""
    assert message_of(house, alert("Nobody", "page")).severity_note == ""


def test_words_that_are_not_known_are_few_and_short(house: Catalog) -> None:
    """Anybody can write labels."""
    message = message_of(
        house, *(alert("Nobody", f"odd{number} " + "x" * 500, fingerprint=f"f{number}") for number in range(9))
    )
    assert "6 more words are not known either" in message.severity_note
    assert len(message.severity_note) < 400


def test_nobody_is_told_of_what_is_none(
    post: Post, client: FlaskClient, senders: dict[str, FakeSender], drain: Callable[..., int]
) -> None:
    """The alert is counted, and no incident is opened."""
    assert post(alert("InfoInhibitor", "none")) == {"result": "ignored", "incident": None}
    drain()
    assert [sender.jobs for sender in senders.values() if sender.jobs] == []
    assert client.get("/v1/incidents").get_json()["incidents"] == []
    assert "tocsin_alerts_ignored_total 1.0" in client.get("/metrics").get_data(as_text=True)


def test_none_in_a_group_leaves_the_others_theirs(post: Post, client: FlaskClient) -> None:
    """Only the one alert is left out."""
    assert post(alert("InfoInhibitor", "none"), alert("Nobody", "critical"))["result"] == "opened"
    (shown,) = client.get("/v1/incidents/1").get_json()["alerts"]
    assert shown["labels"]["alertname"] == "Nobody"


def test_what_was_told_before_it_was_none_still_ends(post: Post, client: FlaskClient, service: Service) -> None:
    """The end of an alert whose word now means nothing ends its incident."""
    post(alert("Nobody", "quiet"))
    service.catalog._catalog = replace(service.catalog.current, severity_words={"quiet": "none"})
    assert post(alert("Nobody", "quiet"))["result"] == "ignored"
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"
    assert post(alert("Nobody", "quiet", status="resolved"))["result"] == "resolved"


def test_a_watchdog_of_severity_none_is_a_heartbeat(post: Post) -> None:
    """Its silence is told, the Watchdog itself is not."""
    assert post(alert("Watchdog", "none"))["result"] == "watchdog"


def test_unknown_severities_are_counted_by_what_they_count_as(post: Post, client: FlaskClient) -> None:
    """The metric does not hold the words of labels, so its series stay few."""
    post(alert("Nobody", "odd", instance="a"), alert("Nobody", "odd", instance="b"), alert("Nobody", "0"))
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_alerts_of_unknown_severity_total{severity="critical"} 3.0' in metrics
    assert 'tocsin_alerts_of_unknown_severity_total{severity="info"} 0.0' in metrics
    assert "odd" not in metrics


def routed(catalog: Catalog, *routes: dict[str, Any]) -> Catalog:
    """Return the catalogue with these routes, and with the teams and policies that they name."""
    base = next(iter(catalog.policies))
    fallback = {"team": catalog.fallback.team, "policy": base, "severity": "warning", "routes": list(routes)}
    data = {
        "generated_by": "",
        "watchdog": {"alert": "Watchdog", "interval_seconds": 300},
        "fallback": fallback,
        "teams": {},
        "levels": {},
        "policies": {},
        "systems": {},
        "alerts": [],
    }
    teams = {**catalog.teams, "payments": next(iter(catalog.teams.values()))}
    parsed = _parse_with(data, teams, catalog)
    return replace(catalog, teams=teams, fallback=parsed.fallback)


def _parse_with(data: dict[str, Any], teams: dict[str, Any], catalog: Catalog) -> Catalog:
    data["teams"] = {name: {"title": team.title, **team.addresses} for name, team in teams.items()}
    tier = {"respond_seconds": None, "announce": [], "notify": ["log"], "escalate_seconds": None}
    tiers = dict.fromkeys(("info", "warning", "critical", "emergency"), tier)
    data["policies"] = {name: {"levels": [], "severities": tiers} for name in catalog.policies}
    return parse(data)


def route(catalog: Catalog, *matchers: tuple[str, str, str], team: str = "payments", **more: str) -> dict[str, Any]:
    """Return a route as the catalogue writes it."""
    keys = ("label", "operator", "value")
    matcher_entries = [dict(zip(keys, matcher, strict=True)) for matcher in matchers]
    return {"matchers": matcher_entries, "team": team, "policy": next(iter(catalog.policies)), **more}


@pytest.mark.parametrize(
    ("labels", "team"),
    [
        ({"namespace": "payments-eu"}, "payments"),
        ({"namespace": "payments-eu", "env": "test"}, "operations"),
        ({"namespace": "x-payments"}, "operations"),
        ({"team": "payments"}, "payments"),
        ({"team": "nobody-s"}, "operations"),
        ({"team": "payments", "namespace": "shop"}, "platform"),
        ({}, "operations"),
    ],
)
def test_the_first_route_that_an_alert_meets_says_whose_it_is(
    catalog: Catalog, labels: dict[str, str], team: str
) -> None:
    """Without a route the alert's own label `team` counts, if it is a team; else the fallback."""
    house = routed(
        catalog,
        route(catalog, ("namespace", "=~", "payments-.*"), ("env", "!=", "test")),
        route(catalog, ("namespace", "=", "shop"), team="platform"),
        route(catalog, ("namespace", "!~", ".*"), team="operations"),
    )
    assert house.match({"alertname": "Nobody", **labels}).team == team


def test_a_route_may_say_how_urgent_its_alerts_are(catalog: Catalog) -> None:
    """The route counts if the alert's own label does not say it."""
    house = routed(catalog, route(catalog, ("namespace", "=", "shop"), severity="emergency"))
    assert house.match({"alertname": "Nobody", "namespace": "shop"}).severity == "emergency"
    assert house.match({"alertname": "Nobody", "namespace": "shop", "severity": "info"}).severity == "info"


def test_routes_are_for_alerts_that_nobody_compiled(catalog: Catalog) -> None:
    """Compiled alerts belong to their system's team."""
    house = routed(catalog, route(catalog, ("alertname", "=~", ".*")))
    assert house.match({"alertname": "ApiPlatformErrorRatio", "severity": "critical"}).team == "platform"


def test_a_group_of_two_teams_is_an_incident_of_each(post: Post, client: FlaskClient, service: Service) -> None:
    """Alertmanager's grouping does not consider teams."""
    catalog = service.catalog.current
    service.catalog._catalog = routed(catalog, route(catalog, ("namespace", "=", "payments")))
    post(alert("Nobody", namespace="payments"), alert("Nobody", namespace="shop"))
    teams = {incident["team"] for incident in client.get("/v1/incidents").get_json()["incidents"]}
    assert teams == {"payments", "operations"}


def test_an_unknown_alert_says_where_it_is(catalog: Catalog) -> None:
    """The title says it, so that a telephone and a lock screen show it too."""
    message = message_of(
        catalog, alert("NodeDown", namespace="payouts", instance="db-1:9100", prometheus="k8s", endpoint="http")
    )
    assert message.subject == "CRITICAL: NodeDown (namespace payouts, instance db-1:9100)"
    assert message.labels == "namespace payouts; instance db-1:9100"
    assert missing("payouts", everything(message)) == []


def test_labels_in_which_alerts_differ_stand_in_every_message(catalog: Catalog) -> None:
    """Labels that differ come first, then common ones; the second alert differs, not only the first and the last."""
    alerts = [
        alert("NodeDown", namespace="payouts", instance=f"db-{number}", zone="ab"[number != 1], fingerprint=f"{number}")
        for number in range(5)
    ]
    message = message_of(catalog, *alerts)
    assert message.labels == "instance db-0, db-1, db-2 and 2 others; zone b, a; namespace payouts"
    assert [listed.name for listed in message.alerts][:2] == ["instance=db-0, zone=b", "instance=db-1, zone=a"]
    texts = everything(message)
    assert missing("db-0", texts) == []
    assert missing("db-1", {key: text for key, text in texts.items() if key not in {"sms", "phone"}}) == []


def test_a_label_that_only_some_alerts_have_tells_them_apart(catalog: Catalog) -> None:
    """One alert has the label, the other has not."""
    message = message_of(catalog, alert("NodeDown", shard="1"), alert("NodeDown"))
    assert message.labels == "shard 1"


def test_alerts_of_other_names_are_told_by_their_names(catalog: Catalog) -> None:
    """A group may hold several names."""
    message = message_of(catalog, alert("NodeDown"), alert("DiskFull"))
    assert message.labels == "alertname DiskFull, NodeDown"


def test_known_alerts_say_in_what_they_differ_and_nothing_else(catalog: Catalog) -> None:
    """Their component stands in the title already."""
    message_of_one = message_of(catalog, alert(component="checkout", instance="a"))
    assert (message_of_one.labels, message_of_one.place) == ("", "")
    message_of_two = message_of(
        catalog, alert(component="checkout", instance="a"), alert(component="checkout", instance="b")
    )
    assert message_of_two.labels == "instance a, b"


def test_labels_are_few_short_and_harmless(catalog: Catalog) -> None:
    """A label's text cannot use the syntax of any channel."""
    hostile = {f"label_{number:02}": "<!channel> \n\u202e</b>" + "x" * 5_000 for number in range(40)}
    message = message_of(catalog, alert("Odd<b>", instance="a|b<http://evil>", **hostile))
    assert len(message.labels) <= 400
    assert len(message.where) < 200
    texts_by_channel = everything(message)
    assert [channel for channel, text in texts_by_channel.items() if "\u202e" in text] == []
    blocks = slack.layout(message).blocks
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    assert not any("<!channel>" in text for text in texts)
    assert "</b>" not in texts_by_channel["mail.html"]
    assert "<" not in texts_by_channel["phone"]
    assert sms.segments(texts_by_channel["sms"]) <= sms.MOST_SEGMENTS


def test_thousands_of_alerts_are_told_apart_at_once(catalog: Catalog) -> None:
    """Each alert is read once."""
    message = message_of(
        catalog, *(alert("NodeDown", instance=f"n{number}", fingerprint=f"{number:04}") for number in range(3_000))
    )
    assert message.labels == "instance n0, n1, n2 and 2997 others"


def test_a_delivery_is_taken_whatever_its_severity_label_holds(client: FlaskClient) -> None:
    """There is no traceback, and an incident is opened."""
    for number, label in enumerate(["", "\u0000", "\ud800", "🔥" * 9_000, "0" * 5_000, "${jndi}", "None of it"]):
        data = json.dumps(payload(alert("Nobody", label, fingerprint=f"f{number}")))
        assert client.post("/v1/alertmanager", data=data).get_json()["result"] in {"opened", "joined", "updated"}
