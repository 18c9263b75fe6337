"""The samples by which a query of one's own takes a course, and what a rule test looks at of an absence.

Used by `template`, on what `query_course` has found out.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from compiler.quantities import RATIO, STATE, decimal_text
from compiler.signals import sampling
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Kind, Threshold, UnsampledError
from compiler.signals.level import margin
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.query_course import COMPARISONS, GAP, LEVEL, RISE, SINCE, Course

LOOKBACK: Final = 300
"""Seconds for which engines take the last sample of a series that has ended for its value (Prometheus, "staleness")."""


def samples(found: Course, bound: BoundSignal, example: Example) -> str:
    """Return the samples of the course's one series; UnsampledError where none give a wanted value."""
    step = Decimal(bound.binding.step)
    if found.form == GAP:
        return sampling.levels((_there(found, one), one) for one in example.phases)
    wanted = [(None if one.value is None else found.number(one.value), one) for one in example.phases]
    if found.form == LEVEL:
        return sampling.levels(wanted)
    if found.form == RISE:
        if any(number is not None and number < 0 for number, _ in wanted):
            raise UnsampledError("no counter falls")
        return sampling.counter((None if number is None else number * step, one) for number, one in wanted)
    tokens, passed = [], 0
    for number, phase in wanted:
        moment = passed * step + (-number if found.form == SINCE else number) if number is not None else step
        tokens.append(sampling.counter([(None if number is None else step, phase)], moment))
        passed += phase.steps
    return " ".join(token for token in tokens if token)


def _there(found: Course, phase: Phase) -> Decimal | None:
    """Return a sample of what is there, or None while it is absent: of a state that is 1, and of a gap."""
    if phase.value is None:
        return None
    if phase.value == 0:
        return found.there()
    if found.number(phase.value) != 1:
        raise UnsampledError(f"what is absent gives 1, never {decimal_text(phase.value)}")
    return None


def check_fits(found: Course, bound: BoundSignal) -> None:
    """Raise UnsampledError where the samples of a rule test do not suit a course."""
    step = bound.binding.step
    if found.selector not in bound.metrics and {one.label for one in found.selector.matchers} & set(bound.binding.per):
        raise UnsampledError("the metric is written in the query; bind it below `metrics:`")
    if found.form == GAP and bound.signal.unit != STATE:
        raise UnsampledError("what is absent is a state: write `unit: state` and `when true`")
    if found.back and found.back < (2 * step if found.form == RISE else step):
        raise UnsampledError(
            f"its range holds too few samples of a rule test, one every {step}s; write `[{{{{ window }}}}]`"
        )


def check_limits(found: Course, bound: BoundSignal, limits: Sequence[Threshold], kind: Kind) -> None:
    """Raise UnsampledError where a query cannot return what is beyond its limits, or just short of them."""
    for limit in limits:
        beyond: tuple[Decimal, ...] = (Decimal(1),)
        short = Decimal(0)
        if bound.signal.unit != STATE:
            away = margin(limit.value, ratio=bound.signal.unit == RATIO)
            away = away if limit.comparator.startswith(">") else -away
            beyond, short = (limit.value + away, kind.past_limit(bound, limit.value)), limit.value - away
        for value in (one for one in beyond if one >= 0):
            _check_beyond(found, bound, limit, value)
        if short >= 0:
            _check_short(found, bound, limit, short)


def _check_short(found: Course, bound: BoundSignal, limit: Threshold, value: Decimal) -> None:
    before_the_next = found.value(found.later(_possible(found, value), bound.binding.step - 1))
    crosses = before_the_next is not None and COMPARISONS[limit.comparator](before_the_next, limit.value)
    if limit.keep and crosses:
        raise UnsampledError("a time that passes keeps it firing between two scrapes")


def _check_beyond(found: Course, bound: BoundSignal, limit: Threshold, value: Decimal) -> None:
    number = _possible(found, value)
    result = found.value(number)
    if result is None or abs(result - value) > abs(value) * _ROUNDING:
        dropping = next((one.text for one in found.steps if one.what == "kept"), "a comparison")
        raise UnsampledError(f"`{dropping}` drops {decimal_text(value)}, which is beyond its limit")
    before_the_next = found.value(found.later(number, bound.binding.step - 1))
    if before_the_next is None or not COMPARISONS[limit.comparator](before_the_next, limit.value):
        raise UnsampledError("a time that passes brings it back to the good side between two scrapes")


_ROUNDING: Final = Decimal("1e-12")


def _possible(found: Course, value: Decimal) -> Decimal:
    number = found.number(value)
    if found.form == RISE and number < 0:
        raise UnsampledError("no counter falls")
    return number


def absence_cases(found: Course, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
    """Return what is there, what never was, what has gone, and each further series that is enough."""
    firing, there, gone = frozenset(limit.severity for limit in limits), Decimal(0), Decimal(1)
    present = Phase(value=there, steps=steps)
    ended = (Phase(value=there, steps=_FEW), Phase(value=gone, steps=steps - _FEW))
    cases = [
        Case(name="below", example=Example(phases=(present,))),
        Case(name="above", example=Example(phases=(Phase(value=gone, steps=steps),)), firing=firing, value=gone),
        Case(name="gone", example=Example(phases=ended), firing=firing, value=gone),
    ]
    for matcher in found.selector.matchers:
        for text in sampling.alternatives(matcher)[1:]:
            example = Example(phases=(present,), preferred={matcher.label: text})
            cases.append(Case(name=f"{matcher.label}-{text}", example=example))
    return tuple(cases)


_FEW: Final = 2


def shown(found: Course, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
    """Return what the query has come to between two scrapes."""
    passed = seconds % bound.binding.step
    return found.value(found.later(found.number(value), passed)) if passed else value


def strong_sample(found: Course, bound: BoundSignal) -> Phase:
    """Return a value (of one step) that is as bad as the query can make it; of an absence, what is there."""
    if found.form == GAP:
        candidates: tuple[Decimal, ...] = (Decimal(0),)
    elif bound.signal.unit == STATE:
        candidates = (Decimal(1),)
    else:
        candidates = (-_FAR, Decimal(0), _FAR) if bound.low else (_FAR, Decimal(1), Decimal(0))
    for value in candidates:
        try:
            _possible(found, value)
        except UnsampledError:
            continue
        return Phase(value=value, steps=1)
    return Phase(value=candidates[0], steps=1)


_FAR: Final = Decimal(10**6)
