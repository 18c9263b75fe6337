"""Prove: many tests → few, by joining tests whose series do not disturb each other.

An engine evaluates every rule of a file in each test, so a test of many alerts takes no longer than a test of one.
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
"""Seconds; tests that end by then are not joined with tests that end later."""


@dataclass(kw_only=True, slots=True)
class _Pack:
    key: tuple[int, bool, bool, bool, str]
    tests: list[RuleTest] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    looks: dict[str, tuple[int, ...]] = field(default_factory=dict)


def packed(tests: Iterable[RuleTest]) -> tuple[RuleTest, ...]:
    """Return the joined tests, in the order of the first test of each; at every evaluation the same alerts fire."""
    packs: list[_Pack] = []
    for test in tests:
        key = (test.step, test.end > _SHORT, test.slow, test.zero_denominator, test.name.rpartition(": ")[2])
        pack = next((candidate for candidate in packs if candidate.key == key and not _collides(test, candidate)), None)
        if pack is None:
            pack = _Pack(key=key)
            packs.append(pack)
        pack.tests.append(test)
        pack.metrics |= _metrics(test)
        pack.looks[_alert(test)] = _check_times(test)
    return tuple(_joined(pack.tests) for pack in packs)


def _joined(tests: list[RuleTest]) -> RuleTest:
    """Return one test for all; the groups that it does not test stay without trouble until its end."""
    tested_groups = frozenset(name for test in tests for name in test.about)
    by_end = sorted(tests, key=lambda test: test.end)
    series_without_trouble = {
        name: series for test in by_end for name, series in test.well.items() if name not in tested_groups
    }
    alerts, _, subjects = zip(*(test.name.rpartition(": ") for test in tests), strict=True)
    series = [one_series for test in tests for one_series in test.series] + [
        one_series for group_series in series_without_trouble.values() for one_series in group_series
    ]
    return replace(
        tests[0],
        name=f"{', '.join(dict.fromkeys(alerts))}: {subjects[0]}",
        selectors=tuple(selector for test in tests for selector in test.selectors),
        series=tuple(dict.fromkeys(series)),
        expectations=tuple(_joined_expectations(expectation for test in tests for expectation in test.expectations)),
        about=tested_groups,
        well={},
    )


def _joined_expectations(expectations: Iterable[Expectation]) -> Iterator[Expectation]:
    """Yield the expectations, joined where they have the same alert and time."""
    fired: dict[tuple[str, int], tuple[Fired, ...]] = {}
    for expectation in expectations:
        fired[expectation.alert, expectation.at] = (
            *fired.get((expectation.alert, expectation.at), ()),
            *expectation.fired,
        )
    for (alert, at), all_fired in fired.items():
        yield Expectation(alert=alert, at=at, fired=all_fired)


def _collides(test: RuleTest, pack: _Pack) -> bool:
    """Return whether a selector matches the series of another test, or tests check one alert at different times.

    A label tells apart groups whose alerts have the same name, so a pack may hold a test of each, but only one per
    group.
    """
    times = pack.looks.get(_alert(test))
    if times is not None and (
        times != _check_times(test) or any(test.about & packed_test.about for packed_test in pack.tests)
    ):
        return True
    # Most metrics belong to a single test; then no comparison is needed.
    if not _metrics(test) & pack.metrics:
        return False
    for packed_test in pack.tests:
        differ = _alert(packed_test) != _alert(test)
        if _any_matches(test.selectors, _series(packed_test, with_well=differ)) or _any_matches(
            packed_test.selectors, _series(test, with_well=differ)
        ):
            return True
    values = {series.selector: series.values for packed_test in pack.tests for series in packed_test.series}
    return any(values.get(series.selector, series.values) != series.values for series in test.series)


def _series(test: RuleTest, *, with_well: bool) -> tuple[Series, ...]:
    """Return a test's series; `with_well` adds those of the groups that stay without trouble."""
    return (
        (*test.series, *(series for group_series in test.well.values() for series in group_series))
        if with_well
        else test.series
    )


def _alert(test: RuleTest) -> str:
    return test.expectations[0].alert


def _check_times(test: RuleTest) -> tuple[int, ...]:
    return tuple(expectation.at for expectation in test.expectations)


def _metrics(test: RuleTest) -> set[str]:
    """Return the metrics of a test's series, and those that its rules select; the test may lack these on purpose."""
    selected = {selector.metric + suffix for selector in test.selectors for suffix in SUFFIXES}
    return selected | {series.metric for series in _series(test, with_well=True)}


def _any_matches(selectors: Iterable[Selector], all_series: tuple[Series, ...]) -> bool:
    return any(matches(selector, series) for selector in selectors for series in all_series)
