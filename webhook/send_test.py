"""Sends one test message to every configured receiver that the catalogue names. Used by `cli`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from webhook.channels import CHANNELS
from webhook.incidents.notifications import Action, said_of
from webhook.incidents.recipients import Recipient
from webhook.render.message import Message
from webhook.senders.contract import Failure, Job, Receipt, Sender
from webhook.service import Service

SUBJECT = "Tocsin test message"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of the test for one receiver."""

    channel: str
    destination: str
    sent: bool
    failed: bool
    description: str


def send_tests(service: Service, *, only: str | None = None) -> tuple[Result, ...]:
    """Send a test to each receiver, or to those of the channel `only`; return the outcome of each.

    The tests do not pass through the store: they check the settings even if nothing else works.
    """
    thread = uuid.uuid4().hex
    return tuple(
        _try(service, recipient, thread)
        for recipient in dict.fromkeys((*_receivers(service), *_announced_to(service)))
        if only in {None, recipient.channel}
    )


def shortfall(service: Service, results: Iterable[Result], *, only: str | None = None) -> tuple[str, ...]:
    """Return why the test of the channel `only`, or of all, reached no person, with hints; empty if it reached one."""
    tests = tuple(results)
    if any(test.sent and CHANNELS[test.channel].setting for test in tests):
        return ()
    requested = [name for name in CHANNELS if name == only or only is None]
    tested = {test.channel for test in tests}
    unset_variables = [
        CHANNELS[name].setting for name in requested if name not in service.senders and (name in tested or only)
    ]
    without_receiver = [
        CHANNELS[name].word for name in requested if name not in tested and (name in service.senders or only)
    ]
    return (
        f"no person was reached: {_reason(tests)}",
        *([f"hint: set {' or '.join(str(setting) for setting in unset_variables)}"] if unset_variables else []),
        *([f"hint: the catalogue has no receiver for {', '.join(without_receiver)}"] if without_receiver else []),
    )


def _reason(results: tuple[Result, ...]) -> str:
    if any(test.failed for test in results):
        return "what was sent has failed"
    return "a line in the log calls nobody" if any(test.sent for test in results) else "nothing was sent"


_SERVICES = tuple(name for name, channel in CHANNELS.items() if channel.address == "service")


def _receivers(service: Service) -> Iterator[Recipient]:
    catalog = service.catalog.current
    for team in catalog.teams.values():
        for channel, address in team.addresses.items():
            yield Recipient(channel=channel, destination=address, who="")
    yield from (
        _only_recipient(name) for name in _SERVICES if "fallback" in CHANNELS[name].scopes and _is_used(service, name)
    )
    for level in catalog.levels.values():
        for contacts in (level.contacts, *(turn.contacts for turn in level.rotation)):
            for channel, addresses in contacts.items():
                for address in addresses:
                    yield Recipient(channel=channel, destination=address, who="")


def _announced_to(service: Service) -> Iterator[Recipient]:
    for name in _SERVICES:
        if "fallback" not in CHANNELS[name].scopes and (CHANNELS[name].setting is None or _is_used(service, name)):
            yield _only_recipient(name)


def _is_used(service: Service, channel: str) -> bool:
    """Return whether the channel is configured, or a policy names it."""
    policies = service.catalog.current.policies.values()
    named = {name for policy in policies for tier in policy.severities.values() for name in tier.announce}
    named |= {name for policy in policies for name in policy.fallback}
    return channel in named or channel in service.senders


def _only_recipient(channel: str) -> Recipient:
    return Recipient(channel=channel, destination=CHANNELS[channel].destination or "", who="")


def _try(service: Service, recipient: Recipient, thread: str) -> Result:
    sender = service.senders.get(recipient.channel)
    address = {"channel": recipient.channel, "destination": recipient.destination}
    if sender is None:
        return Result(
            **address,
            sent=False,
            failed=False,
            description=f"not configured, {CHANNELS[recipient.channel].setting} is not set",
        )
    try:
        receipt = _send(sender, recipient, thread, service.clock())
    except Failure as failure:
        return Result(**address, sent=False, failed=True, description=f"failed: {failure}")
    return Result(**address, sent=True, failed=False, description=said_of(recipient.channel, receipt.provider_id))


def _send(sender: Sender, recipient: Recipient, thread: str, now: float) -> Receipt:
    """Send the test, and resolve it if the channel would otherwise keep calling; return the first receipt."""
    actions: tuple[Action, ...] = ("open",) if sender.shows_state else ("open", "resolve")
    receipts = [
        sender.send(
            Job(
                id=0,
                action=action,
                destination=recipient.destination,
                message=_message(now),
                dedup_key=thread,
                thread=thread,
                sent_at=now,
            )
        )
        for action in actions
        if action in sender.actions
    ]
    return receipts[0]


def _message(now: float) -> Message:
    return Message(
        incident_id=0,
        status="open",
        severity="info",
        title=SUBJECT,
        alert="TocsinTest",
        source="tocsin-webhook send-test",
        problem="Nothing is wrong: this shows that messages arrive here",
        started_at=now,
        standing="Nothing to do.",
    )
