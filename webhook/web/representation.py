"""Incidents as JSON, in the form that `openapi.json` describes. `api` and the terminal command use it."""

from __future__ import annotations

from typing import Any

from webhook.application.record import Record
from webhook.catalog.model import Catalog
from webhook.incidents.escalation import planned
from webhook.incidents.firing import AlertFiring
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import Notification
from webhook.render.message import Section
from webhook.storage.archive_search import ArchivedLine
from webhook.storage.store import Listed
from webhook.timestamps import iso


def listed_json(listed: Listed, catalog: Catalog) -> dict[str, Any]:
    """Return the JSON of one incident in a list; `catalog` says when it is told again."""
    return {**_incident(listed.incident, catalog), "alerts": listed.alerts, "firing": listed.firing}


def archived_json(line: ArchivedLine) -> dict[str, Any]:
    """Return the JSON of one archived incident in a list."""
    return {
        "id": line.incident_id,
        "severity": line.severity,
        "title": line.title,
        "team": line.team,
        "opened_at": iso(line.opened_at),
        "resolved_at": iso(line.resolved_at),
        "resolved_by": line.resolved_by,
        "alerts": line.alerts,
        "archived_at": iso(line.archived_at),
    }


def incident_json(record: Record, catalog: Catalog) -> dict[str, Any]:
    """Return the full JSON of one incident; `catalog` says when it is told again."""
    incident, message = record.incident, record.message
    notifications = [_notification(notification) for notification in record.notifications]
    return {
        **_incident(incident, catalog),
        "group_labels": dict(incident.group_labels),
        "dedup_key": incident.dedup_key,
        "receiver": incident.receiver,
        "truncated_alerts": incident.truncated,
        "problem": message.problem,
        "description": message.description,
        "labels": message.labels,
        "severity_note": message.severity_note,
        "since": message.since,
        "standing": message.standing,
        "next_step": message.next_step,
        "documented": message.documented,
        "runbook": _section(message.section) if message.section else None,
        "no_runbook": message.no_runbook,
        "links": [{"text": link.text, "url": link.url} for link in message.links],
        "not_reached": list(message.undelivered),
        "told_through": message.told_through,
        "alerts": [_firing(firing) for firing in incident.firings],
        "timeline": [
            {"at": iso(line.at), "kind": line.kind, "actor": line.actor, "detail": line.detail}
            for line in record.timeline
        ],
        "notifications": notifications,
        "deliveries": notifications,
        "archived_earlier": {
            "alerts": record.earlier.alerts,
            "timeline": record.earlier.lines,
            "notifications": record.earlier.messages,
            "deliveries": record.earlier.messages,
        },
        "archived_at": _maybe(record.archived_at),
    }


def _incident(incident: Incident, catalog: Catalog) -> dict[str, Any]:
    following = planned(catalog, incident) if incident.fires_on else None
    return {
        "id": incident.id,
        "status": incident.status,
        "severity": incident.severity,
        "title": incident.title,
        "team": incident.team,
        "policy": incident.policy,
        "level": incident.level + 1,
        "opened_at": iso(incident.opened_at),
        "paged_at": iso(incident.paged_at),
        "acknowledged_at": _maybe(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": _maybe(incident.resolved_at),
        "resolved_by": incident.resolved_by,
        "still_firing": incident.fires_on,
        "told_again_at": _maybe(following.at if following else None),
        "suppressed_since": _maybe(incident.suppressed_since),
        "suppressed_by": incident.suppressed_by,
        "held_since": _maybe(incident.suppressed_since),
        "held_by": incident.suppressed_by,
        "flapping_since": _maybe(incident.flapping_since),
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "url": section.url,
        "markdown": section.markdown,
        "commands": [
            {"language": command.language, "text": command.text, "left_to_fill_in": list(command.notes)}
            for command in section.commands.values()
        ],
    }


def _firing(firing: AlertFiring) -> dict[str, Any]:
    return {
        "fingerprint": firing.fingerprint,
        "title": firing.title,
        "severity": firing.severity,
        "firing": firing.ended_at is None,
        # Alertmanager's zero time, which lies before 1970, means that nobody has stated a start.
        "started_at": iso(firing.starts_at) if firing.starts_at > 0 else None,
        "ended_at": _maybe(firing.ended_at),
        "ended_by": firing.ended_by,
        "labels": dict(firing.labels),
        "annotations": dict(firing.annotations),
        "generator_url": firing.generator_url,
    }


def _notification(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "channel": notification.channel,
        "destination": notification.destination,
        "to": notification.who,
        "action": notification.action,
        "state": notification.state,
        "outcome": notification.outcome,
        "attempts": notification.attempts,
        "created_at": iso(notification.created_at),
        "due_at": iso(notification.due_at),
        "moves_on_at": _maybe(notification.moves_on_at),
        "finished_at": _maybe(notification.finished_at),
        "provider_id": notification.provider_id,
        "reason": notification.last_error,
        "why": notification.why,
        "instead_of": notification.instead_of,
        "batch_size": notification.batch_size,
        "superseded_by": notification.superseded_by,
        "gathered": notification.batch_size,
        "folded_into": notification.superseded_by,
    }


def _maybe(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
