"""Nothing is lost when the webhook is killed at random while its receivers misbehave; `make chaos` is the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.chaos.run import Chaos, Plan
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance


def test_killed_webhook_loses_no_incident_and_tells_none_twice(newest_servers: Servers, short_folder: Path) -> None:
    """Every incident is told on every channel of its policy, PagerDuty's are as they must be, each row says why not."""
    plan = Plan(alerts=200, groups=20, kills=4, pace=3.0, seed=20)
    said: list[str] = []
    with Chaos(plan, newest_servers, short_folder, said.append) as chaos:
        verdict = chaos.play()
    assert verdict.findings == (), str(verdict)
    assert verdict.counts["incidents"] >= plan.groups
    assert chaos.faults.count > 0
    assert len(said) == plan.kills + 1
