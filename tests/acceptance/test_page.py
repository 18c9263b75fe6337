"""Tests from a documented limit to a page, with real Prometheus, Alertmanager and webhook, in both generations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.pagerduty import Incident
from testbed.pipeline import Pipeline
from testbed.scenario import read_scenario
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance

SCENARIO = read_scenario()
BROKEN_SERVICE = "bridge"


@pytest.fixture
def alert(catalog: dict[str, Any]) -> dict[str, Any]:
    """Return the catalogue's entry of the alert that the scenario raises."""
    (entry,) = (
        candidate
        for candidate in catalog["alerts"]
        if (candidate["system"], candidate["signal"], candidate["severity"])
        == (SCENARIO.system, SCENARIO.signal, SCENARIO.severity)
    )
    return dict(entry)


@pytest.fixture
def pipeline(servers: Servers, generated: Path, short_folder: Path) -> Iterator[Pipeline]:
    """Return a running pipeline of each generation, whose service works."""
    with Pipeline(servers=servers, generated=generated, scenario=SCENARIO, folder=short_folder) as running:
        yield running


def senders(incident: Incident) -> set[str]:
    return {event.came_from for event in incident.events}


def is_about(words: str, alert: dict[str, Any]) -> bool:
    return alert["severity"] in words.lower() and alert["runbook"]["title"] in words


def filled_command(alert: dict[str, Any]) -> str:
    """Return a line of the section's commands, filled in from the alert's labels."""
    for command in alert["runbook"]["commands"]:
        for placeholder in command["placeholders"]:
            if placeholder["label"] in {"service", "component"}:
                (line, *_) = [line for line in command["text"].split("\n") if placeholder["text"] in line]
                return str(line.replace(placeholder["text"], BROKEN_SERVICE))
    pytest.fail("the section has no command that a label fills")


def test_a_crossed_limit_becomes_a_page_with_its_runbook_section_and_resolves(
    pipeline: Pipeline, alert: dict[str, Any]
) -> None:
    """Slack and PagerDuty hold the section's heading, its link, the tier and a filled-in command; then both resolve."""
    pipeline.break_service()
    message = pipeline.await_slack(lambda message: is_about(message.words, alert))
    for expected in (alert["runbook"]["url"], alert["limit"], "DevOps team", filled_command(alert)):
        assert expected in message.words
    assert message.broadcasts == []

    page = pipeline.await_pagerduty(lambda incident: len(senders(incident)) > 1)
    ours = next(event for event in page.events if event.came_from != "Alertmanager")
    native = next(event for event in page.events if event.came_from == "Alertmanager")
    for shared in ("component", "group", "class", "severity"):
        assert ours.payload[shared] == native.payload[shared]
    body = json.dumps(ours.body, ensure_ascii=False)
    for expected in (alert["runbook"]["title"], alert["runbook"]["url"], "DevOps team"):
        assert expected in body
    assert filled_command(alert) in json.dumps(ours.payload, ensure_ascii=False).replace('\\"', '"')

    mail = pipeline.await_mail(lambda mail: alert["runbook"]["title"] in mail.text)
    assert filled_command(alert) in mail.text

    pipeline.mend_service()
    pipeline.await_pagerduty(lambda incident: incident.dedup_key == page.dedup_key and incident.status == "resolved")
    pipeline.await_slack(
        lambda current: current.ts == message.ts and current.edits > 0 and "resolved" in current.words.lower()
    )
    assert len(pipeline.pagerduty.incidents) == 1


def test_a_page_is_neither_lost_while_the_webhook_is_down_nor_doubled_when_it_is_back(
    pipeline: Pipeline, alert: dict[str, Any]
) -> None:
    """Alertmanager's own page arrives; the webhook's event, later, carries the same `dedup_key`."""
    pipeline.stop_webhook()
    pipeline.break_service()
    native = pipeline.await_pagerduty(lambda incident: incident.status == "triggered")
    assert senders(native) == {"Alertmanager"}
    pipeline.start_webhook()
    merged = pipeline.await_pagerduty(lambda incident: len(senders(incident)) > 1)
    assert merged.dedup_key == native.dedup_key
    assert {event.dedup_key for event in merged.events} == {native.dedup_key}
    pipeline.await_slack(lambda message: is_about(message.words, alert))
    assert len(pipeline.pagerduty.incidents) == 1
