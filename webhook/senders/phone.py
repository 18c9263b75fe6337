"""Telephone calls through the gateway that `TOCSIN_APPRISE_PHONE` names: a voice says what is wrong.

The telephone rings only for notifications that ask for attention, so nobody is called to hear that an incident is over.
"""

from __future__ import annotations

from webhook.apprise_url import Gateway
from webhook.incidents.notifications import Action
from webhook.render.speech import layout
from webhook.senders.contract import Job, Receipt
from webhook.senders.gateway import say
from webhook.settings import Settings


class PhoneSender:
    """Calls telephone numbers."""

    channel = "phone"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate"})
    # A telephone call leaves no message behind, so a call that is still due when the incident resolves is not made.
    shows_state = False

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(self, job: Job) -> Receipt:
        """Have the gateway call and speak; see `contract.Sender.send`."""
        return Receipt(provider_id=say(self._gateway, job.destination, layout(job.message)))


def configured(settings: Settings) -> PhoneSender | None:
    """Return the sender, or None if no gateway is set."""
    return None if settings.phone_gateway is None else PhoneSender(settings.phone_gateway)
