"""Prove: many tests → few, by putting together those whose series do not get into each other's way.

An engine evaluates every rule of a file in each test; so a test of many alerts takes as long as a test of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from compiler.promql import Selector
from compiler.proof.decoys import SUFFIXES, matches
from compiler.proof.ruletest import RuleTest
from compiler.signals.contract import Series

_SHORT: Final = 3600
"""Seconds: tests that end sooner are not made to wait for those that end later."""


@dataclass(kw_only=True, slots=True)
class _Pack:
    key: tuple[int, bool, bool, str]
    tests: list[RuleTest] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)


def packed(tests: Iterable[RuleTest]) -> tuple[RuleTest, ...]:
    """Return the tests put together, in the order of the first of each; at every evaluation the same alerts fire."""
    packs: list[_Pack] = []
    for test in tests:
        key = (test.step, test.end > _SHORT, test.slow, test.name.rpartition(": ")[2])
        pack = next((one for one in packs if one.key == key and not _collides(test, one)), None)
        if pack is None:
            pack = _Pack(key=key)
            packs.append(pack)
        pack.tests.append(test)
        pack.metrics |= _metrics(test)
    return tuple(_joined(pack.tests) for pack in packs)


def _joined(tests: list[RuleTest]) -> RuleTest:
    if len(tests) == 1:
        return tests[0]
    alerts, _, what = zip(*(test.name.rpartition(": ") for test in tests), strict=True)
    return replace(
        tests[0],
        name=f"{', '.join(alerts)}: {what[0]}",
        selectors=tuple(selector for test in tests for selector in test.selectors),
        series=tuple(one for test in tests for one in test.series),
        expectations=tuple(one for test in tests for one in test.expectations),
    )


def _collides(test: RuleTest, pack: _Pack) -> bool:
    """Return whether a series of one passes a selector of another, or both have the same alert."""
    if any(one.expectations[0].alert == test.expectations[0].alert for one in pack.tests):
        return True
    # Most metrics are one test's alone: then there is nothing to compare.
    if not _metrics(test) & pack.metrics:
        return False
    return any(_passes(test.selectors, one.series) or _passes(one.selectors, test.series) for one in pack.tests)


def _metrics(test: RuleTest) -> set[str]:
    """Return the metrics that a test has, and those that its rules ask for, which it may be about to miss."""
    asked = {selector.metric + suffix for selector in test.selectors for suffix in SUFFIXES}
    return asked | {one.metric for one in test.series}


def _passes(selectors: Iterable[Selector], series: tuple[Series, ...]) -> bool:
    return any(matches(selector, one) for selector in selectors for one in series)
