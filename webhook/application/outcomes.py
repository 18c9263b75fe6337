"""Writes an outcome: incident, timeline, notifications and timer, in the caller's transaction.

`alert_batches`, `responses` and `steps` call it. This module decides only one thing: if nobody of a level can be
reached, it tells the next level at once, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state, reasons
from webhook.incidents.escalation import GivenUp, Step, due, moves_on_at, next_level
from webhook.incidents.incident import Escalated, Incident, NotificationTrigger, Outcome
from webhook.incidents.new_notifications import new_notifications
from webhook.incidents.notifications import CALLS, Channels, NewNotification
from webhook.incidents.recipients import Recipient, people, recipients, unreachable
from webhook.incidents.transitions import transition
from webhook.storage import store, timers
from webhook.storage.notifications import outbox, outbox_report


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes outcomes according to one catalogue."""

    catalog: Catalog
    channels: Channels

    def write(self, connection: Connection, before: Incident | None, outcome: Outcome, now: float) -> Incident | None:
        """Write the outcome for `before` and all that it causes; return the incident as it is now stored."""
        if outcome.incident is None or (outcome.incident == before and outcome.entry is None):
            return before
        incident = store.save(connection, outcome.incident, outcome.changed)
        next_step = due(self.catalog, incident)
        if before is None or next_step != due(self.catalog, before):
            timers.put(connection, incident.id, next_step)
        elif alertmanager_state.doubtful(incident) != alertmanager_state.doubtful(before):
            # Alertmanager's earlier answers were about other alerts in doubt.
            timers.ask_anew(connection, incident.id)
        if outcome.entry is None:
            return incident
        cause = store.note(connection, incident.id, outcome.entry, now)
        if outcome.trigger is not None:
            self._enqueue(connection, incident, outcome.trigger, cause, now)
            if outcome.trigger.kind in {"opened", "reopened", "joined"}:
                return self._pass_over_unreachable_level(connection, incident, now)
        return incident

    def unreachable(self, connection: Connection, incident: Incident, level: int, now: float) -> str | None:
        """Return why nobody of `level` can be reached, by settings and earlier calls; None if somebody can be."""
        cached_calls: list[Mapping[tuple[str, str], outbox_report.Call]] = []

        def reason_unreachable(recipient: Recipient) -> str | None:
            if recipient.channel not in self.channels:
                return f"{recipient.channel} is not configured"
            if not cached_calls:
                cached_calls.append(outbox_report.calls(connection, incident.id))
            call = cached_calls[0].get((recipient.channel, recipient.destination))
            return (
                f"{recipient.channel} failed: {call.last_error}"
                if call is not None and call.state == "failed"
                else None
            )

        return unreachable(self._people(incident, level, now), reason_unreachable)

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
        notifications = [self.with_fallback_time(incident, message, now) for message in messages]
        outbox.enqueue(connection, incident.id, notifications, cause=cause, now=now)

    def with_fallback_time(self, incident: Incident, message: NewNotification, now: float) -> NewNotification:
        """Return the notification; if it is a call, with the time at which `fallback` looks for another channel."""
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
        """Return the step to the level that is told next."""
        return next_level(self.catalog, incident, lambda level: self.unreachable(connection, incident, level, now))

    def given_up(self, connection: Connection, incident: Incident, now: float) -> GivenUp | None:
        """Return the next step and the reason if nobody of the incident's level can be reached but somebody higher can.

        Returns None if somebody of the level can be reached, or if nobody higher can be reached either. In the latter
        case, the level is told again when its time has passed.
        """
        reason = self.unreachable(connection, incident, incident.level, now)
        if reason is None:
            return None
        step = self.next_level(connection, incident, now)
        is_reachable = step.level > incident.level and self.unreachable(connection, incident, step.level, now) is None
        return GivenUp(step=step, reason=reason) if is_reachable else None

    def _pass_over_unreachable_level(self, connection: Connection, incident: Incident, now: float) -> Incident:
        """Tell the next level at once if nobody of the level just told can be reached and somebody higher up can."""
        next_step = due(self.catalog, incident)
        if next_step is None or next_step.kind != "escalate":
            return incident
        given_up = self.given_up(connection, incident, now)
        if given_up is None:
            return incident
        why = reasons.nobody_reached(self.catalog, incident, given_up, now)
        event = Escalated(level=given_up.step.level, why=why)
        return self.write(connection, incident, transition(incident, event, now), now) or incident
