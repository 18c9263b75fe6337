"""Whom a tier reaches, and by which ways: the team as a whole, and the people of its levels. Pure.

Reads the catalogue's policies, levels and rotations; `outcomes` asks for those of an incident, `fallback` for other
ways to them. `escalation` is the neighbour that says when the next level's turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from webhook.catalog.model import Catalog, Level, Tier
from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident
from webhook.severity import Severity


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A destination of a tier: `who` in words; `missing` says why there is no destination, where there is none."""

    channel: str
    destination: str
    who: str
    missing: str | None = None
    not_before: float | None = None
    """When it may be used at the earliest, in epoch seconds: outside of working hours it waits for them."""


def recipients(  # noqa: PLR0913  this is what a tier depends on
    catalog: Catalog, *, policy: str, team: str, severity: Severity, level: int = 0, now: float
) -> tuple[Recipient, ...]:
    """Return whom the tier reaches: the team as a whole, then the people of the levels up to `level` (0 is the first).

    Each destination once. A way that the tier asks for and nobody has an address for is there with `missing` set:
    nobody is skipped in silence.
    """
    tier = catalog.policy(policy).severities[severity]
    found = [_announced(catalog, channel, team) for channel in tier.announce]
    for number in range(level + 1):
        found += people(catalog, policy=policy, severity=severity, level=number, now=now)
    return _once(found)


def people(catalog: Catalog, *, policy: str, severity: Severity, level: int, now: float) -> tuple[Recipient, ...]:
    """Return the ways to the people of one level (0 is the first; beyond the last is the last), as `recipients`.

    By turns they are those of whoever is on call at `now`. Outside of the tier's hours they wait for the next ones.
    """
    tier = catalog.policy(policy).severities[severity]
    found = (
        one
        for channel in tier.notify
        for one in _contacts(catalog, policy=policy, level=level, channel=channel, now=now)
    )
    return _once(_waiting(found, opens(catalog, tier, now)))


def ways(catalog: Catalog, incident: Incident, channel: str, *, now: float) -> tuple[Recipient, ...]:
    """Return the ways by one channel of any kind: to the team as a whole, or to the people of the level reached.

    Each destination once, as `recipients`.
    """
    if channel in CHANNELS and CHANNELS[channel].address != "contact":
        return (_announced(catalog, channel, incident.team),)
    tier = catalog.policy(incident.policy).severities[incident.severity]
    found = _contacts(catalog, policy=incident.policy, level=incident.level, channel=channel, now=now)
    return _once(_waiting(found, opens(catalog, tier, now)))


def opens(catalog: Catalog, tier: Tier, now: float) -> float | None:
    """Return when the tier's hours begin next, or None when it has none, or they hold at `now`, or never will again."""
    schedule = catalog.schedules.get(tier.hours or "")
    window = schedule.following(now) if schedule else None
    return window[0] if window and window[0] > now else None


def on_call(level: Level, catalog: Catalog, now: float) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """Return who is asked of a level at `now`, in words, and their addresses.

    A rotation that has a gap leaves nobody out: then it is the level as a whole, and the words say so.
    """
    if not level.rotation:
        return level.title, level.contacts
    turn = next((turn for turn in level.rotation if catalog.schedules[turn.schedule].holds(now)), None)
    if turn is None:
        return f"{level.title} (nobody is on call)", level.contacts
    return f"{level.title} ({turn.title})", turn.contacts


def title_of(catalog: Catalog, policy: str, level: int, now: float) -> str:
    """Return a level of a policy in words: `DevOps team`, or by turns `DevOps team (Week A)`."""
    names = catalog.policy(policy).levels
    return on_call(catalog.levels[names[min(level, len(names) - 1)]], catalog, now)[0]


def unreachable(ways: Iterable[Recipient], refused: Callable[[Recipient], str | None]) -> str | None:
    """Return why none of the `ways` to a level leads anywhere, or None when one does.

    `refused` gives the reason why a way with an address cannot be used: not configured, or failed for good.
    """
    found = [(way, way.missing or refused(way)) for way in ways]
    if not found or any(reason is None for _, reason in found):
        return None
    return "; ".join(dict.fromkeys(reason for _, reason in found if reason))


def _once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    ways = list(found)
    # Where there is no address the people tell one way from another: neither may hide the other.
    return tuple({(one.channel, one.destination or one.who): one for one in reversed(ways)}.values())[::-1]


def _announced(catalog: Catalog, channel: str, team: str) -> Recipient:
    known = CHANNELS.get(channel)
    if known is None:
        return Recipient(channel=channel, destination="", who=channel, missing=f"this server has no channel {channel}")
    if known.address == "team":
        owner = catalog.team(team)
        address = owner.addresses.get(channel, "")
        missing = None if address else f"{owner.title} has no {known.word} channel"
        return Recipient(channel=channel, destination=address, who=owner.title, missing=missing)
    return Recipient(channel=channel, destination=known.destination or "", who=known.who)


def _contacts(catalog: Catalog, *, policy: str, level: int, channel: str, now: float) -> tuple[Recipient, ...]:
    known = CHANNELS.get(channel)
    if known and known.address == "service":
        return (Recipient(channel=channel, destination=known.destination or "", who=known.who),)
    names = catalog.policy(policy).levels
    who, contacts = on_call(catalog.levels[names[min(level, len(names) - 1)]], catalog, now)
    addresses = contacts.get(channel, ())
    if not addresses:
        missing = f"{who} has no {channel} contact"
        return (Recipient(channel=channel, destination="", who=who, missing=missing),)
    return tuple(Recipient(channel=channel, destination=to, who=who) for to in addresses)


def _waiting(found: Iterable[Recipient], until: float | None) -> Iterable[Recipient]:
    """Return the ways to people, not to be used before `until`; a log is not somebody's rest."""
    return (one if until is None or _is_service(one.channel) else replace(one, not_before=until) for one in found)


def _is_service(channel: str) -> bool:
    return channel in CHANNELS and CHANNELS[channel].address == "service"
