"""The law of ends and holds; pure.

No incident ends, and no step is held, on anything less than positive knowledge about its own alerts from their own
Alertmanager.

Nothing else decides either. `delivery` asks here what a delivered end or an old firing is worth, `steps` what follows
from an answer; `alertmanager_api` only brings what the servers say. What is not positive knowledge:

- Absence. An alert that is not listed has ended only if the answer has standing (`no_standing`): an Alertmanager that
  has just started, has lost its state, has lost its Prometheus or answers for another tenant lists nothing either.
- The word of another server. An alert belongs to the Alertmanagers that told of it, by their external URL, and to their
  configured peers; one whose Alertmanager is not configured is `Unknown`. That an alert fires anybody may say who lists
  it with the same start.
- One answer. What is not listed is asked about again, an alert by itself as an incident as a whole.
- A delivery that comes late. An alert that had ended and is told with its old start is asked about first.

Not knowing never keeps a page back: on `Unknown` the step is taken, and the message says why. The webhook alone does
not know: an alert that is silenced while it fires and then ends sends no resolved notification (alertmanager#226;
measured on 0.25 and 0.33).
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
"""An Alertmanager that has just started knows of no alert until Prometheus tells it again: a minute after the last time
by default (`--rules.alert.resend-delay`), and an evaluation interval on top. Before this its silence says nothing."""
EVALUATION_SECONDS = 180.0
"""The longest evaluation interval that `SETTLED_SECONDS` allows for; what is longer has to be said (`Known`)."""
CONFIRM_SECONDS = 120.0
"""How long after Alertmanager first does not list an alert it is asked again, before that is believed: behind one
address there may be several of it, and one of them may just have lost touch with Prometheus."""
VERIFY_SECONDS = 30.0
"""How long after Alertmanager first does not list an alert that is told with its old start it is asked again."""
PENDING_SECONDS = 3_600.0
"""For so long an alert that nobody compiled may be pending: what its rule says is not known."""
NOT_CONFIGURED = "TOCSIN_ALERTMANAGER_URL is not set"
NAMES_NOBODY = "what was delivered has no externalURL, so it is not known which Alertmanager to ask"

_SAME_START = 0.002
"""Seconds: the API gives starts in milliseconds, cut."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An alert that Alertmanager lists; `suppression` says why it tells nobody of it, None when it would."""

    fingerprint: str
    labels: Mapping[str, str]
    suppression: Suppression | None
    starts_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An alert as one group of Alertmanager's has it: for which receiver, and whether a time interval mutes it."""

    fingerprint: str
    receiver: str
    muted: bool


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """What one Alertmanager says."""

    server: str
    """Its key: the name and whom it is asked as; another tenant of the same server is another one."""
    urls: frozenset[str]
    """The external URLs it speaks for, in plain form."""
    any_url: bool = False
    """Nobody has said what its external URL is: it speaks for the alerts that it lists, or listed, with their start."""
    alerts: tuple[Listed, ...] | None = None
    """None when it has not answered."""
    reason: str = ""
    """Why it has not, or has not said which Watchdogs it lists."""
    asked_by: Mapping[str, str] = field(default_factory=dict)
    """The labels that it was asked by: it need not list an alert that has others."""
    is_one: bool = True
    """Whether one server has given all of this, as far as can be found out; else `started` is None."""
    up: float | None = None
    """For how many seconds it has been up, by its own clock; None when it was not asked or does not say."""
    started: float | None = None
    """When it started, by its own clock: equal for as long as it has not lost what it knew."""
    watchdogs: tuple[Listed, ...] = ()
    """Those of the very answer in which the alerts are not listed."""
    placed: tuple[Placed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A Watchdog that an Alertmanager has delivered and not ended."""

    url: str
    fingerprint: str
    starts_at: float


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the Alertmanagers from before."""

    watchdogs: tuple[Heard, ...] = ()
    pending_seconds: Mapping[str, float] = field(default_factory=dict)
    """For how long the condition of an alert of this name holds before it fires."""
    evaluation_seconds: float = EVALUATION_SECONDS
    """How seldom Prometheus evaluates its slowest rules."""
    vouched: frozenset[tuple[str, float]] = frozenset()
    """The servers that have ever listed an alert that was delivered to us, and when each had started by then."""


Seen = tuple[tuple[str, str], str, float | None]
"""A firing's identity, the server that lists it, and since when that is up by its own clock."""


@dataclass(frozen=True, kw_only=True)
class Active:
    """At least one alert of the incident fires and nobody has silenced it."""

    seen: frozenset[Seen] = field(default=frozenset(), compare=False)
    unlisted: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)
    """The firings, by their identity, of which it is as positive that they have ended as where all have."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Alerts of the incident fire, every one of them is suppressed, and the others have ended."""

    by: Suppression
    seen: frozenset[Seen] = field(default=frozenset(), compare=False)
    unlisted: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, kw_only=True)
