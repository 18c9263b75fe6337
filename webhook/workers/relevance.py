"""Whether a claimed message is still worth sending, and which others it makes needless. Pure.

`dispatch` asks when the message is written, `fallback` before it moves on: much may have happened since it was put
into the outbox.
"""

from __future__ import annotations

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident
from webhook.incidents.messages import CALLS
from webhook.storage.outbox import Claim, Message

RESOLVED_FIRST = "the incident was resolved before this could be sent"
ACKNOWLEDGED_FIRST = "the incident was acknowledged before this could be sent"
FIRES_AGAIN = "it fires again: the end is no longer true"
TOLD_WITH_OTHERS = "told in a message on many incidents, which is not edited; the page has it"
CALLED_AGAIN = "a later call to the same people says it"
INTERRUPTING = frozenset(name for name, channel in CHANNELS.items() if channel.interrupts)


def needless(claimed: Claim, incident: Incident, *, shows_state: bool, batched: bool, called_again: bool) -> str | None:
    """Return why the message would only disturb somebody as the incident stands now, or None when it is to be sent.

    `shows_state` says whether the channel's messages tell the whole state, `batched` whether the destination knows of
    the incident only from a message on many, which is never edited; `called_again` whether the same call waits once
    more behind this one, which would be a message of its own.
    """
    calls = claimed.action in CALLS
    if incident.status == "resolved":
        # The end is told by a row of its own; a text that opens says that it is over.
        over = calls and (claimed.action != "open" or not shows_state)
        return RESOLVED_FIRST if over else None
    # What is news after somebody has taken the incident is told all the same.
    if calls and is_taken_since(incident, claimed):
        disturbs = claimed.action == "escalate" or claimed.channel in INTERRUPTING
        return ACKNOWLEDGED_FIRST if disturbs else None
    # Taken and given back while the call waited, say: two calls in one moment tell no more than the second.
    if called_again and claimed.action == "escalate":
        return CALLED_AGAIN
    if batched and claimed.action in {"update", "acknowledge"}:
        return TOLD_WITH_OTHERS
    return FIRES_AGAIN if claimed.action == "resolve" and shows_state else None


def is_taken_since(incident: Incident, message: Message) -> bool:
    """Return whether somebody has taken the incident after the message was written."""
    return incident.acknowledged_at is not None and incident.acknowledged_at >= message.created_at


def said_too(claimed: Claim, incident: Incident) -> frozenset[str]:
    """Return which later messages of the line say nothing that this one, written after them, has not said."""
    if claimed.action in {"join", "escalate"}:
        return frozenset()
    said = {"update"}
    if claimed.action == "open":
        said |= {"join", "escalate"}
    if incident.status == "resolved":
        said |= {"resolve", "acknowledge"}
    return frozenset(said)
