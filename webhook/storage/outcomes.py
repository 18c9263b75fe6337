"""An outcome written down: incident, timeline, messages and timer in the transaction of whoever calls.

`ingest` calls it for what people and Alertmanager do, `steps` for what time does. Nothing is decided here but this: a
level that cannot be reached is not told in vain, the next one is told with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state, reasons
from webhook.incidents.escalation import GivenUp, Step, due, moves_on_at, next_level
from webhook.incidents.incident import Escalated, Incident, NotificationTrigger, Outcome
from webhook.incidents.messages import CALLS, Channels, NewNotification
from webhook.incidents.new_notifications import new_notifications
from webhook.incidents.recipients import Recipient, people, recipients, unreachable
from webhook.incidents.transitions import transition
from webhook.storage import outbox, outbox_report, store, timers


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes outcomes under one catalogue."""

    catalog: Catalog
    channels: Channels

    def write(self, connection: Connection, before: Incident | None, outcome: Outcome, now: float) -> Incident | None:
        """Write what has become of `before` and all that it causes; return the incident as it is now stored."""
        if outcome.incident is None or (outcome.incident == before and outcome.entry is None):
            return before
        incident = store.save(connection, outcome.incident, outcome.changed)
        following = due(self.catalog, incident)
        if before is None or following != due(self.catalog, before):
            timers.put(connection, incident.id, following)
        elif alertmanager_state.doubtful(incident) != alertmanager_state.doubtful(before):
            # What Alertmanager has answered so far was about other alerts.
            timers.ask_anew(connection, incident.id)
        if outcome.entry is None:
            return incident
        cause = store.note(connection, incident.id, outcome.entry, now)
        if outcome.trigger is not None:
            self._enqueue(connection, incident, outcome.trigger, cause, now)
            if outcome.trigger.kind in {"opened", "reopened", "joined"}:
                return self._pass_over(connection, incident, now)
        return incident

    def unreachable(self, connection: Connection, incident: Incident, level: int, now: float) -> str | None:
        """Return why nobody of `level` can be reached, judged by the settings and by earlier messages."""
        made: list[Mapping[tuple[str, str], outbox_report.Call]] = []

        def refused(way: Recipient) -> str | None:
            if way.channel not in self.channels:
                return f"{way.channel} is not configured"
            if not made:
                made.append(outbox_report.calls(connection, incident.id))
            call = made[0].get((way.channel, way.destination))
            return f"{way.channel} failed: {call.last_error}" if call is not None and call.state == "failed" else None

        return unreachable(self._people(incident, level, now), refused)

    def _enqueue(
        self, connection: Connection, incident: Incident, trigger: NotificationTrigger, cause: int, now: float
    ) -> None:
        messages = new_notifications(
            incident,
            trigger,
            recipients=self._recipients(incident, trigger, now),
            told=outbox.told(connection, incident.id),
            channels=self.channels,
        )
        patient = [self.patient(incident, message, now) for message in messages]
        outbox.enqueue(connection, incident.id, patient, cause=cause, now=now)

    def patient(self, incident: Incident, message: NewNotification, now: float) -> NewNotification:
        """Return the message with the time until which its own way is waited for."""
        if message.action not in CALLS:
            return message
        meant_for = now if message.not_before is None else message.not_before
        return replace(message, moves_on_at=moves_on_at(self.catalog, incident, meant_for))

    def _recipients(self, incident: Incident, trigger: NotificationTrigger, now: float) -> Sequence[Recipient]:
        if trigger.kind == "escalated":
            return self._people(incident, incident.level, now)
        return recipients(
            self.catalog,
            policy=incident.policy,
            team=incident.team,
            severity=incident.severity,
            level=incident.level,
            now=now,
        )

    def _people(self, incident: Incident, level: int, now: float) -> tuple[Recipient, ...]:
        return people(self.catalog, policy=incident.policy, severity=incident.severity, level=level, now=now)

    def next_level(self, connection: Connection, incident: Incident, now: float) -> Step:
        """Return the level to tell after the one reached."""
        return next_level(self.catalog, incident, lambda level: self.unreachable(connection, incident, level, now))

    def given_up(self, connection: Connection, incident: Incident, now: float) -> GivenUp | None:
        """Return why the level told last is not waited for, and the next one, when nobody of the first can be reached.

        None when somebody can be, or when nobody further up can be either: then it is told again at its time.
        """
        reason = self.unreachable(connection, incident, incident.level, now)
        if reason is None:
            return None
        step = self.next_level(connection, incident, now)
        higher = step.level > incident.level and self.unreachable(connection, incident, step.level, now) is None
        return GivenUp(step=step, reason=reason) if higher else None

    def _pass_over(self, connection: Connection, incident: Incident, now: float) -> Incident:
        """Tell the next level at once when nobody of the one just told can be reached and somebody further up can."""
        following = due(self.catalog, incident)
        if following is None or following.kind != "escalate":
            return incident
        given_up = self.given_up(connection, incident, now)
        if given_up is None:
            return incident
        why = reasons.nobody_reached(self.catalog, incident, given_up, now)
        event = Escalated(level=given_up.step.level, why=why)
        return self.write(connection, incident, transition(incident, event, now), now) or incident
