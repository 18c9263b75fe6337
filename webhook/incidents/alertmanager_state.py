"""The law that decides when an incident ends and when its next step waits. Pure.

The law: an incident ends, and a step waits, only on positive knowledge about the incident's own alerts from the
Alertmanagers of these alerts.

No other module decides this. `delivery` asks this module what a delivered end or an alert with an old start means,
`steps` asks what follows from an answer, and `alertmanager_api` only fetches what the servers say. The following is not
positive knowledge:

- Absence. An alert that is not listed has ended only if the answering server has standing (`no_standing`). An
  Alertmanager that has just started, has lost its state, has lost its Prometheus or answers for another tenant also
  lists nothing.
- An answer of another server. An alert belongs to the Alertmanagers that reported it, by their external URL, and to
  their configured peers. If none of them is configured, the state of the alert is `Unknown`. There is one exception:
  any server that lists the alert with the same start shows that it fires.
- A single answer. Tocsin asks again about what is not listed, for a single alert as for a whole incident.
- A late delivery. If an alert that had ended is reported again with its old start, Tocsin asks Alertmanager first.

Lack of knowledge never holds back a page: on `Unknown` the step is taken, and the notification says why. The webhook
alone cannot know that an alert ended: if an alert is silenced while it fires and then ends, Alertmanager sends no
resolved notification (alertmanager#226; measured on 0.25 and 0.33).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import assert_never

from webhook.incidents.firing import AlertFiring, ReceivedAlert, Reporter, Source
from webhook.incidents.incident import Incident, Suppression, groups_left_out
from webhook.timestamps import span
from webhook.untrusted import one_line, plain_address

SETTLED_SECONDS = 300.0
"""Until an Alertmanager has been up for so long, it means nothing that it does not list an alert. After its start it
knows no alert until Prometheus sends that alert again. By default, Prometheus does so one minute
(`--rules.alert.resend-delay`) plus one evaluation interval after it last sent the alert."""
EVALUATION_SECONDS = 180.0
"""The longest evaluation interval that `SETTLED_SECONDS` allows for; `Known` states a longer one."""
CONFIRM_SECONDS = 120.0
"""If Alertmanager does not list an alert, Tocsin waits so long and asks again before it ends the alert. Several servers
may answer at one address, and one of them may just have lost its connection to Prometheus."""
VERIFY_SECONDS = 30.0
"""The same wait for an alert in doubt, which was reported again with its old start."""
PENDING_SECONDS = 3_600.0
"""The assumed `for` of an alert that is not in the catalogue, because its rule is not known."""
NOT_CONFIGURED = "TOCSIN_ALERTMANAGER_URL is not set"
NAMES_NOBODY = "what was delivered has no externalURL, so it is not known which Alertmanager to ask"

_SAME_START = 0.002
"""Seconds: two starts that differ by less are the same, because the API cuts starts to milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An alert that Alertmanager lists; `suppression` says why it notifies nobody, None if it would notify."""

    fingerprint: str
    labels: Mapping[str, str]
    suppression: Suppression | None
    starts_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An alert in one of Alertmanager's groups: the group's receiver, and whether a time interval mutes the group."""

    fingerprint: str
    receiver: str
    muted: bool


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """What one Alertmanager answered, or why it did not."""

    server: str
    """Its key: its name and the tenant it is asked as; another tenant of the same server has another key."""
    urls: frozenset[str]
    """The external URLs for which it speaks, in plain form."""
    any_url: bool = False
    """Whether its external URL is not configured: then it speaks for the firings that it lists, or once listed."""
    alerts: tuple[Listed, ...] | None = None
    """The alerts that it lists; None if it did not answer."""
    reason: str = ""
    """Why it did not answer, or did not say which Watchdogs it lists."""
    asked_by: Mapping[str, str] = field(default_factory=dict)
    """The labels by which the question filtered the answer: it lists no alert with other values."""
    is_one: bool = True
    """Whether a single server gave all of this, as far as Tocsin can find out; otherwise `started` is None."""
    up: float | None = None
    """For how many seconds it has been up, by its own clock; None if it was not asked or does not say."""
    started: float | None = None
    """When it started, in epoch seconds of its own clock. While this stays equal, it has not lost its state."""
    watchdogs: tuple[Listed, ...] = ()
    """The Watchdogs that it lists in the very answer in which the alerts are missing."""
    placed: tuple[Placed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A Watchdog that an Alertmanager delivered as firing and whose end it did not deliver."""

    url: str
    fingerprint: str
    starts_at: float


@dataclass(frozen=True, kw_only=True)
class Known:
    """What Tocsin knew about the Alertmanagers and rules before it asked."""

    watchdogs: tuple[Heard, ...] = ()
    pending_seconds: Mapping[str, float] = field(default_factory=dict)
    """The `for` of the alert rule in seconds, by alert name."""
    evaluation_seconds: float = EVALUATION_SECONDS
    """The longest evaluation interval of any rule, in seconds."""
    vouched: frozenset[tuple[str, float]] = frozenset()
    """The servers that once listed an alert that was delivered to Tocsin, each with the start time that it had then."""


Seen = tuple[tuple[str, str], str, float | None]
"""A firing's identity, the key of the server that lists it, and that server's start time by its own clock."""


@dataclass(frozen=True, kw_only=True)
class Active:
    """At least one alert of the incident fires and is not suppressed."""

    seen: frozenset[Seen] = field(default=frozenset(), compare=False)
    unlisted: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)
    """Identities of the firings that are absent by the same standard as in `Absent`."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Every alert of the incident that fires is suppressed; the other alerts have ended."""

    by: Suppression
    seen: frozenset[Seen] = field(default=frozenset(), compare=False)
    unlisted: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, kw_only=True)
