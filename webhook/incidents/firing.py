"""One firing of one alert, and what an alert batch changes about the firings of an incident. Pure.

`incident` holds the firings; `delivery` decides from `Changes` what becomes of the incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from webhook.catalog.model import Match
from webhook.severity import Severity, rank

EndedBy = Literal["alertmanager", "person", "superseded"]


MOST_SOURCES = 256
"""At most so many sources (Alertmanager and receiver) are kept for one alert, because anybody may post URLs."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One report that an alert fires: the Alertmanager's plain external URL, the receiver, and the alert's start."""

    url: str
    receiver: str
    started: str


@dataclass(frozen=True, kw_only=True)
class AlertFiring:
    """One firing of one alert. Times are epoch seconds; `started` is the exact start and part of the identity."""

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
    """What the alert is about, as `Match.part`; empty if an earlier version wrote the firing."""
    ended_at: float | None = None
    ended_by: EndedBy | None = None
    sources: tuple[Source, ...] = ()
    """The Alertmanagers and receivers that still report that it fires."""
    listed_by: Mapping[str, float] = field(default_factory=dict)
    """By Alertmanager key: the start time (epoch seconds) of each Alertmanager when it listed this firing."""
    refired_at: float | None = None
    """When it was reported again with its old start after it had ended; older ends are ignored."""
    absent_since: float | None = None
    """Since when Alertmanager's answers say that it has ended: the time of the first answer in an unbroken row of such
    answers. An alert batch that reports that it fires breaks the row. Other alerts of the incident may be listed
    meanwhile."""

    @property
    def identity(self) -> tuple[str, str]:
        """Fingerprint and exact start: alerts that share both are the same firing."""
        return self.fingerprint, self.started


@dataclass(frozen=True, kw_only=True)
class ReceivedAlert:
    """One alert of an alert batch, with what the catalogue says about it."""

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
    """Return the firings sorted: most severe first, then oldest, then by fingerprint, so that the order is total."""
    return tuple(sorted(firings, key=lambda firing: (-rank(firing.severity), firing.starts_at, firing.fingerprint)))


def firing_of(alert: ReceivedAlert) -> AlertFiring:
    """Return the firing that a received firing alert begins or repeats."""
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
    """Return the firing ended at `at` (epoch seconds), without sources and no longer in doubt."""
    return replace(firing, ended_at=at, ended_by=by, sources=(), refired_at=None, absent_since=None)


def received_alert_of(firing: AlertFiring) -> ReceivedAlert:
    """Return the firing as a received alert that fires."""
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
    """The Alertmanager that delivers: its plain external URL, its receiver, and the URLs for which it speaks."""

    url: str
    receiver: str
    own: frozenset[str]
    """Its external URL and those of its peers; empty if other clusters use its external URL too."""
    can_be_asked: bool = False
    """Whether any Alertmanager is configured."""
    verified: bool = False
    """Whether an alert that is reported with an old start does fire: Alertmanager was asked, or nobody can be asked."""
    ended_before: frozenset[tuple[str, str]] = frozenset()
    """Firings that ended in other incidents."""

    def source(self, alert: ReceivedAlert) -> Source:
        """Return this reporter as a source of the firing alert."""
        return Source(url=self.url, receiver=self.receiver, started=alert.started)


StillTold = Callable[[AlertFiring, ReceivedAlert, Reporter], tuple[Source, ...] | None]
"""Returns who still reports the firing after a delivered end, None if that end is outdated (`alertmanager_state`)."""


@dataclass(frozen=True, kw_only=True)
class News:
    """The most severe alert that is news, and in which respect the news is new."""

    firing: AlertFiring
    more_severe: bool
    """Whether a severity above all earlier ones of the incident began to fire."""
    only_parts: bool
    """Whether the news is only another part of the same trouble: no other runbook section, no more severe alert."""


