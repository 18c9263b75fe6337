"""Tests of people in the catalogue: rotations, working hours and fallback channels, and how the webhook reads them."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from compiler.resolve import schedules
from tests.compiler.base import SPEC, compiled, edit
from webhook.catalog.file import load

SCHEDULES = """\
schedules:
  office:
    timezone: Europe/Berlin
    start: 2026-01-05 09:00
    duration: 9h
    rule: FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
    until: 2026-12-31 23:59
    exceptions: [2026-12-25, 2026-12-24]
  week-a: {timezone: UTC, start: 2026-01-05T09:00, duration: 7d, rule: "RRULE:FREQ=WEEKLY;INTERVAL=1"}

teams:
"""


def catalog(*edits: tuple[str, str]) -> dict[str, Any]:
    for old, new in edits:
        edit(SPEC, old, new)
    compilation = compiled()
    (artifact,) = (candidate for candidate in compilation.artifacts if candidate.path == "catalog.json")
    data: dict[str, Any] = json.loads(artifact.content)
    return data


@pytest.mark.usefixtures("base")
def test_schedules_rotation_hours_and_fallback_reach_the_catalogue() -> None:
    """They stand there as written, in base units. `never` is null."""
    data = catalog(
        ("teams:\n", SCHEDULES),
        ("escalate: 8h}", "escalate: 8h, hours: office, acknowledged: never, still_firing: 90m}"),
        ("[on-call, manager]", "[on-call, manager]\n    fallback: [sms, email]"),
        (
            "{title: On call,",
            "{title: On call, rotation: [{schedule: week-a, title: Week A, email: [a@example.com], phone: ['+12025550109']}],",
        ),
    )
    assert data["schedules"] == {
        "office": {
            "timezone": "Europe/Berlin",
            "start": "2026-01-05T09:00",
            "duration_seconds": 32_400,
            "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "until": "2026-12-31T23:59",
            "exceptions": ["2026-12-24", "2026-12-25"],
        },
        "week-a": {
            "timezone": "UTC",
            "start": "2026-01-05T09:00",
            "duration_seconds": 604_800,
            "rule": "FREQ=WEEKLY;INTERVAL=1",
        },
    }
    warning = data["policies"]["standard"]["severities"]["warning"]
    assert (warning["hours"], warning["acknowledged_seconds"]) == ("office", None)
    assert warning["still_firing_seconds"] == 5_400
    assert "still_firing_seconds" not in data["policies"]["standard"]["severities"]["critical"]
    assert data["policies"]["standard"]["fallback"] == ["sms", "email"]
    assert data["levels"]["on-call"]["rotation"] == [
        {
            "schedule": "week-a",
            "title": "Week A",
            "contacts": {"email": ["a@example.com"], "sms": [], "phone": ["+12025550109"]},
        }
    ]


@pytest.mark.usefixtures("base")
def test_what_nobody_has_written_is_not_in_the_catalogue() -> None:
    """So a webhook of an earlier version can still read the catalogue."""
    data = catalog()
    assert "schedules" not in data
    assert set(data["policies"]["standard"]) == {"levels", "severities"}
    assert set(data["levels"]["on-call"]) == {"title", "contacts"}
    assert "hours" not in data["policies"]["standard"]["severities"]["warning"]


@pytest.mark.usefixtures("base")
def test_webhook_reads_what_the_compiler_has_written(tmp_path: Path) -> None:
    """Both sides read a rule and a time zone alike."""
    edit(SPEC, "teams:\n", SCHEDULES)
    for artifact in compiled().artifacts:
        if artifact.path.startswith("catalog"):
            (tmp_path / artifact.path).write_bytes(artifact.content)
    assert set(load(tmp_path / "catalog.json").schedules) == {"office", "week-a"}


@pytest.mark.parametrize("start", ["2026-01-05 09:00", "2092-02-29 09:00", "9998-06-01 09:00"])
def test_rule_that_never_holds_is_refused_soon(start: str) -> None:
    """Going day by day to the year 9999 would take many seconds. A rule that holds only on February 29th is fine."""
    began, first = time.process_time(), datetime.fromisoformat(start)
    problem = schedules._problem("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", first)
    assert problem is not None
    assert problem[0] == "the rule never holds"
    assert time.process_time() - began < 2
    assert schedules._problem("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", first) is None
