"""Tests of each cell of the guides' matrix: when to respond, which channels are used, when the next level is told.

The catalogue is the repository's own, so the tests compare what is compiled with what is documented.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import FakeSender, alert
from webhook.catalog.file import SCHEMA_NAME
from webhook.incidents.notifications import CALLS

GENERATED = Path(__file__).parents[2] / "generated"

Post = Callable[..., Any]
Let = Callable[..., None]
Senders = dict[str, FakeSender]
Called = Callable[[], set[tuple[str, str]]]

MINUTE = 60
HOUR = 3_600


@dataclass(frozen=True, kw_only=True)
class Row:
    """One severity of the matrix; spans are seconds."""

    respond: str
    """The words of the first message, at noon, that say by when somebody must answer."""
    team: frozenset[str]
    people: tuple[str, ...]
    escalate: int | None
    after: str = ""


MATRIX = {
    "info": Row(
        respond="acknowledge within 24 h, by 2026-11-23 12:00 UTC.", team=frozenset(), people=("log",), escalate=None
    ),
    "warning": Row(
        respond="acknowledge within 4 h, by 16:00 UTC.",
        team=frozenset({"slack"}),
        people=("email",),
        escalate=8 * HOUR,
        after="by 20:00 UTC (after 8 h)",
    ),
    "critical": Row(
        respond="acknowledge within 30 min, by 12:30 UTC.",
        team=frozenset({"slack", "pagerduty"}),
        people=("sms", "email"),
        escalate=HOUR,
        after="by 13:00 UTC (after 1 h)",
    ),
    "emergency": Row(
        respond="acknowledge now.",
        team=frozenset({"slack", "pagerduty"}),
        people=("phone", "sms"),
        escalate=15 * MINUTE,
        after="by 12:15 UTC (after 15 min)",
    ),
}
Reach = Callable[[str, int], tuple[Row, int]]
ESCALATED = {severity: row for severity, row in MATRIX.items() if row.escalate}
LEVELS = {
    1: ("DevOps team", "devops@example.com", "+12025550101"),
    2: ("Engineering manager", "manager@example.com", "+12025550102"),
    3: ("CTO", "cto@example.com", "+12025550103"),
}


@pytest.fixture
def catalog_path(tmp_path: Path) -> Path:
    """Return the repository's own catalogue, which is compiled from the guides."""
    for name in ("catalog.json", SCHEMA_NAME):
        shutil.copy(GENERATED / name, tmp_path / name)
    return tmp_path / "catalog.json"


@pytest.fixture
def senders(senders: Senders) -> Senders:
    """Return every channel of the matrix."""
    more = (FakeSender("sms", {"open", "join", "escalate"}), FakeSender("phone", {"open", "join", "escalate"}))
    return senders | {sender.channel: sender for sender in more}


@pytest.fixture
def called(senders: Senders) -> Called:
    """Return a function that returns who was called on which channel since its last call."""
    job_counts = dict.fromkeys(senders, 0)

    def since() -> set[tuple[str, str]]:
        new_calls = {
            (name, job.destination)
            for name, sender in senders.items()
            for job in sender.jobs[job_counts[name] :]
            if job.action in CALLS
        }
        job_counts.update({name: len(sender.jobs) for name, sender in senders.items()})
        return new_calls

    return since


@pytest.fixture
def reach(post: Post, let: Let, called: Called) -> Reach:
    """Return a function that lets an alert fire until a level has just been told; it returns the row and the span."""

    def run(severity: str, level: int) -> tuple[Row, int]:
        row = MATRIX[severity]
        assert row.escalate is not None
        post(alert("Nobody", severity))
        let()
        for _ in range(level - 1):
            let(seconds=row.escalate)
        called()
        return row, row.escalate

    return run


def people(row: Row, level: int) -> set[tuple[str, str]]:
    """Return the calls to the people of a level, as the matrix has them."""
    _, mail, number = LEVELS[level]
    to = {"email": mail, "sms": number, "phone": number, "log": "log"}
    return {(channel, to[channel]) for channel in row.people}


@pytest.mark.parametrize("severity", MATRIX)
def test_first_level_is_told_by_its_channels_with_its_deadlines(
    severity: str, post: Post, senders: Senders, let: Let, called: Called
) -> None:
    """The team and the people of the first level are told at once, with the deadline and the next level."""
    row = MATRIX[severity]
    post(alert("Nobody", severity))
    let()
    assert {(channel, to) for channel, to in called() if channel not in row.team} == people(row, 1)
    assert {name for name in ("slack", "pagerduty") if senders[name].jobs} == row.team
    message = senders[row.people[0]].jobs[0].message
    assert message.standing == f"L1 DevOps team: {row.respond}"
    assert message.next_step == (f"If nobody has {row.after}, L2 Engineering manager is told." if row.escalate else "")


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("severity", ESCALATED)
def test_level_is_told_at_its_time_by_the_channels_of_the_severity(
    *, severity: str, level: int, reach: Reach, senders: Senders, client: FlaskClient, let: Let, called: Called
) -> None:
    """Nobody is told a second earlier; then only the people of that level are told, with a new deadline."""
    row, span = reach(severity, level - 1)
    let(seconds=span - 1)
    assert called() == set()
    let(seconds=1)
    assert called() == people(row, level)
    assert client.get("/v1/incidents/1").get_json()["level"] == level
    message = senders[row.people[0]].jobs[-1].message
    assert message.standing.startswith(f"L{level} {LEVELS[level][0]}: {row.respond.partition(',')[0].rstrip('.')}")


@pytest.mark.parametrize("severity", ESCALATED)
def test_last_level_is_told_again_and_again(severity: str, reach: Reach, let: Let, called: Called) -> None:
    """There is no level after it, and it keeps being told."""
    row, span = reach(severity, 3)
    for _ in range(3):
        let(seconds=span - 1)
        assert called() == set()
        let(seconds=1)
        assert called() == people(row, 3)


def test_info_is_told_once_and_to_no_one_further(post: Post, let: Let, called: Called) -> None:
    """It is told once, however long it lasts."""
    post(alert("Nobody", "info"))
    let()
    called()
    for _ in range(30):
        let(hours=24)
    assert called() == set()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("severity", ESCALATED)
def test_acknowledgement_holds_at_every_level_and_then_the_same_level_is_asked(
    *, severity: str, level: int, reach: Reach, client: FlaskClient, let: Let, called: Called
) -> None:
    """Without a resolve within the longer of the tier's two spans the same level is asked again; none is skipped."""
    row, span = reach(severity, level)
    let(seconds=span - 1)
    assert client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"}).status_code == 200
    let(seconds=span - 1)
    assert called() == set()
    let(seconds=1)
    assert called() == people(row, level)
    assert client.get("/v1/incidents/1").get_json()["level"] == level
    let(seconds=span)
    assert called() == people(row, min(level + 1, 3))
