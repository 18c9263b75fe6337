"""The words that documents and labels use for severities, and what each stands for in a house.

`compiler.guides` has the words that are known where thresholds.yaml says nothing; its `severities:` maps them
otherwise, and adds others. `compiler.source_files` hands them to whatever reads a runbook; the catalogue has them, and
those below, for the labels of alerts that are not defined here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.conventions import SEVERITIES

UNTOLD: Final = "none"
"""What a word stands for by which nobody is told."""

LABEL_WORDS: Final[Mapping[str, str]] = {
    UNTOLD: UNTOLD,
    **dict.fromkeys(("emerg", "panic"), "emergency"),
    **dict.fromkeys(("alert", "alerting", "err", "down", "unreachable"), "critical"),
    **dict.fromkeys(("average", "degraded", "email", "mail", "slack", "chat"), "warning"),
    **dict.fromkeys(("information", "informative", "debug", "trace", "normal", "ok", "success"), "info"),
}
"""Words, by their key, that labels use besides those of documents: of syslog (RFC 5424), Zabbix, Nagios, Datadog,
Grafana and Kubernetes, and of rules that name where they are told."""

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
