"""Tests that random kills and failing receivers lose nothing; `make chaos` is the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.chaos.run import Chaos, Plan
from testbed.postgresql import programs
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance


def test_killed_webhook_loses_no_incident_and_tells_none_twice(newest_servers: Servers, short_folder: Path) -> None:
    """Every incident reaches every channel of its policy or a row says why not; PagerDuty's incidents are right."""
    plan = Plan(alerts=200, groups=20, kills=4, pace=3.0, seed=20)
    events: list[str] = []
    with Chaos(plan, newest_servers, short_folder, events.append) as chaos:
        verdict = chaos.play()
    assert verdict.findings == (), str(verdict)
    assert verdict.counts["incidents"] >= plan.groups
    assert chaos.faults.count > 0
    assert len(events) == plan.kills + 1


def test_no_incident_ends_while_its_alert_fires_whatever_the_weather(
    newest_servers: Servers, short_folder: Path
) -> None:
    """Alertmanagers lose their state or are cut off, clocks step, mutes hold, and people resolve by mistake."""
    plan = Plan(alerts=200, groups=20, kills=2, pace=3.0, seed=22, weather="all")
    events: list[str] = []
    with Chaos(plan, newest_servers, short_folder, events.append) as chaos:
        verdict = chaos.play()
    assert verdict.findings == (), str(verdict)
    assert verdict.counts["incidents"] >= plan.groups


def test_three_replicas_lose_nothing_though_one_dies_one_stands_still_and_the_database_goes(
    newest_servers: Servers, short_folder: Path
) -> None:
    """On PostgreSQL replicas need no leader: the others finish what a replica has left undone."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL here")
    plan = Plan(alerts=200, groups=20, kills=2, pace=3.0, seed=21, replicas=3)
    events: list[str] = []
    with Chaos(plan, newest_servers, short_folder, events.append) as chaos:
        verdict = chaos.play()
    assert verdict.findings == (), str(verdict)
    assert verdict.counts["incidents"] >= plan.groups
    for happened in ("killed for good", "paused past its lease", "has crashed", "was away"):
        assert any(happened in line for line in events), events
