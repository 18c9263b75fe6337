"""Checks of deadlines: each must leave Alertmanager time to report a problem, and its end, before it passes."""

from __future__ import annotations

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Tier
from compiler.quantities import duration_text
from compiler.resolve.reading import table


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the first deadline of each tier against `group_wait` and `group_interval`; `now` is no deadline."""
    routing, routing_table = context.model.routing, table(context.document, "routing")
    batching = routing.group_wait + routing.group_interval
    related = tuple(
        Related(span=routing_table.value_spans[key], message=f"`{key}` is set here")
        for key in ("group_wait", "group_interval")
        if key in routing_table
    )
    wait, interval = duration_text(routing.group_wait), duration_text(routing.group_interval)
    for policy in context.model.policies:
        for severity, tier in policy.tiers.items():
            key, seconds = _earliest(tier)
            if not 0 < seconds < batching:
                continue
            span = table(table(context.document["escalation"], policy.id), severity).value_spans[key]
            message = (
                f"{duration_text(seconds)} may pass before Alertmanager has told what changed"
                f" (`group_wait` {wait}, `group_interval` {interval})"
            )
            hint = f"allow {duration_text(batching)} or more, or shorten `group_interval` below `routing:`"
            diagnostics.error("deadline-too-short", span, message, hint=hint, related=related)


def _earliest(tier: Tier) -> tuple[str, int]:
    """Return the key and the seconds of the earliest deadline; the seconds are 0 if there is none."""
    candidates = (("respond", tier.respond), ("escalate", tier.escalate))
    deadlines = [(key, seconds) for key, seconds in candidates if seconds]
    return min(deadlines, key=lambda deadline: deadline[1], default=("", 0))
