"""Checks of people: can every level that a policy comes to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.channels import CONTACTS
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.document import Table
from compiler.model import Level, Policy, Tier
from compiler.resolve.reading import table


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that each level has a contact of some kind by which its policy notifies it, and then of each kind."""
    levels = {level.id: level for level in context.model.levels}
    asked = [
        (policy, severity, level)
        for policy in context.model.policies
        for severity, tier in policy.tiers.items()
        for level in _reached(policy, tier, levels)
    ]
    # A kind that an error asks for is one mistake, in however many tiers it is named.
    told = {
        (level.id, kind)
        for policy, severity, level in asked
        if _check(context.document, policy, severity, level, diagnostics)
        for kind in policy.tiers[severity].notify
    }
    for policy, severity, level in asked:
        _check_each(context.document, policy, severity, level, diagnostics, told=told)


def _reached(policy: Policy, tier: Tier, levels: dict[str, Level]) -> Iterator[Level]:
    """Yield the levels that are told: the first one, and the others where there is an escalation."""
    told = policy.levels if tier.escalate is not None else policy.levels[:1]
    return (levels[name] for name in dict.fromkeys(told) if name in levels)


def _check_each(  # noqa: PLR0913  what a policy says of a level
    document: Table,
    policy: Policy,
    severity: str,
    level: Level,
    diagnostics: Diagnostics,
    *,
    told: set[tuple[str, str]],
) -> None:
    """Add a warning for each kind of contact by which a level is notified and that it has not got; once for a level."""
    notify = table(table(document["escalation"], policy.id), severity).get("notify")
    if notify is None:
        return
    for kind, span in zip(notify, notify.spans, strict=True):
        has = any(contacts[kind] for contacts in _all_contacts(level)) if kind in CONTACTS else True
        if has or (level.id, kind) in told:
            continue
        told.add((level.id, kind))
        message = f"level `{level.id}` has no contact for {kind}: nothing is sent to it that way"
        related = (Related(span=document["levels"].key_spans[level.id], message="its contacts are here"),)
        hint = f"add `{kind}:` below `levels: {level.id}:`, or take `{kind}` out of `notify`"
        diagnostics.warning("contact", span, message, hint=hint, related=related)


def _all_contacts(level: Level) -> Iterator[Mapping[str, Sequence[str]]]:
    yield level.contacts
    for turn in level.rotation:
        yield turn.contacts


def _check(document: Table, policy: Policy, severity: str, level: Level, diagnostics: Diagnostics) -> bool:
    """Return whether nobody of a level, or of its rotation, would be told by a policy, after adding an error."""
    kinds = [kind for kind in policy.tiers[severity].notify if kind in CONTACTS]
    if not kinds:
        return False
    before = len(diagnostics.found)
    given = document["levels"][level.id]
    asked = [(f"level `{level.id}`", f"levels: {level.id}", level.contacts, document["levels"].key_spans[level.id])]
    for turn, span in zip(level.rotation, given["rotation"].spans if level.rotation else (), strict=True):
        asked.append((f"`{turn.title}` of level `{level.id}`", f"`{turn.title}` in the rotation", turn.contacts, span))
    first = policy.levels[0] == level.id
    when = "" if first else f" when {severity} escalates to it"
    notify = table(table(document["escalation"], policy.id), severity)["notify"].span
    for who, where, contacts, span in asked:
        if any(contacts[kind] for kind in kinds):
            continue
        message = f"{who} has no contact for {' or '.join(kinds)}: nobody would be told{when}"
        related = (Related(span=span, message="its contacts are here"),)
        hint = f"add `{kinds[0]}:` below `{where}:`" if where.startswith("levels") else f"add `{kinds[0]}:` to {where}"
        diagnostics.error("contact", notify, message, hint=hint, related=related)
    return len(diagnostics.found) > before
