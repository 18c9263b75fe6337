"""The outgoing webhook: every event of an incident as signed JSON to one address, for whatever has no sender here.

Signed by Standard Webhooks, so that a receiver checks it with a library that exists. The id is that of the outbox's
row: a message that is sent twice carries the same one, and the receiver drops the second.
"""

from __future__ import annotations

from webhook.incidents.messages import Action
from webhook.render.webhook import EVENTS, layout
from webhook.secret import Secret, parts_of
from webhook.senders.contract import Job, Receipt
from webhook.senders.transport import Transport
from webhook.signatures import standard_headers


class WebhookSender:
    """Posts to the address that is set; there is one destination."""

    channel = "webhook"
    actions: frozenset[Action] = frozenset(EVENTS)
    shows_state = False

    def __init__(self, *, url: Secret, secrets: tuple[Secret, ...]) -> None:
        """Prepare; each of `secrets` signs, two while one replaces the other."""
        self._secrets = secrets
        self._transport = Transport(url.reveal(), token=None, secrets=(*parts_of(url), *secrets))

    def send(self, job: Job) -> Receipt:
        """Post the event; see `contract.Sender.send`."""
        identity = f"tocsin-{job.thread}-{job.id}"
        event = layout(job.message, action=job.action, dedup_key=job.dedup_key, at=job.sent_at)
        self._transport.post(
            "", event, headers=lambda body: standard_headers(identity, job.sent_at, body, self._secrets)
        )
        return Receipt(provider_id=identity)
