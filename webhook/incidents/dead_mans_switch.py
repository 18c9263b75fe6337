"""The dead man's switch: decides when a Watchdog's silence is news, and makes Tocsin's own alert on it. Pure.

`application.watchdogs` records each Watchdog that arrives. `watch` checks whether they arrive, and applies the alert
batches that this module makes. The resulting incident is like any other, except that Tocsin asks no Alertmanager about
it: the one to ask is the one that is silent. If no Watchdog arrives, the path from Alertmanager is broken. If only one
is missing, its Prometheus is broken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from webhook.catalog.model import Alert, Catalog
from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.heartbeat import (
    INTERVALS,
    LONGEST_VALUE,
    Beat,
    interval_of,
    is_beating,
    name_of,
    own_labels,
    silent_after,
    together,
)
from webhook.incidents.incident import AlertBatch, Incident
from webhook.timestamps import clock, span
from webhook.untrusted import one_line

WATCHDOG = "watchdog"
"""Under this name the store keeps when any Watchdog was last heard. The four names below have one time each, too."""
LOOKED = "looked"
"""When a `watch` thread last checked whether a Watchdog was heard."""
LISTENING = "listening"
"""Since when `watch` threads have checked without a gap."""
HEARING = "hearing"
"""Since when any Watchdog has been heard without a gap of `INTERVALS`."""
LEFT_OUT = "left out"
"""When a Watchdog last arrived that is not recorded separately, because there are too many."""
FIRST_INTERVALS = 1
"""Replaces `INTERVALS` if no Watchdog was ever heard: no delivery can have been lost, so the alert fires sooner."""
LOOK_SECONDS = 15.0
"""The longest time between two checks; a shorter Watchdog interval is checked once per interval."""
GAP_SECONDS = 60.0
"""After so long without a check, no replica was running to hear the Watchdog, so its silence counts from now."""
ALERT = "TocsinWatchdogSilent"
GROUP = {"alertname": ALERT}
GROUP_KEY = f'{{}}/tocsin:{{alertname="{ALERT}"}}'
RECEIVER = "tocsin-webhook"
FINGERPRINT = "tocsin-watchdog-silent"
"""Never one of Alertmanager's, which are sixteen hexadecimal digits. For one Watchdog, its key is appended."""
OURS = "ours"
"""The key of Tocsin's own Watchdog, for the silence when only other Watchdogs are heard."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the store knows of all Watchdogs together, in epoch seconds."""

    last: float | None
    """When any Watchdog was last heard; None is never."""
    looked: float | None
    listening: float | None
    hearing: float | None = None


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A Watchdog is not heard; `since` is when it was last heard, or when Tocsin began to listen.

    `labels` are those of the one Watchdog that is silent while others are heard; None if no Watchdog is heard.
    """

    since: float
    last: float | None
    key: str = ""
    labels: Mapping[str, str] | None = field(default=None)
    source: str = ""
    is_apart: bool = False
    interval: float | None = None
    """The expected interval in seconds; None is the catalogue's."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the alert on this silence."""
        return fingerprint(self.key)


def is_time(heard: Heard, catalog: Catalog, now: float) -> bool:
    """Return whether the next check is due."""
    return heard.looked is None or now - heard.looked >= min(LOOK_SECONDS, catalog.watchdog.interval_seconds)


def listening_since(heard: Heard, now: float) -> float:
    """Return since when Tocsin has listened without a gap, counting a check at `now`."""
    if heard.listening is None or heard.looked is None or now - heard.looked > GAP_SECONDS:
        return now
    return heard.listening


def way_interval(last: float | None, beats: Sequence[Beat], catalog: Catalog) -> float:
    """Return in how many seconds any Watchdog is expected; a Watchdog that was silent at `last` does not count."""
    alive = [
        interval_of(beat, catalog)
        for beat in beats
        if last is not None and beat.stopped_at is None and last - beat.heard_at <= silent_after(beat, catalog)
    ]
    return max(catalog.watchdog.interval_seconds, min(alive, default=0.0))


