"""What was told over while it fired, and what stayed open long after it was over: held against what was posted.

The timeline says when the webhook has ended an incident, by its own clock, which the weather may have set; `Sky` knows
by how much and when. What is said here allows for the way of a post through Alertmanager, and not for more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from testbed.chaos.sky import Posted, Sky
from webhook.incidents.incident import ALERTMANAGER
from webhook.timestamps import parse_rfc3339

Json = dict[str, Any]

ON_THE_WAY = 20.0
"""Seconds from a post to what the webhook has made of it, through deliveries that fail or are late."""
LONGEST_OPEN = 300.0
"""Seconds: what is open for longer after it was over is a finding."""


def findings(incidents: list[Json], sky: Sky) -> Iterator[str]:
    """Yield a sentence for each incident that was ended while it fired, or that stayed open when it was over."""
    for incident in incidents:
        cell = incident["group_labels"].get("cell", "")
        firings = {
            one["labels"].get("instance", ""): sky.posted.get((cell, one["labels"].get("instance", "")), [])
            for one in incident["alerts"]
        }
        for at in _ends(incident):
            moments = [at - ahead for since, ahead in sky.offsets if since <= at - ahead + ON_THE_WAY]
            firing = [_firing(firings, moment) for moment in moments]
            if firing and all(firing):
                yield f"incident {incident['id']} of {cell} was told over while {firing[0]} fired"
        yield from _open_too_long(incident, cell, firings, sky)


def _open_too_long(incident: Json, cell: str, firings: Mapping[str, list[Posted]], sky: Sky) -> Iterator[str]:
    last = max((one.ended_at or float("inf") for each in firings.values() for one in each), default=None)
    resolved = max(_ends(incident), default=None)
    if last is None or last == float("inf") or resolved is None or len(sky.offsets) > 1:
        return
    if resolved - last > LONGEST_OPEN:
        yield f"incident {incident['id']} of {cell} was open for {resolved - last:.0f} s after it was over"


def _ends(incident: Json) -> Iterator[float]:
    """Yield when Alertmanager's word has ended the incident; a person's is no end."""
    for line in incident["timeline"]:
        if line["kind"] == "resolved" and line["actor"] == ALERTMANAGER:
            yield parse_rfc3339(line["at"]).seconds


def _firing(firings: Mapping[str, list[Posted]], moment: float) -> str:
    """Return an alert that fired then, had for a while and went on to, empty for none."""
    for instance, posted in firings.items():
        for one in posted:
            ends = float("inf") if one.ended_at is None else one.ended_at
            if one.fired_at + ON_THE_WAY < moment < ends - 1.0:
                return instance
    return ""
