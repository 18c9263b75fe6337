"""Reads an archived incident back from its JSON. Pure; `archive` finds it, `record` shows it.

An older release may have written the record. A column that was added later gets its default, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from webhook.incidents.firing import AlertFiring
from webhook.incidents.incident import Incident, LeftOut
from webhook.incidents.notifications import Notification
from webhook.storage.archive import firings_of
from webhook.storage.store import Line

T = TypeVar("T")

_NAMES_BEFORE_0_2 = {
    "held_since": "suppressed_since",
    "held_by": "suppressed_by",
    "lane": "ordering_key",
    "focus": "trigger_fingerprint",
    "gathered": "batch_size",
    "folded_into": "superseded_by",
}


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The incident with its timeline and notifications, both oldest first."""

    incident: Incident
    timeline: tuple[Line, ...]
    notifications: tuple[Notification, ...]


def read_back(record: Mapping[str, Any]) -> Whole:
    """Return the incident that `archive.move` wrote into `record`."""
    row = record["incident"]
    parts = {
        "firings": tuple(_build(AlertFiring, firing) for firing in firings_of(record)),
        "reopened_at": tuple(row.get("reopened_at", ())),
        "news_at": tuple(row.get("news_at", ())),
        "left_out": tuple(LeftOut(**left_out) for left_out in row.get("left_out", ())),
    }
    return Whole(
        incident=_build(Incident, {**_renamed(row), **parts}),
        timeline=tuple(_build(Line, line) for line in record["timeline"]),
        notifications=tuple(_build(Notification, _renamed(notification)) for notification in record["notifications"]),
    )


def _renamed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of an incident or a notification with today's column names and states."""
    renamed = {_NAMES_BEFORE_0_2.get(name, name): value for name, value in row.items()}
    return {**renamed, "state": "superseded"} if renamed.get("state") == "folded" else renamed


def _build(kind: type[T], row: Mapping[str, Any]) -> T:
    columns = fields(kind)  # type: ignore[arg-type]
    known = [column for column in columns if column.name in row or column.default is column.default_factory is MISSING]
    return kind(**{field.name: row.get(field.name) for field in known})