class Absent:
    """None of the incident's alerts is listed by those who would."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """It could not be found out; `reason` says why, for people."""

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
    """The step waits, because Alertmanager tells nobody of any alert that fires."""

    by: Suppression


@dataclass(frozen=True, kw_only=True)
class GoesOn:
    """The step is taken; `unknown` says why nobody knows whether it still fires, None when it does."""

    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class AsksAgain:
    """Nothing follows yet."""


@dataclass(frozen=True, kw_only=True)
class FiresAgain:
    """These alerts fire again with their old start; `unknown` as in `GoesOn`."""

    firings: tuple[AlertFiring, ...]
    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class OldPicture:
    """What was told again does not fire; `why` is empty where it is not news."""

    why: str = ""


Decision = Ends | Holds | GoesOn | AsksAgain
Verdict = FiresAgain | OldPicture | AsksAgain


def decide(answer: Answer, *, absent_since: float | None, now: float) -> Decision:
    """Return what follows from the answer.

    `absent_since` is when it was first `Absent`, of answers between which nobody has told that it fires. A person's
    resolve changes nothing: on `Unknown` the incident is told again, as any other step is taken.
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
    """Return whether a delivery says that an alert of the incident fires: an absence before it is confirmed anew."""
    fingerprints = {firing.fingerprint for firing in (*incident.open_firings, *doubtful(incident))}
    return any(alert.firing and alert.fingerprint in fingerprints for alert in alerts)


def verified(
    incident: Incident, answer: Answer, now: float, over: Collection[tuple[str, str]] = frozenset()
) -> Verdict:
    """Return what the answer says of alerts that had ended and have been told again with their old start.

    Those in `over` (`followed`) do not fire, whatever the answer says of later firings of them.
    Nobody is called for an alert that is suppressed. It stays in doubt for as long: when it no longer is suppressed
    Alertmanager tells of it only after its repeat interval (measured on 0.25 and 0.33).
    """
    told = tuple(one for one in doubtful(incident) if one.identity not in over)
    if not told:
        return OldPicture(
            why="an alert that had ended was told again with its old start; it stands in another incident"
        )
    match answer:
        case Active(seen=seen) | Unknown(seen=seen):
            listed = {identity for identity, _, _ in seen}
            if isinstance(answer, Unknown) or not listed:
                return FiresAgain(firings=told, unknown=answer.reason if isinstance(answer, Unknown) else None)
            fires = tuple(one for one in told if one.identity in listed)
            return FiresAgain(firings=fires) if fires else AsksAgain()
        case Quiet():
            return AsksAgain()
        case Absent():
            if any(now - _since(one, now) < VERIFY_SECONDS for one in told):
                return AsksAgain()
            return OldPicture(
                why="an alert that had ended was told again with its old start; Alertmanager does not list it"
            )
        case _:
            assert_never(answer)


def followed(
    incident: Incident, elsewhere: Iterable[AlertFiring], peers: Callable[[str], AbstractSet[str] | None]
) -> frozenset[tuple[str, str]]:
    """Return those of the alerts in doubt whose firing, or a later one, each Alertmanager has told in another incident.

    An Alertmanager knows one firing of an alert, and people are told of it there. `peers` gives the external URLs of
    its cluster, None where others have its own too: then its word is not known to be its own.
    """
    found: dict[str, list[Source]] = {}
    for firing in elsewhere:
        found.setdefault(firing.fingerprint, []).extend(firing.sources)

    def is_followed(source: Source, fingerprint: str) -> bool:
        own = peers(source.url)
        urls = frozenset[str]() if own is None else own | {source.url}
        later = (one for one in found.get(fingerprint, ()) if float(one.started) >= float(source.started))
        return any(one.url in urls for one in later)

    return frozenset(
        one.identity
        for one in doubtful(incident)
        if one.sources and all(is_followed(source, one.fingerprint) for source in one.sources)
    )


