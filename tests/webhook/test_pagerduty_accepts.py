"""Tests that Tocsin claims no more than PagerDuty's acceptance of an event, and that no person waits because of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.pagerduty import PagerDuty
from testbed.standin import Failure as Weather
from tests.webhook.samples import NOON, Clock, FakeSender, alert, message_of
from tests.webhook.sender_kit import Answer, Rig, pagerduty_rig
from webhook.catalog.model import Catalog
from webhook.incidents.notifications import said_of
from webhook.secret import Secret
from webhook.senders.contract import Job, PermanentFailure, TemporaryFailure
from webhook.senders.pagerduty import NO_INCIDENT, PAUSES, PagerDutySender
from webhook.service import Service

Post = Callable[..., Any]
Drain = Callable[..., int]
KEY = "0123456789abcdef0123456789abcdef"
API_KEY = "u+very-secret-api-key"


@pytest.fixture
def job(catalog: Catalog) -> Job:
    return Job(
        id=1,
        action="open",
        destination="events",
        message=message_of(catalog, alert()),
        dedup_key="ab" * 32,
        thread="t",
        sent_at=NOON,
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": "error", "message": "try again"}),
        (200, {"status": "invalid event", "errors": ["x"]}),
        (200, {"error": {"message": "Internal", "code": 2000}}),
        (202, {"status": "throttle exceeded"}),
        (200, {}),
        (204, None),
        (200, "<html>a proxy's login</html>"),
        (200, ["success"]),
    ],
)
def test_answer_that_does_not_accept_is_no_receipt(job: Job, status: int, body: object) -> None:
    """The event is tried again: a trigger or resolve that is wrongly recorded as sent would never reach anybody."""
    with pagerduty_rig() as rig:
        raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        rig.answer(Answer(status=status, body=raw))
        with pytest.raises(TemporaryFailure, match=f"HTTP {status}"):
            rig.sender.send(job)
        assert isinstance(rig, Rig)
        assert rig.sender.send(job).provider_id == job.dedup_key


def sender(pagerduty: PagerDuty, waited: list[float]) -> PagerDutySender:
    return PagerDutySender(
        events_url=pagerduty.url,
        routing_key=Secret(KEY),
        api_url=pagerduty.url,
        api_key=Secret(API_KEY),
        wait=waited.append,
    )


def test_incident_that_is_there_is_named(job: Job) -> None:
    """With a key of the REST API the incident is known, and its number is shown."""
    with PagerDuty() as pagerduty:
        receipt = sender(pagerduty, []).send(job)
        assert said_of("pagerduty", receipt.provider_id) == "incident P000000 is open in PagerDuty"
    assert said_of("pagerduty", job.dedup_key) == said_of("pagerduty", None) == "accepted by PagerDuty"


def test_disabled_service_has_told_nobody(job: Job) -> None:
    """It answers 202 as always but opens nothing. The event repeats under the same key until the service is enabled."""
    waited: list[float] = []
    with PagerDuty() as pagerduty:
        pagerduty.disabled = True
        with pytest.raises(TemporaryFailure, match="disabled or in maintenance"):
            sender(pagerduty, waited).send(job)
        assert waited == list(PAUSES)
        pagerduty.disabled = False
        assert sender(pagerduty, []).send(job).provider_id == "incident P000000"


def test_incident_that_has_ended_is_not_the_present_one(job: Job) -> None:
    """An earlier incident of the same group is resolved; in maintenance PagerDuty opens no other."""
    with PagerDuty() as pagerduty:
        sender(pagerduty, []).send(job)
        pagerduty.incidents[0].status = "resolved"
        pagerduty.disabled = True
        with pytest.raises(TemporaryFailure):
            sender(pagerduty, []).send(job)


@pytest.mark.parametrize("weather", [Weather.error(401), Weather.error(503), Weather.close()])
def test_bookkeeping_that_cannot_be_asked_fails_nothing(job: Job, weather: Weather) -> None:
    """The event was accepted; a failed look-up of its incident fails no notification, and claims nothing."""
    with PagerDuty() as pagerduty:
        strict = PagerDutySender(
            events_url=pagerduty.url,
            routing_key=Secret(KEY),
            api_url=pagerduty.url,
            api_key=Secret(API_KEY),
            wait=lambda _: pagerduty.fail(weather),
        )
        assert strict.send(job).provider_id == job.dedup_key


def test_nothing_says_that_pagerduty_has_told_anybody(post: Post, drain: Drain, client: FlaskClient) -> None:
    """The JSON and the page say what is known: accepted."""
    post(alert())
    drain()
    rows = client.get("/v1/incidents/1").get_json()["notifications"]
    outcomes = {row["channel"]: row["outcome"] for row in rows}
    assert outcomes["pagerduty"] == "accepted by PagerDuty"
    assert outcomes["slack"] == "sent"
    assert "accepted by PagerDuty" in client.get("/incidents/1").text


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_search_for_another_way_does_not_end_at_pagerduty(
    *,
    post: Post,
    drain: Drain,
    senders: dict[str, FakeSender],
    service: Service,
    catalog_path: Path,
    clock: Clock,
    severity: str,
) -> None:
    """The next channel of the policy is used too, whether the event is new to PagerDuty or was accepted before."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["fallback"] = ["pagerduty", "email"]
    data["policies"]["standard"]["severities"][severity]["notify"] = ["log"]
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    senders["slack"].failures = [PermanentFailure("channel_not_found")]
    post(alert(severity=severity))
    drain()
    drain()
    assert senders["email"].sent == [("open", "devops@example.com")]
    assert len(senders["pagerduty"].jobs) == 1
    if severity == "warning":
        assert senders["pagerduty"].jobs[0].message.news == "Slack refused (channel_not_found); handed to PagerDuty."


def test_failure_names_no_key(job: Job) -> None:
    """Neither of the two keys is in the text."""
    with PagerDuty() as pagerduty:
        pagerduty.disabled = True
        with pytest.raises(TemporaryFailure) as failure:
            sender(pagerduty, []).send(job)
    assert str(failure.value) == NO_INCIDENT
    assert KEY not in str(failure.value)
