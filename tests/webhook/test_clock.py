"""Tests of clocks that differ: those of replicas, of senders of alerts, and of PagerDuty."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from testbed.postgresql import PostgreSQL
from tests.webhook.samples import NOON, FakeAlertmanagerState, FakeSender, alert, incident_of, payload
from webhook.catalog.model import Catalog
from webhook.render.wording import since
from webhook.secret import Secret
from webhook.senders.contract import Job, Receipt
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage.clock import NOTABLE_SECONDS, StoreClock
from webhook.storage.database import Database
from webhook.web.flask_app import create_app

APART = 180.0


class Slow(FakeSender):
    """A sender that stays in the middle of sending until a test releases it."""

    def __init__(self) -> None:
        super().__init__("slack", {"open", "join", "escalate", "update", "resolve"})
        self.begun, self.over = threading.Event(), threading.Event()

    def send(self, job: Job) -> Receipt:
        """Send when the test releases it."""
        self.begun.set()
        assert self.over.wait(60)
        return super().send(job)


def replica(settings: Settings, url: str, sender: FakeSender, ahead: float) -> Service:
    """Return a webhook on a machine whose clock is ahead."""
    changed = replace(settings, database_url=Secret(url))
    service = build(changed, senders={"slack": sender}, alertmanager_state=FakeAlertmanagerState())
    service.store_clock._wall = lambda: time.time() + ahead
    return service


def test_replicas_whose_clocks_are_apart_send_once(settings: Settings, postgresql: PostgreSQL) -> None:
    """The replica whose clock is three minutes ahead does not claim the notification that the other is sending."""
    url, slow, quick = (
        postgresql.fresh(),
        Slow(),
        FakeSender("slack", {"open", "join", "escalate", "update", "resolve"}),
    )
    behind = replica(settings, url, slow, 0.0)
    ahead = replica(settings, url, quick, APART)
    assert create_app(behind).test_client().post("/v1/alertmanager", json=payload(alert())).status_code == 200
    sending = threading.Thread(target=behind.worker().run_once, args=("slack",))
    sending.start()
    assert slow.begun.wait(60)
    assert not ahead.worker().run_once("slack")
    slow.over.set()
    sending.join()
    assert len(slow.sent) == 1
    assert quick.sent == []
    behind.close()
    ahead.close()


@pytest.fixture
def over_postgresql(postgresql: PostgreSQL) -> Iterator[Database]:
    database = Database(Secret(postgresql.fresh()))
    yield database
    database.close()


def test_time_is_the_store_s_and_steps_of_the_machine_s_clock_change_nothing(over_postgresql: Database) -> None:
    """The store's clock counts, and the difference of the machine's clock is measured."""
    wall = [time.time() + APART]
    clock = StoreClock(over_postgresql, wall=lambda: wall[0])
    clock.measure()
    assert clock() == pytest.approx(time.time(), abs=5)
    assert clock.ahead == pytest.approx(APART, abs=5)
    wall[0] -= 90
    assert clock() == pytest.approx(time.time(), abs=5)
    assert clock.ahead == pytest.approx(APART - 90, abs=5)


def test_clock_that_is_far_away_is_said_once(
    over_postgresql: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is logged once, not with every measurement."""
    clock = StoreClock(over_postgresql, wall=lambda: time.time() + 2 * NOTABLE_SECONDS)
    clock.measure()
    clock.measure()
    output = caplog.text + "".join(capsys.readouterr())
    assert output.count("this machine's clock is not the store's") == 1


def test_on_sqlite_the_machine_s_clock_counts(service: Service) -> None:
    """The file is on one machine."""
    clock = StoreClock(service.database, wall=lambda: NOON)
    clock.measure()
    assert clock() == NOON
    assert clock.ahead == 0


def test_metric_tells_how_far_the_clock_is_ahead(service: Service) -> None:
    """Operators can write an alert on this metric."""
    assert b"tocsin_clock_ahead_seconds 0.0" in service.metrics.text()


def test_an_end_before_the_beginning_is_no_length(catalog: Catalog) -> None:
    """The start comes from the clock of another machine, three minutes ahead."""
    incident = incident_of(catalog, alert(), resolve=True)
    later = tuple(replace(firing, starts_at=(firing.ended_at or NOON) + APART) for firing in incident.firings)
    duration = since(later, replace(incident, status="resolved", firings=later), NOON + 600)
    assert "Lasted" not in duration
    assert duration.startswith("Over since ")


def test_a_beginning_that_is_still_to_come_is_no_length_either(catalog: Catalog) -> None:
    """The alert fires although its start is in the future."""
    incident = incident_of(catalog, alert())
    later = tuple(replace(firing, starts_at=NOON + APART) for firing in incident.firings)
    assert "by the clock of its source, which is ahead" in since(later, incident, NOON)
