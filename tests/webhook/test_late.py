"""A delivery that Alertmanager has given up: what is new in it is taken, and nothing that it says again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.webhook.samples import Clock, alert, payload
from webhook.application.alert_batches import HungUp
from webhook.incidents.heartbeat import WATCHDOG
from webhook.payload import Payload, parse_payload
from webhook.service import Service
from webhook.storage import store
from webhook.timestamps import iso

Answers = Callable[[], bool]
"""Whether somebody waits, asked before the work and after it."""


@pytest.fixture
def service(either: Service) -> Service:
    return either


def told(*alerts: dict[str, Any]) -> Payload:
    return parse_payload(json.dumps(payload(*alerts)).encode())


def nobody() -> bool:
    return False


@pytest.fixture(params=["long gone", "gone meanwhile"])
def waits(request: pytest.FixtureRequest) -> Answers:
    """Return the answers about a sender that has gone before the work, or while it was done."""
    if request.param == "long gone":
        return nobody
    answers = itertools.cycle([True, False])
    return lambda: next(answers)


def alerts(service: Service) -> list[tuple[str, bool]]:
    """Return each firing of every incident: the alert's instance and whether it fires."""
    with service.database.read() as connection:
        found = []
        for listed in store.listing(connection, statuses=("open", "acknowledged", "resolved"), limit=10):
            incident = store.incident_by_id(connection, listed.incident.id)
            assert incident is not None
            found += [(one.labels["instance"], one.ended_at is None) for one in incident.firings]
    return sorted(found)


def test_what_ends_an_alert_is_not_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """It may fire again by now: what is true is said by a delivery that somebody waits for."""
    service.alert_batches.deliver(told(alert(instance="a")), clock())
    with pytest.raises(HungUp):
        service.alert_batches.deliver(told(alert(instance="a", status="resolved")), clock(), waits)
    assert alerts(service) == [("a", True)]
    with pytest.raises(HungUp):
        service.alert_batches.deliver(told(alert(instance="unknown", status="resolved")), clock(), waits)


@pytest.mark.parametrize("minutes", [1, 30])
def test_alert_that_has_ended_does_not_fire_again(service: Service, clock: Clock, waits: Answers, minutes: int) -> None:
    """Neither in the incident that may still reopen nor in another one."""
    firing = told(alert(instance="a"))
    service.alert_batches.deliver(firing, clock())
    service.alert_batches.deliver(told(alert(instance="a", status="resolved")), clock())
    clock.forward(minutes=minutes)
    with pytest.raises(HungUp):
        service.alert_batches.deliver(firing, clock(), waits)
    assert alerts(service) == [("a", False)]


def test_first_alert_of_a_group_is_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """Alertmanager tells of no end where it got no beginning through: nobody would ever hear of it."""
    assert service.alert_batches.deliver(told(alert(instance="a")), clock(), waits).result == "opened"
    assert alerts(service) == [("a", True)]


def test_of_several_only_the_new_one_is_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """An emergency that joins is told even if it has ended before the next delivery gets through."""
    service.alert_batches.deliver(told(alert(instance="a"), alert(instance="b")), clock())
    service.alert_batches.deliver(told(alert(instance="b", status="resolved")), clock())
    joins = told(alert(instance="a", status="resolved"), alert(instance="b"), alert(severity="emergency", instance="c"))
    assert service.alert_batches.deliver(joins, clock(), waits).result == "joined"
    assert alerts(service) == [("a", True), ("b", False), ("c", True)]


def test_alert_that_fires_anew_is_taken(service: Service, clock: Clock) -> None:
    """With a start of its own it is another firing."""
    service.alert_batches.deliver(told(alert(instance="a")), clock())
    service.alert_batches.deliver(told(alert(instance="a", status="resolved")), clock())
    clock.forward(minutes=5)
    anew = told(alert(instance="a", started=iso(clock())))
    assert service.alert_batches.deliver(anew, clock(), nobody).result == "reopened"


def test_watchdog_is_not_heard(service: Service, clock: Clock, waits: Answers) -> None:
    """It would be a sign of life from when it was sent, and nobody knows when that was."""
    with pytest.raises(HungUp):
        service.alert_batches.deliver(told(alert("Watchdog", None)), clock(), waits)
    with service.database.read() as connection:
        assert store.last_heard(connection, WATCHDOG) is None
