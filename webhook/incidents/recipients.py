"""Find the destinations that a tier reaches: the team as a whole, and the people of its levels. Pure.

This module reads the catalogue's policies, levels and rotations. `outcomes` asks for the recipients of an incident,
`fallback` for other destinations of the same people. `escalation` says when the next level's turn comes.
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
    """A destination of a tier; `who` names the people, `missing` says why there is no destination if there is none."""

    channel: str
    destination: str
    who: str
    missing: str | None = None
    not_before: float | None = None
    """The earliest time to notify, in epoch seconds: outside of the tier's hours, calls wait for these hours."""


def recipients(  # noqa: PLR0913  this is what a tier depends on
    catalog: Catalog, *, policy: str, team: str, severity: Severity, level: int = 0, now: float
) -> tuple[Recipient, ...]:
    """Return whom the tier reaches: the team as a whole, then the people of the levels up to `level` (0 is the first).

    Each destination appears once. If the tier names a channel for which nobody has an address, the recipient is
    included with `missing` set, so that nobody is skipped silently.
    """
    tier = catalog.policy(policy).severities[severity]
    destinations = [_team_or_service(catalog, channel, team) for channel in tier.announce]
    for number in range(level + 1):
        destinations += people(catalog, policy=policy, severity=severity, level=number, now=now)
    return _without_duplicates(destinations)


def people(catalog: Catalog, *, policy: str, severity: Severity, level: int, now: float) -> tuple[Recipient, ...]:
    """Return the recipients of one level (0 is the first; a number beyond the last means the last level).

    If the level has a rotation, these are the people on call at `now`. Outside of the tier's hours their notifications
    wait until the hours begin again.
    """
    tier = catalog.policy(policy).severities[severity]
    contacts = (
        recipient
        for channel in tier.notify
        for recipient in _contacts(catalog, policy=policy, level=level, channel=channel, now=now)
    )
    return _without_duplicates(_with_earliest_time(contacts, opens(catalog, tier, now)))


def recipients_on_channel(catalog: Catalog, incident: Incident, channel: str, *, now: float) -> tuple[Recipient, ...]:
    """Return the recipients on one channel of any kind: the team as a whole, or the people of the level reached.

    Each destination appears once, as in `recipients`.
    """
    if channel in CHANNELS and CHANNELS[channel].address != "contact":
        return (_team_or_service(catalog, channel, incident.team),)
    tier = catalog.policy(incident.policy).severities[incident.severity]
    contacts = _contacts(catalog, policy=incident.policy, level=incident.level, channel=channel, now=now)
    return _without_duplicates(_with_earliest_time(contacts, opens(catalog, tier, now)))


def opens(catalog: Catalog, tier: Tier, now: float) -> float | None:
    """Return when the tier's hours begin next; None if it has no hours, if they hold at `now` or never hold again."""
    schedule = catalog.schedules.get(tier.hours or "")
    window = schedule.following(now) if schedule else None
    return window[0] if window and window[0] > now else None


def on_call(level: Level, catalog: Catalog, now: float) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """Return who of a level is on call at `now`, in words, and their addresses by channel.

    In a gap of the rotation the level as a whole is called, and the words say that nobody is on call.
    """
    if not level.rotation:
        return level.title, level.contacts
    turn = next((turn for turn in level.rotation if catalog.schedules[turn.schedule].holds(now)), None)
    if turn is None:
        return f"{level.title} (nobody is on call)", level.contacts
    return f"{level.title} ({turn.title})", turn.contacts


def title_of(catalog: Catalog, policy: str, level: int, now: float) -> str:
    """Return a level of a policy in words: `DevOps team`, or with a rotation `DevOps team (Week A)`."""
    level_names = catalog.policy(policy).levels
    return on_call(catalog.levels[level_names[min(level, len(level_names) - 1)]], catalog, now)[0]


def unreachable(recipients: Iterable[Recipient], reason_unreachable: Callable[[Recipient], str | None]) -> str | None:
    """Return why none of a level's recipients can be reached, or None if one of them can.

    `refused` returns the reason why a recipient with an address cannot be reached: its channel is not configured or
    failed for good.
    """
    reasons = [(recipient, recipient.missing or reason_unreachable(recipient)) for recipient in recipients]
    if not reasons or any(reason is None for _, reason in reasons):
        return None
    return "; ".join(dict.fromkeys(reason for _, reason in reasons if reason))


def _without_duplicates(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    in_order = list(recipients)
    # Recipients without an address are told apart by their people, so that none hides another.
    return tuple(
        {
            (recipient.channel, recipient.destination or recipient.who): recipient for recipient in reversed(in_order)
        }.values()
    )[::-1]


def _team_or_service(catalog: Catalog, channel: str, team: str) -> Recipient:
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
    level_names = catalog.policy(policy).levels
    who, contacts = on_call(catalog.levels[level_names[min(level, len(level_names) - 1)]], catalog, now)
    addresses = contacts.get(channel, ())
    if not addresses:
        missing = f"{who} has no {channel} contact"
        return (Recipient(channel=channel, destination="", who=who, missing=missing),)
    return tuple(Recipient(channel=channel, destination=to, who=who) for to in addresses)


def _with_earliest_time(recipients: Iterable[Recipient], until: float | None) -> Iterable[Recipient]:
    """Return the recipients, not to be notified before `until`; services do not wait, because they disturb nobody."""
    return (
        recipient if until is None or _is_service(recipient.channel) else replace(recipient, not_before=until)
        for recipient in recipients
    )


def _is_service(channel: str) -> bool:
    return channel in CHANNELS and CHANNELS[channel].address == "service"
