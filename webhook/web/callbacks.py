"""Signed callbacks: a button pressed in Slack, an incident acknowledged, resolved or merged in PagerDuty.

Callbacks need no bearer token, because the provider signs each request. A callback whose secret is not set answers 404.
`signatures` checks the request, `callback_events` reads it, `responses` acts.

A replayed request, or one that the provider sends twice, acts once: the store remembers the signed part of each handled
request for all replicas. Two replicas that handle the same request at the same moment do no harm, because a second
acknowledgement changes nothing. An action that a person took at the provider before the incident's last change, and
that arrives after it, changes nothing either. An acknowledgement or a resolve covers only what was told by then: one
that arrives after further alerts have called becomes a line in the timeline.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, assert_never

import structlog
from flask import Blueprint, Response, abort, jsonify, request

from webhook.application.responses import Responses, Shown
from webhook.callback_events import VERBS, Change, Press, pagerduty_change, pagerduty_identity, slack_press
from webhook.channels import CHANNELS
from webhook.incidents.incident import Merged, Noted, Outcome
from webhook.incidents.notifications import Channels
from webhook.render import pressed, slack
from webhook.secret import Secret
from webhook.senders.contract import Answering, Failure
from webhook.senders.registry import channels
from webhook.service import Service
from webhook.signatures import pagerduty_signed, slack_signed
from webhook.storage import archive, lookup, taken
from webhook.timestamps import clock

LARGEST_BODY = 1024 * 1024
SKEW_SECONDS = 300.0
"""How far PagerDuty's clock may be behind ours before an action there counts as meant for an earlier incident."""
UNMEASURED_SECONDS = 5.0
"""How far a provider's clock is assumed to be behind ours until one of its requests shows the difference."""
SLOW_SECONDS = 5.0
"""How many seconds longer than the quickest press a press may take to arrive, and still count as just made.

A change gets the time at which it is stored. So the first of two presses in a row may get a later time than that at
which the second one was made.
"""

MOST_ANSWERS = 8
"""How many answers to presses may be under way at once."""

T = TypeVar("T")

_answers = threading.BoundedSemaphore(MOST_ANSWERS)

log = structlog.get_logger("tocsin.callbacks")


def callbacks(service: Service) -> Blueprint:
    """Return the routes for providers."""
    routes = Blueprint("callbacks", __name__)
    routes.add_url_rule("/slack/interactions", "slack_interactions", lambda: _slack(service), methods=["POST"])
    routes.add_url_rule("/pagerduty/webhook", "pagerduty_webhook", lambda: _pagerduty(service), methods=["POST"])
    return routes


def _slack(service: Service) -> Response:
    secret, now = service.settings.slack_signing_secret, service.clock()
    signature = request.headers.get("X-Slack-Signature", "")
    at = request.headers.get("X-Slack-Request-Timestamp", "")
    body = _signed("slack", secret, lambda body, key: slack_signed(signature, at, body, key, now=now))
    identity = f"{at} {hashlib.sha256(body).hexdigest()}"
    if not _is_taken(service, "slack", identity):
        press = _read(slack_press, body)
        if press is not None:
            # The time of the press, not of the message with the button, which may be days old.
            pressed_at = float(at) if press.at is None else press.at
            _press(service, press, pressed_at, now)
        _remember(service, "slack", identity)
    # Slack shows nothing for an empty answer. The message itself is edited when the incident has changed.
    return Response(status=200)


def _press(service: Service, press: Press, pressed_at: float, now: float) -> None:
    """Do what the button says, unless somebody has changed the incident since; reply if nothing changed."""
    with service.database.read() as connection:
        change = lookup.last_change(connection, press.number)
        behind = taken.behind(connection, "slack")
    if change is not None and pressed_at + _allowance(behind) + SLOW_SECONDS < change.at:
        log.warning("a press came late: it changes nothing", incident=press.number, late_seconds=now - pressed_at)
        _answer(service, press, pressed.late(press.number, change.kind, change.actor, change.at, now=now))
        return
    outcome = _act(service.responses, press, now)
    _measure(service, "slack", pressed_at, now)
    if outcome is not None and outcome.incident is not None and outcome.result == "overtaken":
        record = service.records.read(press.number)
        buttons = slack.buttons_of(record.message) if record else []
        _answer(service, press, pressed.overtaken(outcome.incident, press.verb), buttons)
    elif outcome is None or outcome.result == "unchanged":
        _answer(service, press, _why_unchanged(service, press, outcome, now))


