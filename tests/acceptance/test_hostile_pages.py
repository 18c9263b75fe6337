"""Tests that Alertmanager's own page is sent whatever the labels and annotations of an alert hold.

Alertmanager sends it while the webhook is down. It renders the page from templates of the generated configuration, and
may read an inserted value again as YAML and as a template, so a value can break a whole page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from testbed.pagerduty import Incident, PagerDuty
from testbed.scaling import Endpoints, scale_generated
from testbed.servers import Alertmanager, Servers
from testbed.standin import Reply, Request, StandIn

pytestmark = pytest.mark.acceptance

EVENT_SECONDS = 60.0
ROUTING_KEY = "0" * 32

HOSTILE = (
    "{{ $x }}",
    "pre {{ $x }} post",
    "{{ .Nothing.Of.It }}",
    '{{ template "nobody" }}',
    "{{",
    "}} {{",
    "{{{ $x }}}",
    "{ { {{ range }}",
    "{{/* unfinished",
    "key: {{ $x }}",
    "{{ $x }}: value",
    "- {{ $x }}",
    "[{{ $x }}, 2]",
    "a: b: c",
    "{a: {{ $x }}}",
    '"{{ $x }}"',
    "'{{ $x }}'",
    "|\n  {{ $x }}",
    "first\nsecond: {{ $x }}\n- third",
    "&a [*a, *a]",
    "&a [&b [&c [x,x,x,x],*c,*c,*c],*b,*b,*b]",
    "*nobody",
    "!!binary {{ $x }}",
    "!!python/object {{ $x }}",
    "? {{ $x }}",
    "null",
    "~",
    "1e999",
    ".nan",
    "0x1F",
    "2026-11-22T12:00:00Z",
    "<script>alert(1)</script>",
    "\\u007b\\u007b $x }}",
    '"\\u007b\\u007b $x }}"',
    "\t\x01\x1b[31m",
    " ",
    "\u200b",
    "\u00a0\u2003",
    "---\nkey: {{ $x }}",
    "#{{ $x }}",
    "...\n- {{ $x }}",
    ": {{ $x }}",
    "https://x.example.com/{{ $x }}",
    "https://x.example.com/: {{ $x }}",
    "javascript:alert(1)",
    "{\u200b{ $x }}",
    "x" * 30_000,
    '"' * 5_000,
    "🔥" * 3_000,
)
PLACES = ("component", "cluster", "instance", "pod", "summary", "description", "runbook_url")
ANNOTATIONS = {"summary": "It is slow.", "description": "p95 is 3 s.", "runbook_url": "https://x.example.com/r#slow"}


class Sink(StandIn):
    """A stand-in in the place of the webhook."""

    def reply(self, request: Request) -> Reply:
        """Accept the request."""
        return Reply(status=200, body={})


def cases() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield alerts by their names: a hostile value in each place, and in all of them."""
    for number, value in enumerate(HOSTILE):
        for place in (*PLACES, "all"):
            name = f"Case{number:02}{place.replace('_', '').title()}"
            hostile = dict.fromkeys(PLACES if place == "all" else (place,), value)
            labels = {"alertname": name, "severity": "critical", "system": "shop", "component": "checkout"}
            labels |= {key: text for key, text in hostile.items() if key not in ANNOTATIONS}
            annotations = {**ANNOTATIONS, **{key: text for key, text in hostile.items() if key in ANNOTATIONS}}
            direct = {"system": "tocsin", "severity": "emergency"} if number % 2 else {}
            yield name, {"labels": {**labels, **direct}, "annotations": annotations}
    for severity in ("page", "{{ $x }}", "none", "emergency", " "):
        name = f"Severity{severity}"
        yield name, {"labels": {"alertname": name, "system": "tocsin", "severity": severity}, "annotations": {}}
    for number, value in enumerate(HOSTILE):
        labels = {"alertname": value, "severity": "critical", "system": "shop", "number": str(number)}
        yield value, {"labels": labels, "annotations": ANNOTATIONS}


def test_no_value_keeps_the_page_from_being_sent(servers: Servers, generated: Path, short_folder: Path) -> None:
    """The values stand in each label and annotation that the page shows, or that its defaults would show."""
    alerts = dict(cases())
    with Sink() as sink, PagerDuty() as pagerduty:
        endpoints = Endpoints(webhook=sink.url, pagerduty=pagerduty.events_url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": ROUTING_KEY}
        scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            alertmanager.post_alerts(list(alerts.values()))
            pagerduty.await_value(lambda: len(pagerduty.incidents) >= len(alerts) or None, EVENT_SECONDS, "all pages")
    assert len(pagerduty.requests) == len(pagerduty.incidents) == len(alerts), "none is refused"
    for incident in pagerduty.incidents:
        check_plain(incident)


def check_plain(incident: Incident) -> None:
    """Assert that PagerDuty's page holds plain texts of permitted sizes, and that no value became a structure."""
    details = incident.latest.payload["custom_details"]
    assert all(isinstance(value, str) for name, value in details.items() if not name.startswith("num_")), details
    assert len(json.dumps(incident.latest.body)) < 512 * 1024
