"""The dead man's switch: when the silence of the Watchdog is news, and what is told of it. Pure.

`ingest` records each Watchdog that arrives, `watch` looks whether it does, and lets what stands here become an incident
of Tocsin's own: like any other, except that nobody is asked whether it is true. Who would be asked is who is silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from webhook.catalog.model import Catalog
from webhook.incidents.episode import Sighting
from webhook.incidents.incident import Delivered, Incident
from webhook.timestamps import clock, span

WATCHDOG = "watchdog"
"""The heartbeat's name in the store; the two below are beside it."""
LOOKED = "looked"
"""When somebody has last looked whether the Watchdog was heard."""
LISTENING = "listening"
"""Since when somebody has looked without a gap."""

INTERVALS = 3
"""So many intervals without it are silence: Alertmanager repeats a little late, and one delivery may be lost."""
FIRST_INTERVALS = 1
"""Where it has never been heard nothing has been lost: that the way was never opened is said sooner."""
LOOK_SECONDS = 15.0
"""How often somebody looks, at most; a shorter interval is looked after as often as it is long."""
GAP_SECONDS = 60.0
"""When nobody has looked for so long nobody was there to hear it either, and its time begins anew."""

ALERT = "TocsinWatchdogSilent"
GROUP = {"alertname": ALERT}
GROUP_KEY = f'{{}}/tocsin:{{alertname="{ALERT}"}}'
RECEIVER = "tocsin-webhook"
FINGERPRINT = "tocsin-watchdog-silent"
"""No fingerprint of Alertmanager's, which are sixteen hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the store knows of the Watchdog, in epoch seconds."""

    last: float | None
    """None is never."""
    looked: float | None
    listening: float | None


@dataclass(frozen=True, kw_only=True)
class Silence:
    """The Watchdog is not heard; `since` is when it was last, or when somebody began to listen."""

    since: float
    last: float | None


def is_time(heard: Heard, catalog: Catalog, now: float) -> bool:
    """Return whether somebody has to look again."""
    return heard.looked is None or now - heard.looked >= min(LOOK_SECONDS, catalog.watchdog.interval_seconds)


def listening_since(heard: Heard, now: float) -> float:
    """Return since when somebody has listened without a gap, looking at `now` included."""
    if heard.listening is None or heard.looked is None or now - heard.looked > GAP_SECONDS:
        return now
    return heard.listening


def silence(heard: Heard, catalog: Catalog, now: float) -> Silence | None:
    """Return the silence that has to be told, or None while the Watchdog is heard or may still come in time.

    What was not heard while nobody listened (this program was down, or its store) is no silence of Alertmanager's.
    """
    began = listening_since(heard, now)
    since = began if heard.last is None else max(heard.last, began)
    intervals = FIRST_INTERVALS if heard.last is None else INTERVALS
    if now - since <= intervals * catalog.watchdog.interval_seconds:
        return None
    return Silence(since=since, last=heard.last)


def is_heard(heard: Heard, catalog: Catalog, now: float) -> bool:
    """Return whether the Watchdog has come lately. Where nobody has listened, it is neither heard nor silent."""
    return heard.last is not None and now - heard.last <= INTERVALS * catalog.watchdog.interval_seconds


def raised(found: Silence, catalog: Catalog, now: float) -> Delivered:
    """Return the event that the silence is: an alert of our own begins."""
    ago = span(now - found.since)
    last = "It has never been heard." if found.last is None else f"It was last heard at {clock(found.last, now=now)}."
    return _told(
        catalog,
        firing=True,
        at=found.since,
        annotations={
            "summary": f"Alertmanager has not been heard of for {ago}: alerts may not arrive",
            "description": f"The Watchdog, which always fires, has not arrived for {ago}; it should every"
            f" {span(catalog.watchdog.interval_seconds)}. {last} Other alerts may not arrive either.",
        },
    )


def ended(catalog: Catalog, now: float) -> Delivered:
    """Return the event that the Watchdog is heard again."""
    return _told(catalog, firing=False, at=now, annotations={})


def is_told(incident: Incident | None) -> bool:
    """Return whether the silence stands open in the incident."""
    return incident is not None and any(episode.fingerprint == FINGERPRINT for episode in incident.open_episodes)


def is_ours(incident: Incident) -> bool:
    """Return whether all that fires is what Tocsin says of itself, of which Alertmanager knows nothing."""
    found = incident.open_episodes
    return bool(found) and all(episode.fingerprint == FINGERPRINT for episode in found)


def _told(catalog: Catalog, *, firing: bool, at: float, annotations: dict[str, str]) -> Delivered:
    labels = {**GROUP, "severity": "critical"}
    match = catalog.match(labels)
    if match.alert is None:
        match = replace(match, title="Tocsin: Watchdog silent")
    sighting = Sighting(
        fingerprint=FINGERPRINT,
        firing=firing,
        started=f"{at:.9f}",
        starts_at=at,
        ends_at=at,
        labels=labels,
        annotations=annotations,
        generator_url="",
        match=match,
    )
    return Delivered(
        group_key=GROUP_KEY,
        group_labels=GROUP,
        receiver=RECEIVER,
        external_url="",
        truncated=0,
        sightings=(sighting,),
    )
