"""One firing of one alert, and what a delivery does to the firings of an open incident. Pure.

`incident` keeps the firings; `delivery` decides from their `Changes` what it becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from webhook.catalog.model import Match
from webhook.severity import Severity, rank

EndedBy = Literal["alertmanager", "person", "superseded"]


MOST_SOURCES = 256
"""So many Alertmanagers and receivers are kept of one alert; URLs come from outside."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who says that an alert fires: an Alertmanager by its plain external URL, to which receiver, since when."""

    url: str
    receiver: str
    started: str


@dataclass(frozen=True, kw_only=True)
class AlertFiring:
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
    sources: tuple[Source, ...] = ()
    """Who still says that it fires."""
    listed_by: Mapping[str, float] = field(default_factory=dict)
    """The Alertmanagers that have listed it when they were asked, by their key: when each had started by then."""
    refired_at: float | None = None
    """When it was told to fire after it had ended, with its old start; an end that is older than that is no news."""
    absent_since: float | None = None
    """When it was first known not to be listed while others of its incident were, of answers in a row that say so and
    between which nobody has told that it fires."""

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two alerts the same firing."""
        return self.fingerprint, self.started


@dataclass(frozen=True, kw_only=True)
class ReceivedAlert:
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


def in_order(firings: Iterable[AlertFiring]) -> tuple[AlertFiring, ...]:
    """Return firings most severe first, then the oldest, then by fingerprint so that the order is total."""
    return tuple(sorted(firings, key=lambda one: (-rank(one.severity), one.starts_at, one.fingerprint)))


def firing_of(alert: ReceivedAlert) -> AlertFiring:
    """Return the firing that a firing alert is."""
    return AlertFiring(
        fingerprint=alert.fingerprint,
        started=alert.started,
        starts_at=alert.starts_at,
        title=alert.match.title,
        severity=alert.match.severity,
        kind=alert.match.kind,
        team=alert.match.team,
        policy=alert.match.policy,
        labels=alert.labels,
        annotations=alert.annotations,
        generator_url=alert.generator_url,
        part=alert.match.part,
    )


def closed(firing: AlertFiring, at: float, by: EndedBy) -> AlertFiring:
    """Return the firing ended, and nothing of it in doubt."""
    return replace(firing, ended_at=at, ended_by=by, sources=(), refired_at=None, absent_since=None)


def received_alert_of(firing: AlertFiring) -> ReceivedAlert:
    """Return the firing alert that the firing is."""
    return ReceivedAlert(
        fingerprint=firing.fingerprint,
        firing=True,
        started=firing.started,
        starts_at=firing.starts_at,
        ends_at=0.0,
        labels=firing.labels,
        annotations=firing.annotations,
        generator_url=firing.generator_url,
        match=Match(
            title=firing.title,
            severity=firing.severity,
            team=firing.team,
            policy=firing.policy,
            kind=firing.kind,
            alert=None,
            limit_known=False,
            part=firing.part,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Who delivers: an Alertmanager by its external URL in plain form, and how far its word goes."""

    url: str
    receiver: str
    own: frozenset[str]
    """Its external URL and those of its peers; none where others have its external URL too."""
    can_be_asked: bool = False
    """Whether any Alertmanager is configured."""
    verified: bool = False
    """Alertmanager was asked, or nobody can be: what fires with an old start does fire."""
    ended_before: frozenset[tuple[str, str]] = frozenset()
    """Firings that ended in other incidents."""

    def source(self, alert: ReceivedAlert) -> Source:
        """Return the source that a firing alert of this delivery has."""
        return Source(url=self.url, receiver=self.receiver, started=alert.started)


StillTold = Callable[[AlertFiring, ReceivedAlert, Reporter], tuple[Source, ...] | None]
"""Who still reports the firing after a delivered end, None when that end is old; the law is in `alertmanager_state`."""


@dataclass(frozen=True, kw_only=True)
class News:
    """The most severe alert that is news, and whether all that is news is another part of the same trouble."""

    firing: AlertFiring
    more_severe: bool
    """Whether a severity above any so far has come."""
    only_parts: bool
    """Whether no other runbook section and no severity above any so far has come."""


