"""What is done when a timer is due: Alertmanager is asked, then the next level told, or held, or the incident resolved.

`worker` claims; `escalation` says what is due and for whom, `alertmanager_api` what is true, `transitions` what becomes
of the incident, `outcomes` writes it down. The asking happens outside of any transaction; whatever has happened to the
incident meanwhile has set its timer anew, and then this step is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

import structlog
from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state, reasons
from webhook.incidents.alertmanager_state import CONFIRM_SECONDS, VERIFY_SECONDS, Absent, Active, Answer, Quiet
from webhook.incidents.delivery import refired
from webhook.incidents.escalation import REVIEW_SECONDS, Due, GivenUp, due, questions
from webhook.incidents.flapping import CALM_SECONDS
from webhook.incidents.heartbeat import is_ours
from webhook.incidents.incident import (
    AlertBatch,
    Escalated,
    Event,
    FiresOn,
    Gone,
    Incident,
    Owner,
    Resumed,
    Settled,
    Suppressed,
    Unlisted,
)
from webhook.incidents.messages import Channels
from webhook.incidents.transitions import transition
from webhook.storage import counters, store, timers
from webhook.storage.database import Database
from webhook.storage.outcomes import Writer
from webhook.storage.timers import Claim
from webhook.timestamps import written_span

HOLD_SECONDS = 60.0
"""How long a held step waits before Alertmanager is asked again."""
_NEVER_SAID = frozenset({None, alertmanager_state.NOT_CONFIGURED, alertmanager_state.NAMES_NOBODY})
"""Why nobody knows, where asking again brings no answer; None where somebody knows."""

log = structlog.get_logger("tocsin.steps")


class AlertmanagerState(Protocol):
    """Whoever can be asked whether an incident's alerts still fire."""

    def ask(self, incident: Incident) -> Answer:
        """Return what is true now, within seconds; never raises."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """An incident whose time has come: what is due, what is true, and why its level is given up early, if it is."""

    incident: Incident
    due: Due
    answer: Answer
    given_up: GivenUp | None

    @property
    def is_about_doubts(self) -> bool:
        """Whether only alerts that had ended, and were told again, were asked about."""
        return self.due.kind == "verify" and bool(alertmanager_state.doubtful(self.incident))

    @property
    def is_of_each(self) -> bool:
        """Whether each alert that was asked about has its own absence, and not the timer one for all of them."""
        return self.is_about_doubts or (not self.incident.truncated and bool(self.incident.open_firings))


class Steps:
    """Works off claimed timers."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        alertmanager_state: AlertmanagerState,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        clock: Callable[[], float],
        peers: Callable[[str], frozenset[str] | None] = lambda _: frozenset(),
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `committed` is called after each commit that causes messages.

        `peers` gives the external URLs of a cluster by one of them, None where several clusters have that one.
        """
        self._database = database
        self._alertmanager_state = alertmanager_state
        self._catalog = catalog
        self._channels = channels
        self._clock = clock
        self._peers = peers
        self._committed = committed

    def take(self, claimed: Claim) -> None:
        """Do what the timer was set for, or set it anew; raises StoreUnavailable."""
        asked = self._asked(claimed)
        if asked is None:
            return
        now = self._clock()
        with self._database.write() as connection:
            incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
            if incident is None or not timers.held(connection, claimed):
                log.info("the incident has changed meanwhile, the step is dropped", incident=claimed.incident_id)
                return
            if _firing(incident) != _firing(asked.incident):
                # The answer is about other alerts than those that fire now.
                timers.postpone(connection, claimed, kind=asked.due.kind, due_at=now)
                return
            told = self._act(connection, claimed, incident, asked, now)
        if told:
            self._committed()

    def _asked(self, claimed: Claim) -> _Asked | None:
        """Ask about the incident if it is time for its step; otherwise set the timer to what is due."""
        now = self._clock()
        writer = self._writer()
        with self._database.write() as connection:
            incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
            following = _due_now(writer.catalog, incident, now) if incident else None
            if incident is None or following is None:
                timers.put(connection, claimed.incident_id, None)
                return None
            given_up = writer.given_up(connection, incident, now) if following.kind == "escalate" else None
            if following.at > now and given_up is None:
                timers.postpone(connection, claimed, kind=following.kind, due_at=following.at)
                return None
        return _Asked(incident=incident, due=following, answer=self._answer(incident, following), given_up=given_up)

    def _answer(self, incident: Incident, following: Due) -> Answer:
        """Return what is true of the incident's alerts, or of those alone that are in doubt."""
        if following.kind == "calm" and alertmanager_state.is_over(incident):
            return Absent()
        question = alertmanager_state.asked_about(incident) if following.kind == "verify" else incident
        return Active() if is_ours(question) else self._alertmanager_state.ask(question)

    def _act(self, connection: Connection, claimed: Claim, incident: Incident, asked: _Asked, now: float) -> bool:
        """Do the step; return whether somebody hears of it."""
        incident = self._learn(connection, incident, asked, now)
        event = self._event(connection, incident, claimed, asked, now)
        if event is None:
            absent_since = now if claimed.absent_since is None else claimed.absent_since
            first = absent_since if isinstance(asked.answer, Absent) and not asked.is_of_each else None
            following = _following(asked, incident, now)
            if asked.is_about_doubts:
                # The steps of what fires do not wait for the next question.
                incident = store.save(connection, replace(incident, doubted_at=following.at), ())
                following = due(self._catalog(), incident) or following
            timers.postpone(connection, claimed, kind=following.kind, due_at=following.at, absent_since=first)
            return False
        incident = self._group_s(connection, incident, event, now)
        outcome = transition(incident, event, now)
        after = self._writer().write(connection, incident, outcome, now) or incident
        # A step that changes nothing that is due, such as a hold, leaves the row with us: give it back.
        following = _following(asked, after, now)
        timers.postpone(connection, claimed, kind=following.kind, due_at=following.at)
        counters.count(connection, "steps", result=outcome.result, severity=incident.severity)
        if outcome.result == "escalated" and outcome.incident is not None:
            counters.count(connection, "escalations", level=str(outcome.incident.level + 1))
        log.info("step", incident=incident.id, result=outcome.result, answer=type(asked.answer).__name__)
        return outcome.trigger is not None

    def _learn(self, connection: Connection, incident: Incident, asked: _Asked, now: float) -> Incident:
        """Keep who lists the alerts, for that is what their silence is worth later, and end those that none does."""
        seen = () if isinstance(asked.answer, Absent) else asked.answer.seen
        learned, changed = alertmanager_state.with_seen(incident, seen)
        if changed:
            store.save(connection, learned, changed)
            for server, started in sorted({(server, at) for _, server, at in seen if at is not None}):
                store.vouched(connection, server, started, now)
        if asked.is_about_doubts:
            learned, changed = alertmanager_state.with_doubts_absent(learned, asked.answer, now)
            return store.save(connection, learned, changed) if changed else learned
        if isinstance(asked.answer, Absent) and not asked.is_of_each:
            return learned
        found = self._end_some(connection, learned, asked.answer, now)
        if (
            isinstance(asked.answer, Active | Quiet)
            and found.doubted_at is not None
            and not alertmanager_state.doubtful(found)
        ):
            found = store.save(connection, replace(found, doubted_at=None), ())
            timers.put(connection, found.id, due(self._catalog(), found))
        return found

    def _end_some(self, connection: Connection, incident: Incident, answer: Answer, now: float) -> Incident:
        """End the alerts that were not listed twice, where others of the incident are left."""
        after, changed, confirmed = alertmanager_state.with_absent(incident, answer, now)
        if changed:
            store.save(connection, after, changed)
        if not confirmed:
            return after
        which, end = ("it", "its end") if len(confirmed) == 1 else ("them", "their end")
        how = f"Alertmanager, asked twice, no longer lists {which}; it never sent {end}"
        outcome = transition(after, Unlisted(firings=confirmed, how=how), now)
        return self._writer().write(connection, after, outcome, now) or after

    def _group_s(self, connection: Connection, incident: Incident, event: Event, now: float) -> Incident:
        """Return the incident that the event is about: what is over stays so where the group has another one by now."""
        if not isinstance(event, AlertBatch) or incident.status != "resolved" or incident.fires_on:
            return incident
        owner = Owner(team=incident.team, policy=incident.policy)
        other = store.open_incident(connection, incident.group_hash, owner=owner, lock=True)
        if other is None:
            return incident
        self._writer().write(connection, incident, transition(incident, Settled(), now), now)
        return other

    def _event(  # noqa: PLR0911  one for each decision
        self, connection: Connection, incident: Incident, claimed: Claim, asked: _Asked, now: float
    ) -> Event | None:
        """Return what happens to the incident, or None when it is to be looked at again later."""
        if asked.due.kind == "calm" and alertmanager_state.is_over(incident):
            return Gone(how=f"flapping, and quiet for {written_span(CALM_SECONDS)}")
        if asked.due.kind == "verify" and alertmanager_state.doubtful(incident):
            return self._verified(connection, incident, asked, now)
        since = alertmanager_state.absent_since(incident) if asked.is_of_each else claimed.absent_since
        decision = alertmanager_state.decide(asked.answer, absent_since=since, now=now)
        match decision:
            case alertmanager_state.AsksAgain():
                return None
            case alertmanager_state.Ends() if alertmanager_state.doubtful(incident):
                return None
            case alertmanager_state.Ends(how=how):
                return Gone(how=how)
            case alertmanager_state.Holds(by=by) if asked.due.kind in {"escalate", "respond"}:
                return Suppressed(by=by)
            case alertmanager_state.GoesOn(unknown=unknown) if asked.due.kind in {"escalate", "respond"}:
                return self._step(connection, incident, asked, _remark(unknown), now)
            case alertmanager_state.GoesOn(unknown=unknown) if asked.due.kind == "still_firing":
                return FiresOn(why=reasons.fires_on(self._catalog(), incident, now) + _remark(unknown))
            case alertmanager_state.Holds() | alertmanager_state.GoesOn():
                doubted_at = None if alertmanager_state.doubtful(incident) else incident.doubted_at
                doubts = doubted_at is not None and doubted_at <= now
                again = _asked_again(decision, now) if doubts else None
                return Settled(asked_again_at=again) if doubts or asked.due.kind == "verify" else None
            case _:
                assert_never(decision)

    def _verified(self, connection: Connection, incident: Incident, asked: _Asked, now: float) -> Event | None:
        """Return what becomes of alerts that had ended and were told again, or None to ask Alertmanager once more."""
        doubts = sorted({one.fingerprint for one in alertmanager_state.doubtful(incident)})
        over = alertmanager_state.followed(incident, store.firing_elsewhere(connection, incident, doubts), self._peers)
        verdict = alertmanager_state.verified(incident, asked.answer, now, over)
        match verdict:
            case alertmanager_state.AsksAgain():
                return None
            case alertmanager_state.FiresAgain(firings=firings, unknown=unknown):
                return refired(
                    incident, firings, _remark(unknown), _asked_again(alertmanager_state.GoesOn(unknown=unknown), now)
                )
            case alertmanager_state.OldPicture(why=why):
                return Settled(why=why)
            case _:
                assert_never(verdict)

    def _step(self, connection: Connection, incident: Incident, asked: _Asked, remark: str, now: float) -> Event:
        writer = self._writer()
        catalog = writer.catalog
        if asked.due.kind == "respond":
            return Resumed(why=reasons.acknowledgement_ran_out(catalog, incident, now) + remark)
        given_up = writer.given_up(connection, incident, now) if asked.given_up else None
        if given_up is not None:
            return Escalated(
                level=given_up.step.level, why=reasons.nobody_reached(catalog, incident, given_up, now) + remark
            )
        step = writer.next_level(connection, incident, now)
        return Escalated(level=step.level, why=reasons.nobody_acknowledged(catalog, incident, step, now) + remark)

    def _writer(self) -> Writer:
        return Writer(catalog=self._catalog(), channels=self._channels)


