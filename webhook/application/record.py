"""Reads one incident with everything that belongs to it in one transaction: for the API, the page and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import Notification
from webhook.render.message import AlertLine, Message, alert_lines, compose
from webhook.render.undelivered import undelivered
from webhook.render.wording import Context
from webhook.storage import archive, lookup, store
from webhook.storage.archive import Earlier
from webhook.storage.archived import Whole, read_back
from webhook.storage.database import Database
from webhook.storage.notifications import outbox_report
from webhook.storage.store import Line


@dataclass(frozen=True, kw_only=True)
class Record:
    """An incident, the message that describes it, and its history."""

    incident: Incident
    message: Message
    alerts: tuple[AlertLine, ...]
    timeline: tuple[Line, ...]
    notifications: tuple[Notification, ...]
    earlier: Earlier
    """How many of its parts were archived while it was open."""
    archived_at: float | None
    """When retention archived it, in epoch seconds, or None; an archived incident does not change any more."""

    @property
    def left_out(self) -> str:
        """A sentence that counts the parts that were archived earlier and are not listed; empty if there are none."""
        parts = ((self.earlier.alerts, "alert"), (self.earlier.lines, "line"), (self.earlier.messages, "message"))
        phrases = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
        return f"Long over, and in the archive already: {', '.join(phrases)}." if phrases else ""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Reads records."""

    database: Database
    catalog: Callable[[], Catalog]
    clock: Callable[[], float]
    public_url: str | None

    def read(self, number: int) -> Record | None:
        """Return the current record of the incident, archived or not, or None when there is no such incident."""
        with self.database.read() as connection:
            whole = _whole(connection, number)
            told_through = lookup.told_through(connection, number)
            archived = None if whole else archive.find(connection, number)
            earlier = archive.earlier(connection, [number])[number]
        if archived is not None:
            whole = read_back(archived.record)
        if whole is None:
            return None
        context = Context(
            catalog=self.catalog(),
            now=self.clock(),
            public_url=self.public_url,
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
            archived_at=archived.archived_at if archived else None,
        )

    def is_archived(self, number: int) -> bool:
        """Return whether retention has archived the incident: people can read it and cannot act on it."""
        with self.database.read() as connection:
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
