"""Parses callbacks of Slack and PagerDuty: what a person did there. Pure.

`callbacks` checks the signatures and acts on the result. A body in a form that the provider does not document raises
ValueError. A documented body that does not concern Tocsin returns None.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import parse_qs

from webhook.timestamps import parse_rfc3339
from webhook.untrusted import one_line

Verb = Literal["acknowledge", "unacknowledge", "resolve", "reopen"]
PagerDutyChange = Literal["merge", "note"]
"""A change of PagerDuty's own incident that leaves Tocsin's incident as it is."""

VERBS: tuple[Verb, ...] = get_args(Verb)
ACTION = "tocsin."
"""The prefix of our buttons' `action_id`; the verb follows it."""

_LONGEST_NAME = 60
_NUMBER = re.compile(r"[0-9]{1,18}\Z", flags=re.ASCII)
_BLOCK_ID = re.compile(r"tocsin-[0-9]{1,18}-([0-9]{1,18})\Z", flags=re.ASCII)
_SLACK_TIME = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?\Z", flags=re.ASCII)
_SLACK_ID = re.compile(r"[A-Z0-9]{2,30}\Z", flags=re.ASCII)
_KEY = re.compile(r"[0-9a-f]{64}\Z")
_PAGERDUTY: dict[str, Verb] = {
    "incident.acknowledged": "acknowledge",
    "incident.unacknowledged": "unacknowledge",
    "incident.resolved": "resolve",
    "incident.reopened": "reopen",
}
_HANDOVERS = {
    "incident.reassigned": "reassigned in PagerDuty",
    "incident.delegated": "delegated in PagerDuty",
    "incident.escalated": "escalated in PagerDuty",
}
_MERGED = "merge_resolve_reason"
_MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Press:
    """A press of one of our buttons in Slack."""

    verb: Verb
    number: int
    actor: str
    seen: int | None = None
    """What `lookup.told_through` said when the button was drawn; None on messages of older releases."""
    at: float | None = None
    """When the button was pressed, by Slack's clock, in epoch seconds; None if the payload does not say."""
    channel: str = ""
    """`channel` and `user` are Slack's ids. An answer for this user alone goes to this channel. Empty if unknown."""
    user: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of an incident in PagerDuty; `key` is Tocsin's deduplication key, `at` is in epoch seconds."""

    verb: Verb | PagerDutyChange
    key: str
    actor: str
    at: float
    detail: str = ""
    """In words: into which incident it was merged, or to whom it was handed on."""
    by_person: bool = False


def slack_press(body: bytes) -> Press | None:
    """Return the press that the form field `payload` describes, or None if the button is not ours.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    payload = _object(json.loads(fields.get("payload", [""])[0]))
    actions = payload.get("actions")
    if payload.get("type") != "block_actions" or not isinstance(actions, list):
        return None
    for action in map(_object, actions):
        verb = next((verb for verb in VERBS if action.get("action_id") == ACTION + verb), None)
        value = action.get("value")
        if verb is not None and isinstance(value, str) and _NUMBER.match(value):
            block_match = _BLOCK_ID.match(str(action.get("block_id")))
            user, container = _object(payload.get("user")), _object(payload.get("container"))
            return Press(
                verb=verb,
                number=int(value),
                seen=None if block_match is None else int(block_match[1]),
                actor=f"{_slack_name(user)} (Slack)",
                at=_pressed_at(action.get("action_ts")),
                channel=_id(_object(payload.get("channel")).get("id")) or _id(container.get("channel_id")),
                user=_id(user.get("id")),
            )
    return None


def pagerduty_identity(body: bytes) -> str:
    """Return the identity of a PagerDuty event: its id, type and time, which the signature covers."""
    event = _object(_object(json.loads(body)).get("event"))
    parts = [event.get(key) for key in ("id", "event_type", "occurred_at")]
    return json.dumps(parts if parts[0] else hashlib.sha256(body).hexdigest())


def pagerduty_change(body: bytes) -> Change | None:
    """Return the change that the event describes, or None if it does not concern one of our incidents.

    https://developer.pagerduty.com/docs/webhooks-overview. The event's agent says who made the change. The result is
    also None if an integration acknowledged or resolved, because it does so for Alertmanager or for Tocsin. It is None
    for a resolve without an agent, too, because that is PagerDuty's own time-out. A merge arrives as a resolve with its
    own reason.
    """
    event = _object(_object(json.loads(body)).get("event"))
    data, agent = _object(event.get("data")), _object(event.get("agent"))
    verb, detail = _verb_and_detail(str(event.get("event_type")), data)
    key = data.get("incident_key")
    if verb is None or not isinstance(key, str) or not _KEY.match(key):
        return None
    by_person = "user" in str(agent.get("type"))
    if (verb == "resolve" and not by_person) or (verb == "acknowledge" and agent and not by_person):
        return None
    name = _name(agent.get("summary")) if by_person else None
    return Change(
        verb=verb,
        key=key,
        actor=f"{name} (PagerDuty)" if name else "PagerDuty",
        at=parse_rfc3339(str(event.get("occurred_at"))).seconds,
        detail=detail,
        by_person=by_person,
    )


def _verb_and_detail(kind: str, data: dict[str, Any]) -> tuple[Verb | PagerDutyChange | None, str]:
    """Return the verb of an event of this kind, and a description where one is needed."""
    reason = _object(data.get("resolve_reason"))
    if kind == "incident.resolved" and reason.get("type") == _MERGED:
        return "merge", _merged_into(_object(reason.get("incident")))
    if kind in _HANDOVERS:
        recipient = _handed_to(kind, data)
        return "note", f"{_HANDOVERS[kind]}{f' to {recipient}' if recipient else ''}"
    return _PAGERDUTY.get(kind), ""


def _merged_into(incident: dict[str, Any]) -> str:
    name, number = _name(incident.get("summary")), _name(incident.get("id"))
    if name and number and name != number:
        return f"“{name}” ({number}) in PagerDuty"
    return f"{name or number or 'another incident'} in PagerDuty"


def _handed_to(kind: str, data: dict[str, Any]) -> str:
    if kind == "incident.delegated":
        return _name(_object(data.get("escalation_policy")).get("summary")) or ""
    assignees = data.get("assignees")
    people = (
        [_name(_object(person).get("summary")) for person in assignees[:_MOST_NAMES]]
        if isinstance(assignees, list)
        else []
    )
    return ", ".join(name for name in people if name)


def _slack_name(user: dict[str, Any]) -> str:
    names = (_name(user.get(key)) for key in ("name", "username", "id"))
    return next((name for name in names if name), "somebody")


def _pressed_at(value: object) -> float | None:
    return float(value) if isinstance(value, str) and _SLACK_TIME.match(value) else None


def _id(value: object) -> str:
    return value if isinstance(value, str) and _SLACK_ID.match(value) else ""


def _name(value: object) -> str | None:
    return one_line(value, _LONGEST_NAME) or None if isinstance(value, str) else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
