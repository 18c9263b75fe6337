"""Tests of the outgoing webhook: its body, its signatures, and that a receiver can recognise a repeat."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.webhook.samples import NOON, FakeSender, alert, message_of
from tests.webhook.sender_kit import SIGNING_KEYS, Rig, webhook_rig
from tests.webhook.test_settings import problems
from webhook.catalog.model import Catalog
from webhook.incidents.notifications import Action
from webhook.render.webhook import EVENTS
from webhook.secret import Secret
from webhook.senders.contract import Job
from webhook.service import Service
from webhook.settings import read_settings, tokens
from webhook.signatures import standard_headers


@pytest.fixture
def rig() -> Iterator[Rig]:
    with webhook_rig() as built:
        yield built


@pytest.fixture
def job(job: Job, catalog: Catalog) -> Job:
    pool = alert("ApiPlatformConnectionPool", annotations={"value": "0.97"}, namespace="shop", pod="web-1")
    return dataclasses.replace(job, destination="events", message=message_of(catalog, pool))


def header(rig: Rig, name: str, number: int = 0) -> str:
    headers = {key.lower(): value for key, value in rig.received[number]["_headers"].items()}
    return str(headers[name])


def test_body_is_signed_by_every_key_as_it_was_posted(rig: Rig, job: Job) -> None:
    """A receiver that knows either key verifies the raw bytes."""
    rig.sender.send(job)
    signatures = header(rig, "webhook-signature").split(" ")
    assert len(signatures) == len(SIGNING_KEYS)
    for key, signature in zip(SIGNING_KEYS, signatures, strict=True):
        expected = standard_headers(header(rig, "webhook-id"), NOON, rig.bodies[0], [Secret(key)])
        assert (signature, header(rig, "webhook-timestamp")) == (expected["webhook-signature"], "1795348800")


def test_address_is_posted_to_as_it_was_written(rig: Rig, job: Job) -> None:
    """Path and query belong to the receiver."""
    rig.sender.send(job)
    assert rig.received[0]["_path"].startswith("/hooks/")
    assert rig.received[0]["_path"].endswith("?team=ops")


def test_message_that_is_sent_twice_carries_the_same_id(rig: Rig, job: Job) -> None:
    """The receiver drops the second; another message has another id."""
    for sent_job in (job, dataclasses.replace(job, sent_at=NOON + 60), dataclasses.replace(job, id=6)):
        rig.sender.send(sent_job)
    first, again, different = (header(rig, "webhook-id", number) for number in range(3))
    assert first == again != different


@pytest.mark.parametrize("action", sorted(EVENTS))
def test_event_is_named_by_what_happened(rig: Rig, job: Job, action: Action) -> None:
    """Type and time follow Standard Webhooks, and `data` holds the incident."""
    rig.sender.send(dataclasses.replace(job, action=action))
    body = json.loads(rig.bodies[0])
    assert (body["type"], body["timestamp"], list(body)) == (
        EVENTS[action],
        "2026-11-22T12:00:00Z",
        ["type", "timestamp", "data"],
    )


def test_incident_stands_whole_in_the_body(rig: Rig, job: Job) -> None:
    """A receiver need not ask back: the body holds problem, severity, people, deadline and filled commands."""
    rig.sender.send(job)
    incident = json.loads(rig.bodies[0])["data"]["incident"]
    assert (incident["id"], incident["status"], incident["severity"], incident["dedup_key"]) == (
        12,
        "open",
        "critical",
        "d" * 64,
    )
    assert incident["problem"] == "Connection pool usage is 97%, limit >= 95 of 100"
    assert incident["standing"] == "L1 DevOps team: acknowledge within 30 min, by 12:20 UTC."
    assert incident["runbook"]["commands"][0]["text"] == "kubectl --namespace shop logs web-1 --tail 100"
    assert {"text": "Incident 12", "url": "https://tocsin.example.com/incidents/12"} in incident["links"]


def test_policy_that_announces_to_the_webhook_reaches_it(
    service: Service, senders: dict[str, FakeSender], post: Callable[..., Any], drain: Callable[..., int]
) -> None:
    """It is reached like a team's channel; without the setting the incident says so."""
    senders["webhook"] = FakeSender("webhook", set(EVENTS), shows_state=False)
    service.alert_batches._channels = {name: sender.actions for name, sender in senders.items()}
    policy = service.catalog.current.policies["standard"]
    tier = dataclasses.replace(policy.severities["critical"], announce=("webhook",))
    policies = {
        **service.catalog.current.policies,
        "standard": dataclasses.replace(policy, severities={**policy.severities, "critical": tier}),
    }
    changed = dataclasses.replace(service.catalog.current, policies=policies)
    service.alert_batches._catalog = lambda: changed
    post(alert())
    post(alert(status="resolved"))
    drain("webhook")
    assert senders["webhook"].sent[-1:] == [("resolve", "events")]


def test_settings_of_the_webhook_belong_together() -> None:
    """Nobody could verify what an address without a key receives."""
    assert problems(WEBHOOK_URL="https://hooks.example.com/x") == (
        "TOCSIN_WEBHOOK_URL is set without TOCSIN_WEBHOOK_SECRET; set both"
    )
    assert problems(WEBHOOK_SECRET="hush") == "TOCSIN_WEBHOOK_SECRET is set without TOCSIN_WEBHOOK_URL; set both"
    assert "must be an http or https address" in problems(WEBHOOK_URL="ftp://hush", WEBHOOK_SECRET="hush")
    assert "is not base64" in problems(WEBHOOK_URL="https://x.example.com", WEBHOOK_SECRET="whsec_hush!")
    assert "at most 2" in problems(WEBHOOK_URL="https://x.example.com", WEBHOOK_SECRET="a b,c,d")


def test_two_keys_are_read_and_the_address_is_a_secret() -> None:
    """Such addresses often hold tokens."""
    settings = read_settings(
        {"TOCSIN_WEBHOOK_URL": "https://hooks.example.com/hush", "TOCSIN_WEBHOOK_SECRET": "new, older"}
    )
    assert settings.urls["webhook"] == Secret("https://hooks.example.com/hush")
    assert tokens(settings.companions["webhook"].reveal()) == (Secret("new"), Secret("older"))
    assert "hush" not in repr(settings)
