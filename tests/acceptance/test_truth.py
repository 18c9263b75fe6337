"""Tests, with a real Alertmanager, of an alert that is silenced while it fires and ends while it is silenced.

The webhook alone cannot know that end. Alertmanager delivers to a webhook that serves on loopback; a test moves only
the webhook's clock by hand.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from werkzeug.serving import make_server

from testbed import loopback
from testbed.patience import PATIENCE_SECONDS, await_that
from testbed.servers import Alertmanager, Servers
from tests.webhook.samples import Clock, FakeSender
from webhook.incidents import alertmanager_state
from webhook.incidents.dead_mans_switch import LOOK_SECONDS, WATCHDOG
from webhook.service import Service, build
from webhook.settings import read_settings
from webhook.storage import store
from webhook.web.flask_app import create_app
from webhook.workers import alertmanager_api
from webhook.workers.worker import Worker

pytestmark = pytest.mark.acceptance

LABELS = {"alertname": "ApiPlatformErrorRatio", "severity": "critical"}


class House:
    """A webhook with its clock, its mail receiver, and the Alertmanager that it asks."""

    def __init__(self, service: Service, alertmanager: Alertmanager, clock: Clock, mail: FakeSender) -> None:
        self.service = service
        self.alertmanager = alertmanager
        self.clock = clock
        self.mail = mail
        self.worker: Worker = service.worker()
        self.started = datetime.now(UTC)

    def fires(self) -> None:
        """Let the alert begin, and return when the webhook has its incident."""
        self.alertmanager.post_alerts([{"labels": LABELS, "startsAt": self.started.isoformat()}])
        await_that(lambda: self.status() == "open")

    def ends(self) -> None:
        """Let the alert end, and return when Alertmanager no longer lists it."""
        ended = {"startsAt": self.started.isoformat(), "endsAt": datetime.now(UTC).isoformat()}
        self.alertmanager.post_alerts([{"labels": LABELS, **ended}])
        await_that(lambda: not self.alertmanager.alerts())

    def silence(self) -> None:
        """Silence the alert, and return when Alertmanager has applied the silence."""
        now = datetime.now(UTC)
        status, _ = loopback.post_json(
            f"{self.alertmanager.url}/api/v2/silences",
            {
                "matchers": [{"name": "alertname", "value": LABELS["alertname"], "isRegex": False, "isEqual": True}],
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(hours=1)).isoformat(),
                "createdBy": "on-call",
                "comment": "known",
            },
        )
        assert status == 200
        self.alertmanager.await_alert(lambda alert: bool(alert["status"]["silencedBy"]))

    def tells_of_another(self) -> None:
        """Return when another alert's beginning and end were delivered, and with them every earlier delivery."""
        another_alert = {"labels": {"alertname": "Another"}, "startsAt": datetime.now(UTC).isoformat()}
        self.alertmanager.post_alerts([another_alert])
        await_that(lambda: self.status(2) == "open")
        self.alertmanager.post_alerts([{**another_alert, "endsAt": datetime.now(UTC).isoformat()}])
        await_that(lambda: self.status(2) == "resolved")

    def status(self, number: int = 1) -> str:
        """Return the incident's status."""
        details = create_app(self.service).test_client().get(f"/v1/incidents/{number}").get_json()
        return str(details.get("status"))

    def later(self, **spans: float) -> None:
        """Let time pass for the webhook, work off what is due and send the resulting notifications."""
        self.clock.forward(**spans)
        while self.worker.step_once() or self.worker.run_once("email"):
            pass

    def watch(self, *, minutes: float = 0) -> None:
        """Let time pass for the webhook while it listens for the Watchdog, and send the resulting notifications."""
        for _ in range(int(60 * minutes // LOOK_SECONDS)):
            self.clock.forward(seconds=LOOK_SECONDS)
            self.worker.watch_once()
        self.later()

    def watch_silence(self, *, minutes: float) -> None:
        """Let time pass until the Watchdog was last heard so long ago; Alertmanager's last delivery may come late."""
        while self.clock.now < (self._heard() or self.clock.now) + 60 * minutes:
            self.watch(minutes=LOOK_SECONDS / 60)

    def watchdog(self) -> None:
        """Let the Watchdog fire, and return when the webhook has heard it again."""
        before = self._heard()
        self.clock.forward(seconds=1)
        self.alertmanager.post_alerts([{"labels": {"alertname": "Watchdog"}}])
        await_that(lambda: self._heard() != before)

    def _heard(self) -> float | None:
        with self.service.database.read() as connection:
            return store.last_heard(connection, WATCHDOG)

    def mails(self) -> list[tuple[str, str]]:
        """Return the action of each mail about the first incident, and the level that it went to."""
        ours = [job for job in self.mail.jobs if job.message.incident_id == 1]
        return [(job.action, job.destination.partition("@")[0]) for job in ours]


@pytest.fixture
def house(servers: Servers, short_folder: Path, generated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    # A test cannot wait until a real Alertmanager has been up for minutes, but it can wait for a busy machine.
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", 0.0)
    for patience in ("CONNECT_SECONDS", "READ_SECONDS", "LONGEST_ASKING"):
        monkeypatch.setattr(alertmanager_api, patience, PATIENCE_SECONDS)
    clock = Clock()
    clock.now = time.time()
    mail = FakeSender("email", {"open", "join", "escalate", "resolve"})
    # Alertmanager gets its port when it starts, and needs ours before: the application is set later.
    application: list[Flask] = []

    def serve(environment: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return application[0](environment, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    config = short_folder / "alertmanager.yml"
    config.write_text(configuration(server.server_port))
    with Alertmanager(servers, short_folder / "alertmanager", config=config) as alertmanager:
        settings = read_settings(
            {
                "TOCSIN_CATALOG": str(catalog(generated, short_folder)),
                "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
                "TOCSIN_ALERTMANAGER_URL": alertmanager.url,
            }
        )
        service = build(settings, senders={"email": mail}, clock=clock)
        application.append(create_app(service))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield House(service, alertmanager, clock, mail)
        server.shutdown()
        thread.join()
        server.server_close()
        service.close()


def configuration(port: int) -> str:
    return json.dumps(
        {
            "route": {
                "receiver": "tocsin",
                "group_by": ["alertname", "severity"],
                "group_wait": "1s",
                "group_interval": "1s",
                "repeat_interval": "1h",
                "routes": [{"matchers": ['alertname="Watchdog"'], "repeat_interval": "1s"}],
            },
            "receivers": [
                {
                    "name": "tocsin",
                    "webhook_configs": [{"url": f"http://127.0.0.1:{port}/v1/alertmanager"}],
                }
            ],
        }
    )


def catalog(generated: Path, folder: Path) -> Path:
    """Return the repository's own catalogue; its policy uses e-mail, with a time for each of two levels."""
    data = json.loads((generated / "catalog.json").read_text())
    contacts = {"sms": [], "phone": []}
    data["levels"] = {
        name: {"title": name, "contacts": {**contacts, "email": [f"{name}@example.com"]}}
        for name in ("first", "second")
    }
    tier = {"respond_seconds": 1_800, "announce": [], "notify": ["email"], "escalate_seconds": 3_600}
    severities = dict.fromkeys(("info", "warning", "critical", "emergency"), tier)
    data["policies"] = {name: {"levels": ["first", "second"], "severities": severities} for name in data["policies"]}
    (folder / "catalog.json").write_text(json.dumps(data))
    (folder / "catalog.schema.json").write_bytes((generated / "catalog.schema.json").read_bytes())
    return folder / "catalog.json"


def test_silenced_then_resolved_ends_by_the_truth_and_wakes_nobody_else(house: House) -> None:
    """Alertmanager sends no resolve for it; asked at the second level's time, it says that nothing is left."""
    house.fires()
    house.later()
    house.silence()
    house.later(hours=1)
    assert house.status() == "open"
    assert house.mails() == [("open", "first")], "held, because it is silenced"
    house.ends()
    house.tells_of_another()
    assert house.status() == "open", "nobody has told us"
    house.later(minutes=1)
    house.later(minutes=2)
    assert house.status() == "resolved"
    assert house.mails() == [("open", "first"), ("resolve", "first")]


def test_firing_alert_is_escalated_after_asking(house: House) -> None:
    """The second level is told, and the message does not say that nobody could be asked."""
    house.fires()
    house.later()
    house.later(hours=1)
    assert house.mails() == [("open", "first"), ("escalate", "second")]
    assert house.mail.jobs[-1].message.news == "Nobody acknowledged within 1 h; now second (level 2 of 2)."


def test_alertmanager_that_is_gone_or_new_keeps_nobody_asleep(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped Alertmanager cannot be asked; a new one does not know the alert yet, which does not prove its end."""
    house.fires()
    house.later()
    monkeypatch.setattr(alertmanager_api, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", 300.0)
    house.alertmanager.process.stop()
    house.later(hours=1)
    assert house.mails()[1:] == [("escalate", "second")]
    assert "Whether it still fires is not known (no connection" in house.mail.jobs[-1].message.news
    house.alertmanager.process.start()
    house.later(hours=1)
    assert house.mails()[2:] == [("escalate", "second")]
    assert "it has been up for only" in house.mail.jobs[-1].message.news


def test_alertmanager_that_falls_silent_is_an_incident_until_it_is_heard(house: House) -> None:
    """It is stopped, so no alert would arrive: the webhook pages, escalates, and ends the incident when it is back."""
    house.watch(minutes=1)
    house.watchdog()
    house.alertmanager.process.stop()
    house.watch_silence(minutes=14)
    assert house.mails() == [], "two repeats may still be late"
    house.watch_silence(minutes=16)
    assert house.status() == "open"
    assert house.mails() == [("open", "first")]
    assert "alerts may not arrive" in house.mail.jobs[0].message.description
    house.watch(minutes=61)
    assert house.mails()[1:] == [("escalate", "second")]
    assert "is not known" not in house.mail.jobs[-1].message.news
    house.alertmanager.process.start()
    house.watchdog()
    house.watch(minutes=1)
    assert house.status() == "resolved"
