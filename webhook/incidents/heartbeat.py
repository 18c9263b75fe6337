"""The dead man's switch: when the silence of a Watchdog is news, and what is told of it. Pure.

`ingest` records each Watchdog that arrives, `watch` looks whether it does, and lets what stands here become an incident
of Tocsin's own: like any other, except that nobody is asked whether it is true. Who would be asked is who is silent.
Where no Watchdog is heard the way from Alertmanager is broken; where others are, the Prometheus of one is.

A heartbeat is a Watchdog by its labels and by the Alertmanager that delivers it; configured peers are one. Peers that
nobody has configured deliver in turns, each while the other is away: as long as two have never come beside each other
they are one heartbeat. Each has the interval at which it really comes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from webhook.catalog.model import Alert, Catalog
from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.incident import AlertBatch, Incident
from webhook.timestamps import DAY, clock, span
from webhook.untrusted import one_line

WATCHDOG = "watchdog"
"""The heartbeat's name in the store; the two below are beside it."""
LOOKED = "looked"
"""When somebody has last looked whether the Watchdog was heard."""
LISTENING = "listening"
"""Since when somebody has looked without a gap."""
HEARING = "hearing"
"""Since when a Watchdog, any, has been heard without a gap of `INTERVALS`."""
LEFT_OUT = "left out"
"""When a Watchdog has last arrived that is not told from others, because there are too many."""

INTERVALS = 3
"""So many intervals without it are silence: Alertmanager repeats a little late, and one delivery may be lost."""
FIRST_INTERVALS = 1
"""Where it has never been heard nothing has been lost: that the way was never opened is said sooner."""
MOST_GAPS = 8
"""So many of the latest times between two arrivals are kept of each."""
LEAST_GAP = 1.0
"""Seconds: what comes sooner is the same arrival, delivered again."""
SHORTEST_INTERVAL = 30.0
LONGEST_INTERVAL = float(DAY)
"""What comes more seldom is no heartbeat."""
BESIDE = 0.5
"""Of an interval: two that come so soon after each other are delivered by two Alertmanagers which both work. One that
stands in for another comes when the other's next arrival is due."""
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
LONGEST_SOURCE = 500
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


def key_at(like: str, source: str) -> str:
    """Return the key of the heartbeat whose Watchdog has the key `like` and comes from this Alertmanager."""
    return hashlib.sha256(f"{like} {source}".encode()).hexdigest() if source else like


def with_gap(gaps: Sequence[float], gap: float) -> tuple[float, ...]:
    """Return the latest times between two arrivals, the newest last."""
    return tuple(gaps) if gap < LEAST_GAP else (*gaps, gap)[-MOST_GAPS:]


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What the store knows of one heartbeat, in epoch seconds."""

    key: str
    labels: Mapping[str, str]
    heard_at: float
    stopped_at: float | None
    """When Alertmanager said that it has ended: its Prometheus sends it no more. None since it fires."""
    like: str = ""
    """The key of its labels alone."""
    source: str = ""
    """The external URL of its Alertmanager, in plain form; empty where that is not known."""
    gaps: tuple[float, ...] = ()
    """The latest times between two arrivals in seconds, the newest last."""
    is_apart: bool = False
    """Whether one with the same labels has come beside it from another Alertmanager."""


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
    source: str = ""
    is_apart: bool = False
    interval: float | None = None
    """Seconds; None is the catalogue's."""

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


def interval_of(beat: Beat, catalog: Catalog) -> float:
    """Return in how many seconds a heartbeat is expected again: the catalogue's interval, or its own.

    A longer one is believed when two arrivals in a row were that far apart, for one alone may be an outage. A shorter
    one needs eight: a delivery that is tried again comes soon too.
    """
    usual = catalog.watchdog.interval_seconds
    if len(beat.gaps) > 1 and min(beat.gaps[-2:]) > usual:
        return min(*beat.gaps[-2:], LONGEST_INTERVAL) if usual < LONGEST_INTERVAL else usual
    if len(beat.gaps) == MOST_GAPS and max(beat.gaps) < usual / 2:
        return min(usual, max(*beat.gaps, SHORTEST_INTERVAL))
    return usual


def way_interval(last: float | None, beats: Sequence[Beat], catalog: Catalog) -> float:
    """Return in how many seconds some Watchdog is expected again, of those that were heard when the last one was."""
    alive = [
        interval_of(beat, catalog)
        for beat in beats
        if last is not None and beat.stopped_at is None and last - beat.heard_at <= _patience(beat, catalog)
    ]
    return max(catalog.watchdog.interval_seconds, min(alive, default=0.0))


