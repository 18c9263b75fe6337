"""An archived incident as it was in the tables, read back from its JSON. Pure; `archive` finds it, `record` shows it.

The row is as old as the version that wrote it: a column that has come since has its default, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from webhook.incidents.firing import AlertFiring
from webhook.incidents.incident import Incident, LeftOut
from webhook.incidents.messages import Notification
from webhook.storage.archive import firings_of
from webhook.storage.store import Line

T = TypeVar("T")

_NAMES_BEFORE_0_2 = {
    "held_since": "suppressed_since",
    "held_by": "suppressed_by",
    "gathered": "batch_size",
    "folded_into": "superseded_by",
}


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What belonged to the incident; the parts are in the order in which they came to be."""

    incident: Incident
    timeline: tuple[Line, ...]
    notifications: tuple[Notification, ...]


def read_back(record: Mapping[str, Any]) -> Whole:
    """Return what `archive.move` has put into `record`."""
    row = record["incident"]
    parts = {
        "firings": tuple(_made(AlertFiring, one) for one in firings_of(record)),
        "reopened_at": tuple(row.get("reopened_at", ())),
        "news_at": tuple(row.get("news_at", ())),
        "left_out": tuple(LeftOut(**one) for one in row.get("left_out", ())),
    }
    return Whole(
        incident=_made(Incident, {**_renamed(row), **parts}),
        timeline=tuple(_made(Line, one) for one in record["timeline"]),
        notifications=tuple(_made(Notification, _renamed(one)) for one in record["notifications"]),
    )


def _renamed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of an incident or a notification under the names of today."""
    named = {_NAMES_BEFORE_0_2.get(name, name): value for name, value in row.items()}
    return {**named, "state": "superseded"} if named.get("state") == "folded" else named


def _made(kind: type[T], row: Mapping[str, Any]) -> T:
    columns = fields(kind)  # type: ignore[arg-type]
    known = [one for one in columns if one.name in row or one.default is one.default_factory is MISSING]
    return kind(**{field.name: row.get(field.name) for field in known})
