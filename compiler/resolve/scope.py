"""Resolve: the definitions that systems refer to, and the defaults that the house gives them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from compiler import conventions
from compiler.diagnostics import Diagnostic, Diagnostics
from compiler.document import Table
from compiler.quantities import Rate, parse_rate
from compiler.resolve.reading import duration, holds, minimum_traffic, over_time, table
from compiler.runbooks import Runbook
from compiler.signals.bound import Signal


class Errors:
    """Errors, sorted by place, so that each system can look up those in its own lines."""

    def __init__(self, errors: Iterable[Diagnostic]) -> None:
        self._by_path: dict[str, list[Diagnostic]] = {}
        for error in sorted(errors, key=_line):
            self._by_path.setdefault(error.span.path, []).append(error)

    def between(self, path: str, first: int, last: int) -> Sequence[Diagnostic]:
        """Return the errors of a file from line `first` to line `last`, both included."""
        errors = self._by_path.get(path, [])
        return errors[bisect_left(errors, first, key=_line) : bisect_right(errors, last, key=_line)]


def _line(error: Diagnostic) -> int:
    return error.span.line


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The definitions and defaults that all systems share."""

    document: Table
    signals: Mapping[str, Signal | None]
    policies: frozenset[str]
    teams: frozenset[str]
    runbooks: Mapping[str, Runbook]
    dimensions: tuple[str, ...]
    diagnostics: Diagnostics

    @cached_property
    def errors(self) -> Errors:
        """The errors found before the first system is resolved."""
        return Errors(finding for finding in self.diagnostics.found if finding.level == "error")

    @cached_property
    def defaults(self) -> Table:
        """The mapping `defaults:` of the file."""
        return table(self.document, "defaults")

    @cached_property
    def house_limits(self) -> Table:
        """The limits in `defaults:`, by signal."""
        return table(self.defaults, "limits")

    @cached_property
    def for_seconds(self) -> dict[str, int]:
        """The default seconds of `for`, by severity."""
        return holds(self.defaults, dict(conventions.DEFAULT_HOLD), self.diagnostics)

    @cached_property
    def window(self) -> int:
        """The default seconds of the rate window."""
        return duration(
            self.defaults, "window", conventions.DEFAULT_WINDOW, self.diagnostics, least=conventions.LEAST_WINDOW
        )

    @cached_property
    def keep(self) -> dict[str, int]:
        """The default seconds of `keep_firing_for`, by severity."""
        return holds(self.defaults, dict.fromkeys(conventions.SEVERITIES, 0), self.diagnostics, "keep_firing_for")

    @cached_property
    def scrape_interval(self) -> int:
        """The default seconds between two scrapes."""
        default = conventions.DEFAULT_SCRAPE_INTERVAL
        return duration(self.defaults, "scrape_interval", default, self.diagnostics, least=1)

    @cached_property
    def over_time(self) -> str | None:
        """The function that aggregates gauges over the window by default."""
        return over_time(self.defaults, conventions.DEFAULT_OVER_TIME)

    @cached_property
    def traffic(self) -> Rate | None:
        """The default least traffic."""
        return minimum_traffic(self.defaults, parse_rate(conventions.DEFAULT_MINIMUM_TRAFFIC), self.diagnostics)