class Absent:
    """None of the incident's alerts is listed by a server that would list it if it fired."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """The state could not be determined; `reason` says why, for people."""

    reason: str
    seen: frozenset[Seen] = field(default=frozenset(), compare=False)
    unlisted: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)


Answer = Active | Quiet | Absent | Unknown


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The incident is over; `how` says how that is known."""

    how: str


@dataclass(frozen=True, kw_only=True)
class Holds:
    """The step waits, because every alert that fires is suppressed."""

    by: Suppression


@dataclass(frozen=True, kw_only=True)
class GoesOn:
    """The step is taken; `unknown` says why it is not known whether the incident fires, None if it does fire."""

    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class AsksAgain:
    """Nothing follows yet; Alertmanager is asked again later."""


@dataclass(frozen=True, kw_only=True)
class FiresAgain:
    """These alerts fire again with their old start; `unknown` as in `GoesOn`."""

    firings: tuple[AlertFiring, ...]
    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class OldPicture:
    """The alerts in doubt do not fire, the report was outdated; `why` is empty if that is no news."""

    why: str = ""


Decision = Ends | Holds | GoesOn | AsksAgain
Verdict = FiresAgain | OldPicture | AsksAgain


def decide(answer: Answer, *, absent_since: float | None, now: float) -> Decision:
    """Return what follows from the answer.

    `absent_since` is the time of the first `Absent` answer since an alert batch last said that the incident fires. It
    makes no difference whether a person has resolved the incident: on `Unknown`, people are called about it again, just
    as any other step would be taken.
    """
    match answer:
        case Absent():
            if absent_since is None or now - absent_since < CONFIRM_SECONDS:
                return AsksAgain()
            apart = span(now - absent_since)
            missing = f"Alertmanager, asked twice {apart} apart, no longer lists any of its alerts"
            return Ends(how=f"{missing}; it never sent their end")
        case Quiet(by=by):
            return Holds(by=by)
        case Active():
            return GoesOn()
        case Unknown(reason=reason):
            return GoesOn(unknown=reason)
        case _:
            assert_never(answer)


def tells_that_it_fires(incident: Incident, alerts: Iterable[ReceivedAlert]) -> bool:
    """Return whether a batch reports a firing alert of the incident; if so, absence must be confirmed anew."""
    fingerprints = {firing.fingerprint for firing in (*incident.open_firings, *doubtful(incident))}
    return any(alert.firing and alert.fingerprint in fingerprints for alert in alerts)