def _why_unchanged(service: Service, press: Press, outcome: Outcome | None, now: float) -> str:
    """Return a sentence that says why the press has changed nothing."""
    if outcome is not None and outcome.incident is not None:
        return pressed.unchanged(outcome.incident, press.verb, now=now)
    with service.database.read() as connection:
        is_archived = archive.find(connection, press.number) is not None
    return pressed.archived(press.number) if is_archived else pressed.unknown(press.number)


def _answer(service: Service, press: Press, text: str, buttons: Sequence[Mapping[str, object]] = ()) -> None:
    """Tell the person who pressed that nothing has changed; in a thread, because Slack waits only three seconds."""
    sender: object = service.senders.get("slack")
    if not isinstance(sender, Answering) or not press.channel or not press.user:
        return
    if not _answers.acquire(blocking=False):
        log.warning("a press that changed nothing is not answered: too many answers are under way")
        return
    threading.Thread(target=_say, args=(sender, press, text, buttons), name="answer", daemon=True).start()


def _say(sender: Answering, press: Press, text: str, buttons: Sequence[Mapping[str, object]]) -> None:
    try:
        sender.answer(press.channel, press.user, text, buttons)
    except Failure as failure:
        log.warning("a press that changed nothing could not be answered", incident=press.number, reason=str(failure))
    finally:
        _answers.release()


def _pagerduty(service: Service) -> Response:
    secret = service.settings.pagerduty_webhook_secret
    signature = request.headers.get("X-PagerDuty-Signature", "")
    body = _signed("pagerduty", secret, lambda body, key: pagerduty_signed(signature, body, key))
    identity = _read(pagerduty_identity, body)
    if _is_taken(service, "pagerduty", identity):
        return jsonify(result="repeated")
    change = _read(pagerduty_change, body)
    result = "ignored"
    if change is not None:
        result = _change(service, change)
        _measure(service, "pagerduty", change.at, service.clock())
    _remember(service, "pagerduty", identity)
    return jsonify(result=result)


def _is_taken(service: Service, provider: str, identity: str) -> bool:
    with service.database.read() as connection:
        return taken.is_taken(connection, provider, identity)


def _remember(service: Service, provider: str, identity: str) -> None:
    with service.database.write() as connection:
        taken.take(connection, provider, identity, service.clock())


def _measure(service: Service, provider: str, made_at: float, now: float) -> None:
    """Measure the provider's clock by an action that its clock dates at `made_at`."""
    if abs(now - made_at) > SKEW_SECONDS:
        return  # the request was delayed, so it says nothing about the clock
    with service.database.write() as connection:
        taken.measure(connection, provider, made_at, now)


def _allowance(behind: float | None) -> float:
    """Return by how many seconds a provider's clock is assumed to be behind ours."""
    return UNMEASURED_SECONDS if behind is None else min(behind, SKEW_SECONDS)


def _change(service: Service, change: Change) -> str:
    with service.database.read() as connection:
        incident = lookup.by_dedup_key(connection, change.key)
        behind = taken.behind(connection, "pagerduty")
    if incident is None or _stale(change, incident) or _too_old(change, service.clock()):
        return "ignored"
    now, responses = service.clock(), _responses_except_pagerduty(service)
    if _overtaken(change, incident, behind):
        outcome = responses.happened(incident.number, _late(change, incident, now), now)
    else:
        outcome = _apply(responses, change, incident.number, now)
    return "ignored" if outcome is None else outcome.result


