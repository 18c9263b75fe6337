"""The dead man's switch: when the silence of a Watchdog is news, and what is told of it. Pure.

`ingest` records each Watchdog that arrives, `watch` looks whether it does, and lets what stands here become an incident
of Tocsin's own: like any other, except that nobody is asked whether it is true. Who would be asked is who is silent.
Where no Watchdog is heard the way from Alertmanager is broken; where others are, the Prometheus of one is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from webhook.catalog.model import Catalog
from webhook.incidents.episode import Sighting
from webhook.incidents.incident import Delivered, Incident
from webhook.timestamps import clock, span
from webhook.untrusted import one_line

WATCHDOG = "watchdog"
"""The heartbeat's name in the store; the two below are beside it."""
LOOKED = "looked"
"""When somebody has last looked whether the Watchdog was heard."""
LISTENING = "listening"
"""Since when somebody has looked without a gap."""
HEARING = "hearing"
"""Since when a Watchdog, any, has been heard without a gap of `INTERVALS`."""

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
"""No fingerprint of Alertmanager's, which are sixteen hexadecimal digits; of one Watchdog, with its key behind it."""
OURS = "ours"
"""The key of Tocsin's own Watchdog, where only those of others are heard."""

MOST_LABELS = 20
LONGEST_VALUE = 200
_COMMON = frozenset({"alertname", "severity"})
"""Labels that every Watchdog has."""


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that tell a Watchdog from others: of the first by name, as much as is worth keeping."""
    own = sorted((name, value) for name, value in labels.items() if name not in _COMMON and value)
    return {name[:LONGEST_VALUE]: value[:LONGEST_VALUE] for name, value in own[:MOST_LABELS]}


def key_of(labels: Mapping[str, str]) -> str:
    """Return the key of the Watchdog with these labels: SHA-256 (hex) of all of them but the common ones."""
    own = {name: value for name, value in labels.items() if name not in _COMMON and value}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What the store knows of one Watchdog, in epoch seconds."""

    key: str
    labels: Mapping[str, str]
    heard_at: float
    stopped_at: float | None
    """When Alertmanager said that it has ended: its Prometheus sends it no more. None since it fires."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the store knows of the Watchdog, in epoch seconds."""

    last: float | None
    """None is never."""
    looked: float | None
    listening: float | None
    hearing: float | None = None


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A Watchdog is not heard; `since` is when it was last, or when somebody began to listen.

    `labels` are those of the one that is silent while others are heard, None where none is.
    """

    since: float
    last: float | None
    key: str = ""
    labels: Mapping[str, str] | None = field(default=None)

    @property
    def fingerprint(self) -> str:
        """The identity of the alert on it."""
        return fingerprint(self.key)


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


def opens(last: float | None, catalog: Catalog, now: float) -> bool:
    """Return whether the way has been closed, as far as anybody knows, when a Watchdog arrives at `now`."""
    return last is None or now - last > INTERVALS * catalog.watchdog.interval_seconds


def is_beating(beat: Beat, catalog: Catalog, now: float) -> bool:
    """Return whether a Watchdog has come lately, and has not been said to have ended."""
    return beat.stopped_at is None and now - beat.heard_at <= INTERVALS * catalog.watchdog.interval_seconds


def silences(heard: Heard, beats: Sequence[Beat], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield the Watchdogs that are silent while another is heard, those apart that only somebody else's mask.

    An end that Alertmanager has told is known an interval later: a Prometheus that restarts is heard again by then.
    """
    if not any(is_beating(beat, catalog, now) for beat in beats):
        return
    began = max(listening_since(heard, now), heard.hearing or 0.0)
    interval = catalog.watchdog.interval_seconds
    for beat in beats:
        since = max(beat.heard_at, began)
        ended = beat.stopped_at is not None and now - max(beat.stopped_at, began) > FIRST_INTERVALS * interval
        if ended or now - since > INTERVALS * interval:
            yield Silence(since=since, last=beat.heard_at, key=beat.key, labels=beat.labels)
    wanted = catalog.watchdog.labels
    if wanted and now - began > INTERVALS * interval and not any(_is_ours(beat, wanted) for beat in beats):
        yield Silence(since=began, last=None, key=OURS, labels=wanted)


