"""Tests that thousands of alerts become few messages, the most severe first, and each incident is in one of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from testbed import slack_limits
from tests.webhook.samples import NOON, Clock, FakeSender, alert, incident_of, payload
from webhook.application.relevance import RESOLVED_FIRST
from webhook.catalog.model import Catalog
from webhook.incidents import storm
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import Claim
from webhook.incidents.storm import (
    MOST_SINGLE,
    SERIOUS_WAIT_SECONDS,
    WINDOW_SECONDS,
    Traffic,
    causes,
    is_storm,
    waits_until,
)
from webhook.render import digest as digests
from webhook.render import mail, slack, sms, speech
from webhook.render.digest import digest
from webhook.render.message import Message, compose
from webhook.render.wording import Context
from webhook.senders.contract import PermanentFailure, TemporaryFailure
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage.notifications import outbox
from webhook.web.flask_app import create_app
from webhook.workers import dispatch
from webhook.workers.dispatch import LEASE_SECONDS
from webhook.workers.endings import Endings
from webhook.workers.worker import Worker

Senders = dict[str, FakeSender]

KINDS = (
    ("ApiPlatformErrorRatio", "critical"),
    ("ApiPlatformCircuitBreaker", "warning"),
    ("ApiPlatformConnectionPool", "warning"),
    ("SomethingUnknown", "warning"),
)
MILD = (("ApiPlatformCircuitBreaker", "warning"),)
GRAVE = (("ApiPlatformErrorRatio", "critical"),)


def gale(catalog: Catalog, groups: int, size: int = 10) -> list[Incident]:
    """Return incidents of four kinds in turn, each of `size` alerts."""
    incidents = []
    for number in range(groups):
        name, severity = KINDS[number % len(KINDS)]
        alerts = [alert(name, severity, cell=f"c{number}", instance=f"c{number}-{index}") for index in range(size)]
        incident = incident_of(catalog, *alerts, groupLabels={"cell": f"c{number}"})
        incidents.append(Incident(**{**incident.__dict__, "id": number + 1}))
    return incidents


def message_on(catalog: Catalog, incidents: list[Incident], why: str = "") -> Message:
    context = Context(catalog=catalog, now=NOON, public_url="https://tocsin.example.com")
    return digest(incidents, context, why=why)


def blow(
    client: FlaskClient,
    groups: int,
    size: int = 10,
    *,
    first: int = 0,
    status: str = "firing",
    kinds: tuple[tuple[str, str], ...] = KINDS,
) -> None:
    """Deliver so many groups of alerts as Alertmanager does."""
    for number in range(first, first + groups):
        name, severity = kinds[number % len(kinds)]
        alerts = (
            alert(name, severity, cell=f"c{number}", instance=f"{number}-{index}", status=status)
            for index in range(size)
        )
        body = payload(*alerts, groupLabels={"cell": f"c{number}"}, groupKey=f"{{}}:{{cell={number}}}")
        assert client.post("/v1/alertmanager", json=body).status_code == 200


def rows(service: Service) -> list[dict[str, Any]]:
    with service.database.read() as connection:
        mappings = connection.exec_driver_sql("SELECT * FROM notifications ORDER BY id").mappings()
        return [dict(row) for row in mappings]


def drain(worker: Worker, *channels: str) -> None:
    for channel in channels:
        while worker.run_once(channel):
            pass


# What a storm is.


def test_few_calls_are_messages_of_their_own() -> None:
    """Up to ten calls are single messages: each has its runbook section and buttons, and a batch is harder to read."""
    assert not is_storm(Traffic(told=9, waiting=0, last=NOON))
    assert is_storm(Traffic(told=10, waiting=0, last=NOON))
    assert is_storm(Traffic(told=0, waiting=10, last=None))


def test_storm_is_told_at_intervals_the_grave_sooner() -> None:
    """The pause is a minute, or ten seconds if severe, so that others may come; the first message waits for nothing."""
    traffic = Traffic(told=10, waiting=3, last=NOON)
    assert waits_until(traffic, serious=True, now=NOON + 1) == NOON + 10
    assert waits_until(traffic, serious=False, now=NOON + 1) == NOON + 60
    assert waits_until(traffic, serious=True, now=NOON + 10) is None
    assert waits_until(Traffic(told=0, waiting=500, last=None), serious=False, now=NOON) is None


def test_causes_are_runbook_sections_gravest_then_most_alerts(catalog: Catalog) -> None:
    """A warning with many alerts stands behind a critical one with few; each counts its alerts and incidents."""
    incidents = [
        *gale(catalog, 4, size=1),
        *[Incident(**{**incident.__dict__, "id": 100}) for incident in gale(catalog, 2)[1:]],
    ]
    storm_causes = causes(incidents)
    assert [cause.severity for cause in storm_causes] == ["critical", "warning", "warning", "warning"]
    assert [(cause.alerts, cause.incidents) for cause in storm_causes][:2] == [(1, 1), (11, 2)]
    assert storm_causes[0].lead.id == 1


def test_causes_do_not_depend_on_the_order_of_the_incidents(catalog: Catalog) -> None:
    """The same storm reads the same, whichever worker claims it."""
    incidents = gale(catalog, 12)
    assert causes(incidents) == causes(list(reversed(incidents)))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([7], "7"),
        ([3, 1, 2], "1-3"),
        ([1, 2, 9, 4], "1-2, 4 and 9"),
        (range(1, 60, 2), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and 18 more"),
    ],
)
def test_incident_numbers_are_written_as_ranges(found: list[int], text: str) -> None:
    """Hundreds of numbers would fill the message; those that are left out are counted."""
    assert storm.numbers(found) == text


# What the messages say.


def test_digest_says_how_much_and_where_to_begin(catalog: Catalog) -> None:
    """The cause leads: the most severe section, with its runbook; then every other section."""
    message = message_on(catalog, gale(catalog, 40))
    assert message.title.startswith(
        "400 alerts in 40 incidents, 3 runbook sections and 1 kind without a runbook, start here: "
    )
    assert message.severity == "critical"
    assert message.section is not None
    assert [section.severity for section in message.alerts] == ["critical", "warning", "warning", "warning"]
    assert "incidents 1-40" in message.documented
    assert message.links[0].url == "https://tocsin.example.com/"


@pytest.mark.parametrize("groups", [2, 40, 500])
def test_digest_is_within_every_provider_s_limits(catalog: Catalog, groups: int) -> None:
    """The limits are Slack's blocks, three segments of a text message, and a call of less than a minute."""
    message = message_on(catalog, gale(catalog, groups), why="Nobody acknowledged within 1 h. " * 30)
    content = slack.layout(message, buttons=True)
    assert slack_limits.block_errors(content.blocks) == []
    assert not slack_limits.too_long(content.blocks)
    assert "actions" not in [block["type"] for block in content.blocks], "a button would be about one of them"
    assert sms.segments(sms.layout(message)) <= sms.MOST_SEGMENTS
    assert len(speech.layout(message)) < 2 * speech.LONGEST
    assert f"[Tocsin {groups} incidents]" in mail.layout(message).subject


