"""What is done when a timer is due: Alertmanager is asked, then the next level told, or held, or the incident resolved.

`worker` claims; `escalation` says what is due and for whom, `alertmanager_api` what is true, `transitions` what becomes
of the incident, `outcomes` writes it down. The asking happens outside of any transaction; whatever has happened to the
incident meanwhile has set its timer anew, and then this step is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents import reasons
from webhook.incidents.escalation import REVIEW_SECONDS, Due, GivenUp, due
from webhook.incidents.flapping import CALM_SECONDS
from webhook.incidents.heartbeat import is_ours
from webhook.incidents.incident import Escalated, Event, FiresOn, Gone, Incident, Resumed, Suppressed
from webhook.incidents.messages import Channels
from webhook.incidents.transitions import transition
from webhook.incidents.truth import Absent, Active, Answer, Quiet, Unknown
from webhook.metrics import Metrics
from webhook.storage import store, timers
from webhook.storage.database import Database
from webhook.storage.outcomes import Writer
from webhook.storage.timers import Claim
from webhook.timestamps import span, written_span

HOLD_SECONDS = 60.0
"""How long a held step waits before Alertmanager is asked again."""
CONFIRM_SECONDS = 120.0
"""How long after Alertmanager first lists none of the alerts it is asked again, before that is believed: behind one
address there may be several of it, and one of them may just have lost touch with Prometheus."""

log = structlog.get_logger("tocsin.steps")


class Truth(Protocol):
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


class Steps:
    """Works off claimed timers."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        truth: Truth,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        clock: Callable[[], float],
        metrics: Metrics,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `committed` is called after each commit that causes messages."""
        self._database = database
        self._truth = truth
        self._catalog = catalog
        self._channels = channels
        self._clock = clock
        self._metrics = metrics
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
            following = due(writer.catalog, incident) if incident else None
            if incident is None or following is None:
                timers.put(connection, claimed.incident_id, None)
                return None
            given_up = writer.given_up(connection, incident, now) if following.kind == "escalate" else None
            if following.at > now and given_up is None:
                timers.postpone(connection, claimed, kind=following.kind, due_at=following.at)
                return None
        return _Asked(incident=incident, due=following, answer=self._answer(incident, following), given_up=given_up)

    def _answer(self, incident: Incident, following: Due) -> Answer:
        if following.kind == "calm":
            return Absent()
        return Active() if is_ours(incident) else self._truth.ask(incident)

    def _act(self, connection: Connection, claimed: Claim, incident: Incident, asked: _Asked, now: float) -> bool:
        """Do the step; return whether somebody hears of it."""
        event = self._event(connection, incident, claimed, asked, now)
        if event is None:
            first = (_absent_since(incident, claimed) or now) if isinstance(asked.answer, Absent) else None
            pause = self._pause(asked)
            timers.postpone(connection, claimed, kind=asked.due.kind, due_at=now + pause, absent_since=first)
            return False
        outcome = transition(incident, event, now)
        self._writer().write(connection, incident, outcome, now)
        # A step that changes nothing that is due, such as a hold, leaves the row with us: give it back.
        timers.postpone(connection, claimed, kind=asked.due.kind, due_at=now + self._pause(asked))
        self._metrics.stepped(outcome.result, incident.severity)
        if outcome.result == "escalated" and outcome.incident is not None:
            self._metrics.escalated(outcome.incident.level + 1)
        log.info("step", incident=incident.id, result=outcome.result, answer=type(asked.answer).__name__)
        return outcome.notice is not None

    def _pause(self, asked: _Asked) -> float:
        if isinstance(asked.answer, Absent):
            return CONFIRM_SECONDS
        return REVIEW_SECONDS if asked.due.kind == "review" else HOLD_SECONDS

    def _event(
        self, connection: Connection, incident: Incident, claimed: Claim, asked: _Asked, now: float
    ) -> Event | None:
        """Return what happens to the incident, or None when it is to be looked at again later."""
        if asked.due.kind == "calm":
            return Gone(how=f"flapping, and quiet for {written_span(CALM_SECONDS)}")
        match asked.answer:
            case Absent():
                since = _absent_since(incident, claimed)
                if since is None or now - since < CONFIRM_SECONDS:
                    return None
                apart = span(now - since)
                return Gone(
                    how=f"asked twice, {apart} apart: it lists none of the alerts any more, and had not said so"
                )
            case Quiet(by=by):
                return None if asked.due.kind in {"review", "still_firing"} else Suppressed(by=by)
            case Active():
                return self._step(connection, incident, asked, "", now)
            case Unknown(reason=reason):
                return self._step(connection, incident, asked, reasons.not_asked(reason), now)

    def _step(self, connection: Connection, incident: Incident, asked: _Asked, remark: str, now: float) -> Event | None:
        writer = self._writer()
        catalog = writer.catalog
        if asked.due.kind == "review":
            return None
        if asked.due.kind == "still_firing":
            # Somebody has resolved it: it is told again on Alertmanager's word, given since then.
            told = isinstance(asked.answer, Active) or (incident.firing_at or 0.0) > (incident.resolved_at or 0.0)
            return FiresOn(why=reasons.fires_on(catalog, incident, now) + remark) if told else None
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


def _absent_since(incident: Incident, claimed: Claim) -> float | None:
    """Return since when Alertmanager lists none of the alerts, unless it has told of one since."""
    since = claimed.absent_since
    return None if since is not None and (incident.firing_at or 0.0) >= since else since


def _firing(incident: Incident) -> frozenset[tuple[str, str]]:
    return frozenset(episode.identity for episode in incident.open_episodes)