class Changes:
    """What one alert batch changes about the firings of an incident."""

    def __init__(self, known: Iterable[AlertFiring], now: float, reporter: Reporter, still_told: StillTold) -> None:
        self.now = now
        self.doubts = False
        """Whether the batch leaves something in doubt that Alertmanager has to be asked about."""
        self._reporter = reporter
        self._still_told = still_told
        self.firings = {firing.identity: firing for firing in known}
        self.touched: dict[tuple[str, str], None] = {}
        self.fired: list[AlertFiring] = []
        self.ended = 0
        self._kinds = {firing.kind for firing in self.firings.values()}
        self._rank_by_part: dict[str, int] = {}
        for firing in self.firings.values():
            self._rank_by_part[firing.part] = max(rank(firing.severity), self._rank_by_part.get(firing.part, -1))
        self._highest_rank = max(self._rank_by_part.values(), default=-1)
        self._open_by_fingerprint = {
            firing.fingerprint: firing.identity for firing in self.firings.values() if firing.ended_at is None
        }
        self._doubtful: dict[str, set[tuple[str, str]]] = {}
        for firing in self.firings.values():
            if firing.ended_at is not None and firing.refired_at is not None:
                self._doubtful.setdefault(firing.fingerprint, set()).add(firing.identity)

    def fires(self, alert: ReceivedAlert) -> None:
        """Apply a firing alert: it repeats a firing, fires again with its old start, or begins a new firing."""
        self._settle_earlier(alert)
        firing = replace(firing_of(alert), sources=(self._reporter.source(alert),))
        current = self.firings.get(self._open_by_fingerprint.get(firing.fingerprint, ("", "")))
        if current is not None and current.absent_since is not None:
            current = replace(current, absent_since=None)
            self._put(current)
        known = self.firings.get(firing.identity)
        if known is not None and known.ended_at is None:
            self._repeat(known, firing)
        elif current is not None and (known is not None or firing.starts_at <= current.starts_at):
            # Another Alertmanager's firing of an alert with the same labels, or an outdated report of this one.
            self._add_source(current, firing.sources[0])
        elif self._is_new(known, firing):
            part = self._part_with_installation(current, firing)
            self._begin(replace(firing, part=part, sources=self._supersede(firing)))
        else:
            self._fires_again(known, firing)

    def ends(self, alert: ReceivedAlert) -> None:
        """Apply a resolved alert: it ends the open firing of its fingerprint unless that firing began after the end."""
        self._settle_earlier(alert)
        self._remember_end(alert)
        identity = self._open_by_fingerprint.get(alert.fingerprint)
        if identity is None:
            return
        firing = self.firings[identity]
        sources = self._still_told(firing, alert, self._reporter)
        if sources is None and firing.started == alert.started:
            # The firing was reported again since. Only Alertmanager knows whether the end or that report came late.
            self.doubts = True
            ended_at = min(alert.ends_at, self.now)
            self._put(replace(firing, ended_at=ended_at, ended_by="alertmanager", absent_since=None))
            del self._open_by_fingerprint[alert.fingerprint]
            return
        if sources is None:
            # The firing began after this end. Drop the sources that reported only the earlier, ended firing.
            sources = tuple(source for source in firing.sources if not self._is_outdated(source, alert))
            if sources == firing.sources:
                return
        if sources:
            self.doubts = True
            if sources != firing.sources:
                self._put(replace(firing, sources=sources))
            return
        ended_at = alert.ends_at if firing.starts_at <= alert.ends_at <= self.now else self.now
        self._put(closed(firing, ended_at, "alertmanager"))
        del self._open_by_fingerprint[alert.fingerprint]
        self.ended += 1

    def _remember_end(self, alert: ReceivedAlert) -> None:
        """Record the end of a firing that was never received, if an earlier firing of the alert was received.

        Without this record, that firing would count as new if it is reported later with its old start. Then a late copy
        of this end would end it.
        """
        earlier_firings = [earlier for earlier in self.firings.values() if earlier.fingerprint == alert.fingerprint]
        firing = firing_of(alert)
        if earlier_firings and all(float(earlier.started) < float(alert.started) for earlier in earlier_firings):
            firing = replace(firing, part=self._part_with_installation(earlier_firings[-1], firing))
            self._put(closed(firing, min(alert.ends_at, self.now), "alertmanager"))

    def _settle_earlier(self, alert: ReceivedAlert) -> None:
        """Drop the reporter from the sources of earlier firings in doubt.

        An Alertmanager knows one firing of an alert at a time, so its reports of earlier firings were outdated.
        """
        for identity in sorted(self._doubtful.get(alert.fingerprint, ())):
            firing = self.firings[identity]
            if float(firing.started) >= float(alert.started):
                continue
            sources = tuple(source for source in firing.sources if not self._is_outdated(source, alert))
            if sources != firing.sources:
                reduced = replace(firing, sources=sources)
                self._put(reduced if sources else replace(reduced, refired_at=None, absent_since=None))

    def _is_outdated(self, source: Source, alert: ReceivedAlert) -> bool:
        return source.url in self._reporter.own and float(source.started) <= float(alert.started)

    def news(self) -> News | None:
        """Return the news of the batch, or None.

        News is another runbook section, a severity above all earlier ones, or a component, system or installation that
        has not fired in this incident or was less severe. An Alertmanager that is no peer of those that reported an
        alert belongs to another installation.
        """
        more_severe = [firing for firing in self.fired if rank(firing.severity) > self._highest_rank]
        kinds = [firing for firing in self.fired if firing.kind not in self._kinds]
        parts = [firing for firing in self.fired if rank(firing.severity) > self._rank_by_part.get(firing.part, -1)]
        lead = next(iter(in_order(more_severe or kinds or parts)), None)
        if lead is None:
            return None
        return News(firing=lead, more_severe=bool(more_severe), only_parts=not more_severe and not kinds)

    @property
    def changed(self) -> tuple[AlertFiring, ...]:
        """The firings that the batch changed, in the order in which they changed first."""
        return tuple(self.firings[identity] for identity in self.touched)

    def detail(self, truncated: int) -> str:
        """Return what changed, in words, for the timeline."""
        parts = [f"{count(len(self.fired), 0)} joined"] if self.fired else []
        parts += [f"{count(self.ended, 0)} resolved"] if self.ended else []
        parts += [f"{truncated} more not listed by Alertmanager"] if truncated else []
        return ", ".join(parts) or "all alerts are listed again"

    def _is_new(self, known: AlertFiring | None, firing: AlertFiring) -> bool:
        """Return whether Alertmanager has not ended this firing before; an end by a person does not count."""
        if known is not None:
            return known.ended_by == "person"
        return firing.identity not in self._reporter.ended_before or self._reporter.verified

    def _fires_again(self, known: AlertFiring | None, firing: AlertFiring) -> None:
        """Apply an alert that had ended and is reported again with its old start.

        Alertmanager ends an alert that Prometheus stops sending. When Prometheus sends it again, Alertmanager reports
        it with the old start. An outdated alert batch that is delivered late looks the same.
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

    def _add_source(self, current: AlertFiring, source: Source) -> None:
        """Add `source` to the firing's sources; of each Alertmanager and receiver only the newest start counts."""
        others = tuple(
            known for known in current.sources if (known.url, known.receiver) != (source.url, source.receiver)
        )
        earlier_report = next((known for known in current.sources if known not in others), None)
        if earlier_report is not None and float(earlier_report.started) >= float(source.started):
            return
        if len(others) >= MOST_SOURCES:
            return
        self._put(replace(current, sources=(*others, source)))
        # A report with the same start is about the same firing, whichever Alertmanager sends it.
        if (
            source.started != current.started
            and (part := self._part_with_installation(current, current)) != current.part
        ):
            self.fired.append(replace(current, part=part))

    def _part_with_installation(self, current: AlertFiring | None, firing: AlertFiring) -> str:
        """Return the part of `firing`; `current` is the open firing of an alert with the same labels, if there is one.

        If the reporter is no peer of the sources of `current`, the alert belongs to another installation, and the part
        names that installation.
        """
        if current is None or not current.sources or any(self._is_of_reporter(source) for source in current.sources):
            return firing.part
        suffix = f" at {min(self._reporter.own, default=self._reporter.url)}"
        return firing.part if firing.part.endswith(suffix) else f"{firing.part}{suffix}"

    def _is_of_reporter(self, source: Source) -> bool:
        return source.url == self._reporter.url or source.url in self._reporter.own

    def _begin(self, firing: AlertFiring) -> None:
        self._put(firing)
        self._open_by_fingerprint[firing.fingerprint] = firing.identity
        self.fired.append(firing)

    def _repeat(self, known: AlertFiring, repeated: AlertFiring) -> None:
        part = known.part or repeated.part
        current = replace(known, annotations=repeated.annotations, generator_url=repeated.generator_url, part=part)
        if current != known:
            self._put(current)
        self._add_source(current, repeated.sources[0])

    def _supersede(self, firing: AlertFiring) -> tuple[Source, ...]:
        """End the open firing of an alert that has started anew, because an alert has one firing at a time.

        Return the sources of the new firing: the reporter, and those of the earlier firing that are not its peers.
        """
        identity = self._open_by_fingerprint.pop(firing.fingerprint, None)
        if identity is None:
            return firing.sources
        before = self.firings[identity]
        self._put(closed(before, self.now, "superseded"))
        others = (source for source in before.sources if source.url not in self._reporter.own)
        return (*firing.sources, *others)[:MOST_SOURCES]

    def _put(self, firing: AlertFiring) -> None:
        self.firings[firing.identity] = firing
        self.touched[firing.identity] = None


def count(number: int, more: int) -> str:
    """Return the number of alerts in words: `2 alerts`, or `2 alerts and 5 more`."""
    text = f"{number} alert{'' if number == 1 else 's'}"
    return f"{text} and {more} more" if more else text
