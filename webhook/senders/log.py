"""The log channel: one line of JSON per message, for people who read logs and for tiers that name only this channel."""

from __future__ import annotations

import structlog

from webhook.incidents.notifications import Action
from webhook.senders.contract import Job, Receipt
from webhook.settings import Settings

log = structlog.get_logger("tocsin.notification")


class LogSender:
    """Writes to the program's own log. There is one destination, and sending never fails."""

    channel = "log"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate", "acknowledge", "resolve"})
    shows_state = True

    def send(self, job: Job) -> Receipt:
        """Write the line; see `contract.Sender.send`."""
        message = job.message
        log.warning(
            message.subject,
            action=job.action,
            incident=message.incident_id,
            status=message.status,
            severity=message.severity,
            alert=message.alert,
            problem=message.said,
            labels=message.labels,
            severity_note=message.severity_note,
            since=message.since,
            tier=message.standing,
            next=message.next_step,
            runbook=message.section.url if message.section else message.no_runbook,
            undelivered=list(message.undelivered),
        )
        return Receipt()


def configured(_: Settings) -> LogSender:
    """Return the sender: the log needs no setting."""
    return LogSender()
