"""Checks of people: can every level that a policy comes to be reached."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.subject import Subject
from compiler.diagnostics import Diagnostics, Related
from compiler.document import Table
from compiler.model import Level, Policy, Tier
from compiler.resolve.people import CONTACTS
from compiler.resolve.reading import table


def check(subject: Subject, diagnostics: Diagnostics) -> None:
    """Check that each level has a contact of some kind by which its policy notifies it."""
    levels = {level.id: level for level in subject.model.levels}
    for policy in subject.model.policies:
        for severity, tier in policy.tiers.items():
            for level in _reached(policy, tier, levels):
                _check(subject.document, policy, severity, level, diagnostics)


def _reached(policy: Policy, tier: Tier, levels: dict[str, Level]) -> Iterator[Level]:
    """Yield the levels that are told: the first one, and the others where there is an escalation."""
    told = policy.levels if tier.escalate is not None else policy.levels[:1]
    return (levels[name] for name in dict.fromkeys(told) if name in levels)


def _check(document: Table, policy: Policy, severity: str, level: Level, diagnostics: Diagnostics) -> None:
    kinds = [kind for kind in policy.tiers[severity].notify if kind in CONTACTS]
    if not kinds or any(level.contacts[kind] for kind in kinds):
        return
    given = table(table(document["escalation"], policy.id), severity)
    first = policy.levels[0] == level.id
    when = "" if first else f" when {severity} escalates to it"
    message = f"level `{level.id}` has no contact for {' or '.join(kinds)}: nobody would be told{when}"
    related = (Related(span=document["levels"].key_spans[level.id], message="its contacts are here"),)
    hint = f"add `{kinds[0]}:` below `levels: {level.id}:`"
    diagnostics.error("contact", given["notify"].span, message, hint=hint, related=related)
