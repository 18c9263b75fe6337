"""Routes that choose the owner of an alert that the catalogue does not know: the first route that matches. Pure.

Matchers mean the same as in Alertmanager: an absent label is empty, and a regular expression must match the whole
value. `model` calls this module; `patterns` matches regular expressions in linear time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webhook.catalog.patterns import Pattern
from webhook.severity import Severity

LONGEST_VALUE = 1_000
"""Characters of a value; a longer value meets no matcher, whatever its operator."""


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A condition on one label; `pattern` is the compiled `value` if that is a regular expression."""

    label: str
    value: str
    negated: bool
    pattern: Pattern | None = None

    def meets(self, labels: Mapping[str, str]) -> bool:
        """Return whether these labels meet the condition."""
        value = labels.get(self.label, "")
        if len(value) > LONGEST_VALUE:
            return False
        is_match = value == self.value if self.pattern is None else self.pattern.matches(value)
        return is_match != self.negated


@dataclass(frozen=True, kw_only=True)
class Route:
    """The owner of the alerts whose labels meet all matchers."""

    matchers: tuple[Matcher, ...]
    team: str
    policy: str
    severity: Severity | None = None
    """Their severity if their own label does not say one; None means the fallback's severity."""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Return whether this route takes an alert with these labels."""
        return all(matcher.meets(labels) for matcher in self.matchers)


def matcher(*, label: str, operator: str, value: str) -> Matcher:
    """Return the matcher for an entry of the catalogue; raises PatternError."""
    pattern = Pattern(value) if operator in {"=~", "!~"} else None
    return Matcher(label=label, value=value, negated=operator.startswith("!"), pattern=pattern)