def verified(
    incident: Incident, answer: Answer, now: float, over: Collection[tuple[str, str]] = frozenset()
) -> Verdict:
    """Return what the answer says about the alerts in doubt, which were reported again with their old start.

    The firings in `over` (from `followed`) do not fire, whatever the answer says about later firings of these alerts.
    Nobody is called for a suppressed alert. The alert stays in doubt while it is suppressed, because Alertmanager
    reports it after the suppression only when its repeat interval has passed (measured on 0.25 and 0.33).
    """
    doubts = tuple(firing for firing in doubtful(incident) if firing.identity not in over)
    if not doubts:
        return OldPicture(
            why="an alert that had ended was told again with its old start; it stands in another incident"
        )
    match answer:
        case Active(seen=seen) | Unknown(seen=seen):
            listed = {identity for identity, _, _ in seen}
            if isinstance(answer, Unknown) or not listed:
                return FiresAgain(firings=doubts, unknown=answer.reason if isinstance(answer, Unknown) else None)
            fires = tuple(firing for firing in doubts if firing.identity in listed)
            return FiresAgain(firings=fires) if fires else AsksAgain()
        case Quiet():
            return AsksAgain()
        case Absent():
            if any(now - _absent_from(firing, now) < VERIFY_SECONDS for firing in doubts):
                return AsksAgain()
            return OldPicture(
                why="an alert that had ended was told again with its old start; Alertmanager does not list it"
            )
        case _:
            assert_never(answer)


def followed(
    incident: Incident, elsewhere: Iterable[AlertFiring], peers: Callable[[str], AbstractSet[str] | None]
) -> frozenset[tuple[str, str]]:
    """Return the firings in doubt that another incident follows up.

    It does so if each Alertmanager that reported the firing has reported the same or a later firing of the alert there.
    An Alertmanager knows one firing of an alert at a time, and people are notified of it in the other incident. `peers`
    returns the external URLs of the cluster of a URL, or None if several clusters share the URL: then a report
    under that URL cannot be assigned to one of them.
    """
    sources: dict[str, list[Source]] = {}
    for firing in elsewhere:
        sources.setdefault(firing.fingerprint, []).extend(firing.sources)

    def is_followed(source: Source, fingerprint: str) -> bool:
        own = peers(source.url)
        urls = frozenset[str]() if own is None else own | {source.url}
        later = (report for report in sources.get(fingerprint, ()) if float(report.started) >= float(source.started))
        return any(report.url in urls for report in later)

    return frozenset(
        firing.identity
        for firing in doubtful(incident)
        if firing.sources and all(is_followed(source, firing.fingerprint) for source in firing.sources)
    )


def with_seen(incident: Incident, seen: Iterable[Seen]) -> tuple[Incident, tuple[AlertFiring, ...]]:
    """Return the incident with `listed_by` of its firings updated from `seen`, and the firings that this changes."""
    listed_by: dict[tuple[str, str], dict[str, float]] = {}
    for identity, server, started in seen:
        if started is not None:
            listed_by.setdefault(identity, {})[server] = started
    learned = (
        replace(firing, listed_by={**firing.listed_by, **listed_by.get(firing.identity, {})})
        for firing in incident.firings
    )
    changed = tuple(firing for firing, before in zip(learned, incident.firings, strict=True) if firing != before)
    by_identity = {firing.identity: firing for firing in (*incident.firings, *changed)}
    return replace(incident, firings=tuple(by_identity.values())) if changed else incident, changed


def with_absent(
    incident: Incident, answer: Answer, now: float
) -> tuple[Incident, tuple[AlertFiring, ...], frozenset[tuple[str, str]]]:
    """Return the incident with `absent_since` of open firings updated, the changed firings, and those that have ended.

    An alert ends by the same rule as the whole incident: two answers do not list it, and no alert batch in between says
    that it fires. If all alerts are absent and all are confirmed, no identity is returned, because the incident as a
    whole ends.
    """
    firings = incident.open_firings
    unlisted = {firing.identity for firing in firings} if isinstance(answer, Absent) else answer.unlisted
    marked = tuple(
        replace(firing, absent_since=_absent_from(firing, now) if firing.identity in unlisted else None)
        for firing in firings
    )
    before = {firing.identity: firing for firing in incident.firings}
    changed = tuple(firing for firing in marked if firing != before[firing.identity])
    confirmed = frozenset(firing.identity for firing in marked if now - _absent_from(firing, now) >= CONFIRM_SECONDS)
    if changed:
        incident = replace(
            incident, firings=tuple({**before, **{firing.identity: firing for firing in changed}}.values())
        )
    ends_whole = isinstance(answer, Absent) and len(confirmed) == len(firings)
    return incident, changed, frozenset() if ends_whole else confirmed


