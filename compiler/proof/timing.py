"""Prove: how long a limit must be crossed until an alert fires, exact to one evaluation, and what ends the alert.

One component is in trouble from its first sample on, so badly that its first value crosses the limit. One evaluation
before `for` has passed, no alert fires; when `for` has passed, it fires. A test longer than `LONG_SECONDS` is evaluated
less often, so its times are rounded up to the next of these evaluations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from compiler.alerts import Alert, AlertGroup
from compiler.model import Limit
from compiler.proof import courses
from compiler.proof.ruletest import (
    Expectation,
    Fired,
    RuleTest,
    component_of,
    crossed,
    for_seconds_of,
    is_state,
    late,
    longest_for_seconds,
    longest_keep,
    recovered,
    series_of,
    value_of,
)
from compiler.signals import kinds
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import EVALUATION_SECONDS, LONG_SECONDS, SLOW_EVALUATION_SECONDS
from compiler.signals.level import margin
from compiler.signals.profile import Case, Example, Phase

_HALVES: Final = 2


def tests(group: AlertGroup) -> Iterator[RuleTest]:
    """Yield a test of firing and ending, and one for each recovery limit."""
    name, kind = group.alerts[0].name, kinds()[group.watched.bound.signal.kind]
    if not kind.measures:
        yield from _tests_of_cases(group)
        return
    yield _test(group, f"{name}: for and recovery", (_good_value(group),))
    for alert in group.alerts:
        if alert.limit.recover is not None:
            value_between, recovered_value = _value_between(alert), _recovered_value(alert)
            yield _test(
                group, f"{name}: recovery of {alert.limit.severity}", (value_between, recovered_value, value_between)
            )


def _tests_of_cases(group: AlertGroup) -> Iterator[RuleTest]:
    """Yield a test of the time until each alert fires, for kinds that supply their own cases."""
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    steps = (longest_for_seconds(group) + kind.settle_seconds(bound)) // bound.binding.step + 1
    cases = kind.cases(bound, [alert.limit for alert in group.alerts], steps) or ()
    for alert in group.alerts:
        case = next((candidate for candidate in cases if alert.limit.severity in candidate.firing), None)
        start = kind.begins(bound, alert.limit)
        if case is None or start is None:
            continue
        at = _fires_at(start, alert.limit)
        series = series_of(bound, case.example)
        component = component_of(bound, case.example, series)
        check_times = (at - EVALUATION_SECONDS, at + late(group)) if at else (late(group),)
        yield RuleTest(
            name=f"{alert.name}: for of {alert.limit.severity}",
            step=bound.binding.step,
            selectors=kind.selectors(bound),
            series=series,
            expectations=tuple(_expected_of_case(group, case, component, time) for time in check_times),
        )


def _expected_of_case(group: AlertGroup, case: Case, component: dict[str, str], at: int) -> Expectation:
    """Return the expectation for the time `at`: the alerts of the case that fire then."""
    bound = group.watched.bound
    fired = (
        Fired(alert=alert, component=component, value=value_of(case, alert), labels=labels)
        for alert in group.alerts
        if alert.limit.severity in case.firing and _fires_by(bound, alert.limit, at)
        for labels in case.labels
    )
    return Expectation(alert=group.alerts[0].name, at=at, fired=tuple(fired))


def _fires_by(bound: BoundSignal, limit: Limit, at: int) -> bool:
    start = kinds()[bound.signal.kind].begins(bound, limit)
    return start is not None and _fires_at(start, limit) <= at


def _fires_at(start: int, limit: Limit) -> int:
    """Return when an alert fires if its trouble began at `start`, rounded up to an evaluation of the test."""
    at = start + for_seconds_of(limit)
    if at <= LONG_SECONDS:
        return at
    return _rounded_up(_rounded_up(start, SLOW_EVALUATION_SECONDS) + for_seconds_of(limit), SLOW_EVALUATION_SECONDS)


def _rounded_up(seconds: int, unit: int) -> int:
    return -(-seconds // unit) * unit


def _good_value(group: AlertGroup) -> Decimal:
    """Return a value that crosses no limit and ends the alerts that fire."""
    if is_state(group):
        return Decimal(0)
    first = group.alerts[0].limit
    value = _recovered_value(group.alerts[0]) if first.recover else courses.just(first, beyond=False)
    return max(value, Decimal(0))


def _value_between(alert: Alert) -> Decimal:
    limit = alert.limit
    assert limit.recover is not None  # noqa: S101 - the caller asks for it
    return (limit.recover.quantity.value + limit.value) / _HALVES


def _recovered_value(alert: Alert) -> Decimal:
    limit = alert.limit
    assert limit.recover is not None  # noqa: S101 - the callers ask for it
    value = limit.recover.quantity.value
    distance = margin(value, ratio=limit.unit == "ratio")
    return value - distance if limit.recover.comparator.startswith("<") else value + distance


def _test(group: AlertGroup, name: str, values: Sequence[Decimal]) -> RuleTest:
    """Return the test of a component that is in trouble, then at each of `values` until its alerts have settled."""
    test = _test_with_interval(group, name, values, EVALUATION_SECONDS)
    return _test_with_interval(group, name, values, SLOW_EVALUATION_SECONDS) if test.slow else test


def _test_with_interval(group: AlertGroup, name: str, values: Sequence[Decimal], interval: int) -> RuleTest:
    """Return the test for engines that evaluate the rules every `interval` seconds."""
    bound = group.watched.bound
    kind, step = kinds()[bound.signal.kind], bound.binding.step
    # If evaluations are rare, an alert ends, and restarts its `for`, up to two evaluations after its value changes.
    slack = STEP_SECONDS if interval == EVALUATION_SECONDS else 2 * interval
    bad_value = courses.beyond_all(group)
    component = component_of(bound, _course(bad_value, 1), series_of(bound, _course(bad_value, 1)))
    expectations = [
        _expect(group, component, *expectation_parts)
        for expectation_parts in _until_all_fire(group, bad_value, interval)
    ]
    trouble_seconds = _rounded_to_step(max(expectation.at for expectation in expectations)) + slack
    refire_seconds = longest_for_seconds(group) if len(values) > 1 else 0
    stay_seconds = _rounded_to_step(kind.settle_seconds(bound) + refire_seconds + longest_keep(group)) + slack
    still_firing = frozenset(alert.limit.severity for alert in group.alerts)
    for number, value in enumerate(values):
        still_firing = frozenset(_still_firing(group, still_firing, value))
        expectations.append(
            _expect(group, component, trouble_seconds + (number + 1) * stay_seconds - STEP_SECONDS, still_firing, value)
        )
    phases = [
        Phase(value=bad_value, steps=trouble_seconds // step),
        *(Phase(value=value, steps=stay_seconds // step) for value in values),
    ]
    # One more sample, so that the last evaluation has a sample.
    series = series_of(bound, Example(phases=(*phases, Phase(value=values[-1], steps=1))))
    return RuleTest(
        name=name, step=step, selectors=kind.selectors(bound), series=series, expectations=tuple(expectations)
    )


def _until_all_fire(
    group: AlertGroup, bad_value: Decimal, interval: int
) -> Iterator[tuple[int, frozenset[str], Decimal]]:
    """Yield what to expect until all alerts fire, each as time, firing severities and value.

    The times are one evaluation before each `for` has passed, and when it has passed.
    """
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    for_by_severity = {
        alert.limit.severity: _rounded_up(for_seconds_of(alert.limit), interval) for alert in group.alerts
    }
    start = kind.first(bound)
    if start is None:
        # The value appears at an unknown time, at the latest when it has settled.
        if (before := min(for_by_severity.values()) - interval) >= 0:
            yield before, frozenset(), bad_value
        settled_after = kind.settle_seconds(bound)
        yield (
            (
                settled_after + longest_for_seconds(group)
                if interval == EVALUATION_SECONDS
                else _rounded_up(settled_after, interval) + max(for_by_severity.values()) + interval
            ),
            frozenset(for_by_severity),
            bad_value,
        )
        return
    start = _rounded_up(start, interval)
    yielded_times: set[int] = set()
    for fires_at in sorted({start + for_seconds for for_seconds in for_by_severity.values()}):
        for at in (fires_at - interval, _check_time(group, fires_at + late(group, interval), interval)):
            firing = frozenset(
                severity for severity, for_seconds in for_by_severity.items() if start + for_seconds <= at
            )
            value = bad_value if is_state(group) else kind.shown(bound, bad_value, at)
            if at >= 0 and at not in yielded_times and (value is not None or not firing):
                yielded_times.add(at)
                yield at, firing, bad_value if value is None else value


def _check_time(group: AlertGroup, at: int, interval: int) -> int:
    """Return when to check an alert that fires at `at`: at that time, or as soon as engines agree on its value.

    At the moment when the window has just become full they still disagree: the expression then reads the first instant
    (by an offset of one window), and VictoriaMetrics has no value there.
    """
    bound = group.watched.bound
    if is_state(group) or kinds()[bound.signal.kind].shown(bound, Decimal(1), at) is not None:
        return at
    return max(at, _rounded_up(_rounded_to_step(bound.binding.window) + STEP_SECONDS, interval))


def _still_firing(group: AlertGroup, firing_before: frozenset[str], value: Decimal) -> Iterator[str]:
    """Yield the severities that fire after a long time at `value`: it crosses the limit, or the alert does not end."""
    for alert in group.alerts:
        limit = alert.limit
        if crossed(limit, value) or (limit.severity in firing_before and not recovered(limit, value)):
            yield limit.severity


def _expect(
    group: AlertGroup, component: dict[str, str], at: int, firing: frozenset[str], value: Decimal
) -> Expectation:
    fired = (
        Fired(alert=alert, component=component, value=value) for alert in group.alerts if alert.limit.severity in firing
    )
    return Expectation(alert=group.alerts[0].name, at=at, fired=tuple(fired))


def _course(value: Decimal, steps: int) -> Example:
    return Example(phases=(Phase(value=value, steps=steps),))


def _rounded_to_step(seconds: int) -> int:
    """Return `seconds`, rounded up to a whole step."""
    return _rounded_up(seconds, STEP_SECONDS)
