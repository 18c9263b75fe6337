"""Resolve: what the systems of a document refer to, and what the house gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from compiler import conventions
from compiler.diagnostics import Diagnostics
from compiler.document import Table
from compiler.quantities import Rate, parse_rate
from compiler.resolve.reading import duration, holds, minimum_traffic, over_time, table
from compiler.runbooks import Runbook
from compiler.signals.bound import Signal


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What systems refer to."""

    document: Table
    signals: Mapping[str, Signal | None]
    policies: frozenset[str]
    teams: frozenset[str]
    runbooks: Mapping[str, Runbook]
    dimensions: tuple[str, ...]
    diagnostics: Diagnostics

    @cached_property
    def defaults(self) -> Table:
        """The file's `defaults`."""
        return table(self.document, "defaults")

    @cached_property
    def house_limits(self) -> Table:
        """The house's limits by signal."""
        return table(self.defaults, "limits")

    @cached_property
    def for_seconds(self) -> dict[str, int]:
        """Seconds of `for` by severity."""
        return holds(self.defaults, dict(conventions.DEFAULT_HOLD), self.diagnostics)

    @cached_property
    def window(self) -> int:
        """Seconds of the rate window."""
        return duration(
            self.defaults, "window", conventions.DEFAULT_WINDOW, self.diagnostics, least=conventions.LEAST_WINDOW
        )

    @cached_property
    def keep(self) -> dict[str, int]:
        """Seconds of `keep_firing_for` by severity."""
        return holds(self.defaults, dict.fromkeys(conventions.SEVERITIES, 0), self.diagnostics, "keep_firing_for")

    @cached_property
    def scrape_interval(self) -> int:
        """Seconds between two scrapes."""
        default = conventions.DEFAULT_SCRAPE_INTERVAL
        return duration(self.defaults, "scrape_interval", default, self.diagnostics, least=1)

    @cached_property
    def over_time(self) -> str | None:
        """How gauges are taken over the window."""
        return over_time(self.defaults, conventions.DEFAULT_OVER_TIME)

    @cached_property
    def traffic(self) -> Rate | None:
        """The least traffic."""
        return minimum_traffic(self.defaults, parse_rate(conventions.DEFAULT_MINIMUM_TRAFFIC), self.diagnostics)
