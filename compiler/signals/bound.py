"""What is measured and where: a signal, and its binding to the metrics of a system.

`compiler.resolve` builds both from thresholds.yaml; every kind (`contract`) turns them into PromQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from compiler.diagnostics import Span
from compiler.promql import Matcher, Selector
from compiler.quantities import METRIC_UNITS, Comparison, Rate

STEP_SECONDS: Final = 60
"""The interval between two samples of a synthetic series, unless a window holds fewer than two such samples."""
LOOKBACK_SECONDS: Final = 300
"""Seconds for which engines return the last sample of a series as its value (Prometheus, "staleness")."""
_FEWEST: Final = 4
"""Minimum number of samples in a window, if the step is shorter than usual."""
_TIMES: Final = frozenset({"since", "until"})
_STEPS: Final = (STEP_SECONDS, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)
"""Divisors of the longest step, so that a sample falls on each evaluation."""


HIGH: Final = "high"
LOW: Final = "low"
"""The sides of a value; a signal's direction is the side on which it is in trouble."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExampleSeries:
    """A series of the `example` of a query: templates of its selector and of its values, in promtool's notation.

    `span` is the place of the values; None where no file holds them.
    """

    series: str
    labels: tuple[tuple[str, str], ...]
    values: str
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """What is measured: the kind, the unit of the limits, the title for people.

    `bad` is the side on which the signal is in trouble, `HIGH` or `LOW`; None where either may be. The binding of a
    system may determine it, too. `parameters` are those of the kind. `span` is the place of a `query`. `settles` are
    the seconds until the query returns the value of its example; None where the file does not set it. `untested` is
    the reason why the signal has no generated test.
    """

    id: str
    kind: str
    unit: str
    title: str
    bad: str | None = None
    parameters: Mapping[str, Decimal] = field(default_factory=dict)
    query: str | None = None
    example: tuple[ExampleSeries, ...] = ()
    settles: int | None = None
    untested: str | None = None
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredIn:
    """The unit of a metric, a key of METRIC_UNITS; `by_name` where only the metric's name says so."""

    unit: str
    by_name: bool

    @property
    def factor(self) -> Fraction:
        """How many base units one unit is."""
        return METRIC_UNITS[self.unit].factor


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Where a system's signal is measured.

    `inputs` maps each input to a selector, or to a number where the input is a constant. `per` are the labels that tell
    components apart; the first of them are the `dimensions`, which lie outside of the system, such as its cluster.
    `window` and `scrape_interval` are in seconds. `active` is the comparison that makes a state true. With `every`, all
    series of a component must be in the state. `within` is the time in seconds during which one moment in the state is
    enough. `over_time` is the function that aggregates gauges over the window; None where rules read gauges directly.
    `source` are the matchers that the compiler adds to all inputs. `targets` are the matchers of the targets that the
    metrics come from, None where these are not known; `targets_named` says whether the file names them. With
    `missing_is_fine`, metrics may be absent although all is well. `units` holds the units of inputs that are not in
    base units: kinds ignore it, `factors` converts. `quiet` is the number of seconds back to the same time of another
    day, at which events must have come; None where no other day counts.
    """

    inputs: dict[str, Selector | Decimal]
    per: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    window: int
    scrape_interval: int = STEP_SECONDS
    minimum_traffic: Rate | None = None
    active: Comparison | None = None
    every: bool = False
    within: int | None = None
    over_time: str | None = None
    source: tuple[Matcher, ...] = ()
    targets: tuple[Matcher, ...] | None = None
    targets_named: bool = False
    missing_is_fine: bool = False
    units: Mapping[str, MeasuredIn] = field(default_factory=dict)
    quiet: int | None = None

    @property
    def component_labels(self) -> tuple[str, ...]:
        """The labels that name a component within its system: those of `per` without the dimensions."""
        return self.per[len(self.dimensions) :]

    @property
    def step(self) -> int:
        """Seconds between two samples of a synthetic series for this binding; a window holds several, evenly spaced.

        A value that is compared with the clock changes between two samples, so it gets a sample at each evaluation.
        """
        steps = _STEPS if _TIMES.isdisjoint(self.inputs) else _STEPS[1:]
        return next((step for step in steps if self.window % step == 0 and self._holds_several(step)), 1)

    def _holds_several(self, step: int) -> bool:
        return self.window >= 2 * step if step == STEP_SECONDS else self.window >= _FEWEST * step

    @property
    def memory(self) -> int | None:
        """Seconds for which a sample of a seldom scraped metric counts: one scrape may fail and another may be late.

        None where the engines' own lookback covers two scrapes.
        """
        return None if 2 * self.scrape_interval <= LOOKBACK_SECONDS else self.scrape_interval * 5 // 2

    @property
    def pace(self) -> int:
        """Steps between two samples of a synthetic series: more than one for a metric that is scraped seldom."""
        return max(1, self.scrape_interval // self.step) if self.memory is not None else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundSignal:
    """A signal of a system with its binding; `low` if its limits are lower bounds."""

    signal: Signal
    binding: Binding
    low: bool = False

    def selector(self, name: str) -> Selector:
        """Return the selector of an input that must be a metric."""
        metric = self.binding.inputs[name]
        assert isinstance(metric, Selector)  # noqa: S101 - resolve admits numbers only where a kind says so
        return metric

    def has(self, name: str) -> bool:
        """Return whether the binding names an input."""
        return name in self.binding.inputs

    @property
    def metrics(self) -> tuple[Selector, ...]:
        """The inputs that are metrics, in the order of their names."""
        return tuple(value for _, value in sorted(self.binding.inputs.items()) if isinstance(value, Selector))
