"""Whose an alert is that nobody has compiled: the first route whose matchers its labels meet. Pure.

Matchers mean what they mean in Alertmanager: a label that is absent is empty, a regular expression is about the whole
value. `model` asks; `patterns` has the engine, which no value keeps busy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webhook.catalog.patterns import Pattern
from webhook.severity import Severity

LONGEST_VALUE = 1_000
"""Characters; a longer value meets no matcher, whatever its sign."""


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """What a route asks of one label; `pattern` stands for the value where it is a regular expression."""

    label: str
    value: str
    negated: bool
    pattern: Pattern | None = None

    def meets(self, labels: Mapping[str, str]) -> bool:
        """Return whether these labels are as asked."""
        value = labels.get(self.label, "")
        if len(value) > LONGEST_VALUE:
            return False
        same = value == self.value if self.pattern is None else self.pattern.matches(value)
        return same != self.negated


@dataclass(frozen=True, kw_only=True)
class Route:
    """Whose the alerts are whose labels meet all matchers."""

    matchers: tuple[Matcher, ...]
    team: str
    policy: str
    severity: Severity | None = None
    """How urgent they are where their own label does not say; None is what the fallback says."""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Return whether an alert with these labels goes this way."""
        return all(matcher.meets(labels) for matcher in self.matchers)


def matcher(*, label: str, operator: str, value: str) -> Matcher:
    """Return the matcher as the catalogue writes it; raises PatternError."""
    pattern = Pattern(value) if operator in {"=~", "!~"} else None
    return Matcher(label=label, value=value, negated=operator.startswith("!"), pattern=pattern)
