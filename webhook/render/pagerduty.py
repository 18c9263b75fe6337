"""Renders a message as an event of PagerDuty's Events API v2. Pure; `senders.pagerduty` adds the keys and sends it.

https://developer.pagerduty.com/docs/send-alert-event: summary up to 1,024 characters, four severities, links outside
the payload, 512 KB in all.
"""

from __future__ import annotations

import json
from typing import Any

from webhook.render.message import Message
from webhook.render.plain import commands, section_text
from webhook.severity import Severity
from webhook.timestamps import iso
from webhook.untrusted import one_line

LONGEST_SUMMARY = 1_024
LONGEST_SECTION = 6_000
LONGEST_EVENT = 400_000
"""Bytes of the event without its keys: PagerDuty refuses an event of more than 512 KB as a whole."""

_LEFT_OUT = ("commands", "left_to_fill_in", "not_reached", "alerts", "runbook", "description")
"""The details that are removed from an event that is too large, in this order; the incident's page shows all."""

_SEVERITIES: dict[Severity, str] = {
    "info": "info",
    "warning": "warning",
    "critical": "critical",
    "emergency": "critical",
}


def layout(message: Message) -> dict[str, Any]:
    """Return the parts of a trigger event that describe the incident: payload, links, client."""
    payload = {
        "summary": one_line(_summary(message), LONGEST_SUMMARY) or "An alert fires",
        "source": one_line(message.source) or "alertmanager",
        "severity": _SEVERITIES[message.severity],
        "timestamp": None if message.started_at is None else iso(message.started_at),
        "component": message.component,
        "group": message.group,
        "class": message.alert,
        "custom_details": _details(message),
    }
    event: dict[str, Any] = {
        "client": "Tocsin",
        "payload": {key: value for key, value in payload.items() if value},
        "links": [{"href": link.url, "text": link.text} for link in message.links],
    }
    _shrink(event)
    page = next((link.url for link in message.links if link.text.startswith("Incident ")), None)
    return {**event, "client_url": page} if page else event


def _shrink(event: dict[str, Any]) -> None:
    details = event["payload"].get("custom_details", {})
    for name in _LEFT_OUT:
        if len(json.dumps(event)) <= LONGEST_EVENT:
            return
        details.pop(name, None)


def _summary(message: Message) -> str:
    """Return the line that a phone shows first. PagerDuty itself shows the severity."""
    where = " of ".join(part for part in (message.component, message.system) if part) or message.title
    place = ", ".join(part for part in (message.installation, message.place) if part)
    subject = f"{where}{f' ({place})' if place else ''}"
    return f"{subject}: {message.said}" if message.said else subject


def _details(message: Message) -> dict[str, Any]:
    section = message.section
    details = {
        "problem": message.problem,
        "description": message.description,
        "labels": message.labels,
        "severity_note": message.severity_note,
        "since": message.since,
        "tier": message.standing,
        "next": message.next_step,
        "runbook_section": section.title if section else message.no_runbook,
        "runbook": _runbook(message),
        "commands": [command.text for command in commands(section)] if section else [],
        "left_to_fill_in": list(section.notes) if section else [],
        "documented": message.documented,
        "alerts": [f"{alert.name}: {alert.brief}, {alert.since}" for alert in message.alerts],
        "further_alerts": message.unlisted,
        "not_reached": list(message.undelivered),
    }
    return {key: value for key, value in details.items() if value}


def _runbook(message: Message) -> str:
    if message.section is None:
        return ""
    cut = section_text(message.section, LONGEST_SECTION)
    return cut.text if cut.complete else f"{cut.text}\n\nThe rest: {message.section.url}"