def with_doubts_absent(incident: Incident, answer: Answer, now: float) -> tuple[Incident, tuple[AlertFiring, ...]]:
    """Return the incident with `absent_since` of its firings in doubt updated, and the firings that this changes."""
    is_absent = isinstance(answer, Absent)
    marked = (
        replace(firing, absent_since=_absent_from(firing, now) if is_absent else None) for firing in doubtful(incident)
    )
    before = {firing.identity: firing for firing in incident.firings}
    changed = tuple(firing for firing in marked if firing != before[firing.identity])
    known = {**before, **{firing.identity: firing for firing in changed}}
    return replace(incident, firings=tuple(known.values())) if changed else incident, changed


def absent_since(incident: Incident) -> float | None:
    """Return since when all open firings have been absent, in epoch seconds; None if one of them is not absent."""
    times = [firing.absent_since for firing in incident.open_firings if firing.absent_since is not None]
    return max(times) if times and len(times) == len(incident.open_firings) else None


def _absent_from(firing: AlertFiring, now: float) -> float:
    return now if firing.absent_since is None else firing.absent_since


def is_over(incident: Incident) -> bool:
    """Return whether every alert of the incident is reported to have ended, with none left out and none in doubt."""
    return not incident.open_firings and not incident.truncated and not doubtful(incident)


def doubtful(incident: Incident) -> tuple[AlertFiring, ...]:
    """Return the firings in doubt: they had ended and were reported again with their old start."""
    return tuple(firing for firing in incident.firings if firing.ended_at is not None and firing.refired_at is not None)


def asked_about(incident: Incident) -> Incident:
    """Return the incident to ask about: reduced to its firings in doubt if there are any."""
    firings = tuple(replace(firing, ended_at=None, ended_by=None) for firing in doubtful(incident))
    return replace(incident, truncated=0, left_out=(), firings=firings) if firings else incident


def labels_to_ask_by(incident: Incident) -> dict[str, str]:
    """Return the group labels that all alerts to ask about share; Alertmanager filters its answer by them.

    Labels that differ are dropped: an alert that joined from another group, or was left out of another group's batch,
    need not have the labels of this group, and the filter would hide it.
    """
    asked = (
        *(firing.labels for firing in incident.open_firings),
        *(group.group_labels for group in groups_left_out(incident)),
    )
    return {
        name: value
        for name, value in incident.group_labels.items()
        if all(labels.get(name, "") == value for labels in asked)
    }


def names_to_ask_by(incident: Incident) -> frozenset[str] | None:
    """Return the names of the alerts to ask about, or None if one of the names is not known."""
    names = {firing.labels.get("alertname", "") for firing in incident.open_firings}
    if incident.truncated or not names:
        names |= {labels.get("alertname", "") for labels in _groups_to_ask_about(incident)}
    return None if "" in names else frozenset(names)


def still_told(firing: AlertFiring, ended: ReceivedAlert, reporter: Reporter) -> tuple[Source, ...] | None:
    """Return the sources that still report the firing after a delivered end, or None if that end is outdated.

    The end removes the sources of the reporter and its peers. It does not remove another Alertmanager, even one that
    reported the same start: two Prometheus servers that load a rule from the same path evaluate it at the same moment
    of their interval (measured). If no Alertmanager can be asked, the same start counts as the same firing, because
    peers then report it under their own URLs.
    """
    if firing.started != ended.started and firing.starts_at > ended.ends_at:
        return None
    if firing.refired_at is not None and ended.ends_at < firing.refired_at:
        return None
    same_start = ended.started if ended.starts_at > 0 and not (reporter.can_be_asked and reporter.own) else None
    return tuple(source for source in firing.sources if source.started != same_start and source.url not in reporter.own)


