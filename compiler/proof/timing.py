"""Prove: how long a limit must be crossed until an alert fires, exact to one evaluation, and what ends the alert.

One component is in trouble from its first sample on, so badly that its first value crosses the limit. One evaluation
before `for` has passed, no alert fires; when `for` has passed, it fires. A test longer than `LONG_SECONDS` is evaluated
seldom, so its times are rounded up to evaluations that are further apart.
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

_HALF: Final = 2


def tests(group: AlertGroup) -> Iterator[RuleTest]:
    """Yield a test of firing and ending, and one for each recovery limit."""
    name, kind = group.alerts[0].name, kinds()[group.watched.bound.signal.kind]
    if not kind.measures:
        yield from _of_cases(group)
        return
    yield _test(group, f"{name}: for and recovery", (_good(group),))
    for alert in group.alerts:
        if alert.limit.recover is not None:
            between, good = _between(alert), _recovered(alert)
            yield _test(group, f"{name}: recovery of {alert.limit.severity}", (between, good, between))


def _of_cases(group: AlertGroup) -> Iterator[RuleTest]:
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
        at = _fires(start, alert.limit)
        series = series_of(bound, case.example)
        component = component_of(bound, case.example, series)
        looks = (at - EVALUATION_SECONDS, at + late(group)) if at else (late(group),)
        yield RuleTest(
            name=f"{alert.name}: for of {alert.limit.severity}",
            step=bound.binding.step,
            selectors=kind.selectors(bound),
            series=series,
            expectations=tuple(_of_case(group, case, component, look) for look in looks),
        )


def _of_case(group: AlertGroup, case: Case, component: dict[str, str], at: int) -> Expectation:
    """Return the alerts of a case that fire at the time `at`."""
    bound = group.watched.bound
    fired = (
        Fired(alert=alert, component=component, value=value_of(case, alert), labels=labels)
        for alert in group.alerts
        if alert.limit.severity in case.firing and _has_begun(bound, alert.limit, at)
        for labels in case.labels
    )
    return Expectation(alert=group.alerts[0].name, at=at, fired=tuple(fired))


def _has_begun(bound: BoundSignal, limit: Limit, at: int) -> bool:
    start = kinds()[bound.signal.kind].begins(bound, limit)
    return start is not None and _fires(start, limit) <= at


def _fires(start: int, limit: Limit) -> int:
    """Return when an alert fires on trouble that began at `start`, rounded up to an evaluation of the test."""
    at = start + for_seconds_of(limit)
    if at <= LONG_SECONDS:
        return at
    return _rounded_up(_rounded_up(start, SLOW_EVALUATION_SECONDS) + for_seconds_of(limit), SLOW_EVALUATION_SECONDS)


def _rounded_up(seconds: int, unit: int) -> int:
    return -(-seconds // unit) * unit


def _good(group: AlertGroup) -> Decimal:
    """Return a value that crosses no limit and ends the alerts that fire."""
    if is_state(group):
        return Decimal(0)
    first = group.alerts[0].limit
    value = _recovered(group.alerts[0]) if first.recover else courses.just(first, beyond=False)
    return max(value, Decimal(0))


def _between(alert: Alert) -> Decimal:
    limit = alert.limit
    assert limit.recover is not None  # noqa: S101 - the caller asks for it
    return (limit.recover.quantity.value + limit.value) / _HALF


def _recovered(alert: Alert) -> Decimal:
    limit = alert.limit
    assert limit.recover is not None  # noqa: S101 - the callers ask for it
    value = limit.recover.quantity.value
    away = margin(value, ratio=limit.unit == "ratio")
    return value - away if limit.recover.comparator.startswith("<") else value + away


def _test(group: AlertGroup, name: str, values: Sequence[Decimal]) -> RuleTest:
    """Return the test of a component that is in trouble, then at each of `values` until its alerts have settled."""
    test = _evaluated(group, name, values, EVALUATION_SECONDS)
    return _evaluated(group, name, values, SLOW_EVALUATION_SECONDS) if test.slow else test


def _evaluated(group: AlertGroup, name: str, values: Sequence[Decimal], interval: int) -> RuleTest:
    """Return the test for engines that evaluate the rules every `interval` seconds."""
    bound = group.watched.bound
    kind, step = kinds()[bound.signal.kind], bound.binding.step
    # A seldom evaluated alert ends, and restarts its `for`, up to two evaluations later than its value changes.
    slack = STEP_SECONDS if interval == EVALUATION_SECONDS else 2 * interval
    bad = courses.beyond_all(group)
    component = component_of(bound, _course(bad, 1), series_of(bound, _course(bad, 1)))
    expectations = [_expect(group, component, *look) for look in _beginning(group, bad, interval)]
    trouble = _whole(max(expectation.at for expectation in expectations)) + slack
    again = longest_for_seconds(group) if len(values) > 1 else 0
    stay = _whole(kind.settle_seconds(bound) + again + longest_keep(group)) + slack
    alive = frozenset(alert.limit.severity for alert in group.alerts)
    for number, value in enumerate(values):
        alive = frozenset(_still(group, alive, value))
        expectations.append(_expect(group, component, trouble + (number + 1) * stay - STEP_SECONDS, alive, value))
    phases = [Phase(value=bad, steps=trouble // step), *(Phase(value=value, steps=stay // step) for value in values)]
    # One more sample, so that the last evaluation has one.
    series = series_of(bound, Example(phases=(*phases, Phase(value=values[-1], steps=1))))
    return RuleTest(
        name=name, step=step, selectors=kind.selectors(bound), series=series, expectations=tuple(expectations)
    )


def _beginning(group: AlertGroup, bad: Decimal, interval: int) -> Iterator[tuple[int, frozenset[str], Decimal]]:
    """Yield time, firing severities and value: one evaluation before each `for` has passed, and when it has passed."""
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    holds = {alert.limit.severity: _rounded_up(for_seconds_of(alert.limit), interval) for alert in group.alerts}
    start = kind.first(bound)
    if start is None:
        # The value appears at an unknown time, at the latest when it has settled.
        if (before := min(holds.values()) - interval) >= 0:
            yield before, frozenset(), bad
        settled = kind.settle_seconds(bound)
        yield (
            (
                settled + longest_for_seconds(group)
                if interval == EVALUATION_SECONDS
                else _rounded_up(settled, interval) + max(holds.values()) + interval
            ),
            frozenset(holds),
            bad,
        )
        return
    start = _rounded_up(start, interval)
    seen: set[int] = set()
    for fires in sorted({start + for_seconds for for_seconds in holds.values()}):
        for at in (fires - interval, _known(group, fires + late(group, interval), interval)):
            firing = frozenset(severity for severity, for_seconds in holds.items() if start + for_seconds <= at)
            value = bad if is_state(group) else kind.shown(bound, bad, at)
            if at >= 0 and at not in seen and (value is not None or not firing):
                seen.add(at)
                yield at, firing, bad if value is None else value


def _known(group: AlertGroup, at: int, interval: int) -> int:
    """Return when to check an alert that fires at `at`: then, or later when engines agree on its value.

    They disagree just when the window is full: VictoriaMetrics has no value at the first instant, offset by the window.
    """
    bound = group.watched.bound
    if is_state(group) or kinds()[bound.signal.kind].shown(bound, Decimal(1), at) is not None:
        return at
    return max(at, _rounded_up(_whole(bound.binding.window) + STEP_SECONDS, interval))


def _still(group: AlertGroup, alive: frozenset[str], value: Decimal) -> Iterator[str]:
    """Yield the severities that fire after a long time at a value: those it crosses, and those not recovered yet."""
    for alert in group.alerts:
        limit = alert.limit
        if crossed(limit, value) or (limit.severity in alive and not recovered(limit, value)):
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


def _whole(seconds: int) -> int:
    """Return `seconds`, rounded up to a whole step."""
    return _rounded_up(seconds, STEP_SECONDS)