def silence(heard: Heard, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> Silence | None:
    """Return the silence that has to be told, or None while the Watchdog is heard or may still come in time.

    What was not heard while nobody listened (this program was down, or its store) is no silence of Alertmanager's.
    """
    began = listening_since(heard, now)
    since = began if heard.last is None else max(heard.last, began)
    intervals = FIRST_INTERVALS if heard.last is None else INTERVALS
    interval = way_interval(heard.last, beats, catalog)
    if now - since <= intervals * interval:
        return None
    return Silence(since=since, last=heard.last, interval=interval)


def is_heard(heard: Heard, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> bool:
    """Return whether the Watchdog has come lately. Where nobody has listened, it is neither heard nor silent."""
    return not opens(heard.last, catalog, now, beats)


def opens(last: float | None, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> bool:
    """Return whether the way has been closed, as far as anybody knows, when a Watchdog arrives at `now`."""
    return last is None or now - last > INTERVALS * way_interval(last, beats, catalog)


def is_beating(beat: Beat, catalog: Catalog, now: float) -> bool:
    """Return whether a Watchdog has come lately, and has not been said to have ended."""
    return beat.stopped_at is None and now - beat.heard_at <= _patience(beat, catalog)


def _patience(beat: Beat, catalog: Catalog) -> float:
    return INTERVALS * interval_of(beat, catalog)


def together(beats: Sequence[Beat]) -> tuple[tuple[Beat, ...], ...]:
    """Return the heartbeats: each a row of its own, or the rows of Alertmanagers that deliver in turns.

    The row that was heard last comes first.
    """
    grouped: dict[str, list[Beat]] = {}
    for beat in beats:
        grouped.setdefault(beat.key if beat.is_apart or not beat.like else f"like {beat.like}", []).append(beat)
    return tuple(tuple(sorted(rows, key=lambda one: (-one.heard_at, one.key))) for rows in grouped.values())


def silences(heard: Heard, beats: Sequence[Beat], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield the Watchdogs that are silent while another is heard, those apart that only somebody else's mask.

    An end that Alertmanager has told is known an interval later: a Prometheus that restarts is heard again by then.
    """
    if not any(is_beating(beat, catalog, now) for beat in beats):
        return
    began = max(listening_since(heard, now), heard.hearing or 0.0)
    interval = catalog.watchdog.interval_seconds
    for beat, *_ in together(beats):
        since, own = max(beat.heard_at, began), interval_of(beat, catalog)
        ended = beat.stopped_at is not None and now - max(beat.stopped_at, began) > FIRST_INTERVALS * own
        # Where nothing has come since it was due, it may be the way that is closed.
        missed = now - since > INTERVALS * own and any(one.heard_at > since + own for one in beats)
        if ended or missed:
            yield _silence_of(beat, since, own)
    wanted = catalog.watchdog.labels
    if wanted and now - began > INTERVALS * interval and not any(_is_ours(beat, wanted) for beat in beats):
        yield Silence(since=began, last=None, key=OURS, labels=wanted)


def heard_again(beats: Sequence[Beat], told: Collection[str], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield the silences that are over, of those whose alerts' fingerprints stand open."""
    beating = [beat for beat in beats if is_beating(beat, catalog, now)]
    for rows in together(beats):
        if is_beating(rows[0], catalog, now):
            yield from (_silence_of(one, one.heard_at, None) for one in rows if fingerprint(one.key) in told)
    wanted = catalog.watchdog.labels
    if fingerprint(OURS) in told and any(_is_ours(beat, wanted) for beat in beating):
        yield Silence(since=now, last=None, key=OURS, labels=wanted)


def _silence_of(beat: Beat, since: float, interval: float | None) -> Silence:
    return Silence(
        since=since,
        last=beat.heard_at,
        key=beat.key,
        labels=beat.labels,
        source=beat.source,
        is_apart=beat.is_apart,
        interval=interval,
    )


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
        firing.fingerprint.removeprefix(f"{FINGERPRINT}-"): name_of(own_labels(firing.labels))
        for firing in incident.open_firings
        if firing.fingerprint.startswith(f"{FINGERPRINT}-") and firing.fingerprint != fingerprint(OURS)
    }


def forgotten_fingerprints(incident: Incident) -> frozenset[str]:
    """Return the fingerprints of the alerts on those Watchdogs."""
    return frozenset(fingerprint(key) for key in forgotten(incident))


def name_of(labels: Mapping[str, str]) -> str:
    """Return what tells a Watchdog from others, in words: `cluster eu, replica a`."""
    return one_line(", ".join(f"{name} {value}" for name, value in sorted(labels.items())), 200) or "no label"


def raised(found: Silence, catalog: Catalog, now: float) -> AlertBatch:
    """Return the event that the silence is: an alert of our own begins."""
    if found.labels is not None:
        return _told(catalog, found, firing=True, at=found.since, annotations=_of_one(found, catalog, now))
    ago, interval = span(now - found.since), found.interval or catalog.watchdog.interval_seconds
    last = "It has never been heard." if found.last is None else f"It was last heard at {clock(found.last, now=now)}."
    return _told(
        catalog,
        found,
        firing=True,
        at=found.since,
        annotations={
            "summary": f"Alertmanager has not been heard of for {ago}: alerts may not arrive",
            "description": f"The Watchdog, which always fires, has not arrived for {ago}; it should every"
            f" {span(interval)}. {last} Other alerts may not arrive either.",
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
    way = f", by way of the Alertmanager {one_line(found.source, LONGEST_VALUE)}" if found.source else ""
    missing = f"{name}{way if found.is_apart else ''}"
    return {
        "summary": f"The Watchdog of {missing} has not been heard of for {ago}: alerts of that Prometheus may not"
        " arrive",
        "description": f"The Watchdog of {name}, which always fires, was last heard at {last}{way}; it should arrive"
        f" every {span(found.interval or catalog.watchdog.interval_seconds)}. {others}. If that Prometheus was taken"
        " away on purpose, resolve this incident: its Watchdog is then forgotten until it is heard again.",
    }


State = Literal["heard", "late", "ended"]


def state(beat: Beat, beats: Sequence[Beat], catalog: Catalog, now: float) -> State:
    """Return whether a heartbeat is heard, by any of the Alertmanagers that deliver it in turns."""
    rows = next(rows for rows in together(beats) if any(one.key == beat.key for one in rows))
    if is_beating(rows[0], catalog, now):
        return "heard"
    return "late" if rows[0].stopped_at is None else "ended"


def forgotten_by_hand(catalog: Catalog, beat: Beat, now: float) -> AlertBatch:
    """Return the event that the alert on this heartbeat's silence is over, because a person has forgotten it."""
    return ended(catalog, now, _silence_of(beat, now, None))


def ended(catalog: Catalog, now: float, found: Silence | None = None) -> AlertBatch:
    """Return the event that the Watchdog is heard again: any, or the one that was silent."""
    over = found or Silence(since=now, last=None)
    return _told(catalog, over, firing=False, at=now, annotations={})


def is_told(incident: Incident | None) -> bool:
    """Return whether the silence stands open in the incident."""
    return incident is not None and any(firing.fingerprint == FINGERPRINT for firing in incident.open_firings)


def is_ours(incident: Incident) -> bool:
    """Return whether all that fires is what Tocsin says of itself, of which Alertmanager knows nothing."""
    found = incident.open_firings
    return bool(found) and all(firing.fingerprint.startswith(FINGERPRINT) for firing in found)


def _group_key(found: Silence, alert: Alert | None) -> str:
    """Return the key that PagerDuty's is made of: for the silence of all, that of Alertmanager's own page about it."""
    if found.key:
        return f"{GROUP_KEY}:{found.key}"
    return (alert.direct_group_key if alert else None) or GROUP_KEY


def _told(catalog: Catalog, found: Silence, *, firing: bool, at: float, annotations: dict[str, str]) -> AlertBatch:
    # What tells it from one with the same labels.
    way = {"alertmanager": found.source[:LONGEST_VALUE]} if found.is_apart and found.source else {}
    group = {**(found.labels or {}), **way, **GROUP}
    labels = {**group, "severity": "critical"}
    match = catalog.match(labels)
    if match.alert is None:
        match = replace(match, title="Tocsin: Watchdog silent")
    alert = ReceivedAlert(
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
    return AlertBatch(
        group_key=_group_key(found, match.alert),
        group_labels=group,
        receiver=RECEIVER,
        external_url="",
        truncated=0,
        alerts=(alert,),
    )