def classify(incident: Incident, testimonies: Sequence[Testimony], known: Known, now: float) -> Answer:
    """Return what the Alertmanagers say about the incident.

    An alert belongs to the incident by its fingerprint. If Alertmanager left alerts out of a batch, their fingerprints
    are not known. Then every listed alert with the labels of the group counts, because an alert that was never
    delivered must not be taken for resolved.
    """
    answers = [_of_firing(firing, incident, testimonies, known, now) for firing in incident.open_firings]
    pairs = zip(incident.open_firings, answers, strict=True)
    unlisted = frozenset(firing.identity for firing, answer in pairs if isinstance(answer, Absent))
    if incident.truncated or not answers:
        answers += [
            _of_left_out(incident, labels, testimonies, known, now) for labels in _groups_to_ask_about(incident)
        ]
    seen = frozenset(sighting for answer in answers if not isinstance(answer, Absent) for sighting in answer.seen)
    if any(isinstance(answer, Active) for answer in answers):
        return Active(seen=seen, unlisted=unlisted)
    for answer in answers:
        if isinstance(answer, Unknown):
            return replace(answer, seen=seen, unlisted=unlisted)
    quiet = next((answer for answer in answers if isinstance(answer, Quiet)), None)
    return Absent() if quiet is None else replace(quiet, seen=seen, unlisted=unlisted)


def urls_of(incident: Incident) -> tuple[str, ...]:
    """Return the external URLs of the Alertmanagers that report that alerts of the incident fire, sorted."""
    urls = {source.url for firing in incident.open_firings for source in firing.sources}
    return tuple(sorted((urls or {plain_address(incident.external_url)}) - {""}))


def no_standing(
    server: Testimony, incident: Incident, firings: Iterable[AlertFiring], known: Known, now: float
) -> str | None:
    """Return why it means nothing that the server does not list these firings, or None if it means that they ended.

    The server has standing if it has been up for a while and lists each Watchdog that it delivered. If it delivered
    none, it has standing in two cases. Either it has not restarted since it listed each of these firings. Or it has not
    restarted since it listed any delivered alert, and has been up for longer than the incident and these firings have
    existed.
    """
    if server.up is None:
        return "it does not say how long it has been up"
    if server.up < SETTLED_SECONDS + _excess_seconds(known):
        return f"it has been up for only {max(0, round(server.up))} s and may not know of it yet"
    concerned = tuple(firings)
    urls = (
        server.urls | {source.url for firing in concerned for source in firing.sources}
        if server.any_url
        else server.urls
    )
    awaited = [heard for heard in known.watchdogs if heard.url in urls]
    starts = [_began_at(firing, urls) for firing in concerned]
    if awaited:
        pending = (
            _may_be_pending(firing, start, awaited, known, now) for firing, start in zip(concerned, starts, strict=True)
        )
        return _not_proved_by_watchdogs(server, awaited, is_pending=any(pending))
    if concerned and all(_has_listed(server, firing) for firing in concerned):
        return None
    vouched = server.started is not None and (server.server, server.started) in known.vouched
    if vouched and server.up > now - min([incident.opened_at, *(start for start in starts if start > 0)]):
        return None
    several_servers = "several servers may answer at its address, and which of them lists nothing of it is not known"
    return "it lists nothing of it, and has not since it was started" if server.is_one else several_servers


def _not_proved_by_watchdogs(server: Testimony, awaited: Sequence[Heard], *, is_pending: bool) -> str | None:
    """Return why the Watchdogs do not prove the end of what the server does not list, or None if they do."""
    if not all(
        any(_is_same_firing(watchdog, heard.fingerprint, heard.starts_at) for watchdog in server.watchdogs)
        for heard in awaited
    ):
        if len({(heard.url, heard.fingerprint) for heard in awaited}) < len(awaited):
            return "it lists nothing of it, and two Watchdogs with the same labels were delivered with its external URL"
        return server.reason or "it lists nothing of it, but does not list its Watchdog either"
    if is_pending:
        return "it lists nothing of it, but its Prometheus was started anew and may not know of it yet"
    return None


