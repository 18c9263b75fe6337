"""The four severities and their order; the bottom of the webhook, known to every room."""

from __future__ import annotations

from typing import Literal, get_args

Severity = Literal["info", "warning", "critical", "emergency"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least to the most urgent."""


def rank(severity: Severity) -> int:
    """Return how urgent `severity` is: 0 for info, 3 for emergency."""
    return SEVERITIES.index(severity)


def known(text: str | None) -> Severity | None:
    """Return `text` as a severity, or None when it is not one of the four (compared without case)."""
    wanted = (text or "").strip().lower()
    return next((severity for severity in SEVERITIES if severity == wanted), None)
