"""One incident with everything that belongs to it, read at once: for the API, the page and the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from webhook.incidents.incident import Incident
from webhook.incidents.messages import Notification
from webhook.render.message import AlertLine, Message, alert_lines, compose
from webhook.render.undelivered import undelivered
from webhook.render.wording import Context
from webhook.service import Service
from webhook.storage import archive, lookup, outbox_report, store
from webhook.storage.archive import Earlier
from webhook.storage.archived import Whole, read_back
from webhook.storage.store import Line


@dataclass(frozen=True, kw_only=True)
class Record:
    """An incident, what is said about it, and what has happened to it."""

    incident: Incident
    message: Message
    alerts: tuple[AlertLine, ...]
    timeline: tuple[Line, ...]
    notifications: tuple[Notification, ...]
    earlier: Earlier
    """What was archived of it while it was open."""
    archived_at: float | None
    """When retention has archived it, in epoch seconds; nothing about it changes any more."""

    @property
    def left_out(self) -> str:
        """What is not listed here because it was archived before the rest, in a sentence; empty where nothing was."""
        parts = ((self.earlier.alerts, "alert"), (self.earlier.lines, "line"), (self.earlier.messages, "message"))
        told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number]
        return f"Long over, and in the archive already: {', '.join(told)}." if told else ""


def read(service: Service, number: int) -> Record | None:
    """Return the record of the incident as of now, archived or not, or None when there is no such incident."""
    with service.database.read() as connection:
        whole = _whole(connection, number)
        told_through = lookup.told_through(connection, number)
        moved = None if whole else archive.find(connection, number)
        earlier = archive.earlier(connection, [number])[number]
    if moved is not None:
        whole = read_back(moved.record)
    if whole is None:
        return None
    return _record(service, whole, earlier, moved.archived_at if moved else None, told_through)


def is_archived(service: Service, number: int) -> bool:
    """Return whether retention has archived the incident: it can be read, and nothing can be done about it."""
    with service.database.read() as connection:
        return archive.find(connection, number) is not None


def _whole(connection: Connection, number: int) -> Whole | None:
    incident = store.incident_by_id(connection, number)
    if incident is None:
        return None
    return Whole(
        incident=incident,
        timeline=store.lines(connection, number),
        notifications=outbox_report.of_incident(connection, number),
    )


def _record(service: Service, whole: Whole, earlier: Earlier, archived_at: float | None, told_through: int) -> Record:
    context = Context(
        catalog=service.catalog.current,
        now=service.clock(),
        public_url=service.settings.public_url,
        undelivered=undelivered(whole.notifications),
        told_through=told_through,
    )
    return Record(
        incident=whole.incident,
        message=compose(whole.incident, context),
        alerts=alert_lines(whole.incident, context),
        timeline=whole.timeline,
        notifications=whole.notifications,
        earlier=earlier,
        archived_at=archived_at,
    )
