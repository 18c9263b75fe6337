"""Renders a message as the JSON of the outgoing webhook. Pure; `senders.webhook` signs it and sends it.

docs/webhook.md ("The outgoing webhook") describes the format: keys may be added and are never renamed, and a receiver
ignores keys that it does not know. Every text is visible text of bounded length, not escaped.
"""

from __future__ import annotations

from typing import Any

from webhook.incidents.notifications import Action
from webhook.render.message import Message, Section
from webhook.render.plain import commands, section_text
from webhook.timestamps import iso

LONGEST_SECTION = 20_000

EVENTS: dict[Action, str] = {
    "open": "incident.opened",
    "join": "incident.joined",
    "escalate": "incident.escalated",
    "update": "incident.updated",
    "acknowledge": "incident.acknowledged",
    "resolve": "incident.resolved",
}


def layout(message: Message, *, action: Action, dedup_key: str, at: float) -> dict[str, Any]:
    """Return the event: its type, its time, and the current state of the incident."""
    return {"type": EVENTS[action], "timestamp": iso(at), "data": {"incident": _incident(message, dedup_key)}}


def _incident(message: Message, dedup_key: str) -> dict[str, Any]:
    return {
        "id": message.incident_id,
        "dedup_key": dedup_key,
        "status": message.status,
        "still_firing": message.fires_on,
        "severity": message.severity,
        "title": message.title,
        "system": message.group,
        "system_title": message.system,
        "component": message.component,
        "installation": message.installation,
        "place": message.place,
        "labels": message.labels,
        "severity_note": message.severity_note,
        "alert": message.alert,
        "source": message.source,
        "problem": message.problem,
        "news": message.news,
        "description": message.description,
        "started_at": None if message.started_at is None else iso(message.started_at),
        "since": message.since,
        "tier": message.tier,
        "standing": message.standing,
        "next_step": message.next_step,
        "told_through": message.told_through,
        "documented": message.documented,
        "runbook": _runbook(message.section) if message.section else None,
        "alerts": [
            {
                "name": alert.name,
                "problem": alert.problem,
                "severity": alert.severity,
                "since": alert.since,
                "firing": alert.firing,
            }
            for alert in message.alerts
        ],
        "further_alerts": message.unlisted,
        "links": [{"text": link.text, "url": link.url} for link in message.links],
        "not_reached": list(message.undelivered),
    }


def _runbook(section: Section) -> dict[str, Any]:
    cut = section_text(section, LONGEST_SECTION)
    return {
        "title": section.title,
        "url": section.url,
        "text": cut.text,
        "complete": cut.complete,
        "commands": [
            {"language": command.language, "text": command.text, "left_to_fill_in": list(command.notes)}
            for command in commands(section)
        ],
    }
