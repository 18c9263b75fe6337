"""What a kind of signal is: the contract that every other file of this folder fulfils.

`compiler.resolve` asks a kind which inputs a binding must name; `compiler.alerts` asks it for PromQL; the emitter of
rule tests asks it for series that make the PromQL return a given value. A kind is one file with one `KIND`, found by
`compiler.signals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from compiler.diagnostics import Span
from compiler.promql import Matcher, Selector
from compiler.quantities import Comparison, Rate

STEP_SECONDS: Final = 60
"""The interval between two evaluations of a rule test, and between two samples of a synthesised series, unless a window
holds less than two such samples."""
_SHORT_STEPS: Final = (30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)
"""Divisors of `STEP_SECONDS`, so that there is a sample at each evaluation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A metric that a binding names: the key in thresholds.yaml, what it must be, and an example."""

    name: str
    description: str
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExampleSeries:
    """A series of a template's own `example`: templates of its selector and of its values in promtool's notation."""

    series: str
    labels: tuple[tuple[str, str], ...]
    values: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """What is measured: the kind, the unit of its limits, its name for people; some kinds take a parameter.

    `span` is the place of a `query`.
    """

    id: str
    kind: str
    unit: str
    title: str
    quantile: Decimal | None = None
    query: str | None = None
    example: tuple[ExampleSeries, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Where a system's signal is measured.

    `inputs` holds a selector, or a number where the input is a constant; `per` the labels that tell components apart;
    `window` seconds. `active` is the comparison that makes a state true, `every` whether all of a component's series
    must be in it, `within` the seconds during which having been in it once is enough.
    """

    inputs: dict[str, Selector | Decimal]
    per: tuple[str, ...] = ()
    window: int
    minimum_traffic: Rate | None = None
    active: Comparison | None = None
    every: bool = False
    within: int | None = None

    @property
    def step(self) -> int:
        """Seconds between two samples of a series that is made up for this binding: a window must hold several."""
        if self.window >= 2 * STEP_SECONDS:
            return STEP_SECONDS
        return next((step for step in _SHORT_STEPS if step * 4 <= self.window), 1)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A synthesised series: metric, labels, and samples in promtool's notation, one every `Binding.step` seconds."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    values: str

    @property
    def selector(self) -> str:
        """The series as promtool and a person write it."""
        return str(Selector(self.metric, tuple(Matcher(label, "=", value) for label, value in self.labels)))


class UnsampledError(Exception):
    """No series can be made up for a selector; the message says why. The alert then has no generated test."""


class Kind(Protocol):
    """One way to measure."""

    name: str
    forms: tuple[tuple[Input, ...], ...]
    """The alternatives, each a complete set of inputs; the first is the usual one."""
    constants: frozenset[str]
    """Inputs that may be a number."""

    def operations(self, bound: BoundSignal) -> str:
        """Return the last part of a recording rule's name, such as `rate5m`."""

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL with one series a component, whose value is in the unit of the signal's limits."""

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return series of `steps` samples that make `expression` return `value` for one component.

        Raises UnsampledError where none can.
        """


def aggregate(operator: str, per: tuple[str, ...], expression: str) -> str:
    """Return `expression` aggregated to one series a component."""
    return f"{operator} by ({', '.join(per)}) ({expression})" if per else f"{operator}({expression})"
