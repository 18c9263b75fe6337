"""The words that documents and labels use for severities, and the severity that each stands for.

`compiler.guides` has the default words; `severities:` in thresholds.yaml maps them differently and adds others.
`compiler.source_files` hands the words to the code that reads runbooks. The catalogue contains them, and the words
below, for the labels of alerts that the file does not define.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from compiler.conventions import SEVERITIES

UNTOLD: Final = "none"
"""What a word stands for if nobody is told of its alerts."""

LABEL_WORDS: Final[Mapping[str, str]] = {
    UNTOLD: UNTOLD,
    **dict.fromkeys(("emerg", "panic"), "emergency"),
    **dict.fromkeys(("alert", "alerting", "err", "down", "unreachable"), "critical"),
    **dict.fromkeys(("average", "degraded", "email", "mail", "slack", "chat"), "warning"),
    **dict.fromkeys(("information", "informative", "debug", "trace", "normal", "ok", "success"), "info"),
}
"""Words, by their key, that only labels use.

They come from syslog (RFC 5424), Zabbix, Nagios, Datadog, Grafana and Kubernetes, and from rules that name a channel.
"""

_BETWEEN: Final = re.compile(r"[\s._-]+")


def word_key(word: str) -> str:
    """Return the key that all spellings of a word share: `SEV-1`, `sev1` and `Sev 1` are one word."""
    return _BETWEEN.sub("", word.casefold())


@dataclass(frozen=True, kw_only=True, slots=True)
class SeverityWords:
    """The words by their key, with the severity of each; `own` are the words that the file maps, as it spells them."""

    known: Mapping[str, str] = field(default_factory=lambda: {name: name for name in SEVERITIES})
    own: tuple[tuple[str, str], ...] = ()

    def severity(self, word: str) -> str | None:
        """Return the severity that a word stands for."""
        return self.known.get(word_key(word))


PLAIN: Final = SeverityWords()
"""Only the names of the four severities."""
