"""Prove: alert groups → rule tests, which show who fires at which value, when, and with which words.

After `compiler.alerts`; the emitter of rule tests writes down what comes out. Each value that matters is the course of
an example component: just below, at and above each limit, with too little traffic, beside its neighbours, and when its
data end (`courses`). One more component shows how long it takes until an alert fires, and until it ends (`timing`). A
kind of signal turns courses into series.
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
    """Yield the tests of one group; none where the file says so, no series can be made up, or too long ones.

    `compiler.checks.proof` reports that. The name of a test says by whose example it is made.

    `others` are groups whose alerts have the same name: all is well with them meanwhile.
    """
    signal = group.watched.bound.signal
    if signal.untested is not None or too_long(group):
        return
    for part in (steady.tests, timing.tests):
        try:
            for test in part(group):
                named = replace(test, name=_named(test.name)) if signal.example else test
                yield from _amid(named, group, others)
        except (UnsampledError, InvalidTemplateError):
            return


def _named(name: str) -> str:
    """Return a test's name with the note that its series are the user's own, whose fault it may be where it fails."""
    alert, _, what = name.rpartition(": ")
    return f"{alert} by its own example: {what}"


def _amid(test: RuleTest, group: AlertGroup, others: Sequence[AlertGroup]) -> Iterator[RuleTest]:
    """Yield a test with the series by which the other groups are well; nothing where these would change it."""
    fired = {alert.alert.limit.severity for one in test.expectations for alert in one.fired}
    worst = fired == {group.alerts[-1].limit.severity}
    well = {other.name: steady.all_well(other, test.end, zero_denominator=worst) for other in others}
    series = (one for each in well.values() for one in each)
    asked = selectors(group)
    if not any(matches(selector, one) for one in series for selector in asked):
        yield replace(test, about=frozenset({group.name}), well=well, zero_denominator=worst)