def test_digest_of_hundreds_of_kinds_says_how_many_more(catalog: Catalog) -> None:
    """Hostile names and a section for each alert still fit the limits."""
    alerts = (
        alert(f"<!channel> & *Unknown{number}* {'x' * 200}", "critical", cell=str(number)) for number in range(400)
    )
    incidents = [
        Incident(
            **{**incident_of(catalog, unknown_alert, groupLabels={"cell": str(number)}).__dict__, "id": 7 * number + 1}
        )
        for number, unknown_alert in enumerate(alerts)
    ]
    message = message_on(catalog, incidents)
    assert message.unlisted == "and 390 more kinds of alert"
    content = slack.layout(message)
    assert slack_limits.block_errors(content.blocks) == []
    assert not slack_limits.too_long(content.blocks)
    assert "<!channel>" not in json.dumps(content.blocks[1:])
    assert sms.segments(sms.layout(message)) <= sms.MOST_SEGMENTS


def test_one_incident_of_thousands_of_alerts_says_and_more(catalog: Catalog) -> None:
    """A group is one message however large it is; the page lists all."""
    alerts = [alert("ApiPlatformErrorRatio", "critical", instance=f"i{index}") for index in range(5_000)]
    incident = incident_of(catalog, *alerts)
    message = compose(incident, Context(catalog=catalog, now=NOON, public_url="https://tocsin.example.com"))
    assert message.unlisted == "and 4990 more"
    content = slack.layout(message)
    assert slack_limits.block_errors(content.blocks) == []
    assert not slack_limits.too_long(content.blocks)
    assert "and 4990 more" in json.dumps(content.blocks)
    assert sms.segments(sms.layout(message)) <= sms.MOST_SEGMENTS


# What is sent.