def with_seen(incident: Incident, seen: Iterable[Seen]) -> tuple[Incident, tuple[AlertFiring, ...]]:
    """Return the incident with what was learned about who lists its alerts, and the firings that this changes."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for identity, server, started in seen:
        if started is not None:
            found.setdefault(identity, {})[server] = started
    learned = (replace(one, listed_by={**one.listed_by, **found.get(one.identity, {})}) for one in incident.firings)
    changed = tuple(one for one, before in zip(learned, incident.firings, strict=True) if one != before)
    by_identity = {one.identity: one for one in (*incident.firings, *changed)}
    return replace(incident, firings=tuple(by_identity.values())) if changed else incident, changed


def with_absent(
    incident: Incident, answer: Answer, now: float
) -> tuple[Incident, tuple[AlertFiring, ...], frozenset[tuple[str, str]]]:
    """Return the incident with whose absence goes on, the firings that this changes, and those that have ended.

    An alert ends by the same rule as the whole incident: twice, and nobody has told in between that it fires. Where
    the answer is that all have, and all are confirmed, none is named: then it is the incident that ends.
    """
    everything = incident.open_firings
    unlisted = {one.identity for one in everything} if isinstance(answer, Absent) else answer.unlisted
    found = tuple(
        replace(one, absent_since=_since(one, now) if one.identity in unlisted else None) for one in everything
    )
    before = {one.identity: one for one in incident.firings}
    changed = tuple(one for one in found if one != before[one.identity])
    confirmed = frozenset(one.identity for one in found if now - _since(one, now) >= CONFIRM_SECONDS)
    if changed:
        incident = replace(incident, firings=tuple({**before, **{one.identity: one for one in changed}}.values()))
    ends_whole = isinstance(answer, Absent) and len(confirmed) == len(everything)
    return incident, changed, frozenset() if ends_whole else confirmed


def with_doubts_absent(incident: Incident, answer: Answer, now: float) -> tuple[Incident, tuple[AlertFiring, ...]]:
    """Return the incident with since when the alerts in doubt are not listed, and the firings that this changes."""
    is_absent = isinstance(answer, Absent)
    found = (replace(one, absent_since=_since(one, now) if is_absent else None) for one in doubtful(incident))
    before = {one.identity: one for one in incident.firings}
    changed = tuple(one for one in found if one != before[one.identity])
    known = {**before, **{one.identity: one for one in changed}}
    return replace(incident, firings=tuple(known.values())) if changed else incident, changed


def absent_since(incident: Incident) -> float | None:
    """Return since when all open alerts have been known not to be listed, None when one of them has not."""
    times = [one.absent_since for one in incident.open_firings if one.absent_since is not None]
    return max(times) if times and len(times) == len(incident.open_firings) else None


def _since(firing: AlertFiring, now: float) -> float:
    return now if firing.absent_since is None else firing.absent_since


def is_over(incident: Incident) -> bool:
    """Return whether every alert of the incident has been told to have ended, none is left out and none in doubt."""
    return not incident.open_firings and not incident.truncated and not doubtful(incident)


def doubtful(incident: Incident) -> tuple[AlertFiring, ...]:
    """Return the alerts that had ended and have been told again with their old start."""
    return tuple(one for one in incident.firings if one.ended_at is not None and one.refired_at is not None)


def asked_about(incident: Incident) -> Incident:
    """Return the incident as it is asked about: with the alerts in doubt alone where there are some."""
    firings = tuple(replace(one, ended_at=None, ended_by=None) for one in doubtful(incident))
    return replace(incident, truncated=0, left_out=(), firings=firings) if firings else incident


def labels_to_ask_by(incident: Incident) -> dict[str, str]:
    """Return the labels of the group that each alert has that is asked about: Alertmanager filters by them.

    An alert that has joined from another group need not have the labels of this one, and would be filtered out; nor do
    those that were left out of another group's delivery.
    """
    asked = (*(one.labels for one in incident.open_firings), *(one.group_labels for one in groups_left_out(incident)))
    return {
        name: value
        for name, value in incident.group_labels.items()
        if all(labels.get(name, "") == value for labels in asked)
    }


def names_to_ask_by(incident: Incident) -> frozenset[str] | None:
    """Return the names of the alerts that are asked about, None where the name of one is not known."""
    names = {firing.labels.get("alertname", "") for firing in incident.open_firings}
    if incident.truncated or not names:
        names |= {labels.get("alertname", "") for labels in _groups(incident)}
    return None if "" in names else frozenset(names)


def still_told(firing: AlertFiring, ended: ReceivedAlert, reporter: Reporter) -> tuple[Source, ...] | None:
    """Return who still says that the firing fires, after a delivered end; None when that end is an older picture.

    Of an Alertmanager that is no peer of the one that delivers only its own word counts, also with the same start: two
    Prometheus servers that load a rule from the same path evaluate it at the same moment of their interval (measured).
    Where nobody can be asked the same start is taken for the same firing: peers tell of it under names of their own.
    """
    if firing.started != ended.started and firing.starts_at > ended.ends_at:
        return None
    if firing.refired_at is not None and ended.ends_at < firing.refired_at:
        return None
    same = ended.started if ended.starts_at > 0 and not (reporter.can_be_asked and reporter.own) else None
    return tuple(one for one in firing.sources if one.started != same and one.url not in reporter.own)


def classify(incident: Incident, said: Sequence[Testimony], known: Known, now: float) -> Answer:
    """Return what the Alertmanagers say of the incident.

    An alert is the incident's by its fingerprint. Where Alertmanager has left alerts out of a delivery nobody knows
    their fingerprints: then every listed alert with the labels of the group counts, for what was never listed to us
    must not be taken for resolved.
    """
    answers = [_of_firing(firing, incident, said, known, now) for firing in incident.open_firings]
    each = zip(incident.open_firings, answers, strict=True)
    unlisted = frozenset(firing.identity for firing, answer in each if isinstance(answer, Absent))
    if incident.truncated or not answers:
        answers += [_of_the_rest(incident, labels, said, known, now) for labels in _groups(incident)]
    seen = frozenset(one for answer in answers if not isinstance(answer, Absent) for one in answer.seen)
    if any(isinstance(answer, Active) for answer in answers):
        return Active(seen=seen, unlisted=unlisted)
    for answer in answers:
        if isinstance(answer, Unknown):
            return replace(answer, seen=seen, unlisted=unlisted)
    quiet = next((answer for answer in answers if isinstance(answer, Quiet)), None)
    return Absent() if quiet is None else replace(quiet, seen=seen, unlisted=unlisted)


def urls_of(incident: Incident) -> tuple[str, ...]:
    """Return the external URLs of the Alertmanagers that say that alerts of the incident fire, in order."""
    urls = {source.url for firing in incident.open_firings for source in firing.sources}
    return tuple(sorted((urls or {plain_address(incident.external_url)}) - {""}))


def no_standing(
    one: Testimony, incident: Incident, firings: Iterable[AlertFiring], known: Known, now: float
) -> str | None:
    """Return why it means nothing that the server does not list these firings, or None when it means their end.

    It has been up for a while, and it lists each Watchdog that it has told of. Where it has told of none it must not
    have been started anew since it listed the very alert, or since it listed some alert of ours and be up for longer
    than this one has been open.
    """
    if one.up is None:
        return "it does not say how long it has been up"
    if one.up < SETTLED_SECONDS + _longer(known):
        return f"it has been up for only {max(0, round(one.up))} s and may not know of it yet"
    concerned = tuple(firings)
    urls = one.urls | {source.url for firing in concerned for source in firing.sources} if one.any_url else one.urls
    awaited = [heard for heard in known.watchdogs if heard.url in urls]
    starts = [_began(firing, urls) for firing in concerned]
    if awaited:
        pending = (_may_be_pending(*each, awaited, known, now) for each in zip(concerned, starts, strict=True))
        return _no_word_of_prometheus(one, awaited, is_pending=any(pending))
    if concerned and all(_has_listed(one, firing) for firing in concerned):
        return None
    vouched = one.started is not None and (one.server, one.started) in known.vouched
    if vouched and one.up > now - min([incident.opened_at, *(start for start in starts if start > 0)]):
        return None
    several = "several servers may answer at its address, and which of them lists nothing of it is not known"
    return "it lists nothing of it, and has not since it was started" if one.is_one else several


def _no_word_of_prometheus(one: Testimony, awaited: Sequence[Heard], *, is_pending: bool) -> str | None:
    """Return why the Watchdogs do not stand for what the server does not list, or None when they do."""
    if not all(any(_is(dog, heard.fingerprint, heard.starts_at) for dog in one.watchdogs) for heard in awaited):
        if len({(heard.url, heard.fingerprint) for heard in awaited}) < len(awaited):
            return "it lists nothing of it, and two of one Watchdog were told with its external URL"
        return one.reason or "it lists nothing of it, but does not list its Watchdog either"
    if is_pending:
        return "it lists nothing of it, but its Prometheus was started anew and may not know of it yet"
    return None


def _began(firing: AlertFiring, urls: Collection[str]) -> float:
    """Return when the alert has begun by the word of these reporters: the firing's start may be another cluster's."""
    return min((float(source.started) for source in firing.sources if source.url in urls), default=firing.starts_at)


def _may_be_pending(firing: AlertFiring, began: float, awaited: Sequence[Heard], known: Known, now: float) -> bool:
    """Return whether a Prometheus that was started after the alert began may have lost that it fires."""
    started = max(heard.starts_at for heard in awaited)
    pending = known.pending_seconds.get(firing.labels.get("alertname", ""), PENDING_SECONDS)
    # Rules that are evaluated seldom begin to be pending late, and fire at the first evaluation after that.
    return started > began and now - started < SETTLED_SECONDS + pending + 2 * _longer(known)


def _longer(known: Known) -> float:
    """Return by how much rules are evaluated more seldom than `SETTLED_SECONDS` allows for."""
    return max(0.0, known.evaluation_seconds - EVALUATION_SECONDS)


def _of_firing(firing: AlertFiring, incident: Incident, said: Sequence[Testimony], known: Known, now: float) -> Answer:
    """Return what is known of one alert: it has ended only if each Alertmanager that told of it says so."""
    reporters = dict.fromkeys(_reporters(firing, incident))
    answers = [_of_source(firing, reporter, incident, said, known, now) for reporter in reporters]
    # Whoever lists it with this very start knows of it, whatever URL it was told under.
    answers += [
        _fires(firing, server, [one])
        for server in said
        for one in server.alerts or ()
        if one.fingerprint == firing.fingerprint and one.suppression is None and _same(one, firing.starts_at)
    ]
    kinds = (Active, Unknown, Quiet, Absent)
    return min(answers, key=lambda answer: kinds.index(type(answer)))


def _of_source(  # noqa: PLR0913, PLR0917  what is known, by name
    firing: AlertFiring,
    reporter: tuple[str, bool],
    incident: Incident,
    said: Sequence[Testimony],
    known: Known,
    now: float,
) -> Answer:
    url, same = reporter
    # A server that nobody has named knows of this firing; of one with another start it does not speak.
    own = [one for one in said if url in one.urls or (one.any_url and same and _knows(one, firing))]
    if not own:
        return Unknown(reason=_nobody(url, said))
    for server in own:
        listed = [one for one in server.alerts or () if one.fingerprint == firing.fingerprint]
        if any(_suppression(one, firing, server) is None for one in listed):
            return _fires(firing, server, listed)
    for server in own:
        listed = [one for one in server.alerts or () if one.fingerprint == firing.fingerprint]
        if listed:
            return _fires(firing, server, listed)
    return _unlisted(own, incident, [firing], known, now, asked=[firing])


def _of_the_rest(
    incident: Incident, group_labels: Mapping[str, str], said: Sequence[Testimony], known: Known, now: float
) -> Answer:
    """Return what is known of the alerts of a group that nobody has told us of."""
    urls = dict.fromkeys(urls_of(incident)) or {plain_address(incident.external_url): None}
    answers: list[Answer] = []
    for url in urls:
        may_know = [one for one in said if url in one.urls or one.any_url]
        own = [one for one in may_know if url in one.urls or any(_knows(one, each) for each in incident.firings)]
        found = [one for server in may_know for one in server.alerts or () if _of_group(one, group_labels)]
        if not found:
            # Whatever labels of the group it was asked by, what was left out has them.
            silent = _unlisted(own, incident, incident.firings, known, now, asked=()) if own else None
            answers.append(silent or Unknown(reason=_nobody(url, said)))
        else:
            first = found[0].suppression
            answers.append(
                Active() if first is None or any(one.suppression is None for one in found) else Quiet(by=first)
            )
    kinds = (Active, Unknown, Quiet, Absent)
    return min(answers, key=lambda answer: kinds.index(type(answer)))


def _unlisted(  # noqa: PLR0913  what is known, by name
    own: Sequence[Testimony],
    incident: Incident,
    firings: Sequence[AlertFiring],
    known: Known,
    now: float,
    *,
    asked: Sequence[AlertFiring],
) -> Answer:
    """Return what it means that none of the peers that answer lists the alerts: one of them has to be entitled.

    `asked` are those that it has to have been asked about.
    """
    why: list[str] = []
    for server in own:
        reason = server.reason if server.alerts is None else _not_asked_about(server, asked)
        reason = reason if server.alerts is None else reason or no_standing(server, incident, firings, known, now)
        if reason is None:
            return Absent()
        why.append(reason)
    return Unknown(reason=why[0])


def _not_asked_about(server: Testimony, firings: Iterable[AlertFiring]) -> str | None:
    """Return that the server was asked by labels that one of these does not have, so that it need not list it."""
    for firing in firings:
        if any(firing.labels.get(name, "") != value for name, value in server.asked_by.items()):
            return "it was asked by labels that the alert does not have"
    return None


def _fires(firing: AlertFiring, server: Testimony, listed: Sequence[Listed]) -> Answer:
    reasons = [_suppression(one, firing, server) for one in listed]
    first = reasons[0]
    seen = frozenset({(firing.identity, server.server, server.started)})
    return Active(seen=seen) if first is None or None in reasons else Quiet(by=first, seen=seen)


def _suppression(one: Listed, firing: AlertFiring, server: Testimony) -> Suppression | None:
    """Return why nobody is told of the alert: it is muted where each of its groups for our receivers is."""
    if one.suppression is not None:
        return one.suppression
    receivers = {source.receiver for source in firing.sources}
    ours = [at for at in server.placed if at.fingerprint == one.fingerprint and at.receiver in receivers]
    return "muted" if ours and all(at.muted for at in ours) else None


def _knows(one: Testimony, firing: AlertFiring) -> bool:
    """Return whether the server lists, or has listed, this very firing: then it is evidently its own."""
    listed = any(_is(alert, firing.fingerprint, firing.starts_at) for alert in one.alerts or ())
    return listed or one.server in firing.listed_by


def _has_listed(one: Testimony, firing: AlertFiring) -> bool:
    return one.started is not None and firing.listed_by.get(one.server) == one.started


def _reporters(firing: AlertFiring, incident: Incident) -> Iterator[tuple[str, bool]]:
    """Yield the external URLs of who tells that the alert fires, each with whether with this very start."""
    yield from ((source.url, source.started == firing.started) for source in firing.sources)
    if not firing.sources:
        yield plain_address(incident.external_url), True


def _nobody(url: str, said: Sequence[Testimony]) -> str:
    for one in said:
        # It may be that one's alert; whether it is it would have to say.
        if one.any_url and one.alerts is None:
            return one.reason
    return f"{one_line(url, 200)} is not among the Alertmanagers that are configured" if url else NAMES_NOBODY


def _is(one: Listed, fingerprint: str, starts_at: float) -> bool:
    return one.fingerprint == fingerprint and _same(one, starts_at)


def _same(one: Listed, starts_at: float) -> bool:
    return one.starts_at is not None and abs(one.starts_at - starts_at) < _SAME_START


def _groups(incident: Incident) -> tuple[Mapping[str, str], ...]:
    """Return the labels of the groups that are asked about as a whole: those with alerts left out, else its own."""
    return tuple(one.group_labels for one in groups_left_out(incident)) or (incident.group_labels,)


def _of_group(one: Listed, group_labels: Mapping[str, str]) -> bool:
    return all(one.labels.get(name, "") == value for name, value in group_labels.items())
