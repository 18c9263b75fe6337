"""Prove: decoys, strong series just outside of a selector; if the selector matched one, the value would change.

Without decoys a test passes whatever a matcher says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from compiler.alerts import AlertGroup, Record
from compiler.conventions import PART_LABEL
from compiler.promql import Matcher, Selector
from compiler.proof.ruletest import series_of
from compiler.quantities import decimal_text
from compiler.signals import kinds
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series, UnsampledError
from compiler.signals.increase import UP
from compiler.signals.profile import Case, Elsewhere, Example
from compiler.signals.samples import sampling

_TARGET: Final = frozenset({"job", "instance"})
SUFFIXES = ("", "_bucket", "_count", "_sum")


def decoys(bound: BoundSignal, example: Example) -> tuple[Series, ...]:
    """Return, for each matcher, series of the example's component that only this matcher keeps out.

    If a kind counts the first value of a new counter, each decoy also gets the `up` of a known target, without which
    the decoy's first value would not count.
    """
    kind = kinds()[bound.signal.kind]
    steps = sum(phase.steps for phase in example.phases)
    counts_births = kind.counts_births(bound)
    target = dict.fromkeys(_TARGET - set(bound.binding.per), _ELSEWHERE) if counts_births else {}
    strong_sample = replace(
        example, phases=(replace(kind.strong_sample(bound), steps=steps),), extra={**example.extra, **target}
    )
    selectors_of_rules = kind.selectors(bound)
    candidates = (
        decoy
        for series in series_of(bound, strong_sample)
        for selector in selectors_of_rules
        if matches(selector, series)
        for decoy in _outside(selector, series)
        if not any(matches(rule_selector, decoy) for rule_selector in selectors_of_rules)
    )
    series_outside = tuple(dict.fromkeys(candidates))
    known_targets = (_target(decoy, steps) for decoy in series_outside if counts_births)
    return (*series_outside, *dict.fromkeys(known_targets))


def _target(series: Series, steps: int) -> Series:
    labels = tuple((label, value) for label, value in series.labels if label in _TARGET)
    return Series(metric=UP.metric, labels=labels, values=f"1x{steps - 1}")


def recorded(group: AlertGroup, component: Mapping[str, str], case: Case, value: Decimal) -> tuple[Series, ...]:
    """Return series that other systems and sources record under the same names, for a component of the same labels.

    Each series always has `value`, unless the case sets what the others record (`elsewhere`).
    """
    steps = sum(phase.steps for phase in case.example.phases)
    recordings = (
        Series(
            metric=record.name,
            labels=tuple(sorted({**component, **recording.labels, **record.labels, label: _ELSEWHERE}.items())),
            values=f"{decimal_text(recording.value)}x{steps - 1}",
        )
        for record in group.records
        if PART_LABEL not in record.labels
        for recording in _other_recordings(record, case, value)
        for label in record.labels
    )
    return tuple(dict.fromkeys(recordings))


def _other_recordings(record: Record, case: Case, value: Decimal) -> Iterable[Elsewhere]:
    operations = record.name.rpartition(":")[2]
    if case.elsewhere:
        return [elsewhere for elsewhere in case.elsewhere if elsewhere.record == operations]
    return [Elsewhere(record=operations, labels={}, value=value)]


_ELSEWHERE: Final = "elsewhere"


def _outside(selector: Selector, series: Series) -> Iterator[Series]:
    """Yield copies of a series with one label changed, so that only one matcher on that label keeps them out."""
    for matcher in selector.matchers:
        further_matchers = [
            further for further in selector.matchers if further.label == matcher.label and further is not matcher
        ]
        for value in sampling.outside(matcher):
            if all(_accepts(further, value) for further in further_matchers):
                labels = {**dict(series.labels), matcher.label: value}
                yield replace(series, labels=tuple(sorted((k, v) for k, v in labels.items() if v)))


def selectors(group: AlertGroup) -> tuple[Selector, ...]:
    """Return every selector of a group's rules."""
    bound = group.watched.bound
    return kinds()[bound.signal.kind].selectors(bound)


def matches(selector: Selector, series: Series) -> bool:
    """Return whether a selector matches a series; the name of a histogram's selector has no suffix."""
    labels = dict(series.labels)
    has_metric = any(series.metric == selector.metric + suffix for suffix in SUFFIXES)
    return has_metric and all(_accepts(matcher, labels.get(matcher.label, "")) for matcher in selector.matchers)


def _accepts(matcher: Matcher, value: str) -> bool:
    try:
        return sampling.accepts(matcher, value)
    except UnsampledError:
        return False
