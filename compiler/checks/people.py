"""Checks of people: every level that a policy escalates to must be reachable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.channels import CONTACTS
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.document import Table
from compiler.model import Level, Policy, Tier
from compiler.resolve.reading import table


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that each level has a contact for at least one channel of its policy, and then for each channel."""
    levels = {level.id: level for level in context.model.levels}
    notified = [
        (policy, severity, level)
        for policy in context.model.policies
        for severity, tier in policy.tiers.items()
        for level in _notified_levels(policy, tier, levels)
    ]
    # An error about a kind of contact is one mistake, even if several tiers name the kind.
    reported = {
        (level.id, kind)
        for policy, severity, level in notified
        if _reaches_nobody(context.document, policy, severity, level, diagnostics)
        for kind in policy.tiers[severity].notify
    }
    for policy, severity, level in notified:
        _check_channels(context.document, policy, severity, level, diagnostics, reported=reported)


def _notified_levels(policy: Policy, tier: Tier, levels: dict[str, Level]) -> Iterator[Level]:
    """Yield the levels that are notified: the first one, and the others if the tier escalates."""
    notified = policy.levels if tier.escalate is not None else policy.levels[:1]
    return (levels[name] for name in dict.fromkeys(notified) if name in levels)


def _check_channels(  # noqa: PLR0913  what a policy says of a level
    document: Table,
    policy: Policy,
    severity: str,
    level: Level,
    diagnostics: Diagnostics,
    *,
    reported: set[tuple[str, str]],
) -> None:
    """Add a warning, once per level, for each channel that a tier notifies but for which the level has no contact."""
    notify = table(table(document["escalation"], policy.id), severity).get("notify")
    if notify is None:
        return
    for kind, span in zip(notify, notify.spans, strict=True):
        has_contact = any(contacts[kind] for contacts in _all_contacts(level)) if kind in CONTACTS else True
        if has_contact or (level.id, kind) in reported:
            continue
        reported.add((level.id, kind))
        message = f"level `{level.id}` has no contact for {kind}: nothing is sent to it that way"
        related = (Related(span=document["levels"].key_spans[level.id], message="its contacts are here"),)
        hint = f"add `{kind}:` below `levels: {level.id}:`, or take `{kind}` out of `notify`"
        diagnostics.warning("contact", span, message, hint=hint, related=related)


def _all_contacts(level: Level) -> Iterator[Mapping[str, Sequence[str]]]:
    yield level.contacts
    for turn in level.rotation:
        yield turn.contacts


def _reaches_nobody(document: Table, policy: Policy, severity: str, level: Level, diagnostics: Diagnostics) -> bool:
    """Return whether a policy would notify nobody of a level, or of a turn of its rotation; add errors if so."""
    kinds = [kind for kind in policy.tiers[severity].notify if kind in CONTACTS]
    if not kinds:
        return False
    errors_before = len(diagnostics.found)
    level_table = document["levels"][level.id]
    people = [(f"level `{level.id}`", f"levels: {level.id}", level.contacts, document["levels"].key_spans[level.id])]
    for turn, span in zip(level.rotation, level_table["rotation"].spans if level.rotation else (), strict=True):
        people.append((f"`{turn.title}` of level `{level.id}`", f"`{turn.title}` in the rotation", turn.contacts, span))
    is_first = policy.levels[0] == level.id
    when = "" if is_first else f" when {severity} escalates to it"
    notify = table(table(document["escalation"], policy.id), severity)["notify"].span
    for recipient, where, contacts, span in people:
        if any(contacts[kind] for kind in kinds):
            continue
        message = f"{recipient} has no contact for {' or '.join(kinds)}: nobody would be told{when}"
        related = (Related(span=span, message="its contacts are here"),)
        hint = f"add `{kinds[0]}:` below `{where}:`" if where.startswith("levels") else f"add `{kinds[0]}:` to {where}"
        diagnostics.error("contact", notify, message, hint=hint, related=related)
    return len(diagnostics.found) > errors_before
