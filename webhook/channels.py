"""Declares each channel by which people are told, once; all other modules derive what they need from this.

`recipients` and `catalog.parse` find addresses with the declaration. `storm` reads which channels send calls in
batches, `relevance` which ones interrupt people. `send_test`, `metrics`, the pages and the terminal list the channels.
`senders.registry` finds their senders, and `settings` reads their variables. The compiler has its own declaration
(`compiler.channels`). `tests/documents/test_channels.py` compares both with each other, with the schemas and with the
API's description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Scope = Literal["announce", "notify", "fallback"]
"""Where a catalogue may name a channel: `announce` is told of every incident, `notify` reaches the people of a level,
and `fallback` is used when a call failed."""
Address = Literal["team", "contact", "service"]
"""Whose address a message goes to: the `team` has one, each person on call has one (`contact`), or a `service` has a
single one."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that a catalogue can name."""

    word: str
    setting: str | None
    """The variable that configures it; None for the log, which is always there and calls nobody."""
    scopes: frozenset[Scope]
    address: Address
    destination: str | None = None
    """The only destination of a `service`; its name tells a reader nothing."""
    who: str = ""
    """The only destination of a `service` in words."""
    is_set_by_url: bool = False
    """Whether `setting` is an http or https address: `Settings.urls` has it then."""
    companion: str | None = None
    """A secret variable that such an address is useless without: `Settings.companions` has its text then."""
    interrupts: bool = False
    """Whether its messages interrupt people at work and wake them at night."""
    batches: bool = False
    """Whether its calls are sent in batches in a storm."""
    answers_for_people: bool = True
    """Whether a message that it took has reached people; PagerDuty takes an event and may call nobody."""
    shares_dedup_key: bool = False
    """Whether messages with one dedup key keep their order, whichever incidents they are about. If so, Tocsin does not
    send back to the channel what people do on it."""


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
        companion="TOCSIN_WEBHOOK_SECRET",
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
    """Return the channel in words; a channel that only a newer program knows keeps its name."""
    known = CHANNELS.get(channel)
    return known.word if known else channel


def has_addresses(channel: str) -> bool:
    """Return whether the channel has several destinations, so that the name of one tells a reader something."""
    known = CHANNELS.get(channel)
    return known is None or known.destination is None