def _began_at(firing: AlertFiring, urls: Collection[str]) -> float:
    """Return when the alert began as reported under these URLs: the start of the firing may be another cluster's."""
    return min((float(source.started) for source in firing.sources if source.url in urls), default=firing.starts_at)


def _may_be_pending(firing: AlertFiring, began: float, awaited: Sequence[Heard], known: Known, now: float) -> bool:
    """Return whether a Prometheus that started after the alert began may hold the alert as pending, not firing."""
    started = max(heard.starts_at for heard in awaited)
    pending = known.pending_seconds.get(firing.labels.get("alertname", ""), PENDING_SECONDS)
    # A rule with a long evaluation interval becomes pending late, and fires at the first evaluation after its `for`.
    return started > began and now - started < SETTLED_SECONDS + pending + 2 * _excess_seconds(known)


def _excess_seconds(known: Known) -> float:
    """Return by how many seconds the longest evaluation interval exceeds what `SETTLED_SECONDS` allows for."""
    return max(0.0, known.evaluation_seconds - EVALUATION_SECONDS)


def _of_firing(
    firing: AlertFiring, incident: Incident, testimonies: Sequence[Testimony], known: Known, now: float
) -> Answer:
    """Return what is known of one alert; it has ended only if each Alertmanager that reported it says so."""
    reporters = dict.fromkeys(_reporters(firing, incident))
    answers = [_of_source(firing, reporter, incident, testimonies, known, now) for reporter in reporters]
    # Any server that lists the alert with the same start knows this firing, whichever URL reported it.
    answers += [
        _fires(firing, server, [alert])
        for server in testimonies
        for alert in server.alerts or ()
        if alert.fingerprint == firing.fingerprint and alert.suppression is None and _has_start(alert, firing.starts_at)
    ]
    precedence = (Active, Unknown, Quiet, Absent)
    return min(answers, key=lambda answer: precedence.index(type(answer)))


def _of_source(  # noqa: PLR0913, PLR0917  what is known, by name
    firing: AlertFiring,
    reporter: tuple[str, bool],
    incident: Incident,
    testimonies: Sequence[Testimony],
    known: Known,
    now: float,
) -> Answer:
    url, same_start = reporter
    # A server without a configured URL speaks for this firing if it knows it, but not for one with another start.
    own_servers = [
        server
        for server in testimonies
        if url in server.urls or (server.any_url and same_start and _knows(server, firing))
    ]
    if not own_servers:
        return Unknown(reason=_nobody_to_ask(url, testimonies))
    for server in own_servers:
        listed = [alert for alert in server.alerts or () if alert.fingerprint == firing.fingerprint]
        if any(_suppression(alert, firing, server) is None for alert in listed):
            return _fires(firing, server, listed)
    for server in own_servers:
        listed = [alert for alert in server.alerts or () if alert.fingerprint == firing.fingerprint]
        if listed:
            return _fires(firing, server, listed)
    return _unlisted(own_servers, incident, [firing], known, now, asked=[firing])


def _of_left_out(
    incident: Incident, group_labels: Mapping[str, str], testimonies: Sequence[Testimony], known: Known, now: float
) -> Answer:
    """Return what is known of the alerts of a group that were left out of its alert batches."""
    urls = dict.fromkeys(urls_of(incident)) or {plain_address(incident.external_url): None}
    answers: list[Answer] = []
    for url in urls:
        may_know = [server for server in testimonies if url in server.urls or server.any_url]
        own_servers = [
            server
            for server in may_know
            if url in server.urls or any(_knows(server, firing) for firing in incident.firings)
        ]
        listed = [alert for server in may_know for alert in server.alerts or () if _of_group(alert, group_labels)]
        if not listed:
            # The alerts left out have all group labels, so no filter by group labels hides them.
            absence = _unlisted(own_servers, incident, incident.firings, known, now, asked=()) if own_servers else None
            answers.append(absence or Unknown(reason=_nobody_to_ask(url, testimonies)))
        else:
            first = listed[0].suppression
            answers.append(
                Active() if first is None or any(alert.suppression is None for alert in listed) else Quiet(by=first)
            )
    precedence = (Active, Unknown, Quiet, Absent)
    return min(answers, key=lambda answer: precedence.index(type(answer)))