def _apply(responses: Responses, change: Change, number: int, now: float) -> Outcome | None:
    if change.verb == "merge":
        merged = Merged(actor=change.actor, into=change.detail, by_person=change.by_person)
        return responses.happened(number, merged, now)
    if change.verb == "note":
        return responses.happened(number, Noted(kind="reassigned", actor=change.actor, detail=change.detail), now)
    return _act(responses, Press(verb=change.verb, number=number, actor=change.actor), now)


def _stale(change: Change, incident: lookup.Found) -> bool:
    """Return whether the change is older than the state that it would change: PagerDuty retries for a day.

    A change that is older than the last change that somebody made to the incident has no effect. A resolve has to be
    later than the last call, so that a resolve of an earlier incident with the same key does not end this one. A
    reopening has to be later than the resolve that it takes back. All comparisons allow `SKEW_SECONDS` for clocks that
    differ.
    """
    if change.verb in VERBS and change.at + SKEW_SECONDS < incident.changed_at:
        return True
    if change.verb == "resolve":
        return change.at + SKEW_SECONDS < incident.asked_at
    if change.verb == "reopen" and incident.resolved_at is not None:
        return change.at + SKEW_SECONDS < incident.resolved_at
    return change.at + SKEW_SECONDS < incident.began_at


def _too_old(change: Change, now: float) -> bool:
    """Return whether the store may have forgotten this request already: no event is first sent so late."""
    return change.at + SKEW_SECONDS < now - taken.KEPT_SECONDS


def _overtaken(change: Change, incident: lookup.Found, behind: float | None) -> bool:
    """Return whether the person acknowledged or resolved before further alerts called.

    `behind` is the most, in seconds, that PagerDuty's clock is behind ours: the change was made at most this much later
    than its time says.
    """
    is_response = change.verb in {"acknowledge", "resolve"} or (change.verb == "merge" and change.by_person)
    return is_response and change.at + _allowance(behind) < incident.told_at


def _late(change: Change, incident: lookup.Found, now: float) -> Noted:
    change_word = {"acknowledge": "acknowledged", "resolve": "resolved"}.get(change.verb, "merged")
    made_at, told_at = (clock(at, now=now) for at in (change.at, incident.told_at))
    detail = f"{change_word} in PagerDuty at {made_at}, before what was told at {told_at}: that changes nothing here"
    return Noted(kind="late", actor=change.actor, detail=detail)


def _responses_except_pagerduty(service: Service) -> Responses:
    """Return responses that notify everybody except PagerDuty, which sent this change."""
    return Responses(
        service.database,
        catalog=lambda: service.catalog.current,
        channels=_without_echo(channels(service.senders)),
        committed=service.wakeup.notify,
    )


def _without_echo(configured: Channels) -> Channels:
    return {
        name: actions - {"acknowledge", "resolve"} if CHANNELS[name].shares_dedup_key else actions
        for name, actions in configured.items()
    }


def _act(responses: Responses, press: Press, now: float) -> Outcome | None:
    match press.verb:
        case "acknowledge":
            return responses.acknowledge(press.number, press.actor, now, shown=Shown(told_through=press.seen))
        case "resolve":
            return responses.resolve(press.number, press.actor, now, shown=Shown(told_through=press.seen))
        case "unacknowledge":
            return responses.unacknowledge(press.number, press.actor, now)
        case "reopen":
            return responses.reopen(press.number, press.actor, now)
        case _:
            assert_never(press.verb)


def _signed(provider: str, secret: Secret | None, is_signed: Callable[[bytes, Secret], bool]) -> bytes:
    """Return the body, read in bounded memory, if the provider signed it; otherwise end the request with an error."""
    if secret is None:
        abort(404)
    body: bytes = request.stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        abort(413)
    if not is_signed(body, secret):
        log.warning("a callback was refused: its signature does not fit", provider=provider)
        abort(401, description="the signature does not fit")
    return body


def _read(parse: Callable[[bytes], T], body: bytes) -> T:
    try:
        return parse(body)
    except (ValueError, RecursionError):
        abort(400, description="the body is not what the provider documents")
