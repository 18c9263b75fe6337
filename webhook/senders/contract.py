"""What every sender promises. `dispatch` knows this and nothing else about a channel.

A sender is given a `Job`, sends it once, within `LONGEST_SEND` seconds, and returns a `Receipt` or raises one of the
two failures. It keeps no state about incidents and never tries again by itself: that is the worker's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from webhook.incidents.messages import Action
from webhook.render.message import Message

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
LONGEST_SEND = 30.0
"""Seconds after which a sender gives up, however slowly the other side still answers."""


class Failure(Exception):  # noqa: N818  the two kinds below are named after what they mean
    """A message was not sent; the text says why, without secrets."""


class TemporaryFailure(Failure):
    """It may work later. `retry_after` is how many seconds the destination asked to be left alone, if it did.

    What is `lasting` may work later too, once somebody has mended it: nobody waits for that before another way is used.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, lasting: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.lasting = lasting


class PermanentFailure(Failure):
    """It will not work until somebody changes something: the message, the address or the settings."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One message for one destination."""

    id: int
    """The message's number in the outbox: the same when it is tried again, and no other message has it."""
    action: Action
    destination: str
    message: Message
    dedup_key: str
    """The incident's key, which Alertmanager's own PagerDuty receiver uses too."""
    thread: str
    """Names the incident among all incidents of all time; safe in a mail header."""
    sent_at: float
    first: bool = False
    """Whether the destination has had no message of this incident before."""
    provider_id: str | None = None
    """What the first message of this incident to this destination was given by the provider, if it went out."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A message is with the provider; `provider_id` is kept when later messages refer to it."""

    provider_id: str | None = None


class Sender(Protocol):
    """A channel that is configured."""

    @property
    def channel(self) -> str:
        """The channel's name in the catalogue."""

    @property
    def actions(self) -> frozenset[Action]:
        """What the channel can express; nothing else is put into the outbox for it."""

    @property
    def shows_state(self) -> bool:
        """Whether a message tells the whole state of the incident (a text), or one event of it (a protocol)."""

    def send(self, job: Job) -> Receipt:
        """Send `job` once; raises TemporaryFailure or PermanentFailure."""


@runtime_checkable
class Answering(Protocol):
    """A channel that can answer a person who has pressed a button in it."""

    def answer(self, channel: str, user: str, text: str, buttons: Sequence[Mapping[str, object]] = ()) -> None:
        """Say `text` where only `user` sees it, with what can be pressed then as the channel lays it out.

        Raises TemporaryFailure or PermanentFailure.
        """
