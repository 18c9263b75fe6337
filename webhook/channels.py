"""The channels by which people are told. Each is declared here once; everything else derives from the declaration.

`recipients` and `catalog.parse` find addresses by it, `storm` the channels whose calls are sent in batches,
`relevance` those that interrupt; `send_test`, `metrics`, the pages and the terminal follow it. `senders.registry`
finds their senders, `settings` reads their variables. The compiler has a declaration of its own
(`compiler.channels`); `tests/documents/test_channels.py` compares the two, and the schemas and the API's description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Scope = Literal["announce", "notify", "fallback"]
"""Where a catalogue may name a channel: told of every incident, for the people of a level, or when a call failed."""
Address = Literal["team", "contact", "service"]
"""Whose address it is sent to: one that the team has, one of each person on call, or the only one of a service."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that a catalogue can name."""

    word: str
    setting: str | None
    """The variable that configures it; None for the log, which is always there and calls nobody."""
    scopes: frozenset[Scope]
    address: Address
    destination: str | None = None
    """The one destination of a `service`, which a reader learns nothing from."""
    who: str = ""
    """The one destination in words."""
    is_set_by_url: bool = False
    """Whether `setting` is an http or https address: `Settings.urls` has it then."""
    interrupts: bool = False
    """Whether its messages call somebody away from what they do, at night out of bed."""
    batches: bool = False
    """Whether its calls are sent in batches in a storm."""
    answers_for_people: bool = True
    """Whether a message that it took has reached people; PagerDuty takes an event and may call nobody."""
    shares_dedup_key: bool = False
    """Whether its messages about one dedup key keep their order, of whichever incident, and its own echo is dropped."""


def _scopes(*scopes: Scope) -> frozenset[Scope]:
    return frozenset(scopes)


CHANNELS: Mapping[str, Channel] = {
    "slack": Channel(
        word="Slack",
        setting="TOCSIN_SLACK_BOT_TOKEN",
        scopes=_scopes("announce", "fallback"),
        address="team",
        batches=True,
    ),
    "pagerduty": Channel(
        word="PagerDuty",
        setting="TOCSIN_PAGERDUTY_ROUTING_KEY",
        scopes=_scopes("announce", "fallback"),
        address="service",
        destination="events",
        who="the PagerDuty service",
        answers_for_people=False,
        shares_dedup_key=True,
    ),
    "email": Channel(
        word="e-mail",
        setting="TOCSIN_SMTP_URL",
        scopes=_scopes("notify", "fallback"),
        address="contact",
        batches=True,
    ),
    "sms": Channel(
        word="SMS",
        setting="TOCSIN_APPRISE_SMS",
        scopes=_scopes("notify", "fallback"),
        address="contact",
        interrupts=True,
        batches=True,
    ),
    "phone": Channel(
        word="phone call",
        setting="TOCSIN_APPRISE_PHONE",
        scopes=_scopes("notify", "fallback"),
        address="contact",
        interrupts=True,
        batches=True,
    ),
    "webhook": Channel(
        word="outgoing webhook",
        setting="TOCSIN_WEBHOOK_URL",
        scopes=_scopes("announce"),
        address="service",
        destination="events",
        who="the outgoing webhook",
        is_set_by_url=True,
    ),
    "log": Channel(
        word="log",
        setting=None,
        scopes=_scopes("announce", "notify"),
        address="service",
        destination="log",
        who="the log",
    ),
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
