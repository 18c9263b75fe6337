"""Handles due timers: asks Alertmanager, then escalates, holds or resolves the incident.

`worker` claims the timer. `escalation` says what is due and for whom, `alertmanager_api` returns the state of the
alerts, `transitions` computes the new incident, and `outcomes` writes it. Alertmanager is asked outside of any
transaction. If the incident changes meanwhile, the change resets its timer, and this step is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

import structlog
from sqlalchemy import Connection

from webhook.application.outcomes import Writer
from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state, reasons
from webhook.incidents.alertmanager_state import CONFIRM_SECONDS, VERIFY_SECONDS, Absent, Active, Answer, Quiet
from webhook.incidents.dead_mans_switch import is_ours
from webhook.incidents.delivery import refired
from webhook.incidents.escalation import REVIEW_SECONDS, Due, GivenUp, due, questions
from webhook.incidents.flapping import CALM_SECONDS
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
from webhook.incidents.notifications import Channels
from webhook.incidents.transitions import transition
from webhook.storage import counters, store, timers
from webhook.storage.database import Database
from webhook.storage.timers import Claim
from webhook.timestamps import written_span

HOLD_SECONDS = 60.0
"""Seconds that a suppressed step waits before Alertmanager is asked again."""
_ASKING_CANNOT_HELP = frozenset({None, alertmanager_state.NOT_CONFIGURED, alertmanager_state.NAMES_NOBODY})
"""Reasons for an unknown state that asking again cannot change; None means that the state is known."""

log = structlog.get_logger("tocsin.steps")


class AlertmanagerState(Protocol):
    """Answers whether an incident's alerts still fire."""

    def ask(self, incident: Incident) -> Answer:
        """Return the current state of the alerts, within seconds; never raises."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """An incident with a due step, the answer of Alertmanager, and the reason if its level is given up early."""

    incident: Incident
    due: Due
    answer: Answer
    given_up: GivenUp | None

    @property
    def is_about_doubts(self) -> bool:
        """Whether the question was only about alerts in doubt: they had ended and were reported again."""
        return self.due.kind == "verify" and bool(alertmanager_state.doubtful(self.incident))

    @property
    def is_per_alert(self) -> bool:
        """Whether absence is recorded for each alert, instead of once in the timer for all of them."""
        return self.is_about_doubts or (not self.incident.truncated and bool(self.incident.open_firings))


class Steps:
    """Handles claimed timers."""

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
        """Keep the collaborators.

        `clock` returns epoch seconds. `committed` is called after each commit that adds notifications. `peers` takes an
        external URL and returns all URLs of the cluster that has it, or None if several clusters have it.
        """
        self._database = database
        self._alertmanager_state = alertmanager_state
        self._catalog = catalog
        self._channels = channels
        self._clock = clock
        self._peers = peers
        self._committed = committed

    def take(self, claimed: Claim) -> None:
        """Do the step that the timer was set for, or reset the timer; raises StoreUnavailable."""
        asked = self._ask_if_due(claimed)
        if asked is None:
            return
        now = self._clock()
        with self._database.write() as connection:
            incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
            if incident is None or not timers.held(connection, claimed):
                log.info("the incident has changed meanwhile, the step is dropped", incident=claimed.incident_id)
                return
            if _identities(incident) != _identities(asked.incident):
                # Other alerts fire now than those that the answer is about.
                timers.postpone(connection, claimed, kind=asked.due.kind, due_at=now)
                return
            is_anybody_told = self._act(connection, claimed, incident, asked, now)
        if is_anybody_told:
            self._committed()

    def _ask_if_due(self, claimed: Claim) -> _Asked | None:
        """Ask Alertmanager about the incident if its step is due; otherwise set the timer to the next step."""
        now = self._clock()
        writer = self._writer()
        with self._database.write() as connection:
            incident = store.incident_by_id(connection, claimed.incident_id, lock=True)
            next_step = _due_now(writer.catalog, incident, now) if incident else None
            if incident is None or next_step is None:
                timers.put(connection, claimed.incident_id, None)
                return None
            given_up = writer.given_up(connection, incident, now) if next_step.kind == "escalate" else None
            if next_step.at > now and given_up is None:
                timers.postpone(connection, claimed, kind=next_step.kind, due_at=next_step.at)
                return None
        return _Asked(incident=incident, due=next_step, answer=self._answer(incident, next_step), given_up=given_up)

    def _answer(self, incident: Incident, next_step: Due) -> Answer:
        """Return the state of the incident's alerts, or only of those in doubt for a `verify` step."""
        if next_step.kind == "calm" and alertmanager_state.is_over(incident):
            return Absent()
        question = alertmanager_state.asked_about(incident) if next_step.kind == "verify" else incident
        return Active() if is_ours(question) else self._alertmanager_state.ask(question)

    def _act(self, connection: Connection, claimed: Claim, incident: Incident, asked: _Asked, now: float) -> bool:
        """Do the step; return whether anybody is notified."""
        incident = self._learn(connection, incident, asked, now)
        event = self._event(connection, incident, claimed, asked, now)
        if event is None:
            absent_since = now if claimed.absent_since is None else claimed.absent_since
            first_absent = absent_since if isinstance(asked.answer, Absent) and not asked.is_per_alert else None
            next_step = _next_check(asked, incident, now)
            if asked.is_about_doubts:
                # The other steps of the incident do not wait for the next question about its doubts.
                incident = store.save(connection, replace(incident, doubted_at=next_step.at), ())
                next_step = due(self._catalog(), incident) or next_step
            timers.postpone(connection, claimed, kind=next_step.kind, due_at=next_step.at, absent_since=first_absent)
            return False
        incident = self._open_incident_of_group(connection, incident, event, now)
        outcome = transition(incident, event, now)
        after = self._writer().write(connection, incident, outcome, now) or incident
        # A step that leaves the due time unchanged, such as a hold, keeps our lease: release it.
        next_step = _next_check(asked, after, now)
        timers.postpone(connection, claimed, kind=next_step.kind, due_at=next_step.at)
        counters.count(connection, "steps", result=outcome.result, severity=incident.severity)
        if outcome.result == "escalated" and outcome.incident is not None:
            counters.count(connection, "escalations", level=str(outcome.incident.level + 1))
        log.info("step", incident=incident.id, result=outcome.result, answer=type(asked.answer).__name__)
        return outcome.trigger is not None

    def _learn(self, connection: Connection, incident: Incident, asked: _Asked, now: float) -> Incident:
        """Record which Alertmanagers list the alerts, and end alerts that none of them lists.

        What an Alertmanager's later silence about an alert means depends on whether it listed the alert before.
        """
        seen = () if isinstance(asked.answer, Absent) else asked.answer.seen
        learned, changed = alertmanager_state.with_seen(incident, seen)
        if changed:
            store.save(connection, learned, changed)
            for server, started in sorted({(server, at) for _, server, at in seen if at is not None}):
                store.vouched(connection, server, started, now)
        if asked.is_about_doubts:
            learned, changed = alertmanager_state.with_doubts_absent(learned, asked.answer, now)
            return store.save(connection, learned, changed) if changed else learned
        if isinstance(asked.answer, Absent) and not asked.is_per_alert:
            return learned
        current = self._end_some(connection, learned, asked.answer, now)
        if (
            isinstance(asked.answer, Active | Quiet)
            and current.doubted_at is not None
            and not alertmanager_state.doubtful(current)
        ):
            current = store.save(connection, replace(current, doubted_at=None), ())
            timers.put(connection, current.id, due(self._catalog(), current))
        return current

    def _end_some(self, connection: Connection, incident: Incident, answer: Answer, now: float) -> Incident:
        """End the alerts that were missing from two answers, if other alerts of the incident remain."""
        after, changed, confirmed = alertmanager_state.with_absent(incident, answer, now)
        if changed:
            store.save(connection, after, changed)
        if not confirmed:
            return after
        pronoun, end_phrase = ("it", "its end") if len(confirmed) == 1 else ("them", "their end")
        how = f"Alertmanager, asked twice, no longer lists {pronoun}; it never sent {end_phrase}"
        outcome = transition(after, Unlisted(firings=confirmed, how=how), now)
        return self._writer().write(connection, after, outcome, now) or after

    def _open_incident_of_group(self, connection: Connection, incident: Incident, event: Event, now: float) -> Incident:
        """Return the incident that the event applies to: this one, unless it is over and its group has an open one."""
        if not isinstance(event, AlertBatch) or incident.status != "resolved" or incident.fires_on:
            return incident
        owner = Owner(team=incident.team, policy=incident.policy)
        open_incident = store.open_incident(connection, incident.group_hash, owner=owner, lock=True)
        if open_incident is None:
            return incident
        self._writer().write(connection, incident, transition(incident, Settled(), now), now)
        return open_incident

    def _event(  # noqa: PLR0911  one for each decision
        self, connection: Connection, incident: Incident, claimed: Claim, asked: _Asked, now: float
    ) -> Event | None:
        """Return the event that the step causes, or None if the incident is to be checked again later."""
        if asked.due.kind == "calm" and alertmanager_state.is_over(incident):
            return Gone(how=f"flapping, and quiet for {written_span(CALM_SECONDS)}")
        if asked.due.kind == "verify" and alertmanager_state.doubtful(incident):
            return self._verified(connection, incident, asked, now)
        since = alertmanager_state.absent_since(incident) if asked.is_per_alert else claimed.absent_since
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
                return self._event_of_step(connection, incident, asked, _remark(unknown), now)
            case alertmanager_state.GoesOn(unknown=unknown) if asked.due.kind == "still_firing":
                return FiresOn(why=reasons.fires_on(self._catalog(), incident, now) + _remark(unknown))
            case alertmanager_state.Holds() | alertmanager_state.GoesOn():
                doubted_at = None if alertmanager_state.doubtful(incident) else incident.doubted_at
                question_is_due = doubted_at is not None and doubted_at <= now
                asked_again_at = _ask_again_at(decision, now) if question_is_due else None
                return Settled(asked_again_at=asked_again_at) if question_is_due or asked.due.kind == "verify" else None
            case _:
                assert_never(decision)

    def _verified(self, connection: Connection, incident: Incident, asked: _Asked, now: float) -> Event | None:
        """Return the event for the alerts in doubt, or None to ask Alertmanager once more."""
        doubtful_fingerprints = sorted({firing.fingerprint for firing in alertmanager_state.doubtful(incident)})
        followed = alertmanager_state.followed(
            incident, store.firing_elsewhere(connection, incident, doubtful_fingerprints), self._peers
        )
        verdict = alertmanager_state.verified(incident, asked.answer, now, followed)
        match verdict:
            case alertmanager_state.AsksAgain():
                return None
            case alertmanager_state.FiresAgain(firings=firings, unknown=unknown):
                return refired(
                    incident, firings, _remark(unknown), _ask_again_at(alertmanager_state.GoesOn(unknown=unknown), now)
                )
            case alertmanager_state.OldPicture(why=why):
                return Settled(why=why)
            case _:
                assert_never(verdict)

    def _event_of_step(
        self, connection: Connection, incident: Incident, asked: _Asked, remark: str, now: float
    ) -> Event:
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
    """Return the next step: a due question about alerts in doubt comes first, even if another step was due earlier."""
    if incident.doubted_at is not None and incident.doubted_at <= now and alertmanager_state.doubtful(incident):
        return Due(kind="verify", at=incident.doubted_at)
    return due(catalog, incident)


