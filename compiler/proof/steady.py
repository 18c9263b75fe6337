"""Prove: values that stay as they are, each in an example component of its own, all in one test where labels allow it.

What a component does, its neighbours and the series outside of a selector must not change: they are there as well.
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
    LONG_SECONDS,
    SLOW_EVALUATION_SECONDS,
    Expectation,
    Fired,
    RuleTest,
    component_of,
    longest_for_seconds,
    longest_keep,
    series_of,
    value_of,
)
from compiler.signals import kinds, sampling
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import Measure, Series
from compiler.signals.profile import Case
from compiler.signals.template import InvalidTemplateError

LOOKBACK: Final = 300
"""Seconds for which engines take the last sample of a series that has ended for its value (Prometheus, "staleness")."""
_BEFORE_THE_END: Final = 2 * STEP_SECONDS
_WITH_DECOYS: Final = frozenset({courses.BELOW, courses.ABOVE, courses.QUIET})


def tests(group: AlertGroup) -> Iterator[RuleTest]:
    """Yield one test of all cases where components can be told apart, else one test a case."""
    bound = group.watched.bound
    end = _end(group)
    steps = end // bound.binding.step + 1
    given = kinds()[bound.signal.kind].cases(bound, [alert.limit for alert in group.alerts], steps)
    end_of_data = (end - _forgotten(group)) // bound.binding.step + 1
    found = (*courses.cases(group, steps, end_of_data), *rough.cases(group, steps)) if given is None else given
    placed = _placed(bound, found)
    if placed is None:
        for case in found:
            yield _test(group, f"{group.alerts[0].name}: {case.name}", (case,), end)
    else:
        yield _test(group, f"{group.alerts[0].name}: limits", (*placed, *_neighbours(group, placed)), end)


def _end(group: AlertGroup) -> int:
    """Return when to look: everything has settled, every alert that should fires, and what has ended is forgotten.

    It is a multiple of the window, where samples may lie so far apart.
    """
    bound = group.watched.bound
    settled = kinds()[bound.signal.kind].settle_seconds(bound)
    end = max(settled + longest_for_seconds(group) + STEP_SECONDS, _BEFORE_THE_END + _forgotten(group))
    multiple = lcm(bound.binding.window, STEP_SECONDS) if end < 4 * bound.binding.window else STEP_SECONDS
    multiple = lcm(multiple, SLOW_EVALUATION_SECONDS) if end > LONG_SECONDS else multiple
    end = -(-end // multiple) * multiple
    while end in _scaled_ages(group):
        end += multiple
    return end


def _scaled_ages(group: AlertGroup) -> set[Decimal]:
    """Return the ages that are compared of points in time in another unit than seconds.

    What is as old as the test itself happened at 0, which is 0 in every unit.
    """
    bound = group.watched.bound
    measures = {one.name: one.measure for form in kinds()[bound.signal.kind].forms for one in form}
    if not any(measures[name] is Measure.INSTANT for name in bound.binding.units):
        return set()
    active = bound.binding.active
    return {alert.limit.value for alert in group.alerts} if active is None else {active.quantity.value}


def _forgotten(group: AlertGroup) -> int:
    """Return how many seconds after their last sample nothing is seen of data that have ended."""
    settled = kinds()[group.watched.bound.signal.kind].settle_seconds(group.watched.bound)
    return max(settled, LOOKBACK) + longest_keep(group) + STEP_SECONDS


def _placed(bound: BoundSignal, cases: Sequence[Case]) -> tuple[Case, ...] | None:
    """Return the cases each in a component named for it; None where the labels that tell components apart are fixed."""
    matchers = [one for selector in bound.metrics for one in selector.matchers]
    if not bound.binding.per:
        return None
    placed = []
    for case in cases:
        names = {
            label: sampling.allowed([one for one in matchers if one.label == label], case.name)
            for label in bound.binding.per
        }
        component = {label: name for label, name in names.items() if name is not None}
        if len(component) < len(names):
            return None
        example, *more = (replace(one, component=component) for one in (case.example, *case.more))
        placed.append(replace(case, example=example, more=tuple(more)))
    return tuple(placed)


def _neighbours(group: AlertGroup, cases: Sequence[Case]) -> Iterator[Case]:
    """Yield components without trouble that share all labels but one with one that is in trouble."""
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
            own = tuple(one for example in (case.example, *case.more) for one in series_of(bound, example))
        except InvalidTemplateError:  # an example of the user's own need not render for every value
            continue
        series += own
        component = component_of(bound, case.example, own)
        if case.decoys or case.name in _WITH_DECOYS or len(cases) == 1:
            series += decoys(bound, case.example)
            series += recorded(group, component, case, _bad(group))
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


def _bad(group: AlertGroup) -> Decimal:
    """Return what a recording is while there is trouble."""
    bound = group.watched.bound
    if kinds()[bound.signal.kind].measures:
        return courses.beyond_all(group)
    return Decimal(0) if bound.low else Decimal(1)


def all_well(group: AlertGroup, end: int, *, zero_denominator: bool) -> tuple[Series, ...]:
    """Return series by which nothing of a group fires until `end`; none where its kind has no such case.

    With `zero_denominator` set, what makes trouble of other missing metrics is there, but none is missing. They are as
    few as can be.
    """
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    steps = end // bound.binding.step + 1
    cases = kind.cases(bound, [alert.limit for alert in group.alerts], steps) or ()
    well = next((case.example for case in cases if not case.firing), None)
    if well is None:
        return ()
    phases = tuple(replace(one, zero_denominator=zero_denominator, exact=True) for one in well.phases)
    return series_of(bound, replace(well, phases=phases))
