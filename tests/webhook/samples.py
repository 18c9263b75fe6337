"""Sample alerts and stand-ins for tests: a clock that tests move by hand, and senders that only remember."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from hypothesis import HealthCheck, settings

from webhook.application.alert_batches import delivered
from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import Active, Answer
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import Action
from webhook.incidents.transitions import transition
from webhook.payload import parse_payload
from webhook.render.message import Message, compose
from webhook.render.wording import Context
from webhook.senders.contract import Failure, Job, Receipt

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Settings for property tests: a slow run on a busy machine is not a counterexample."""

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        """Return epoch seconds."""
        return self.now

    def forward(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Let time pass."""
        self.now += seconds + 60 * minutes + 3_600 * hours


def at_once(*calls: Callable[[], object]) -> None:
    """Start all calls at the same moment, each in its own thread; return when all are done."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        together.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class FakeSender:
    """Remembers the jobs it was given; fails as often as a test asks it to."""

    def __init__(self, channel: str, actions: set[Action], *, shows_state: bool = True) -> None:
        self.channel = channel
        self.actions = frozenset(actions)
        self.shows_state = shows_state
        self.jobs: list[Job] = []
        self.failures: list[Failure] = []
        self.hook: Callable[[Job], None] = lambda _: None

    def send(self, job: Job) -> Receipt:
        """Remember the job, or fail if the test asked for it."""
        self.hook(job)
        if self.failures:
            raise self.failures.pop(0)
        self.jobs.append(job)
        # An edit brings no id of its own, as in Slack.
        return Receipt(provider_id=f"{self.channel}-{len(self.jobs)}" if job.provider_id is None else None)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Action and destination of every job."""
        return [(job.action, job.destination) for job in self.jobs]


class FakeAlertmanagerState:
    """Answers for Alertmanager as a test tells it to; calls `hook` each time it is asked."""

    def __init__(self) -> None:
        self.answer: Answer = Active()
        self.asked: list[int] = []
        self.hook: Callable[[], object] = lambda: None

    def ask(self, incident: Incident) -> Answer:
        """Return the answer and remember which incident was asked about."""
        self.asked.append(incident.id)
        self.hook()
        return self.answer


def alert(
    name: str = "ApiPlatformErrorRatio",
    severity: str | None = "critical",
    *,
    status: str = "firing",
    started: str = "2026-11-22T11:50:00.123456789Z",
    ended: str = "0001-01-01T00:00:00Z",
    annotations: dict[str, str] | None = None,
    fingerprint: str | None = None,
    generator: str = "http://prometheus.example.com/graph?g0.expr=x",
    **labels: str,
) -> dict[str, Any]:
    """Return an alert as a payload holds it; a resolved alert ended at 11:58 unless `ended` says otherwise."""
    whole = {"alertname": name, **({"severity": severity} if severity else {}), **labels}
    return {
        "status": status,
        "labels": whole,
        "annotations": {"value": "0.073"} if annotations is None else annotations,
        "startsAt": started,
        "endsAt": "2026-11-22T11:58:00Z" if status == "resolved" and ended.startswith("0001") else ended,
        "generatorURL": generator,
        "fingerprint": fingerprint or json.dumps(whole, sort_keys=True)[-60:],
    }


class InAnyLife(frozenset[tuple[str, float]]):
    """The servers with these keys, whenever they started."""

    def __new__(cls, *servers: str) -> Self:
        """Return them."""
        return super().__new__(cls, ((server, 0.0) for server in servers))

    def __contains__(self, server: object) -> bool:
        """Return whether the server is among them."""
        return isinstance(server, tuple) and super().__contains__((server[0], 0.0))


def payload(*alerts: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return a version-4 payload of these alerts; without `changes` the group has the first alert's name."""
    group = {"alertname": alerts[0]["labels"].get("alertname", "")} if alerts else {}
    return {
        "version": "4",
        "groupKey": f"{{}}:{json.dumps(group)}",
        "truncatedAlerts": 0,
        "status": "firing" if any(entry["status"] == "firing" for entry in alerts) else "resolved",
        "receiver": "tocsin",
        "groupLabels": group,
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com:9093",
        "alerts": list(alerts),
        **changes,
    }


def message_of(
    catalog: Catalog, *alerts: dict[str, Any], now: float = NOON, action: Action = "open", **changes: object
) -> Message:
    """Return the message about an incident that these alerts opened ten minutes ago, built by the real code path."""
    incident = incident_of(catalog, *alerts, **changes)
    context = Context(
        catalog=catalog,
        now=now,
        public_url="https://tocsin.example.com",
        undelivered=("SMS to DevOps team: not configured",),
    )
    return compose(incident, context, action=action, trigger_fingerprint=alerts[-1]["fingerprint"])


def incident_of(catalog: Catalog, *alerts: dict[str, Any], resolve: bool = False, **changes: object) -> Incident:
    """Return the incident that these alerts open ten minutes before noon; `resolve` ends them at 11:58."""
    received = parse_payload(json.dumps(payload(*alerts, **changes)).encode())
    event = delivered(received, received.alerts, catalog)
    incident = transition(None, event, NOON - 600).incident
    assert incident is not None
    incident = replace(incident, id=12)
    if resolve:
        ended = tuple(replace(received_alert, firing=False, ends_at=NOON - 120) for received_alert in event.alerts)
        incident = transition(incident, replace(event, alerts=ended), NOON - 60).incident
        assert incident is not None
    return incident
