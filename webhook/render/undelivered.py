"""Names the destinations that no notification reached, for the foot of a message and the incident's page. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.channels import channel_word, has_addresses
from webhook.incidents.notifications import Notification
from webhook.untrusted import one_line


def undelivered(notifications: Iterable[Notification]) -> tuple[str, ...]:
    """Return a phrase for each destination that no notification has reached or will reach."""
    by_destination: dict[tuple[str, str], list[Notification]] = {}
    for notification in notifications:
        by_destination.setdefault((notification.channel, notification.destination), []).append(notification)
    return tuple(
        f"{_destination(rows[-1])}: {_reason(rows[-1])}"
        for rows in by_destination.values()
        if all(row.state in {"unconfigured", "failed"} for row in rows)
    )


def _destination(notification: Notification) -> str:
    word = channel_word(notification.channel)
    return f"{word} to {one_line(notification.who, 80)}" if has_addresses(notification.channel) else word


def _reason(notification: Notification) -> str:
    reason = one_line(notification.last_error or "", 120)
    return reason or "not configured" if notification.state == "unconfigured" else f"failed ({reason})"
