"""Prove: what a rule test is, and which alerts it expects for a value."""

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
from compiler.signals import kinds
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import EVALUATION_SECONDS, LONG_SECONDS, Series
from compiler.signals.profile import Case, Example
from compiler.signals.samples import sampling


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """An alert that fires for the component with these labels, at this value; its series has further `labels`."""

    alert: Alert
    component: Mapping[str, str]
    value: Decimal
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """All instances of the alert named `alert` that fire `at` seconds after the first sample."""

    alert: str
    at: int
    fired: tuple[Fired, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleTest:
    """Series with a sample every `step` seconds, and the alerts that must fire for them.

    `selectors` are those of the tested rules: they may match no series of another test. `about` holds the names of the
    tested groups. `well` maps the names of other groups, whose alerts have the same name, to series that fire none of
    these; `zero_denominator` is the flag with which the kind made these series.
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
        """The time of the last expectation, in seconds after the first sample."""
        return max(expectation.at for expectation in self.expectations)

    @property
    def slow(self) -> bool:
        """Whether the test is so long that engines evaluate it seldom."""
        return self.end > LONG_SECONDS


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
    """Return whether a value ends a firing alert: by its recovery limit if it has one, else by the limit itself."""
    if limit.recover is None:
        return not crossed(limit, value)
    return _OPERATORS[limit.recover.comparator](value, limit.recover.quantity.value)


def value_of(case: Case, alert: Alert) -> Decimal:
    """Return the value at which an alert fires in a case."""
    return case.values.get(alert.limit.severity, case.value)


def for_seconds_of(limit: Limit) -> int:
    """Return the seconds for which a limit must stay crossed until its alert fires, rounded up to an evaluation."""
    return -(-limit.for_seconds // EVALUATION_SECONDS) * EVALUATION_SECONDS


def keep_of(limit: Limit) -> int:
    """Return the seconds for which an alert fires at most after its limit is no longer crossed."""
    return -(-limit.keep // STEP_SECONDS) * STEP_SECONDS


def late(group: AlertGroup, interval: int = EVALUATION_SECONDS) -> int:
    """Return the seconds by which an engine may be late: one `interval` if the group has a recording rule, else 0."""
    return interval if group.records else 0


def longest_for_seconds(group: AlertGroup) -> int:
    """Return the longest of `for_seconds_of` over the group's alerts."""
    return max(for_seconds_of(alert.limit) for alert in group.alerts)


def longest_keep(group: AlertGroup) -> int:
    """Return the longest of `keep_of` over the group's alerts."""
    return max(keep_of(alert.limit) for alert in group.alerts)


def component_of(bound: BoundSignal, example: Example, series: Sequence[Series]) -> dict[str, str]:
    """Return the labels of an example's component as its series have them, and the further labels of the value."""
    labels = sampling.component_labels(bound, example)
    for one_series in series:
        labels |= {name: value for name, value in one_series.labels if name in labels}
    return {**kinds()[bound.signal.kind].further(bound), **labels}


def series_of(bound: BoundSignal, example: Example) -> tuple[Series, ...]:
    """Return the series of an example, sampled as often as scraped; if it names metrics, only the series of those."""
    kind = kinds()[bound.signal.kind]
    pace = bound.binding.pace if kind.scraped(bound) else 1
    phases = tuple(replace(phase, every=phase.every * pace) for phase in example.phases)
    all_series = kind.series(bound, replace(example, phases=phases))
    return tuple(series for series in all_series if not example.metrics or series.metric in example.metrics)


def first_severity(group: AlertGroup) -> Limit:
    """Return the limit of the least severe severity."""
    return group.alerts[0].limit


def too_long(group: AlertGroup) -> bool:
    """Return whether a test would be so long that engines refuse to load its samples.

    The time that an alert waits counts like the time that its rule looks back: a test holds the samples of both.
    """
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    return kind.settle_seconds(bound) > kind.longest or longest_for_seconds(group) + longest_keep(group) > kind.longest


def is_state(group: AlertGroup) -> bool:
    """Return whether the signal is a state, whose value is 1 or 0."""
    return first_severity(group).unit == STATE
