"""One incident with everything that belongs to it, read at once: for the API, the page and the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from webhook import deliveries, store
from webhook.deliveries import Delivery
from webhook.incident import Incident
from webhook.render.message import AlertLine, Message, alert_lines, compose
from webhook.render.undelivered import undelivered
from webhook.render.wording import Context
from webhook.service import Service
from webhook.store import Line


@dataclass(frozen=True, kw_only=True)
class Record:
    """An incident, what is said about it, and what has happened to it."""

    incident: Incident
    message: Message
    alerts: tuple[AlertLine, ...]
    timeline: tuple[Line, ...]
    deliveries: tuple[Delivery, ...]


def read(service: Service, number: int) -> Record | None:
    """Return the record of the incident as of now, or None when there is no such incident."""
    with service.database.read() as connection:
        incident = store.incident_by_id(connection, number)
        if incident is None:
            return None
        timeline = store.lines(connection, number)
        sent = deliveries.of_incident(connection, number)
    context = Context(
        catalog=service.catalog.current,
        now=service.clock(),
        public_url=service.settings.public_url,
        undelivered=undelivered(sent),
    )
    return Record(
        incident=incident,
        message=compose(incident, context),
        alerts=alert_lines(incident, context),
        timeline=timeline,
        deliveries=sent,
    )
