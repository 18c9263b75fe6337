"""What a rule test wants to see: the course of a value for one example component.

`compiler.proof` says it, a kind of signal turns it into series, `compiler.signals.sampling` writes them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class Rough(Enum):
    """A course that real data take, through which the value of many kinds stays as it is."""

    REPLACED = "replaced"
    """All series end and are followed by others, again and again, as in a rolling update."""
    REPLACED_PART = "replaced-part"
    """The same of what is used alone: how much there is comes from elsewhere, or is a number."""
    REPLACED_WHOLE = "replaced-whole"
    """The same of how much there is alone: its exporter is replaced."""
    GAPS = "gaps"
    """Scrapes fail now and then."""
    NAN = "nan"
    """Samples are NaN now and then."""
    NAN_PART = "nan-part"
    """The same of what is used alone."""
    NAN_WHOLE = "nan-whole"
    """Of one of two that tell together how much there is."""
    GAPS_WHOLE = "gaps-whole"
    """Scrapes of how much there is fail now and then."""
    SPIKES = "spikes"
    """A sample now and then is beyond a limit, and the mean is not."""
    RESET = "reset"
    """Counters begin anew."""
    DOUBLED = "doubled"
    """A second replica tells the same."""


class Broken(Enum):
    """What is wrong with the samples of a phase, as it happens to real ones."""

    GAP = "gap"
    """Some scrapes fail: Prometheus marks the series as stale until the next."""
    NAN = "nan"
    """Some samples are NaN, as of a summary that has observed nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """`steps` samples during which the expression should have `value`; None where there are no samples.

    `traffic` scales the events that the value is computed from, or how much there is of what is used. `every` leaves
    samples out: one in so many is there. `exact` asks for the value without any rounding error, `zero_denominator` for
    a share of nothing. `stale` marks the series as ended: Prometheus does so when a target or a series is gone.
    `broken` says which of the samples are not as they should be; `reset` that counters begin anew, `born` that they
    begin with `value` events and stay there. `beyond` asks for a value that is more than `value`, and more than its
    metric can tell.
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
        """Return whether the sample of that number, from 0, is not as it should be: now and then, not at the end."""
        return self.broken is not None and (self.steps - 1 - sample) % BROKEN_EVERY == BROKEN_AT

    @property
    def is_even(self) -> bool:
        """Whether every step has a sample, as it should be."""
        return self.every == 1 and self.broken is None


BROKEN_EVERY, BROKEN_AT = 5, 2
"""One in so many samples, and which of them, counted from the end of a phase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The course of one component's value.

    `component` holds the labels that tell it apart; `preferred` values of further labels, where a selector lets them;
    `extra` labels that no selector asks for. `metrics` names those of the series that are there, where not all are.
    With `target` set there is also what Prometheus records of the target's scrapes: from the beginning, or, where it
    is False, from the first sample of the series on.
    """

    phases: tuple[Phase, ...]
    component: Mapping[str, str] = field(default_factory=dict)
    preferred: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    metrics: frozenset[str] = frozenset()
    target: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What another system or place records: by the last part of the recording's name, with further labels."""

    record: str
    labels: Mapping[str, str]
    value: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A course and what must come of it: the severities that fire, at `value`, with each of the further `labels`.

    `values` has the value by severity where it differs. `more` are further series of the same component; `decoys` asks
    for series just outside of the selectors. `elsewhere` is what others record meanwhile, where that is not the value
    itself.
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