def silence(heard: Heard, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> Silence | None:
    """Return the silence of all Watchdogs, or None while one is heard or may still arrive in time.

    The time in which Tocsin did not listen, because it or its store was down, does not count as silence.
    """
    began = listening_since(heard, now)
    since = began if heard.last is None else max(heard.last, began)
    intervals = FIRST_INTERVALS if heard.last is None else INTERVALS
    interval = way_interval(heard.last, beats, catalog)
    if now - since <= intervals * interval:
        return None
    return Silence(since=since, last=heard.last, interval=interval)


def is_heard(heard: Heard, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> bool:
    """Return whether any Watchdog arrived lately. While Tocsin does not listen, none counts as heard or as silent."""
    return not opens(heard.last, catalog, now, beats)


def opens(last: float | None, catalog: Catalog, now: float, beats: Sequence[Beat] = ()) -> bool:
    """Return whether a Watchdog that arrives at `now` is the first after a time in which none was heard."""
    return last is None or now - last > INTERVALS * way_interval(last, beats, catalog)


def silences(heard: Heard, beats: Sequence[Beat], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield each Watchdog that is silent while another is heard, and Tocsin's own if only others are heard.

    A Watchdog whose end Alertmanager reported counts as silent one interval later, because a Prometheus that only
    restarts is heard again by then.
    """
    if not any(is_beating(beat, catalog, now) for beat in beats):
        return
    listening_from = max(listening_since(heard, now), heard.hearing or 0.0)
    interval = catalog.watchdog.interval_seconds
    for beat, *_ in together(beats):
        since, own_interval = max(beat.heard_at, listening_from), interval_of(beat, catalog)
        ended = (
            beat.stopped_at is not None and now - max(beat.stopped_at, listening_from) > FIRST_INTERVALS * own_interval
        )
        # If no Watchdog has arrived since this one was due, the path from Alertmanager may be broken instead.
        missed = now - since > INTERVALS * own_interval and any(
            other.heard_at > since + own_interval for other in beats
        )
        if ended or missed:
            yield _silence_of(beat, since, own_interval)
    expected = catalog.watchdog.labels
    if expected and now - listening_from > INTERVALS * interval and not any(_is_ours(beat, expected) for beat in beats):
        yield Silence(since=listening_from, last=None, key=OURS, labels=expected)


def heard_again(beats: Sequence[Beat], open_alerts: Collection[str], catalog: Catalog, now: float) -> Iterator[Silence]:
    """Yield the silences that are over; `open_alerts` has the fingerprints of the open alerts on silences."""
    beating = [beat for beat in beats if is_beating(beat, catalog, now)]
    for rows in together(beats):
        if is_beating(rows[0], catalog, now):
            yield from (_silence_of(row, row.heard_at, None) for row in rows if fingerprint(row.key) in open_alerts)
    expected = catalog.watchdog.labels
    if fingerprint(OURS) in open_alerts and any(_is_ours(beat, expected) for beat in beating):
        yield Silence(since=now, last=None, key=OURS, labels=expected)


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


def _is_ours(beat: Beat, expected: Mapping[str, str]) -> bool:
    return expected.items() <= beat.labels.items()


def fingerprint(key: str = "") -> str:
    """Return the fingerprint of the alert on one Watchdog's silence; without a key, on the silence of all."""
    return f"{FINGERPRINT}-{key}" if key else FINGERPRINT


def forgotten(incident: Incident) -> dict[str, str]:
    """Return the Watchdogs whose silence is open in the incident and that may be gone for good: key to name.

    Tocsin's own Watchdog is not among them, because nobody removes it on purpose.
    """
    return {
        firing.fingerprint.removeprefix(f"{FINGERPRINT}-"): name_of(own_labels(firing.labels))
        for firing in incident.open_firings
        if firing.fingerprint.startswith(f"{FINGERPRINT}-") and firing.fingerprint != fingerprint(OURS)
    }


def forgotten_fingerprints(incident: Incident) -> frozenset[str]:
    """Return the fingerprints of the alerts on the silences of the Watchdogs in `forgotten`."""
    return frozenset(fingerprint(key) for key in forgotten(incident))


def raised(silence: Silence, catalog: Catalog, now: float) -> AlertBatch:
    """Return the alert batch that begins Tocsin's own alert on this silence."""
    if silence.labels is not None:
        return _alert_batch(
            catalog, silence, firing=True, at=silence.since, annotations=_annotations_of_one(silence, catalog, now)
        )
    ago, interval = span(now - silence.since), silence.interval or catalog.watchdog.interval_seconds
    last = (
        "It has never been heard." if silence.last is None else f"It was last heard at {clock(silence.last, now=now)}."
    )
    return _alert_batch(
        catalog,
        silence,
        firing=True,
        at=silence.since,
        annotations={
            "summary": f"Alertmanager has not been heard of for {ago}: alerts may not arrive",
            "description": f"The Watchdog, which always fires, has not arrived for {ago}; it should every"
            f" {span(interval)}. {last} Other alerts may not arrive either.",
        },
    )


def _annotations_of_one(silence: Silence, catalog: Catalog, now: float) -> dict[str, str]:
    name, ago = name_of(silence.labels or {}), span(now - silence.since)
    others = "Other Watchdogs arrive, so the way from Alertmanager to here is open"
    if silence.key == OURS:
        return {
            "summary": f"Tocsin's own Watchdog ({name}) has not been heard of: its alerts may not be evaluated",
            "description": f"{others}, and none of them is that of Tocsin's rules ({name}). Are these rules loaded?",
        }
    last = clock(silence.last or silence.since, now=now)
    via = f", by way of the Alertmanager {one_line(silence.source, LONGEST_VALUE)}" if silence.source else ""
    missing = f"{name}{via if silence.is_apart else ''}"
    return {
        "summary": f"The Watchdog of {missing} has not been heard of for {ago}: alerts of that Prometheus may not"
        " arrive",
        "description": f"The Watchdog of {name}, which always fires, was last heard at {last}{via}; it should arrive"
        f" every {span(silence.interval or catalog.watchdog.interval_seconds)}. {others}. If that Prometheus was taken"
        " away on purpose, resolve this incident: its Watchdog is then forgotten until it is heard again.",
    }


def forgotten_by_hand(catalog: Catalog, beat: Beat, now: float) -> AlertBatch:
    """Return the alert batch that ends the alert on this heartbeat's silence, because a person forgot the heartbeat."""
    return ended(catalog, now, _silence_of(beat, now, None))


def ended(catalog: Catalog, now: float, silence: Silence | None = None) -> AlertBatch:
    """Return the alert batch that ends the alert on a silence; without a silence, on that of all Watchdogs."""
    past_silence = silence or Silence(since=now, last=None)
    return _alert_batch(catalog, past_silence, firing=False, at=now, annotations={})


def is_told(incident: Incident | None) -> bool:
    """Return whether the alert on the silence of all Watchdogs is open in the incident."""
    return incident is not None and any(firing.fingerprint == FINGERPRINT for firing in incident.open_firings)


def is_ours(incident: Incident) -> bool:
    """Return whether every open firing is one of Tocsin's own alerts, of which Alertmanager knows nothing."""
    firings = incident.open_firings
    return bool(firings) and all(firing.fingerprint.startswith(FINGERPRINT) for firing in firings)


def _group_key(silence: Silence, alert: Alert | None) -> str:
    """Return the group key for PagerDuty. For the silence of all, it is that of Alertmanager's own page about it."""
    if silence.key:
        return f"{GROUP_KEY}:{silence.key}"
    return (alert.direct_group_key if alert else None) or GROUP_KEY


def _alert_batch(
    catalog: Catalog, silence: Silence, *, firing: bool, at: float, annotations: dict[str, str]
) -> AlertBatch:
    # The label `alertmanager` distinguishes this heartbeat from another one with the same labels.
    source_label = {"alertmanager": silence.source[:LONGEST_VALUE]} if silence.is_apart and silence.source else {}
    group = {**(silence.labels or {}), **source_label, **GROUP}
    labels = {**group, "severity": "critical"}
    match = catalog.match(labels)
    if match.alert is None:
        match = replace(match, title="Tocsin: Watchdog silent")
    alert = ReceivedAlert(
        fingerprint=silence.fingerprint,
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
        group_key=_group_key(silence, match.alert),
        group_labels=group,
        receiver=RECEIVER,
        external_url="",
        truncated=0,
        alerts=(alert,),
    )
