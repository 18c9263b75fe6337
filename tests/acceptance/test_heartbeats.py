"""Tests that the pages of the webhook and of Alertmanager about a silent Watchdog are one incident in PagerDuty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from testbed.pagerduty import PagerDuty
from testbed.scaling import Endpoints, scale_generated
from testbed.servers import Alertmanager, Servers
from webhook.catalog.file import load
from webhook.incidents import dead_mans_switch
from webhook.incidents.dead_mans_switch import Silence
from webhook.incidents.incident import dedup_key

pytestmark = pytest.mark.acceptance


def test_alertmanagers_own_page_about_the_silence_has_the_key_of_the_webhooks(
    servers: Servers, generated: Path, short_folder: Path, catalog: dict[str, Any]
) -> None:
    """The configuration fixes the alert's group, whatever labels Prometheus adds."""
    (entry,) = (candidate for candidate in catalog["alerts"] if candidate["alert"] == dead_mans_switch.ALERT)
    labels = {
        "alertname": dead_mans_switch.ALERT,
        "system": entry["system"],
        "severity": entry["severity"],
        "cluster": "eu",
    }
    with PagerDuty() as pagerduty:
        nobody = "http://127.0.0.1:1"
        endpoints = Endpoints(webhook=nobody, pagerduty=pagerduty.events_url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": "0" * 32}
        scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            alertmanager.post_alerts([{"labels": labels, "annotations": {"summary": "silent"}}])
            page = pagerduty.await_incident(lambda incident: incident.status == "triggered")
    batch = dead_mans_switch.raised(Silence(since=0.0, last=0.0), load(generated / "catalog.json"), 1_000.0)
    assert page.dedup_key == dedup_key(batch.group_key)
