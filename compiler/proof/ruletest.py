"""Prove: what a rule test is, and which alerts are to be expected of a value."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from compiler.alerts import Alert, AlertGroup
from compiler.model import Limit
from compiler.promql import Selector
from compiler.quantities import STATE
from compiler.signals import kinds, sampling
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import EVALUATION_SECONDS, Series
from compiler.signals.profile import Case, Example


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """An alert that fires: for the component with these labels, at this value; its series has further `labels`."""

    alert: Alert
    component: Mapping[str, str]
    value: Decimal
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What fires of the alert of that name so many seconds after the first sample, and nothing else of it."""

    alert: str
    at: int
    fired: tuple[Fired, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleTest:
    """Series with a sample every `step` seconds, and what is expected of them.

    `selectors` are those of the rules that it is about: no other test's series may pass them. `about` are the names of
    their groups; `well` are series by which the groups are well that have alerts of the same name, by their names, with
    `zero_denominator` as the kind was asked for them.
    """

    name: str
    step: int
    selectors: tuple[Selector, ...]
    series: tuple[Series, ...]
    expectations: tuple[Expectation, ...]
    about: frozenset[str] = frozenset()
    well: Mapping[str, tuple[Series, ...]] = field(default_factory=dict)
    zero_denominator: bool = False

    @property
    def end(self) -> int:
        """The last look, in seconds after the first sample."""
        return max(one.at for one in self.expectations)

    @property
    def slow(self) -> bool:
        """Whether it is so long that it is evaluated seldom."""
        return self.end > LONG_SECONDS


LONG_SECONDS: Final = 6 * 3600
"""Tests that end later are evaluated every `SLOW_EVALUATION_SECONDS`: each evaluation takes its time."""
SLOW_EVALUATION_SECONDS: Final = 240
"""Less than the five minutes for which engines remember a value: some read back what they have recorded."""

_OPERATORS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}


def crossed(limit: Limit, value: Decimal) -> bool:
    """Return whether a value is beyond a limit."""
    return _OPERATORS[limit.comparator](value, limit.value)


def recovered(limit: Limit, value: Decimal) -> bool:
    """Return whether a value ends an alert that fires: by its recovery limit, else by the limit itself."""
    if limit.recover is None:
        return not crossed(limit, value)
    return _OPERATORS[limit.recover.comparator](value, limit.recover.quantity.value)


def value_of(case: Case, alert: Alert) -> Decimal:
    """Return the value at which an alert fires in a case."""
    return case.values.get(alert.limit.severity, case.value)


def for_seconds_of(limit: Limit) -> int:
    """Return after how many seconds an alert fires whose limit stays crossed, to the evaluation."""
    return -(-limit.for_seconds // EVALUATION_SECONDS) * EVALUATION_SECONDS


def keep_of(limit: Limit) -> int:
    """Return for how many seconds at most an alert fires whose limit is crossed no more."""
    return -(-limit.keep // STEP_SECONDS) * STEP_SECONDS


def late(group: AlertGroup) -> int:
    """Return by how many seconds an engine may be late: one evaluation where a recording rule comes between."""
    return EVALUATION_SECONDS if group.records else 0


def longest_for_seconds(group: AlertGroup) -> int:
    """Return the longest of `for_seconds_of` over the group's alerts."""
    return max(for_seconds_of(alert.limit) for alert in group.alerts)


def longest_keep(group: AlertGroup) -> int:
    """Return the longest of `keep_of` over the group's alerts."""
    return max(keep_of(alert.limit) for alert in group.alerts)


def component_of(bound: BoundSignal, example: Example, series: Sequence[Series]) -> dict[str, str]:
    """Return the labels of an example's component: those that tell it apart, as matchers fix them, and further ones."""
    labels = sampling.component_labels(bound, example)
    for one in series:
        labels |= {name: value for name, value in one.labels if name in labels}
    return {**kinds()[bound.signal.kind].further(bound), **labels}


def series_of(bound: BoundSignal, example: Example) -> tuple[Series, ...]:
    """Return the series of an example, as often as they are scraped; of some metrics alone, where it names these."""
    kind = kinds()[bound.signal.kind]
    pace = bound.binding.pace if kind.scraped(bound) else 1
    phases = tuple(replace(one, every=one.every * pace) for one in example.phases)
    series = kind.series(bound, replace(example, phases=phases))
    return tuple(one for one in series if not example.metrics or one.metric in example.metrics)


def first_severity(group: AlertGroup) -> Limit:
    """Return the limit of the least urgent severity."""
    return group.alerts[0].limit


def too_long(group: AlertGroup) -> bool:
    """Return whether a test would have to be so long that engines refuse to load its samples.

    What an alert waits for counts as what its rule looks back on: a test holds the samples of both.
    """
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    return kind.settle_seconds(bound) > kind.longest or longest_for_seconds(group) + longest_keep(group) > kind.longest


def is_state(group: AlertGroup) -> bool:
    """Return whether the signal is a state, whose value is 1 or 0."""
    return first_severity(group).unit == STATE
