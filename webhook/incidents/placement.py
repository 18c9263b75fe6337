"""Which incident each alert of a delivery belongs to. Pure; `ingest` loads the incidents and lets them take their part.

An edited route splits a group or merges several, and two routes may deliver one alert in two groups. People do not
care about routes: an alert that is open in an incident stays there, wherever it is delivered from. Only alerts that
no open incident has go to the group's own incident. A group that has none yet, and of whose alerts some are open
elsewhere, is the continuation of the incident that has most of them: the others join that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from webhook.incidents.episode import Sighting
from webhook.incidents.incident import Delivered


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a delivery; `number` is the open incident that it is about, None for the group's own."""

    number: int | None
    event: Delivered
    whole: bool
    """Whether what the delivery says of the whole group, such as how much is truncated, is said of this incident."""


def place(event: Delivered, *, own: bool, homes: Mapping[str, int]) -> tuple[Part, ...]:
    """Return the parts of the delivery, that of the whole group first, then by the number of the incident.

    `own` says whether the group has an open incident, `homes` which other incident has an alert open, by fingerprint.
    """
    if not homes:
        return (Part(number=None, event=event, whole=True),)
    counts = Counter(homes[one.fingerprint] for one in event.sightings if one.fingerprint in homes)
    heir = None if own else min(counts, key=lambda number: (-counts[number], number))
    placed: dict[int | None, list[Sighting]] = {number: [] for number in (heir, *sorted(counts))}
    for sighting in event.sightings:
        placed[homes.get(sighting.fingerprint, heir)].append(sighting)
    return tuple(
        Part(number=number, event=replace(event, sightings=tuple(sightings)), whole=number == heir)
        for number, sightings in placed.items()
        if sightings
    )