class Changes:
    """What one delivery does to the firings of an open incident."""

    def __init__(self, known: Iterable[AlertFiring], now: float, reporter: Reporter, still_told: StillTold) -> None:
        self.now = now
        self.doubts = False
        """Whether something was told that Alertmanager has to be asked about."""
        self._reporter = reporter
        self._still_told = still_told
        self.firings = {firing.identity: firing for firing in known}
        self.touched: dict[tuple[str, str], None] = {}
        self.fired: list[AlertFiring] = []
        self.ended = 0
        self._kinds = {firing.kind for firing in self.firings.values()}
        self._parts: dict[str, int] = {}
        for firing in self.firings.values():
            self._parts[firing.part] = max(rank(firing.severity), self._parts.get(firing.part, -1))
        self._highest = max(self._parts.values(), default=-1)
        self._open = {one.fingerprint: one.identity for one in self.firings.values() if one.ended_at is None}
        self._doubtful: dict[str, set[tuple[str, str]]] = {}
        for firing in self.firings.values():
            if firing.ended_at is not None and firing.refired_at is not None:
                self._doubtful.setdefault(firing.fingerprint, set()).add(firing.identity)

    def fires(self, alert: ReceivedAlert) -> None:
        """Take a firing alert: a repeat, a firing that fires again, or a new one."""
        self._settle_earlier(alert)
        firing = replace(firing_of(alert), sources=(self._reporter.source(alert),))
        current = self.firings.get(self._open.get(firing.fingerprint, ("", "")))
        if current is not None and current.absent_since is not None:
            current = replace(current, absent_since=None)
            self._put(current)
        known = self.firings.get(firing.identity)
        if known is not None and known.ended_at is None:
            self._repeat(known, firing)
        elif current is not None and (known is not None or firing.starts_at <= current.starts_at):
            # Another Alertmanager's firing of an alert of the same labels, or an older picture of this one.
            self._told_too(current, firing.sources[0])
        elif self._is_new(known, firing):
            part = self._part_at(current, firing)
            self._begin(replace(firing, part=part, sources=self._supersede(firing)))
        else:
            self._fires_again(known, firing)

    def ends(self, alert: ReceivedAlert) -> None:
        """Take a resolved alert: it ends the open firing of its fingerprint unless that began after the end."""
        self._settle_earlier(alert)
        self._remember_end(alert)
        identity = self._open.get(alert.fingerprint)
        if identity is None:
            return
        firing = self.firings[identity]
        sources = self._still_told(firing, alert, self._reporter)
        if sources is None and firing.started == alert.started:
            # The end of a firing that was told again since: which of the two came late only Alertmanager knows.
            self.doubts = True
            ended_at = min(alert.ends_at, self.now)
            self._put(replace(firing, ended_at=ended_at, ended_by="alertmanager", absent_since=None))
            del self._open[alert.fingerprint]
            return
        if sources is None:
            # It has begun after this end; whoever has told only of the firing that this ends says nothing of it now.
            sources = tuple(one for one in firing.sources if not self._is_of_older(one, alert))
            if sources == firing.sources:
                return
        if sources:
            self.doubts = True
            if sources != firing.sources:
                self._put(replace(firing, sources=sources))
            return
        ended_at = alert.ends_at if firing.starts_at <= alert.ends_at <= self.now else self.now
        self._put(closed(firing, ended_at, "alertmanager"))
        del self._open[alert.fingerprint]
        self.ended += 1

    def _remember_end(self, alert: ReceivedAlert) -> None:
        """Keep the end of a firing that was never told, where an earlier one of the alert was.

        Else, when it is told again with its old start, a late copy of this end would end it.
        """
        before = [one for one in self.firings.values() if one.fingerprint == alert.fingerprint]
        firing = firing_of(alert)
        if before and all(float(one.started) < float(alert.started) for one in before):
            firing = replace(firing, part=self._part_at(before[-1], firing))
            self._put(closed(firing, min(alert.ends_at, self.now), "alertmanager"))

    def _settle_earlier(self, alert: ReceivedAlert) -> None:
        """Take what was told again of earlier firings for old pictures: an Alertmanager knows one of an alert."""
        for identity in sorted(self._doubtful.get(alert.fingerprint, ())):
            firing = self.firings[identity]
            if float(firing.started) >= float(alert.started):
                continue
            sources = tuple(one for one in firing.sources if not self._is_of_older(one, alert))
            if sources != firing.sources:
                left = replace(firing, sources=sources)
                self._put(left if sources else replace(left, refired_at=None, absent_since=None))

    def _is_of_older(self, source: Source, ended: ReceivedAlert) -> bool:
        return source.url in self._reporter.own and float(source.started) <= float(ended.started)

    def news(self) -> News | None:
        """Return what is news, or None.

        That is another runbook section, a severity above any so far, or a component, system or installation that has
        not fired in this incident or was less severe. An Alertmanager that is no peer of those that told of an alert is
        another installation.
        """
        more_severe = [one for one in self.fired if rank(one.severity) > self._highest]
        kinds = [one for one in self.fired if one.kind not in self._kinds]
        parts = [one for one in self.fired if rank(one.severity) > self._parts.get(one.part, -1)]
        first = next(iter(in_order(more_severe or kinds or parts)), None)
        if first is None:
            return None
        return News(firing=first, more_severe=bool(more_severe), only_parts=not more_severe and not kinds)

    @property
    def changed(self) -> tuple[AlertFiring, ...]:
        """The firings that are other than they were, in the order in which they changed."""
        return tuple(self.firings[identity] for identity in self.touched)

    def detail(self, truncated: int) -> str:
        """Return what has happened in one sentence."""
        parts = [f"{count(len(self.fired), 0)} joined"] if self.fired else []
        parts += [f"{count(self.ended, 0)} resolved"] if self.ended else []
        parts += [f"{truncated} more not listed by Alertmanager"] if truncated else []
        return ", ".join(parts) or "all alerts are listed again"

    def _is_new(self, known: AlertFiring | None, firing: AlertFiring) -> bool:
        """Return whether Alertmanager has not ended this firing before; a person's word is no end of it."""
        if known is not None:
            return known.ended_by == "person"
        return firing.identity not in self._reporter.ended_before or self._reporter.verified

    def _fires_again(self, known: AlertFiring | None, firing: AlertFiring) -> None:
        """Take an alert that had ended and is told with its old start.

        Alertmanager ends an alert that Prometheus stops sending; when it hears again, the start is the old one. An old
        picture that is delivered late looks the same.
        """
        if self._reporter.verified:
            before = known or firing
            sources = tuple(dict.fromkeys((*firing.sources, *before.sources)))[:MOST_SOURCES]
            self._begin(replace(firing, refired_at=self.now, listed_by=before.listed_by, sources=sources))
            return
        self.doubts = True
        if known is None:
            known = replace(firing, ended_at=self.now, ended_by="alertmanager", sources=(), refired_at=None)
        if known.refired_at is None or firing.sources[0] not in known.sources or known.absent_since is not None:
            sources = tuple(dict.fromkeys((*known.sources, *firing.sources)))[:MOST_SOURCES]
            self._put(replace(known, refired_at=known.refired_at or self.now, sources=sources, absent_since=None))
            self._doubtful.setdefault(known.fingerprint, set()).add(known.identity)

    def _told_too(self, current: AlertFiring, source: Source) -> None:
        """Keep that somebody else says that the alert fires; of one that does, only the newest start counts."""
        others = tuple(one for one in current.sources if (one.url, one.receiver) != (source.url, source.receiver))
        same = next((one for one in current.sources if one not in others), None)
        if same is not None and float(same.started) >= float(source.started):
            return
        if len(others) >= MOST_SOURCES:
            return
        self._put(replace(current, sources=(*others, source)))
        # With the same start it is the same firing, whoever tells of it.
        if source.started != current.started and (part := self._part_at(current, current)) != current.part:
            self.fired.append(replace(current, part=part))

    def _part_at(self, current: AlertFiring | None, firing: AlertFiring) -> str:
        """Return the part of a firing that begins beside `current`, of an alert of the same labels.

        Where who tells is no peer of those that told of that, it is another installation, whatever its labels say.
        """
        if current is None or not current.sources or any(self._is_reporters(one) for one in current.sources):
            return firing.part
        at = f" at {min(self._reporter.own, default=self._reporter.url)}"
        return firing.part if firing.part.endswith(at) else f"{firing.part}{at}"

    def _is_reporters(self, source: Source) -> bool:
        return source.url == self._reporter.url or source.url in self._reporter.own

    def _begin(self, firing: AlertFiring) -> None:
        self._put(firing)
        self._open[firing.fingerprint] = firing.identity
        self.fired.append(firing)

    def _repeat(self, known: AlertFiring, seen: AlertFiring) -> None:
        part = known.part or seen.part
        current = replace(known, annotations=seen.annotations, generator_url=seen.generator_url, part=part)
        if current != known:
            self._put(current)
        self._told_too(current, seen.sources[0])

    def _supersede(self, firing: AlertFiring) -> tuple[Source, ...]:
        """End the open firing of an alert that has started anew: an alert fires once at a time.

        Return who says that it fires now: who tells of it, and everybody else who told of the one before.
        """
        identity = self._open.pop(firing.fingerprint, None)
        if identity is None:
            return firing.sources
        before = self.firings[identity]
        self._put(closed(before, self.now, "superseded"))
        others = (one for one in before.sources if one.url not in self._reporter.own)
        return (*firing.sources, *others)[:MOST_SOURCES]

    def _put(self, firing: AlertFiring) -> None:
        self.firings[firing.identity] = firing
        self.touched[firing.identity] = None


def count(number: int, more: int) -> str:
    """Return `2 alerts`, or `2 alerts and 5 more`."""
    text = f"{number} alert{'' if number == 1 else 's'}"
    return f"{text} and {more} more" if more else text
