"""The channels that a policy may name: the keys that may name each channel, and whose address it uses.

The schemas and `resolve.people` derive from this declaration. The webhook, which sends, has its own declaration
(`webhook.channels`); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Scope = Literal["announce", "notify", "fallback"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""Keys of a policy. In this order: for every incident, for the people of a level, for stalled and failed calls."""
Address = Literal["team", "contact", "service"]
"""Whose address a channel uses: the team's (`teams`), each contact's (`levels`), or the single one of a service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel, in the terms of thresholds.yaml."""

    scopes: frozenset[Scope]
    address: Address


def _channel(address: Address, *scopes: Scope) -> Channel:
    return Channel(scopes=frozenset(scopes), address=address)


CHANNELS: Final[Mapping[str, Channel]] = {
    "slack": _channel("team", "announce", "fallback"),
    "pagerduty": _channel("service", "announce", "fallback"),
    "webhook": _channel("service", "announce"),
    "log": _channel("service", "announce", "notify"),
    "email": _channel("contact", "notify", "fallback"),
    "sms": _channel("contact", "notify", "fallback"),
    "phone": _channel("contact", "notify", "fallback"),
}
"""The channels by name, in the order of the schemas' enumerations."""

CONTACTS: Final = tuple(name for name, channel in CHANNELS.items() if channel.address == "contact")
"""The keys below `levels` that hold addresses."""


def in_scope(scope: Scope) -> list[str]:
    """Return the names of the channels that this key may name."""
    return [name for name, channel in CHANNELS.items() if scope in channel.scopes]