def test_thousands_of_alerts_become_a_handful_of_messages(either: Service, senders: Senders, clock: Clock) -> None:
    """5,000 alerts in 500 groups; only PagerDuty gets an event for each, because its key keeps the order."""
    blow(create_app(either).test_client(), 500)
    worker = either.worker()
    for _ in range(12):
        drain(worker, *senders)
        clock.forward(seconds=SERIOUS_WAIT_SECONDS)
    message_counts = Counter((job.destination) for job in senders["slack"].jobs)
    assert message_counts
    assert max(message_counts.values()) <= 3
    assert len(senders["email"].jobs) <= 3
    first = senders["email"].jobs[0].message
    assert first.severity == "critical"
    assert first.title.startswith(
        "5000 alerts in 500 incidents, 3 runbook sections and 1 kind without a runbook, start here: "
    )
    assert len({job.dedup_key for job in senders["pagerduty"].jobs if job.action == "open"}) == 125
    assert_told(rows(either))


def assert_told(notifications: list[dict[str, Any]]) -> None:
    """Assert that each call was sent, or superseded by a sent one whose batch has the right size."""
    by_id = {row["id"]: row for row in notifications}
    calls = [row for row in notifications if row["action"] == "open" and row["channel"] != "sms"]
    assert {row["state"] for row in calls} <= {"sent", "superseded"}
    for row in calls:
        if row["state"] == "superseded":
            primary = by_id[row["superseded_by"]]
            assert primary["state"] == "sent"
            assert (primary["channel"], primary["destination"]) == (row["channel"], row["destination"])
            assert row["last_error"] == f"told together with others, by message {primary['id']}"
    for primary in (row for row in notifications if row["batch_size"]):
        superseded = {row["incident_id"] for row in notifications if row["superseded_by"] == primary["id"]}
        assert len(superseded | {primary["incident_id"]}) == primary["batch_size"]


def test_few_critical_ones_among_many_warnings_are_messages_of_their_own(
    client: FlaskClient, service: Service, senders: Senders
) -> None:
    """They go first, and whoever is woken by them sees what they are about."""
    warnings = (alert("ApiPlatformCircuitBreaker", "warning", cell=str(number)) for number in range(100))
    for number, posted in enumerate(warnings):
        client.post("/v1/alertmanager", json=payload(posted, groupLabels={"cell": str(number)}))
    for number in range(3):
        posted = alert("ApiPlatformErrorRatio", "critical", cell=f"grave{number}")
        client.post("/v1/alertmanager", json=payload(posted, groupLabels={"cell": f"grave{number}"}))
    drain(service.worker(), "slack")
    assert [(job.message.severity, job.message.batch_size) for job in senders["slack"].jobs] == [
        *[("critical", 0)] * 3,
        ("warning", 100),
    ]


def test_critical_one_in_the_midst_waits_for_nothing_milder(
    client: FlaskClient, service: Service, senders: Senders, clock: Clock
) -> None:
    """Warnings wait for the next minute; a critical call is sent at once."""
    worker = service.worker()
    for number in range(2 * MOST_SINGLE + 5):
        warning = alert("ApiPlatformCircuitBreaker", "warning", cell=str(number))
        client.post("/v1/alertmanager", json=payload(warning, groupLabels={"cell": str(number)}))
        drain(worker, "slack")
    before = len(senders["slack"].jobs)
    assert before == MOST_SINGLE
    client.post("/v1/alertmanager", json=payload(alert("ApiPlatformErrorRatio", "critical", cell="grave")))
    drain(worker, "slack")
    assert [job.message.severity for job in senders["slack"].jobs[before:]] == ["critical"]
    clock.forward(seconds=WINDOW_SECONDS)
    drain(worker, "slack")
    assert senders["slack"].jobs[-1].message.batch_size == MOST_SINGLE + 5


def test_destination_that_was_away_gets_one_message_afterwards(
    client: FlaskClient, service: Service, senders: Senders, clock: Clock
) -> None:
    """Calls that have waited for an hour are a storm too; each try is one message, and every row says so."""
    blow(client, 40, 1, kinds=MILD)
    worker = service.worker()
    senders["slack"].failures = [TemporaryFailure("away")]
    drain(worker, "slack")
    assert senders["slack"].jobs == []
    waiting = [row for row in rows(service) if row["channel"] == "slack" and row["state"] == "waiting"]
    assert {(row["attempts"], row["last_error"]) for row in waiting} == {(1, "away")}
    clock.forward(hours=1)
    drain(worker, "slack")
    assert [job.message.batch_size for job in senders["slack"].jobs] == [40]
    assert_told([row for row in rows(service) if row["channel"] == "slack"])


