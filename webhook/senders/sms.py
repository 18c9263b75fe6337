"""Text messages through the gateway that `TOCSIN_APPRISE_SMS` names: one text per contact, never edited."""

from __future__ import annotations

from webhook.apprise_url import Gateway
from webhook.incidents.notifications import Action
from webhook.render.sms import layout
from webhook.senders.contract import Job, Receipt
from webhook.senders.gateway import say
from webhook.settings import Settings


class SmsSender:
    """Sends to telephone numbers."""

    channel = "sms"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate", "resolve"})
    shows_state = True

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(self, job: Job) -> Receipt:
        """Hand the text to the gateway; see `contract.Sender.send`."""
        return Receipt(provider_id=say(self._gateway, job.destination, layout(job.message)))


def configured(settings: Settings) -> SmsSender | None:
    """Return the sender, or None if no gateway is set."""
    return None if settings.sms_gateway is None else SmsSender(settings.sms_gateway)
