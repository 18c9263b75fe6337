"""What is measured and where: a signal, and its binding to the metrics of a system.

`compiler.resolve` makes them of thresholds.yaml; every kind (`contract`) turns them into PromQL.
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
"""The interval between two samples of a synthesised series, unless a window holds less than two such samples."""
LOOKBACK_SECONDS: Final = 300
"""For so long engines take the last sample of a series for its value (Prometheus, "staleness")."""
_FEWEST: Final = 4
"""Samples in a window, of a step that is shorter than usual."""
_TIMES: Final = frozenset({"since", "until"})
_STEPS: Final = (STEP_SECONDS, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)
"""Divisors of the longest, so that there is a sample at each evaluation."""


HIGH: Final = "high"
LOW: Final = "low"
"""The sides of a value; the one on which a signal is in trouble is its direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExampleSeries:
    """A series of a template's own `example`: templates of its selector and of its values in promtool's notation.

    `span` is where the values stand, None where no file says them.
    """

    series: str
    labels: tuple[tuple[str, str], ...]
    values: str
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """What is measured: the kind, the unit of its limits, its name for people.

    `bad` is the side on which it is in trouble, `HIGH` or `LOW`, None where either may be; the signal of a system has
    what its binding tells as well. `parameters` are those of its kind. `span` is the place of a `query`; `settles` the
    seconds that its example takes until the query returns what is asked for, None where nobody said. `untested` is why
    it has no generated test.
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
    """The unit that a metric is in, a key of METRIC_UNITS; `by_name` where nothing but the metric's name says so."""

    unit: str
    by_name: bool

    @property
    def factor(self) -> Fraction:
        """How many base units one of it is."""
        return METRIC_UNITS[self.unit].factor


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Where a system's signal is measured.

    `inputs` holds a selector, or a number where the input is a constant; `per` the labels that tell components apart,
    the `dimensions` first, which lie outside of the system, such as its cluster;
    `window` and `scrape_interval` seconds. `active` is the comparison that makes a state true, `every` whether all of a
    component's series must be in it, `within` the seconds during which having been in it once is enough. `over_time` is
    the function by which gauges are taken over the window, None where they are taken as they are. `source` are the
    matchers that all inputs got, `targets` those of the targets that the metrics come from, None where that cannot be
    told, `targets_named` whether the file names them; `missing_is_fine` where the metrics may be absent while all is
    well. `units` are those of inputs that are not in base units: kinds know nothing of it, `factors` sees to it.
    `quiet` are the seconds to the other day at whose same time something must have come, None where no other day
    counts.
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
        """The labels that name a component within its system: those of `per` that are no dimensions."""
        return self.per[len(self.dimensions) :]

    @property
    def step(self) -> int:
        """Seconds between two samples of a series that is made up for this binding: a window holds several, evenly.

        What is held against the clock grows between two samples: one an evaluation, so that it stays as it is.
        """
        steps = _STEPS if _TIMES.isdisjoint(self.inputs) else _STEPS[1:]
        return next((step for step in steps if self.window % step == 0 and self._holds_several(step)), 1)

    def _holds_several(self, step: int) -> bool:
        return self.window >= 2 * step if step == STEP_SECONDS else self.window >= _FEWEST * step

    @property
    def memory(self) -> int | None:
        """Seconds for which a sample of a metric that is scraped seldom counts: one scrape may fail, another be late.

        None where engines remember two scrapes by themselves.
        """
        return None if 2 * self.scrape_interval <= LOOKBACK_SECONDS else self.scrape_interval * 5 // 2

    @property
    def pace(self) -> int:
        """Steps between two samples of a series that is made up: more than one where it is scraped more seldom."""
        return max(1, self.scrape_interval // self.step) if self.memory is not None else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundSignal:
    """A signal of a system with its binding; `low` where its limits are lower bounds."""

    signal: Signal
    binding: Binding
    low: bool = False

    def selector(self, name: str) -> Selector:
        """Return an input that must be a metric."""
        found = self.binding.inputs[name]
        assert isinstance(found, Selector)  # noqa: S101 - resolve admits numbers only where a kind says so
        return found

    def has(self, name: str) -> bool:
        """Return whether the binding names an input."""
        return name in self.binding.inputs

    @property
    def metrics(self) -> tuple[Selector, ...]:
        """The inputs that are metrics, in the order of their names."""
        return tuple(one for _, one in sorted(self.binding.inputs.items()) if isinstance(one, Selector))
