"""An episode, one firing of one alert, and what a delivery does to the episodes of an open incident. Pure.

`incident` keeps the episodes; `delivery` decides from their `Changes` what it becomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from webhook.catalog.model import Match
from webhook.severity import Severity, rank

EndedBy = Literal["alertmanager", "person", "superseded"]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One firing of one alert. Times are epoch seconds; `started` is the exact start, part of the identity."""

    fingerprint: str
    started: str
    starts_at: float
    title: str
    severity: Severity
    kind: str
    team: str
    policy: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    part: str = ""
    """What it is about, as `Match.part`; empty where an earlier version has written it."""
    ended_at: float | None = None
    ended_by: EndedBy | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two sightings the same episode."""
        return self.fingerprint, self.started


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One alert of a delivery, with what the catalogue says about it."""

    fingerprint: str
    firing: bool
    started: str
    starts_at: float
    ends_at: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    match: Match


def in_order(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    """Return episodes most severe first, then the oldest, then by fingerprint so that the order is total."""
    return tuple(sorted(episodes, key=lambda one: (-rank(one.severity), one.starts_at, one.fingerprint)))


def episode_of(sighting: Sighting) -> Episode:
    """Return the episode that a firing alert is."""
    return Episode(
        fingerprint=sighting.fingerprint,
        started=sighting.started,
        starts_at=sighting.starts_at,
        title=sighting.match.title,
        severity=sighting.match.severity,
        kind=sighting.match.kind,
        team=sighting.match.team,
        policy=sighting.match.policy,
        labels=sighting.labels,
        annotations=sighting.annotations,
        generator_url=sighting.generator_url,
        part=sighting.match.part,
    )


@dataclass(frozen=True, kw_only=True)
class News:
    """The most severe alert that is news, and whether all that is news is another part of the same trouble."""

    episode: Episode
    graver: bool
    """Whether a severity above any so far has come."""
    only_parts: bool
    """Whether no other runbook section and no severity above any so far has come."""


class Changes:
    """What one delivery does to the episodes of an open incident."""

    def __init__(self, known: Iterable[Episode], now: float) -> None:
        self.now = now
        self.episodes = {episode.identity: episode for episode in known}
        self.touched: dict[tuple[str, str], None] = {}
        self.fired: list[Episode] = []
        self.ended = 0
        self._kinds = {episode.kind for episode in self.episodes.values()}
        self._parts: dict[str, int] = {}
        for episode in self.episodes.values():
            self._parts[episode.part] = max(rank(episode.severity), self._parts.get(episode.part, -1))
        self._highest = max(self._parts.values(), default=-1)
        self._open = {one.fingerprint: one.identity for one in self.episodes.values() if one.ended_at is None}

    def fires(self, sighting: Sighting) -> None:
        """Take a firing alert: a repeat, an episode that fires again, or a new one."""
        episode = episode_of(sighting)
        known = self.episodes.get(episode.identity)
        if known is None:
            self._supersede(episode.fingerprint)
            self._begin(episode)
        elif known.ended_at is None:
            self._repeat(known, episode)
        elif known.ended_by != "superseded" and known.fingerprint not in self._open:
            # Alertmanager ends an alert that Prometheus stops sending; when it hears again, the start is the old one.
            self._begin(episode)

    def ends(self, sighting: Sighting) -> None:
        """Take a resolved alert: it ends the open episode of its fingerprint unless that began after the end."""
        identity = self._open.get(sighting.fingerprint)
        if identity is None:
            return
        episode = self.episodes[identity]
        if episode.started != sighting.started and episode.starts_at > sighting.ends_at:
            return
        ended_at = sighting.ends_at if episode.starts_at <= sighting.ends_at <= self.now else self.now
        self._put(replace(episode, ended_at=ended_at, ended_by="alertmanager"))
        del self._open[sighting.fingerprint]
        self.ended += 1

    def news(self) -> News | None:
        """Return what is news, or None.

        That is another runbook section, a severity above any so far, or a component, system or installation that has
        not fired in this incident or was milder.
        """
        graver = [one for one in self.fired if rank(one.severity) > self._highest]
        kinds = [one for one in self.fired if one.kind not in self._kinds]
        parts = [one for one in self.fired if rank(one.severity) > self._parts.get(one.part, -1)]
        first = next(iter(in_order(graver or kinds or parts)), None)
        if first is None:
            return None
        return News(episode=first, graver=bool(graver), only_parts=not graver and not kinds)

    @property
    def changed(self) -> tuple[Episode, ...]:
        """The episodes that are other than they were, in the order in which they changed."""
        return tuple(self.episodes[identity] for identity in self.touched)

    def detail(self, truncated: int) -> str:
        """Return what has happened in one sentence."""
        parts = [f"{count(len(self.fired), 0)} joined"] if self.fired else []
        parts += [f"{count(self.ended, 0)} resolved"] if self.ended else []
        parts += [f"{truncated} more not listed by Alertmanager"] if truncated else []
        return ", ".join(parts) or "all alerts are listed again"

    def _begin(self, episode: Episode) -> None:
        self._put(episode)
        self._open[episode.fingerprint] = episode.identity
        self.fired.append(episode)

    def _repeat(self, known: Episode, seen: Episode) -> None:
        part = known.part or seen.part
        current = replace(known, annotations=seen.annotations, generator_url=seen.generator_url, part=part)
        if current != known:
            self._put(current)

    def _supersede(self, fingerprint: str) -> None:
        """End the open episode of an alert that has started anew: an alert fires once at a time."""
        identity = self._open.pop(fingerprint, None)
        if identity is not None:
            self._put(replace(self.episodes[identity], ended_at=self.now, ended_by="superseded"))

    def _put(self, episode: Episode) -> None:
        self.episodes[episode.identity] = episode
        self.touched[episode.identity] = None


def count(number: int, more: int) -> str:
    """Return `2 alerts`, or `2 alerts and 5 more`."""
    text = f"{number} alert{'' if number == 1 else 's'}"
    return f"{text} and {more} more" if more else text
