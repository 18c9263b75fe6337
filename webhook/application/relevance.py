"""Decides whether a claimed notification is still worth sending, and which later ones it makes needless. Pure.

`dispatch` asks when it renders the message, and `fallback` asks before it moves a call to another channel, because the
incident may have changed since the notification was added to the outbox.
"""

from __future__ import annotations

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident
from webhook.incidents.notifications import CALLS, Claim, Notification

RESOLVED_FIRST = "the incident was resolved before this could be sent"
ACKNOWLEDGED_FIRST = "the incident was acknowledged before this could be sent"
FIRES_AGAIN = "it fires again: the end is no longer true"
TOLD_WITH_OTHERS = "told in a message on many incidents, which is not edited; the page has it"
CALLED_AGAIN = "a later call to the same people says it"
INTERRUPTING = frozenset(name for name, channel in CHANNELS.items() if channel.interrupts)


def needless(claimed: Claim, incident: Incident, *, shows_state: bool, batched: bool, called_again: bool) -> str | None:
    """Return why the notification would now only disturb people, or None if it is to be sent.

    `shows_state` says whether the channel's messages show the whole state of the incident. `batched` says whether the
    destination was told about the incident only by the message of a batch, which is never edited. `called_again` says
    whether a call with the same action waits behind this one and would be sent as a separate message.
    """
    is_call = claimed.action in CALLS
    if incident.status == "resolved":
        # A separate notification tells the end, and an opening message with the whole state shows it.
        is_outdated = is_call and (claimed.action != "open" or not shows_state)
        return RESOLVED_FIRST if is_outdated else None
    # Calls that were written after the acknowledgement tell news, so they are sent.
    if is_call and is_taken_since(incident, claimed):
        disturbs = claimed.action == "escalate" or claimed.channel in INTERRUPTING
        return ACKNOWLEDGED_FIRST if disturbs else None
    # For example, somebody acknowledged the incident and gave it back. Then the second call says what both would say.
    if called_again and claimed.action == "escalate":
        return CALLED_AGAIN
    if batched and claimed.action in {"update", "acknowledge"}:
        return TOLD_WITH_OTHERS
    return FIRES_AGAIN if claimed.action == "resolve" and shows_state else None


def is_taken_since(incident: Incident, message: Notification) -> bool:
    """Return whether somebody acknowledged the incident after the notification was written."""
    return incident.acknowledged_at is not None and incident.acknowledged_at >= message.created_at


def actions_included_in(claimed: Claim, incident: Incident) -> frozenset[str]:
    """Return the actions of later notifications with this ordering key that add nothing to this message."""
    if claimed.action in {"join", "escalate"}:
        return frozenset()
    included = {"update"}
    if claimed.action == "open":
        included |= {"join", "escalate"}
    if incident.status == "resolved":
        included |= {"resolve", "acknowledge"}
    return frozenset(included)
