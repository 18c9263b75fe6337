"""The sentence that says why somebody is called: for the notification, the timeline and later questions. Pure.

The application layer and the workers ask for a sentence when the event happens; the store keeps the
sentence with the notification.
"""

from __future__ import annotations

from webhook.catalog.model import Catalog
from webhook.incidents.escalation import GivenUp, Step
from webhook.incidents.incident import Incident
from webhook.incidents.recipients import title_of
from webhook.timestamps import span, written_span
from webhook.untrusted import one_line

_LONGEST_NAME = 80
_LONGEST_REASON = 300


def nobody_acknowledged(catalog: Catalog, incident: Incident, step: Step, now: float) -> str:
    """Return why the level of `step` is called: the time of the level before it has passed."""
    seconds = catalog.policy(incident.policy).severities[incident.severity].escalate_seconds or 0
    return _step(catalog, incident, step, f"Nobody acknowledged within {written_span(seconds)}", now)


def nobody_reached(catalog: Catalog, incident: Incident, given_up: GivenUp, now: float) -> str:
    """Return why the level of `step` is called at once: the level before it cannot be reached."""
    reason = f"{title_of(catalog, incident.policy, incident.level, now)} cannot be reached ({given_up.reason})"
    return _step(catalog, incident, given_up.step, reason, now)


def acknowledgement_ran_out(catalog: Catalog, incident: Incident, now: float) -> str:
    """Return why the level that was reached is called again: an acknowledgement ran out."""
    who = one_line(incident.acknowledged_by or "somebody", _LONGEST_NAME)
    ago = written_span(round(now - (incident.acknowledged_at or now)))
    level = level_of(catalog, incident, incident.level, now)
    return f"Acknowledged by {who} {ago} ago and not resolved; {level} is asked again."


def given_back(catalog: Catalog, incident: Incident, actor: str, now: float) -> str:
    """Return why the level that was reached is called again: `actor` withdrew the acknowledgement."""
    who = one_line(actor, _LONGEST_NAME)
    return f"{who} has given it back; {level_of(catalog, incident, incident.level, now)} is asked again."


def reopened(catalog: Catalog, incident: Incident, actor: str, now: float) -> str:
    """Return why people are called again about an incident resolved by hand: `actor` took the resolve back."""
    by = one_line(incident.resolved_by or "somebody", _LONGEST_NAME)
    who = one_line(actor, _LONGEST_NAME)
    return f"{who} has reopened it, resolved by {by} before; {level_of(catalog, incident, 0, now)} is asked again."


def fires_on(catalog: Catalog, incident: Incident, now: float) -> str:
    """Return why people are called again about an incident resolved by hand: it fires on."""
    by = one_line(incident.resolved_by or "somebody", _LONGEST_NAME)
    ago = written_span(round(now - (incident.resolved_at or now)))
    level = level_of(catalog, incident, 0, now)
    return f"Resolved by {by} {ago} ago, and it still fires; {level} is told again."


def not_known(reason: str) -> str:
    """Return the sentence that says why it is not known whether the incident still fires."""
    return f" Whether it still fires is not known ({one_line(reason, _LONGEST_REASON)})."


def refused(channel: str, reason: str) -> str:
    """Return the beginning of `moved_on` if a channel, in words, has refused a notification for good."""
    return f"{channel} refused ({one_line(reason, _LONGEST_REASON)})"


def failed(channel: str, reason: str, seconds: float) -> str:
    """Return the beginning of `moved_on` if a channel has not accepted a notification for `seconds`."""
    return f"{channel} has not taken it for {span(seconds)} ({one_line(reason, _LONGEST_REASON)})"


def paused(channel: str, seconds: float) -> str:
    """Return the beginning of `moved_on` if a channel has asked for a pause of `seconds` from now."""
    return f"{channel} asks to be left alone for {span(seconds)}"


def unconfigured(channel: str) -> str:
    """Return the beginning of `moved_on` if a channel was configured when the call was written and no longer is."""
    return f"{channel} is no longer configured"


def moved_on(beginning: str, fallback: str) -> str:
    """Return why the channel `fallback` is used; `beginning` is one of those above, about the channel before."""
    return f"{beginning[0].upper()}{beginning[1:]}{reached_by(fallback)}."


def reached_by(channel: str) -> str:
    """Return the end of the sentence of `moved_on`. This end is no longer true if the fallback channel fails too."""
    return "; handed to PagerDuty" if channel == "PagerDuty" else f"; reached you by {channel}"


def level_of(catalog: Catalog, incident: Incident, level: int, now: float) -> str:
    """Return a level (0 is the first) in words: `Engineering manager (level 2 of 3)`."""
    number = f"level {level + 1} of {len(catalog.policy(incident.policy).levels)}"
    return f"{title_of(catalog, incident.policy, level, now)} ({number})"


def _step(catalog: Catalog, incident: Incident, step: Step, cause: str, now: float) -> str:
    level_now = level_of(catalog, incident, step.level, now)
    last = len(catalog.policy(incident.policy).levels) - 1
    passed = [
        f"{title_of(catalog, incident.policy, level, now)} cannot be reached ({one_line(reason, _LONGEST_REASON)})"
        for level, reason in enumerate(step.unreachable, start=incident.level + 1)
        if level <= last
    ]
    is_again = step.level <= incident.level
    return f"{'; '.join([cause, *passed])}; {f'{level_now} is told again' if is_again else f'now {level_now}'}."
