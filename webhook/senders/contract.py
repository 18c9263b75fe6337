"""The contract of every sender. `dispatch` knows this contract and nothing else about a channel.

A sender gets a `Job`, sends it once within `LONGEST_SEND` seconds, and returns a `Receipt` or raises one of the two
failures. It keeps no state about incidents and never retries: the worker does both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from webhook.incidents.notifications import Action
from webhook.render.message import Message

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
LONGEST_SEND = 30.0
"""Seconds after which a sender gives up, even if the provider is still answering slowly."""


class Failure(Exception):  # noqa: N818  the two subclasses are named after what they mean
    """A message was not sent. The text says why and contains no secrets."""


class TemporaryFailure(Failure):
    """Sending may work later. `retry_after` is how many seconds the destination asked to wait, or None.

    A `lasting` failure ends only when somebody repairs something, so a fallback channel is used without waiting.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, lasting: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.lasting = lasting


class PermanentFailure(Failure):
    """Sending will not work until somebody changes the message, the address or the settings."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One message for one destination."""

    id: int
    """The notification's number in the outbox: unique, and the same at every attempt."""
    action: Action
    destination: str
    message: Message
    dedup_key: str
    """The incident's deduplication key, which Alertmanager's own PagerDuty receiver uses too."""
    thread: str
    """Identifies the incident among all incidents ever; safe in a mail header."""
    sent_at: float
    first: bool = False
    """Whether this is the destination's first message about this incident."""
    provider_id: str | None = None
    """The provider's id for the first message about this incident to this destination, if one was sent."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The provider has taken a message; `provider_id` is stored so that later messages can refer to it."""

    provider_id: str | None = None


class Sender(Protocol):
    """A configured channel."""

    @property
    def channel(self) -> str:
        """The channel's name in the catalogue."""

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that the channel can express; the outbox gets no others for it."""

    @property
    def shows_state(self) -> bool:
        """Whether a message shows the whole state of the incident (a text) or one event of it (a protocol)."""

    def send(self, job: Job) -> Receipt:
        """Send `job` once; raises TemporaryFailure or PermanentFailure."""


@runtime_checkable
class Answering(Protocol):
    """A channel that can reply to a person who pressed a button in it."""

    def answer(self, channel: str, user: str, text: str, buttons: Sequence[Mapping[str, object]] = ()) -> None:
        """Show `text` to `user` alone, followed by `buttons` in the channel's own layout.

        Raises TemporaryFailure or PermanentFailure.
        """
