"""Prove: many tests → few, by putting together those whose series do not get into each other's way.

An engine evaluates every rule of a file in each test; so a test of many alerts takes as long as a test of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from compiler.promql import Selector
from compiler.proof.decoys import SUFFIXES, matches
from compiler.proof.ruletest import Expectation, Fired, RuleTest
from compiler.signals.contract import Series

_SHORT: Final = 3600
"""Seconds: tests that end sooner are not made to wait for those that end later."""


@dataclass(kw_only=True, slots=True)
class _Pack:
    key: tuple[int, bool, bool, bool, str]
    tests: list[RuleTest] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    looks: dict[str, tuple[int, ...]] = field(default_factory=dict)


def packed(tests: Iterable[RuleTest]) -> tuple[RuleTest, ...]:
    """Return the tests put together, in the order of the first of each; at every evaluation the same alerts fire."""
    packs: list[_Pack] = []
    for test in tests:
        key = (test.step, test.end > _SHORT, test.slow, test.zero_denominator, test.name.rpartition(": ")[2])
        pack = next((one for one in packs if one.key == key and not _collides(test, one)), None)
        if pack is None:
            pack = _Pack(key=key)
            packs.append(pack)
        pack.tests.append(test)
        pack.metrics |= _metrics(test)
        pack.looks[_alert(test)] = _looks(test)
    return tuple(_joined(pack.tests) for pack in packs)


def _joined(tests: list[RuleTest]) -> RuleTest:
    """Return one test of all; groups that none of them is about are well for as long as the longest takes."""
    about = frozenset(name for test in tests for name in test.about)
    by_end = sorted(tests, key=lambda test: test.end)
    well = {name: series for test in by_end for name, series in test.well.items() if name not in about}
    alerts, _, what = zip(*(test.name.rpartition(": ") for test in tests), strict=True)
    series = [one for test in tests for one in test.series] + [one for each in well.values() for one in each]
    return replace(
        tests[0],
        name=f"{', '.join(dict.fromkeys(alerts))}: {what[0]}",
        selectors=tuple(selector for test in tests for selector in test.selectors),
        series=tuple(dict.fromkeys(series)),
        expectations=tuple(_together(one for test in tests for one in test.expectations)),
        about=about,
        well={},
    )


def _together(expectations: Iterable[Expectation]) -> Iterator[Expectation]:
    """Yield the expectations, those of one alert at one time as one."""
    fired: dict[tuple[str, int], tuple[Fired, ...]] = {}
    for one in expectations:
        fired[one.alert, one.at] = (*fired.get((one.alert, one.at), ()), *one.fired)
    for (alert, at), all_fired in fired.items():
        yield Expectation(alert=alert, at=at, fired=all_fired)


def _collides(test: RuleTest, pack: _Pack) -> bool:
    """Return whether a series of one passes a selector of another, or both look at the same alert at other times.

    Groups whose alerts have the same name are told apart by a label of theirs: one group has one test in a pack.
    """
    looks = pack.looks.get(_alert(test))
    if looks is not None and (looks != _looks(test) or any(test.about & one.about for one in pack.tests)):
        return True
    # Most metrics are one test's alone: then there is nothing to compare.
    if not _metrics(test) & pack.metrics:
        return False
    for one in pack.tests:
        apart = _alert(one) != _alert(test)
        if _passes(test.selectors, _series(one, well=apart)) or _passes(one.selectors, _series(test, well=apart)):
            return True
    values = {one.selector: one.values for other in pack.tests for one in other.series}
    return any(values.get(one.selector, one.values) != one.values for one in test.series)


def _series(test: RuleTest, *, well: bool) -> tuple[Series, ...]:
    """Return a test's series; those of groups that are well are looked at where the other test has other alerts."""
    return (*test.series, *(one for each in test.well.values() for one in each)) if well else test.series


def _alert(test: RuleTest) -> str:
    return test.expectations[0].alert


def _looks(test: RuleTest) -> tuple[int, ...]:
    return tuple(one.at for one in test.expectations)


def _metrics(test: RuleTest) -> set[str]:
    """Return the metrics that a test has, and those that its rules ask for, which it may be about to miss."""
    asked = {selector.metric + suffix for selector in test.selectors for suffix in SUFFIXES}
    return asked | {one.metric for one in _series(test, well=True)}


def _passes(selectors: Iterable[Selector], series: tuple[Series, ...]) -> bool:
    return any(matches(selector, one) for selector in selectors for one in series)