def test_storm_that_is_refused_fails_in_every_incident(client: FlaskClient, service: Service, senders: Senders) -> None:
    """A final refusal fails each incident's own row, which says so and moves on by itself."""
    blow(client, 40, 1)
    senders["slack"].failures = [PermanentFailure("channel_not_found")] * 40
    drain(service.worker(), "slack")
    slack_rows = [row for row in rows(service) if row["channel"] == "slack"]
    assert {row["state"] for row in slack_rows} == {"failed"}
    assert len({row["incident_id"] for row in slack_rows}) == 40


def break_writing(monkeypatch: pytest.MonkeyPatch, place: str, broken: set[int], slack: FakeSender) -> None:
    """Raise an error at the place where a text about the incidents `broken` is written."""

    def look(numbers: Iterable[int]) -> None:
        if not broken.isdisjoint(numbers):
            raise RecursionError

    if place == "a layout":
        slack.hook = lambda job: look([job.message.incident_id])
        return
    name, numbers = {
        "a digest": ("digest", lambda incidents, *_: [incident.id for incident in incidents]),
        "what is needless": ("needless", lambda _, incident: [incident.id]),
        "the first of many": ("compose", lambda incident, *_: [incident.id]),
    }[place]
    for module in (dispatch, digests) if place == "the first of many" else (dispatch,):
        written = getattr(module, name)

        def fail(
            *arguments: object,
            written: Callable[..., object] = written,
            numbers: Callable[..., Iterable[int]] = numbers,
            **keywords: object,
        ) -> object:
            look(numbers(*arguments))
            return written(*arguments, **keywords)

        monkeypatch.setattr(module, name, fail)


@pytest.mark.parametrize("broken", [{1}, {20}, {40}, {1, 2}, {7, 33}])
@pytest.mark.parametrize("place", ["a digest", "a layout", "what is needless", "the first of many"])
def test_an_incident_that_cannot_be_written_holds_up_no_other_of_a_storm(
    *,
    client: FlaskClient,
    service: Service,
    senders: Senders,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    broken: set[int],
) -> None:
    """The others are told at once, in few messages; this one moves on, and is told here when it can be written."""
    blow(client, 40, 1, kinds=MILD)
    with monkeypatch.context() as mistake:
        break_writing(mistake, place, broken, senders["slack"])
        drain(service.worker(), "slack")
    slack_rows = [row for row in rows(service) if row["channel"] == "slack"]
    waiting = [row for row in slack_rows if row["state"] == "waiting"]
    assert {row["incident_id"] for row in waiting} <= broken
    assert all(row["last_error"] == "internal error: RecursionError" for row in waiting)
    assert all(row["moves_on_at"] == clock() for row in waiting)
    assert_told([row for row in slack_rows if row["state"] != "waiting"])
    assert len(senders["slack"].jobs) <= 12
    senders["slack"].hook = lambda _: None
    clock.forward(hours=1)
    drain(service.worker(), "slack")
    assert_told([row for row in rows(service) if row["channel"] == "slack"])


def test_end_of_a_storm_is_told_as_it_began(
    client: FlaskClient, service: Service, senders: Senders, clock: Clock
) -> None:
    """Whoever was told of many incidents in one message is told so of their ends; unposted messages get no edits."""
    blow(client, 40, 1, kinds=MILD)
    worker = service.worker()
    drain(worker, "slack", "email")
    client.post("/v1/incidents/2/acknowledge", json={"actor": "on-call"})
    clock.forward(minutes=5)
    blow(client, 40, 1, status="resolved", kinds=MILD)
    for _ in range(3):
        drain(worker, "slack", "email")
        clock.forward(seconds=WINDOW_SECONDS)
    assert [job.message.batch_size for job in senders["slack"].jobs] == [40, 40]
    assert senders["slack"].jobs[-1].message.status == "resolved"
    assert senders["slack"].jobs[-1].message.title == "40 alerts in 40 incidents over"
    assert 'tocsin_storm_messages{channel="slack"} 2.0' in client.get("/metrics").get_data(as_text=True)
    assert {row["state"] for row in rows(service) if row["channel"] == "slack"} <= {"sent", "superseded"}


def test_what_is_needless_in_a_storm_is_ended_in_one_commit(
    client: FlaskClient, service: Service, senders: Senders
) -> None:
    """On a slow disk, one commit each would take longer than the lease of the calls that are still to be sent."""
    blow(client, 40, 1, kinds=MILD)
    blow(client, 40, 1, status="resolved", kinds=MILD)
    senders["slack"].shows_state = False
    commits: list[object] = []
    event.listen(service.database.engine, "commit", commits.append)
    assert service.worker().run_once("slack")
    calls = [row for row in rows(service) if row["channel"] == "slack" and row["action"] == "open"]
    assert [row["last_error"] for row in calls] == [RESOLVED_FIRST] * 40
    assert len(commits) == 2, "the claim and the end"


