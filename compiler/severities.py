"""The words that documents use for severities, and what each stands for in a house.

`compiler.guides` has the words that are known where thresholds.yaml says nothing; its `severities:` maps them
otherwise, and adds others. `compiler.source_files` hands them to whatever reads a runbook.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.conventions import SEVERITIES

_BETWEEN: Final = re.compile(r"[\s._-]+")


def word_key(word: str) -> str:
    """Return what all spellings of a word have in common: `SEV-1`, `sev1` and `Sev 1` are one word."""
    return _BETWEEN.sub("", word.casefold())


@dataclass(frozen=True, kw_only=True, slots=True)
class SeverityWords:
    """The words by their key, with the severity that each stands for; `own` are those that a file maps, as it does."""

    known: Mapping[str, str] = field(default_factory=lambda: {name: name for name in SEVERITIES})
    own: tuple[tuple[str, str], ...] = ()

    def severity(self, word: str) -> str | None:
        """Return the severity that a word stands for."""
        return self.known.get(word_key(word))


PLAIN: Final = SeverityWords()
"""The four severities by their names, and no other word."""
