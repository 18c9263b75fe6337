"""Who should have been told and was not, in words: for the foot of a message and the incident's page. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.channels import channel_word, has_addresses
from webhook.incidents.messages import Delivery
from webhook.untrusted import one_line


def undelivered(deliveries: Iterable[Delivery]) -> tuple[str, ...]:
    """Return a phrase for each destination that nothing has reached and nothing will."""
    by_destination: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in deliveries:
        by_destination.setdefault((delivery.channel, delivery.destination), []).append(delivery)
    return tuple(
        f"{_to(rows[-1])}: {_why(rows[-1])}"
        for rows in by_destination.values()
        if all(row.state in {"unconfigured", "failed"} for row in rows)
    )


def _to(delivery: Delivery) -> str:
    word = channel_word(delivery.channel)
    return f"{word} to {one_line(delivery.who, 80)}" if has_addresses(delivery.channel) else word


def _why(delivery: Delivery) -> str:
    reason = one_line(delivery.last_error or "", 120)
    return reason or "not configured" if delivery.state == "unconfigured" else f"failed ({reason})"