def _unlisted(  # noqa: PLR0913  what is known, by name
    servers: Sequence[Testimony],
    incident: Incident,
    firings: Sequence[AlertFiring],
    known: Known,
    now: float,
    *,
    asked: Sequence[AlertFiring],
) -> Answer:
    """Return what it means that none of these servers lists the alerts; one server with standing is enough.

    `asked` are the firings that the server's question must have covered.
    """
    reasons: list[str] = []
    for server in servers:
        reason = server.reason if server.alerts is None else _not_asked_about(server, asked)
        reason = reason if server.alerts is None else reason or no_standing(server, incident, firings, known, now)
        if reason is None:
            return Absent()
        reasons.append(reason)
    return Unknown(reason=reasons[0])


def _not_asked_about(server: Testimony, firings: Iterable[AlertFiring]) -> str | None:
    """Return a reason if the question's label filter excludes one of these firings, or None if it covers all."""
    for firing in firings:
        if any(firing.labels.get(name, "") != value for name, value in server.asked_by.items()):
            return "it was asked by labels that the alert does not have"
    return None


def _fires(firing: AlertFiring, server: Testimony, listed: Sequence[Listed]) -> Answer:
    reasons = [_suppression(alert, firing, server) for alert in listed]
    first = reasons[0]
    seen = frozenset({(firing.identity, server.server, server.started)})
    return Active(seen=seen) if first is None or None in reasons else Quiet(by=first, seen=seen)


def _suppression(alert: Listed, firing: AlertFiring, server: Testimony) -> Suppression | None:
    """Return why the alert is suppressed, or None; it is muted if each of its groups for our receivers is muted."""
    if alert.suppression is not None:
        return alert.suppression
    receivers = {source.receiver for source in firing.sources}
    placements = [
        placement
        for placement in server.placed
        if placement.fingerprint == alert.fingerprint and placement.receiver in receivers
    ]
    return "muted" if placements and all(placement.muted for placement in placements) else None


def _knows(server: Testimony, firing: AlertFiring) -> bool:
    """Return whether the server lists, or once listed, this very firing: then the firing is one of its own."""
    listed = any(_is_same_firing(alert, firing.fingerprint, firing.starts_at) for alert in server.alerts or ())
    return listed or server.server in firing.listed_by


def _has_listed(server: Testimony, firing: AlertFiring) -> bool:
    return server.started is not None and firing.listed_by.get(server.server) == server.started


def _reporters(firing: AlertFiring, incident: Incident) -> Iterator[tuple[str, bool]]:
    """Yield the external URL of each source, and whether it reported the firing's exact start."""
    yield from ((source.url, source.started == firing.started) for source in firing.sources)
    if not firing.sources:
        yield plain_address(incident.external_url), True


def _nobody_to_ask(url: str, testimonies: Sequence[Testimony]) -> str:
    for server in testimonies:
        # The alert may belong to this server, but only its answer could say so.
        if server.any_url and server.alerts is None:
            return server.reason
    return f"{one_line(url, 200)} is not among the Alertmanagers that are configured" if url else NAMES_NOBODY


def _is_same_firing(alert: Listed, fingerprint: str, starts_at: float) -> bool:
    return alert.fingerprint == fingerprint and _has_start(alert, starts_at)


def _has_start(alert: Listed, starts_at: float) -> bool:
    return alert.starts_at is not None and abs(alert.starts_at - starts_at) < _SAME_START


def _groups_to_ask_about(incident: Incident) -> tuple[Mapping[str, str], ...]:
    """Return the labels of the groups to ask about as a whole: those with alerts left out, else the incident's own."""
    return tuple(group.group_labels for group in groups_left_out(incident)) or (incident.group_labels,)


def _of_group(alert: Listed, group_labels: Mapping[str, str]) -> bool:
    return all(alert.labels.get(name, "") == value for name, value in group_labels.items())
