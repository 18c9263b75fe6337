"""Describe one place of a placeholder: which values it takes. `places` and the reader of each language use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MARK: Final = "\ue000"
"""The character that stands for a placeholder while a command is read."""
OPAQUE: Final = "\ue001"
"""The character for text that is known only when the command runs: a variable, the output of another command."""

Takes = Literal["nothing", "word", "path", "address", "url", "number", "literal", "matcher"]
"""What a value may be; `webhook.commands` has the regular expression of each.

A word: letters, digits, `_`, and single hyphens and dots within it. A path: a word, or words behind slashes. An
address: a word with or without a port. A URL: an http or https address with words for a path. A number: digits. A
literal: text between single quotes in SQL. A matcher: text between double quotes in PromQL.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Which values one place takes; if it takes nothing, `why` says why, else `why` is empty."""

    takes: Takes
    why: str = ""


def never(why: str) -> Place:
    """Return a place that takes nothing, with the reason."""
    return Place(takes="nothing", why=why)
