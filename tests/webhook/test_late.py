"""Tests of a delivery that Alertmanager has given up: its new alerts are taken, everything else is not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.webhook.samples import Clock, alert, payload
from webhook.application.alert_batches import HungUp
from webhook.incidents.dead_mans_switch import WATCHDOG
from webhook.payload import Payload, parse_payload
from webhook.service import Service
from webhook.storage import store
from webhook.timestamps import iso

Answers = Callable[[], bool]
"""Return whether the sender still waits; called before the work and after it."""


@pytest.fixture
def service(either: Service) -> Service:
    return either


def delivery(*alerts: dict[str, Any]) -> Payload:
    return parse_payload(json.dumps(payload(*alerts)).encode())


def nobody() -> bool:
    return False


@pytest.fixture(params=["long gone", "gone meanwhile"])
def waits(request: pytest.FixtureRequest) -> Answers:
    """Return the answers about a sender that left before the work, or during it."""
    if request.param == "long gone":
        return nobody
    answers = itertools.cycle([True, False])
    return lambda: next(answers)


def alerts(service: Service) -> list[tuple[str, bool]]:
    """Return each firing of every incident: the alert's instance and whether it fires."""
    with service.database.read() as connection:
        states = []
        for listed in store.listing(connection, statuses=("open", "acknowledged", "resolved"), limit=10):
            incident = store.incident_by_id(connection, listed.incident.id)
            assert incident is not None
            states += [(firing.labels["instance"], firing.ended_at is None) for firing in incident.firings]
    return sorted(states)


def test_what_ends_an_alert_is_not_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """The alert may fire again by now; only a delivery whose sender still waits may end it."""
    service.alert_batches.deliver(delivery(alert(instance="a")), clock())
    with pytest.raises(HungUp):
        service.alert_batches.deliver(delivery(alert(instance="a", status="resolved")), clock(), waits)
    assert alerts(service) == [("a", True)]
    with pytest.raises(HungUp):
        service.alert_batches.deliver(delivery(alert(instance="unknown", status="resolved")), clock(), waits)


@pytest.mark.parametrize("minutes", [1, 30])
def test_alert_that_has_ended_does_not_fire_again(service: Service, clock: Clock, waits: Answers, minutes: int) -> None:
    """It reopens neither the recent incident nor opens another one."""
    firing = delivery(alert(instance="a"))
    service.alert_batches.deliver(firing, clock())
    service.alert_batches.deliver(delivery(alert(instance="a", status="resolved")), clock())
    clock.forward(minutes=minutes)
    with pytest.raises(HungUp):
        service.alert_batches.deliver(firing, clock(), waits)
    assert alerts(service) == [("a", False)]


def test_first_alert_of_a_group_is_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """Alertmanager reports no end if it never got the beginning through, so nobody would ever hear of the alert."""
    assert service.alert_batches.deliver(delivery(alert(instance="a")), clock(), waits).result == "opened"
    assert alerts(service) == [("a", True)]


def test_of_several_only_the_new_one_is_taken(service: Service, clock: Clock, waits: Answers) -> None:
    """An emergency that joins is told, even if it ends before the next delivery gets through."""
    service.alert_batches.deliver(delivery(alert(instance="a"), alert(instance="b")), clock())
    service.alert_batches.deliver(delivery(alert(instance="b", status="resolved")), clock())
    joins = delivery(
        alert(instance="a", status="resolved"), alert(instance="b"), alert(severity="emergency", instance="c")
    )
    assert service.alert_batches.deliver(joins, clock(), waits).result == "joined"
    assert alerts(service) == [("a", True), ("b", False), ("c", True)]


def test_alert_that_fires_anew_is_taken(service: Service, clock: Clock) -> None:
    """With another start it is another firing."""
    service.alert_batches.deliver(delivery(alert(instance="a")), clock())
    service.alert_batches.deliver(delivery(alert(instance="a", status="resolved")), clock())
    clock.forward(minutes=5)
    anew = delivery(alert(instance="a", started=iso(clock())))
    assert service.alert_batches.deliver(anew, clock(), nobody).result == "reopened"


def test_watchdog_is_not_heard(service: Service, clock: Clock, waits: Answers) -> None:
    """It would prove life at the time when it was sent, and nobody knows that time."""
    with pytest.raises(HungUp):
        service.alert_batches.deliver(delivery(alert("Watchdog", None)), clock(), waits)
    with service.database.read() as connection:
        assert store.last_heard(connection, WATCHDOG) is None