def heard_again(beats: Sequence[Beat], told: Collection[str], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield the silences that are over, of those whose alerts' fingerprints stand open."""
    beating = [beat for beat in beats if is_beating(beat, catalog, now)]
    for beat in beating:
        if fingerprint(beat.key) in told:
            yield Silence(since=beat.heard_at, last=beat.heard_at, key=beat.key, labels=beat.labels)
    wanted = catalog.watchdog.labels
    if fingerprint(OURS) in told and any(_is_ours(beat, wanted) for beat in beating):
        yield Silence(since=now, last=None, key=OURS, labels=wanted)


def _is_ours(beat: Beat, wanted: Mapping[str, str]) -> bool:
    return wanted.items() <= beat.labels.items()


def fingerprint(key: str = "") -> str:
    """Return the fingerprint of the alert on one Watchdog's silence; without a key, on that of all."""
    return f"{FINGERPRINT}-{key}" if key else FINGERPRINT


def forgotten(incident: Incident) -> dict[str, str]:
    """Return the Watchdogs, by key, whose silence stands open in the incident and that may be gone, with their names.

    Tocsin's own is not among them: nobody takes it away on purpose.
    """
    return {
        episode.fingerprint.removeprefix(f"{FINGERPRINT}-"): name_of(own_labels(episode.labels))
        for episode in incident.open_episodes
        if episode.fingerprint.startswith(f"{FINGERPRINT}-") and episode.fingerprint != fingerprint(OURS)
    }


def forgotten_fingerprints(incident: Incident) -> frozenset[str]:
    """Return the fingerprints of the alerts on those Watchdogs."""
    return frozenset(fingerprint(key) for key in forgotten(incident))


def name_of(labels: Mapping[str, str]) -> str:
    """Return what tells a Watchdog from others, in words: `cluster eu, replica a`."""
    return one_line(", ".join(f"{name} {value}" for name, value in sorted(labels.items())), 200) or "no label"


def raised(found: Silence, catalog: Catalog, now: float) -> Delivered:
    """Return the event that the silence is: an alert of our own begins."""
    if found.labels is not None:
        return _told(catalog, found, firing=True, at=found.since, annotations=_of_one(found, catalog, now))
    ago = span(now - found.since)
    last = "It has never been heard." if found.last is None else f"It was last heard at {clock(found.last, now=now)}."
    return _told(
        catalog,
        found,
        firing=True,
        at=found.since,
        annotations={
            "summary": f"Alertmanager has not been heard of for {ago}: alerts may not arrive",
            "description": f"The Watchdog, which always fires, has not arrived for {ago}; it should every"
            f" {span(catalog.watchdog.interval_seconds)}. {last} Other alerts may not arrive either.",
        },
    )


def _of_one(found: Silence, catalog: Catalog, now: float) -> dict[str, str]:
    name, ago = name_of(found.labels or {}), span(now - found.since)
    others = "Other Watchdogs arrive, so the way from Alertmanager to here is open"
    if found.key == OURS:
        return {
            "summary": f"Tocsin's own Watchdog ({name}) has not been heard of: its alerts may not be evaluated",
            "description": f"{others}, and none of them is that of Tocsin's rules ({name}). Are these rules loaded?",
        }
    last = clock(found.last or found.since, now=now)
    return {
        "summary": f"The Watchdog of {name} has not been heard of for {ago}: alerts of that Prometheus may not arrive",
        "description": f"The Watchdog of {name}, which always fires, was last heard at {last}; it should arrive every"
        f" {span(catalog.watchdog.interval_seconds)}. {others}. If that Prometheus was taken away on purpose, resolve"
        " this incident: its Watchdog is then forgotten until it is heard again.",
    }


def ended(catalog: Catalog, now: float, found: Silence | None = None) -> Delivered:
    """Return the event that the Watchdog is heard again: any, or the one that was silent."""
    over = found or Silence(since=now, last=None)
    return _told(catalog, over, firing=False, at=now, annotations={})


def is_told(incident: Incident | None) -> bool:
    """Return whether the silence stands open in the incident."""
    return incident is not None and any(episode.fingerprint == FINGERPRINT for episode in incident.open_episodes)


def is_ours(incident: Incident) -> bool:
    """Return whether all that fires is what Tocsin says of itself, of which Alertmanager knows nothing."""
    found = incident.open_episodes
    return bool(found) and all(episode.fingerprint.startswith(FINGERPRINT) for episode in found)


def _told(catalog: Catalog, found: Silence, *, firing: bool, at: float, annotations: dict[str, str]) -> Delivered:
    group = {**(found.labels or {}), **GROUP}
    labels = {**group, "severity": "critical"}
    match = catalog.match(labels)
    if match.alert is None:
        match = replace(match, title="Tocsin: Watchdog silent")
    sighting = Sighting(
        fingerprint=found.fingerprint,
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
        group_key=f"{GROUP_KEY}:{found.key}" if found.key else GROUP_KEY,
        group_labels=group,
        receiver=RECEIVER,
        external_url="",
        truncated=0,
        sightings=(sighting,),
    )