def test_incident_of_a_storm_that_goes_on_has_a_message_of_its_own(
    client: FlaskClient, service: Service, senders: Senders, clock: Clock
) -> None:
    """An hour later it escalates alone: whoever is told then sees that incident, not the old message on many."""
    blow(client, 40, 1, kinds=GRAVE)
    worker = service.worker()
    drain(worker, "email", "slack")
    assert [job.message.batch_size for job in senders["email"].jobs] == [40]
    clock.forward(minutes=5)
    blow(client, 39, 1, first=1, status="resolved", kinds=GRAVE)
    drain(worker, "email", "slack")
    clock.forward(hours=1, minutes=5)
    while worker.step_once():
        pass
    drain(worker, "email", "slack")
    last = senders["email"].jobs[-1]
    assert (last.message.incident_id, last.message.batch_size) == (1, 0)


def test_call_that_comes_again_before_a_storm_has_told_it_is_told(
    client: FlaskClient, service: Service, senders: Senders, clock: Clock, catalog_path: Path
) -> None:
    """Each time its message may be sent, the next call already waits behind it; that must not delay it for ever."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["levels"] = ["devops"]
    data["policies"]["standard"]["severities"]["warning"] |= {"respond_seconds": 30, "escalate_seconds": 60}
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    worker = service.worker()
    for number in range(14):
        blow(client, 1, 1, first=number, kinds=MILD)
        drain(worker, "email")
        clock.forward(seconds=3)
    for _ in range(200):
        while worker.step_once():
            pass
        drain(worker, "email")
        clock.forward(seconds=3)
    calls = [row for row in rows(service) if (row["channel"], row["action"]) == ("email", "escalate")]
    finished_at = {
        row["incident_id"]: row["finished_at"] for row in calls if row["superseded_by"] or row["state"] == "sent"
    }
    assert sorted(finished_at) == list(range(1, 15))
    assert clock.now - min(finished_at.values()) <= 2 * WINDOW_SECONDS


def test_replicas_gather_each_call_once(either: Service, settings: Settings, senders: Senders, clock: Clock) -> None:
    """Two workers of one store: neither claims what the other has batched."""
    blow(create_app(either).test_client(), 60, 1)
    second_service = build(either.settings, senders=senders, clock=clock)
    try:
        first, second = either.worker(), second_service.worker()
        for _ in range(12):
            while first.run_once("slack") or second.run_once("slack"):
                pass
            clock.forward(seconds=SERIOUS_WAIT_SECONDS)
    finally:
        second_service.close()
    assert sum(max(1, job.message.batch_size) for job in senders["slack"].jobs) == 60
    assert_told([row for row in rows(either) if row["channel"] == "slack"])


@pytest.mark.parametrize("reclaimed", [True, False])
def test_bundle_that_took_long_to_write_tells_what_it_still_holds(
    either: Service,
    senders: Senders,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    reclaimed: bool,
) -> None:
    """The lease has run out: another worker tells the call that it has claimed, the rest is ours for another send."""
    blow(create_app(either).test_client(), 20, 1, kinds=MILD)
    ask = Endings.superseded

    def slowly(endings: Endings, needless: Sequence[tuple[Claim, str]]) -> None:
        monkeypatch.setattr(Endings, "superseded", ask)
        clock.forward(seconds=LEASE_SECONDS + 1)
        if reclaimed:
            with either.database.write() as connection:
                assert outbox.claim(connection, "slack", token="another", now=clock.now, until=clock.now + 60)
        ask(endings, needless)

    until: list[float] = []
    senders["slack"].hook = lambda _: until.extend(
        row["lease_until"] for row in rows(either) if row["channel"] == "slack" and row["lease_token"] != "another"
    )
    monkeypatch.setattr(Endings, "superseded", slowly)
    assert either.worker().run_once("slack")
    assert [job.message.batch_size for job in senders["slack"].jobs] == [19 if reclaimed else 20]
    assert set(until) == {clock.now + LEASE_SECONDS}


def test_what_a_destination_has_had_is_counted_through_its_index(service: Service) -> None:
    """The outbox keeps sent messages for months; a claim must not read all of them."""
    with service.database.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT count(*) FROM notifications"
            " WHERE channel = 'slack' AND destination = '#a' AND finished_at > 1 AND state = 'sent'"
        ).all()
    assert "ix_notifications_recent" in str(plan)
