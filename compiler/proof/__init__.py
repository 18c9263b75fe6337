"""Prove: alert groups → rule tests, which show which alert fires at which value, when, and with which words.

This stage follows `compiler.alerts`; the emitter of rule tests writes its tests. Each value that matters is the course
of an example component: just below, at and above each limit, with too little traffic, beside its neighbours, and when
its data end (`courses`). One more component shows how long an alert takes to fire and to end (`timing`). A kind of
signal turns courses into series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from compiler.alerts import AlertGroup
from compiler.proof import steady, timing
from compiler.proof.decoys import matches, selectors
from compiler.proof.ruletest import RuleTest, too_long
from compiler.signals.contract import UnsampledError
from compiler.signals.template import InvalidTemplateError

__all__ = ["RuleTest", "prove"]


def prove(group: AlertGroup, others: Sequence[AlertGroup] = ()) -> Iterator[RuleTest]:
    """Yield the tests of one group.

    There are none if the file declines them, if no generated series fit, or if the tests would be too long;
    `compiler.checks.proof` reports that. The name of a test says if it uses the user's own example.

    `others` are groups whose alerts have the same name; their series fire nothing during the tests.
    """
    signal = group.watched.bound.signal
    if signal.untested is not None or too_long(group):
        return
    for make_tests in (steady.tests, timing.tests):
        try:
            for test in make_tests(group):
                named_test = replace(test, name=_name_of_example(test.name)) if signal.example else test
                yield from _beside_others(named_test, group, others)
        except (UnsampledError, InvalidTemplateError):
            return


def _name_of_example(name: str) -> str:
    """Return a test's name with the note that its series are the user's own, so that a failure may be their fault."""
    alert, _, subject = name.rpartition(": ")
    return f"{alert} by its own example: {subject}"


def _beside_others(test: RuleTest, group: AlertGroup, others: Sequence[AlertGroup]) -> Iterator[RuleTest]:
    """Yield a test with series that keep the other groups from firing; nothing if these would change the test."""
    fired_severities = {alert.alert.limit.severity for expectation in test.expectations for alert in expectation.fired}
    is_most_severe = fired_severities == {group.alerts[-1].limit.severity}
    series_without_trouble = {
        other_group.name: steady.all_well(other_group, test.end, zero_denominator=is_most_severe)
        for other_group in others
    }
    all_series = (series for group_series in series_without_trouble.values() for series in group_series)
    own_selectors = selectors(group)
    if not any(matches(selector, series) for series in all_series for selector in own_selectors):
        yield replace(test, about=frozenset({group.name}), well=series_without_trouble, zero_denominator=is_most_severe)
