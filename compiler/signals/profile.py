"""The course of a value for one example component of a rule test.

`compiler.proof` chooses the course, a kind of signal turns it into series, and `compiler.signals.samples.sampling`
writes their samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class Rough(Enum):
    """An irregularity of real data that does not change the value of many kinds."""

    REPLACED = "replaced"
    """All series end and others replace them, again and again, as in a rolling update."""
    REPLACED_PART = "replaced-part"
    """Only the series of the used part are replaced: the whole comes from elsewhere, or is a number."""
    REPLACED_WHOLE = "replaced-whole"
    """Only the series of the whole are replaced, with their exporter."""
    GAPS = "gaps"
    """Scrapes fail now and then."""
    NAN = "nan"
    """Samples are NaN now and then."""
    NAN_PART = "nan-part"
    """Samples of the used part are NaN now and then."""
    NAN_WHOLE = "nan-whole"
    """Samples of one of the two series of the whole are NaN now and then."""
    GAPS_WHOLE = "gaps-whole"
    """Scrapes of the whole fail now and then."""
    SPIKES = "spikes"
    """A sample now and then crosses a limit, but the mean does not."""
    RESET = "reset"
    """Counters begin anew."""
    DOUBLED = "doubled"
    """A second replica reports the same."""


class Broken(Enum):
    """What is wrong with some samples of a phase."""

    GAP = "gap"
    """Some scrapes fail; Prometheus marks the series stale until the next scrape."""
    NAN = "nan"
    """Some samples are NaN, like those of a summary without observations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """`steps` samples for which the expression should have `value`; a `value` of None means no samples.

    `traffic` scales the events from which the value is computed, or the whole of a share. `every` keeps one sample in
    that many. `exact` asks for the value without any rounding error, `zero_denominator` for a denominator of zero.
    `stale` marks the series as ended, as Prometheus does when a target or a series is gone. `broken` says how some
    samples are broken. `reset`: counters begin anew. `born`: counters begin with `value` events and do not rise.
    `beyond` asks for a value above `value` that exceeds what the metric can express.
    """

    value: Decimal | None
    steps: int
    traffic: Decimal = Decimal(1)
    every: int = 1
    exact: bool = False
    zero_denominator: bool = False
    stale: bool = False
    broken: Broken | None = None
    reset: bool = False
    born: bool = False
    beyond: bool = False

    def is_broken(self, sample: int) -> bool:
        """Return whether a sample, counted from 0, is broken: some samples are, but not the last."""
        return self.broken is not None and (self.steps - 1 - sample) % BROKEN_EVERY == BROKEN_AT

    @property
    def is_even(self) -> bool:
        """Whether every step has an unbroken sample."""
        return self.every == 1 and self.broken is None


BROKEN_EVERY, BROKEN_AT = 5, 2
"""One sample in `BROKEN_EVERY` is broken: number `BROKEN_AT`, counted from the end of a phase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The course of one component's value.

    `component` holds the labels that identify the component. `preferred` holds values of further labels, used where a
    selector accepts them; `extra` holds labels that selectors do not mention. `metrics` names the metrics that have
    series; empty means all. If `target` is not None, the target's `up` exists as well: from the beginning if True, from
    the first sample of the series on if False.
    """

    phases: tuple[Phase, ...]
    component: Mapping[str, str] = field(default_factory=dict)
    preferred: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    metrics: frozenset[str] = frozenset()
    target: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A series that another system or place records: the last part of the recording's name, and further labels."""

    record: str
    labels: Mapping[str, str]
    value: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A course and its expected result: the severities in `firing` fire at `value`, once for each of `labels`.

    `values` holds the value by severity where severities differ. `more` are further series of the same component.
    `decoys` asks for series just outside of the selectors. `elsewhere` is what other places record at the same time,
    where that is not the value itself.
    """

    name: str
    example: Example
    more: tuple[Example, ...] = ()
    decoys: bool = False
    firing: frozenset[str] = frozenset()
    value: Decimal = Decimal(0)
    values: Mapping[str, Decimal] = field(default_factory=dict)
    labels: tuple[Mapping[str, str], ...] = ({},)
    elsewhere: tuple[Elsewhere, ...] = ()