def _due_now(catalog: Catalog, incident: Incident, now: float) -> Due | None:
    """Return what is next: a doubt whose time has come is asked about before a step that is due for longer."""
    if incident.doubted_at is not None and incident.doubted_at <= now and alertmanager_state.doubtful(incident):
        return Due(kind="verify", at=incident.doubted_at)
    return due(catalog, incident)


def _following(asked: _Asked, incident: Incident, now: float) -> Due:
    """Return when the incident is looked at again where nothing has come of it; what is due then is found out then."""
    if isinstance(asked.answer, Absent):
        pause = VERIFY_SECONDS if asked.is_about_doubts else CONFIRM_SECONDS
    else:
        pause = REVIEW_SECONDS if asked.due.kind in {"review", "calm"} else HOLD_SECONDS
    question = min((at for at in questions(incident) if at > now), default=now + pause)
    return Due(kind="verify", at=question) if question < now + pause else Due(kind=asked.due.kind, at=now + pause)


def _asked_again(decision: alertmanager_state.Decision, now: float) -> float | None:
    """Return when Alertmanager is asked again because it could not say, None when it could, or never will."""
    if not isinstance(decision, alertmanager_state.GoesOn) or decision.unknown in _NEVER_SAID:
        return None
    return now + CONFIRM_SECONDS


def _remark(unknown: str | None) -> str:
    return "" if unknown is None else reasons.not_known(unknown)


def _firing(incident: Incident) -> frozenset[tuple[str, str]]:
    return frozenset(firing.identity for firing in (*incident.open_firings, *alertmanager_state.doubtful(incident)))
