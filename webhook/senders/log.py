"""The log: one line of JSON for each message, for those who read logs and for tiers that ask for no more."""

from __future__ import annotations

import structlog

from webhook.incidents.messages import Action
from webhook.senders.contract import Job, Receipt

log = structlog.get_logger("tocsin.notification")


class LogSender:
    """Writes to the program's own log; there is one destination, and it never fails."""

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
