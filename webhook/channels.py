"""The channels by which people are told: each one's name, its word, and the setting without which it is not there.

The only list of them: `new_notifications`, `metrics`, `send_test`, the pages and the terminal follow it,
`senders.registry` builds their senders, `settings` reads their variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that a catalogue can name."""

    word: str
    setting: str | None
    """The variable that configures it; None for the log, which is always there and calls nobody."""
    destination: str | None = None
    """Its one destination, which a reader learns nothing from; None where every message has an address."""


CHANNELS: Mapping[str, Channel] = {
    "slack": Channel(word="Slack", setting="TOCSIN_SLACK_BOT_TOKEN"),
    "pagerduty": Channel(word="PagerDuty", setting="TOCSIN_PAGERDUTY_ROUTING_KEY", destination="events"),
    "email": Channel(word="e-mail", setting="TOCSIN_SMTP_URL"),
    "sms": Channel(word="SMS", setting="TOCSIN_APPRISE_SMS"),
    "phone": Channel(word="phone call", setting="TOCSIN_APPRISE_PHONE"),
    "webhook": Channel(word="outgoing webhook", setting="TOCSIN_WEBHOOK_URL", destination="events"),
    "log": Channel(word="log", setting=None, destination="log"),
}
"""By name, in the order in which people read about them."""


def channel_word(channel: str) -> str:
    """Return the channel in words; one that only a newer program knows is called by its name."""
    known = CHANNELS.get(channel)
    return known.word if known else channel


def has_addresses(channel: str) -> bool:
    """Return whether a message goes to one of many, so that a reader learns something from its destination."""
    known = CHANNELS.get(channel)
    return known is None or known.destination is None
