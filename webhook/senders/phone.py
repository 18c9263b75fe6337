"""Telephone calls, through the gateway that `TOCSIN_APPRISE_PHONE` names: a voice says what is wrong.

Only what asks for somebody is worth a ring, so nobody is called to be told that it is over.
"""

from __future__ import annotations

from webhook.apprise_url import Gateway
from webhook.incidents.messages import Action
from webhook.render.speech import layout
from webhook.senders.contract import Job, Receipt
from webhook.senders.gateway import say


class PhoneSender:
    """Calls telephone numbers."""

    channel = "phone"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate"})
    # Not a message that stands somewhere: a call that has not been made when the incident is resolved is not made.
    shows_state = False

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(self, job: Job) -> Receipt:
        """Have the gateway call and speak; see `contract.Sender.send`."""
        return Receipt(provider_id=say(self._gateway, job.destination, layout(job.message)))