def _next_check(asked: _Asked, incident: Incident, now: float) -> Due:
    """Return when to check the incident again after a step without effect; the kind of step is determined anew then."""
    if isinstance(asked.answer, Absent):
        pause = VERIFY_SECONDS if asked.is_about_doubts else CONFIRM_SECONDS
    else:
        pause = REVIEW_SECONDS if asked.due.kind in {"review", "calm"} else HOLD_SECONDS
    asked_at = min((at for at in questions(incident) if at > now), default=now + pause)
    return Due(kind="verify", at=asked_at) if asked_at < now + pause else Due(kind=asked.due.kind, at=now + pause)


def _ask_again_at(decision: alertmanager_state.Decision, now: float) -> float | None:
    """Return when to ask Alertmanager again about an unknown state; None if it is known or will stay unknown."""
    if not isinstance(decision, alertmanager_state.GoesOn) or decision.unknown in _ASKING_CANNOT_HELP:
        return None
    return now + CONFIRM_SECONDS


def _remark(unknown: str | None) -> str:
    return "" if unknown is None else reasons.not_known(unknown)


def _identities(incident: Incident) -> frozenset[tuple[str, str]]:
    return frozenset(firing.identity for firing in (*incident.open_firings, *alertmanager_state.doubtful(incident)))
