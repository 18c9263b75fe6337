"""The replies to a person who pressed a button that changed nothing. Pure; `callbacks` sends them.

The channel shows links and mentions, so text that people wrote is escaped.
"""

from __future__ import annotations

from webhook.callback_events import Verb
from webhook.incidents.incident import Incident
from webhook.incidents.joining import covered
from webhook.render.mrkdwn import escape
from webhook.timestamps import clock
from webhook.untrusted import one_line

_LONGEST_NAME = 80
_DONE = {
    "acknowledged": "acknowledged",
    "unacknowledged": "given back",
    "resolved": "resolved",
    "reopened": "reopened",
}


def unchanged(incident: Incident, verb: Verb, *, now: float) -> str:
    """Return why `verb` has changed nothing about the incident, and what the person can do instead."""
    if incident.status == "resolved":
        return _resolved(incident, verb, now)
    if incident.status == "acknowledged":
        at = clock(incident.acknowledged_at or now, now=now)
        sentence = f"{_named(incident)} is acknowledged already, by {_who(incident.acknowledged_by)} at {at}."
        return f"{sentence} It is not resolved, so there is nothing to reopen." if verb == "reopen" else sentence
    if verb == "unacknowledge":
        return f"{_named(incident)} is not acknowledged by anybody: there is nothing to give back."
    return f"{_named(incident)} is open already: nothing has changed."


def late(number: int, kind: str, actor: str, at: float, *, now: float) -> str:
    """Return the reply to a press that was made before the incident's last change and arrived after it."""
    change = f"was {_DONE[kind]} by {_who(actor)} at {clock(at, now=now)}"
    return (
        f"Your press came late: incident {number} {change}, so nothing has changed. Press again if you still mean it."
    )


def overtaken(incident: Incident, verb: Verb) -> str:
    """Return the reply that alerts have joined since the button was drawn, and what the new buttons would cover."""
    done = "acknowledged" if verb == "acknowledge" else "resolved"
    since = f"Not {done}: alerts have joined {_named(incident)} since this button was drawn."
    return f"{since} A press below {escape(covered(incident))}."


def archived(number: int) -> str:
    """Return the reply that the incident is archived."""
    return f"Incident {number} is archived: nothing about it changes any more."


def unknown(number: int) -> str:
    """Return the reply that there is no such incident."""
    return f"There is no incident {number}: nothing has changed."


def _resolved(incident: Incident, verb: Verb, now: float) -> str:
    when, who = clock(incident.resolved_at or now, now=now), _who(incident.resolved_by)
    if incident.fires_on:
        again = "" if verb == "reopen" else " Reopen it to take it up again."
        return f"{_named(incident)} was resolved by hand at {when} by {who}, and it still fires.{again}"
    if verb == "reopen":
        return f"{_named(incident)} is over since {when} (by {who}): none of its alerts fires, so nothing is reopened."
    return f"{_named(incident)} is resolved already, at {when} by {who}: nothing has changed."


def _named(incident: Incident) -> str:
    title = escape(one_line(incident.title, _LONGEST_NAME))
    return f"Incident {incident.id} ({title})" if title else f"Incident {incident.id}"


def _who(name: str | None) -> str:
    return escape(one_line(name or "", _LONGEST_NAME)) or "somebody"
