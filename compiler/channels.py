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


Form = Literal["mail", "number", "name"]
"""The form of a contact's address: a mail address, a telephone number as E.164 has it, or a name at a service."""
EXAMPLES: Final[Mapping[Form, str]] = {"mail": "devops@example.com", "number": "+12025550101", "name": "alice"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel, in the terms of thresholds.yaml."""

    scopes: frozenset[Scope]
    address: Address
    form: Form | None = None
    """The form of the addresses, if each contact has one."""
    addresses: str = ""
    """What the addresses of contacts are, for the schemas."""


def _channel(address: Address, *scopes: Scope) -> Channel:
    return Channel(scopes=frozenset(scopes), address=address)


def _contact(form: Form, addresses: str) -> Channel:
    scopes: frozenset[Scope] = frozenset({"notify", "fallback"})
    return Channel(scopes=scopes, address="contact", form=form, addresses=addresses)


CHANNELS: Final[Mapping[str, Channel]] = {
    "slack": _channel("team", "announce", "fallback"),
    "pagerduty": _channel("service", "announce", "fallback"),
    "webhook": _channel("service", "announce"),
    "log": _channel("service", "announce", "notify"),
    "email": _contact("mail", "E-mail addresses"),
    "sms": _contact("number", "Telephone numbers for text messages"),
    "phone": _contact("number", "Telephone numbers for calls"),
}
"""The channels by name, in the order of the schemas' enumerations."""

CONTACTS: Final[Mapping[str, Form]] = {name: channel.form for name, channel in CHANNELS.items() if channel.form}
"""The keys below `levels` that hold addresses, with the form of these."""
ALWAYS_LISTED: Final = frozenset({"email", "sms", "phone"})
"""The contacts that the catalogue lists even if there are none; it lists others only if there are some."""


def in_scope(scope: Scope) -> list[str]:
    """Return the names of the channels that this key may name."""
    return [name for name, channel in CHANNELS.items() if scope in channel.scopes]
