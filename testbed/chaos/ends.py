"""Find incidents that ended while an alert fired, and incidents that stayed open long after their alerts ended.

The timeline says when the webhook ended an incident, by its own clock. The weather may have set that clock; `Sky` knows
when and by how much. The checks allow for the time that a post takes through Alertmanager, and for nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from testbed.chaos.sky import Posted, Sky
from webhook.incidents.incident import ALERTMANAGER
from webhook.timestamps import parse_rfc3339

Json = dict[str, Any]

ON_THE_WAY = 20.0
"""Seconds from a post until the webhook has acted on it, with deliveries that fail or are late."""
LONGEST_OPEN = 300.0
"""Seconds: an incident that is open for longer after its alerts ended is a finding."""


def findings(incidents: list[Json], sky: Sky) -> Iterator[str]:
    """Yield a sentence for each incident that ended while it fired, or that stayed open after its alerts ended."""
    for incident in incidents:
        cell = incident["group_labels"].get("cell", "")
        firings = {
            alert["labels"].get("instance", ""): sky.posted.get((cell, alert["labels"].get("instance", "")), [])
            for alert in incident["alerts"]
        }
        for at in _ends(incident):
            moments = [at - ahead for since, ahead in sky.offsets if since <= at - ahead + ON_THE_WAY]
            firing = [_alert_firing_at(firings, moment) for moment in moments]
            if firing and all(firing):
                yield f"incident {incident['id']} of {cell} was told over while {firing[0]} fired"
        yield from _open_too_long(incident, cell, firings, sky)


def _open_too_long(incident: Json, cell: str, firings: Mapping[str, list[Posted]], sky: Sky) -> Iterator[str]:
    last = max((post.ended_at or float("inf") for posts in firings.values() for post in posts), default=None)
    resolved = max(_ends(incident), default=None)
    if last is None or last == float("inf") or resolved is None or len(sky.offsets) > 1:
        return
    if resolved - last > LONGEST_OPEN:
        yield f"incident {incident['id']} of {cell} was open for {resolved - last:.0f} s after it was over"


def _ends(incident: Json) -> Iterator[float]:
    """Yield the times at which Alertmanager's knowledge ended the incident; a person's resolve does not count."""
    for line in incident["timeline"]:
        if line["kind"] == "resolved" and line["actor"] == ALERTMANAGER:
            yield parse_rfc3339(line["at"]).seconds


def _alert_firing_at(firings: Mapping[str, list[Posted]], moment: float) -> str:
    """Return an alert that fired from `ON_THE_WAY` before `moment` until a second after; empty if there is none."""
    for instance, posted in firings.items():
        for post in posted:
            ends = float("inf") if post.ended_at is None else post.ended_at
            if post.fired_at + ON_THE_WAY < moment < ends - 1.0:
                return instance
    return ""
