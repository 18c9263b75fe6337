"""The outgoing webhook: posts every event of an incident as signed JSON to one URL, for services without a sender here.

It signs as Standard Webhooks defines, so that a receiver can verify events with an existing library. The id contains
the number of the outbox row: an event that is sent twice carries the same id, so the receiver can drop the second.
"""

from __future__ import annotations

from webhook.incidents.notifications import Action
from webhook.render.webhook import EVENTS, layout
from webhook.secret import Secret, parts_of
from webhook.senders.contract import Job, Receipt
from webhook.senders.transport import Transport
from webhook.settings import Settings, tokens
from webhook.signatures import standard_headers, standard_key


class WebhookSender:
    """Posts to the URL in the settings. There is one destination."""

    channel = "webhook"
    actions: frozenset[Action] = frozenset(EVENTS)
    shows_state = False

    def __init__(self, *, url: Secret, secrets: tuple[Secret, ...]) -> None:
        """Prepare; each of `secrets` signs, because there are two while a new secret replaces an old one."""
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


def configured(settings: Settings) -> WebhookSender | None:
    """Return the sender, or None if no address is set. Raises ValueError if a signing key cannot be used."""
    url, companion = settings.urls.get("webhook"), settings.companions.get("webhook")
    if url is None or companion is None:
        return None
    keys = tokens(companion.reveal())
    for key in keys:
        standard_key(key)
    return WebhookSender(url=url, secrets=keys)
