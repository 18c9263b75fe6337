"""PagerDuty, through the Events API v2. Its deduplication key is the idempotency key: sending twice changes nothing.

https://developer.pagerduty.com/docs/send-alert-event. 202 is accepted, 400 never worth repeating, 429 and 5xx are.
"""

from __future__ import annotations

from typing import Any

from webhook.incidents.messages import Action
from webhook.render.pagerduty import layout
from webhook.secret import Secret
from webhook.senders.contract import Job, Receipt
from webhook.senders.transport import Transport

_EVENTS: dict[Action, str] = {
    "open": "trigger",
    "join": "trigger",
    "escalate": "trigger",
    "acknowledge": "acknowledge",
    "resolve": "resolve",
}


class PagerDutySender:
    """Sends to the service that the routing key belongs to; there is one destination."""

    channel = "pagerduty"
    actions: frozenset[Action] = frozenset(_EVENTS)
    shows_state = False

    def __init__(self, *, events_url: str, routing_key: Secret) -> None:
        self._routing_key = routing_key
        self._transport = Transport(events_url, token=None, secrets=(routing_key,))

    def send(self, job: Job) -> Receipt:
        """Trigger, acknowledge or resolve; see `contract.Sender.send`."""
        event: dict[str, Any] = {
            "routing_key": self._routing_key.reveal(),
            "event_action": _EVENTS[job.action],
            "dedup_key": job.dedup_key,
        }
        if event["event_action"] == "trigger":
            event |= layout(job.message)
        self._transport.post("/v2/enqueue", event)
        return Receipt(provider_id=job.dedup_key)
