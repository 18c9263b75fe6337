"""Prove: constant values, each in an example component of its own, all in one test if labels allow it.

Neighbours and series outside of the selectors must not change a component's result, so tests hold them as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from math import lcm
from typing import Final

from compiler.alerts import AlertGroup
from compiler.proof import courses, rough
from compiler.proof.decoys import decoys, recorded
from compiler.proof.ruletest import (
    Expectation,
    Fired,
    RuleTest,
    component_of,
    longest_for_seconds,
    longest_keep,
    series_of,
    value_of,
)
from compiler.signals import kinds
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import LONG_SECONDS, SLOW_EVALUATION_SECONDS, Measure, Series
from compiler.signals.profile import Case
from compiler.signals.samples import sampling
from compiler.signals.template import InvalidTemplateError

LOOKBACK: Final = 300
"""Seconds for which engines return the last sample of a series that has ended (Prometheus, "staleness")."""
_BEFORE_THE_END: Final = 2 * STEP_SECONDS
_WITH_DECOYS: Final = frozenset({courses.BELOW, courses.ABOVE, courses.QUIET})


def tests(group: AlertGroup) -> Iterator[RuleTest]:
    """Yield one test of all cases if labels tell components apart, else one test for each case."""
    bound = group.watched.bound
    end = _end(group)
    steps = end // bound.binding.step + 1
    kind_cases = kinds()[bound.signal.kind].cases(bound, [alert.limit for alert in group.alerts], steps)
    end_of_data = (end - _forgotten_after(group)) // bound.binding.step + 1
    all_cases = (
        (*courses.cases(group, steps, end_of_data), *rough.cases(group, steps)) if kind_cases is None else kind_cases
    )
    placed_cases = _in_components(bound, all_cases)
    if placed_cases is None:
        for case in all_cases:
            yield _test(group, f"{group.alerts[0].name}: {case.name}", (case,), end)
    else:
        yield _test(group, f"{group.alerts[0].name}: limits", (*placed_cases, *_neighbours(group, placed_cases)), end)


def _end(group: AlertGroup) -> int:
    """Return the time of evaluation, in seconds: all values have settled, and engines have forgotten ended series.

    By then every expected alert fires. The time is a multiple of the window, because samples may lie a window apart; in
    tests of four windows and more, it is only a multiple of a step.
    """
    bound = group.watched.bound
    settled_after = kinds()[bound.signal.kind].settle_seconds(bound)
    end = max(settled_after + longest_for_seconds(group) + STEP_SECONDS, _BEFORE_THE_END + _forgotten_after(group))
    multiple = lcm(bound.binding.window, STEP_SECONDS) if end < 4 * bound.binding.window else STEP_SECONDS
    multiple = lcm(multiple, SLOW_EVALUATION_SECONDS) if end > LONG_SECONDS else multiple
    end = -(-end // multiple) * multiple
    while end in _scaled_ages(group):
        end += multiple
    return end


def _scaled_ages(group: AlertGroup) -> set[Decimal]:
    """Return the ages at which no test may end: the limits, or `active`, of points in time that are not in seconds.

    A point in time that is as old as the test lies at 0, which is 0 in every unit.
    """
    bound = group.watched.bound
    measures = {
        metric_input.name: metric_input.measure for form in kinds()[bound.signal.kind].forms for metric_input in form
    }
    if not any(measures[name] is Measure.INSTANT for name in bound.binding.units):
        return set()
    active = bound.binding.active
    return {alert.limit.value for alert in group.alerts} if active is None else {active.quantity.value}


def _forgotten_after(group: AlertGroup) -> int:
    """Return the seconds after their last sample until ended data have no effect."""
    settled_after = kinds()[group.watched.bound.signal.kind].settle_seconds(group.watched.bound)
    return max(settled_after, LOOKBACK) + longest_keep(group) + STEP_SECONDS


def _in_components(bound: BoundSignal, cases: Sequence[Case]) -> tuple[Case, ...] | None:
    """Return each case in a component named after it; None if matchers fix the labels that tell components apart."""
    matchers = [matcher for selector in bound.metrics for matcher in selector.matchers]
    if not bound.binding.per:
        return None
    placed_cases = []
    for case in cases:
        names = {
            label: sampling.allowed([matcher for matcher in matchers if matcher.label == label], case.name)
            for label in bound.binding.per
        }
        component = {label: name for label, name in names.items() if name is not None}
        if len(component) < len(names):
            return None
        example, *more = (replace(example, component=component) for example in (case.example, *case.more))
        placed_cases.append(replace(case, example=example, more=tuple(more)))
    return tuple(placed_cases)


def _neighbours(group: AlertGroup, cases: Sequence[Case]) -> Iterator[Case]:
    """Yield components without trouble that share all labels but one with a component in trouble."""
    per = group.watched.bound.binding.per
    by_name = {case.name: case for case in cases}
    above, below = by_name.get(courses.ABOVE), by_name.get(courses.BELOW)
    if len(per) < 2 or above is None or below is None:
        return
    for label in per:
        component = {**above.example.component, label: below.example.component[label]}
        yield replace(below, name=f"other-{label}", example=replace(below.example, component=component))


def _test(group: AlertGroup, name: str, cases: Sequence[Case], end: int) -> RuleTest:
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    series: list[Series] = []
    fired: list[Fired] = []
    for case in cases:
        try:
            case_series = tuple(
                example_series for example in (case.example, *case.more) for example_series in series_of(bound, example)
            )
        except InvalidTemplateError:  # a user's own example need not render for every value
            continue
        series += case_series
        component = component_of(bound, case.example, case_series)
        if case.decoys or case.name in _WITH_DECOYS or len(cases) == 1:
            series += decoys(bound, case.example)
            series += recorded(group, component, case, _bad_value(group))
        fired += [
            Fired(alert=alert, component=component, value=value_of(case, alert), labels=labels)
            for alert in group.alerts
            if alert.limit.severity in case.firing
            for labels in case.labels
        ]
    return RuleTest(
        name=name,
        step=bound.binding.step,
        selectors=kind.selectors(bound),
        series=tuple(dict.fromkeys(series)),
        expectations=(Expectation(alert=group.alerts[0].name, at=end, fired=tuple(fired)),),
    )


def _bad_value(group: AlertGroup) -> Decimal:
    """Return the value of a recording while there is trouble."""
    bound = group.watched.bound
    if kinds()[bound.signal.kind].measures:
        return courses.beyond_all(group)
    return Decimal(0) if bound.low else Decimal(1)


def all_well(group: AlertGroup, end: int, *, zero_denominator: bool) -> tuple[Series, ...]:
    """Return the fewest series that keep a group from firing until `end`; none if its kind has no such case.

    With `zero_denominator`, the targets of `missing` are down as if metrics were pushed, but no metric is missing.
    """
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    steps = end // bound.binding.step + 1
    cases = kind.cases(bound, [alert.limit for alert in group.alerts], steps) or ()
    example = next((case.example for case in cases if not case.firing), None)
    if example is None:
        return ()
    phases = tuple(replace(phase, zero_denominator=zero_denominator, exact=True) for phase in example.phases)
    return series_of(bound, replace(example, phases=phases))
