"""The samples that make a user's query take a course, and the test cases of an absence.

`template` uses this module with the courses of `queries.course`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from compiler.quantities import RATIO, STATE, decimal_text
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Kind, Threshold, UnsampledError
from compiler.signals.level import margin
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.queries.course import COMPARISONS, GAP, LEVEL, RISE, SINCE, Course
from compiler.signals.samples import sampling

LOOKBACK: Final = 300
"""Seconds for which engines return the last sample of a series that has ended (Prometheus, "staleness")."""


def samples(course: Course, bound: BoundSignal, example: Example) -> str:
    """Return the samples of the course's series; raise UnsampledError where none give the example's values."""
    step = Decimal(bound.binding.step)
    if course.form == GAP:
        return sampling.levels((_presence(course, phase), phase) for phase in example.phases)
    numbers = [(None if phase.value is None else course.number(phase.value), phase) for phase in example.phases]
    if course.form == LEVEL:
        return sampling.levels(numbers)
    if course.form == RISE:
        if any(number is not None and number < 0 for number, _ in numbers):
            raise UnsampledError("no counter falls")
        return sampling.counter((None if number is None else number * step, phase) for number, phase in numbers)
    tokens, passed = [], 0
    for number, phase in numbers:
        moment = passed * step + (-number if course.form == SINCE else number) if number is not None else step
        tokens.append(sampling.counter([(None if number is None else step, phase)], moment))
        passed += phase.steps
    return " ".join(token for token in tokens if token)


def _presence(course: Course, phase: Phase) -> Decimal | None:
    """Return a sample of the existing series, or None while it is absent: where the phase has the value 1 or none."""
    if phase.value is None:
        return None
    if phase.value == 0:
        return course.present_number()
    if course.number(phase.value) != 1:
        raise UnsampledError(f"what is absent gives 1, never {decimal_text(phase.value)}")
    return None


def check_fits(course: Course, bound: BoundSignal) -> None:
    """Raise UnsampledError where the samples of a rule test cannot take a course."""
    step = bound.binding.step
    if course.selector not in bound.metrics and {matcher.label for matcher in course.selector.matchers} & set(
        bound.binding.per
    ):
        raise UnsampledError("the metric is written in the query; bind it below `metrics:`")
    if course.form == GAP and bound.signal.unit != STATE:
        raise UnsampledError("what is absent is a state: write `unit: state` and `when true`")
    if course.back and course.back < (2 * step if course.form == RISE else step):
        raise UnsampledError(
            f"its range holds too few samples of a rule test, one every {step}s; write `[{{{{ window }}}}]`"
        )


def check_limits(course: Course, bound: BoundSignal, limits: Sequence[Threshold], kind: Kind) -> None:
    """Raise UnsampledError where a query cannot return values beyond its limits, or just short of them."""
    for limit in limits:
        beyond: tuple[Decimal, ...] = (Decimal(1),)
        short = Decimal(0)
        if bound.signal.unit != STATE:
            distance = margin(limit.value, ratio=bound.signal.unit == RATIO)
            distance = distance if limit.comparator.startswith(">") else -distance
            beyond, short = (limit.value + distance, kind.past_limit(bound, limit.value)), limit.value - distance
        for value in (candidate for candidate in beyond if candidate >= 0):
            _check_beyond(course, bound, limit, value)
        if short >= 0:
            _check_short(course, bound, limit, short)


def _check_short(course: Course, bound: BoundSignal, limit: Threshold, value: Decimal) -> None:
    before_next_scrape = course.value(course.later(_possible_number(course, value), bound.binding.step - 1))
    crosses = before_next_scrape is not None and COMPARISONS[limit.comparator](before_next_scrape, limit.value)
    if limit.keep and crosses:
        raise UnsampledError("a time that passes keeps it firing between two scrapes")


def _check_beyond(course: Course, bound: BoundSignal, limit: Threshold, value: Decimal) -> None:
    number = _possible_number(course, value)
    result = course.value(number)
    if result is None or abs(result - value) > abs(value) * _ROUNDING:
        comparison = next((step.text for step in course.steps if step.operation == "kept"), "a comparison")
        raise UnsampledError(f"`{comparison}` drops {decimal_text(value)}, which is beyond its limit")
    before_next_scrape = course.value(course.later(number, bound.binding.step - 1))
    if before_next_scrape is None or not COMPARISONS[limit.comparator](before_next_scrape, limit.value):
        raise UnsampledError("a time that passes brings it back to the good side between two scrapes")


_ROUNDING: Final = Decimal("1e-12")


def _possible_number(course: Course, value: Decimal) -> Decimal:
    number = course.number(value)
    if course.form == RISE and number < 0:
        raise UnsampledError("no counter falls")
    return number


def absence_cases(course: Course, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
    """Return cases of a series that exists, never existed or has ended, and of other series that satisfy the query."""
    firing, present_value, absent_value = frozenset(limit.severity for limit in limits), Decimal(0), Decimal(1)
    present = Phase(value=present_value, steps=steps)
    ended = (Phase(value=present_value, steps=_FEW), Phase(value=absent_value, steps=steps - _FEW))
    cases = [
        Case(name="below", example=Example(phases=(present,))),
        Case(
            name="above",
            example=Example(phases=(Phase(value=absent_value, steps=steps),)),
            firing=firing,
            value=absent_value,
        ),
        Case(name="gone", example=Example(phases=ended), firing=firing, value=absent_value),
    ]
    for matcher in course.selector.matchers:
        for text in sampling.alternatives(matcher)[1:]:
            example = Example(phases=(present,), preferred={matcher.label: text})
            cases.append(Case(name=f"{matcher.label}-{text}", example=example))
    return tuple(cases)


_FEW: Final = 2


def shown(course: Course, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
    """Return the query's value after `seconds`, which may lie between two scrapes."""
    passed = seconds % bound.binding.step
    return course.value(course.later(course.number(value), passed)) if passed else value


def strong_sample(course: Course, bound: BoundSignal) -> Phase:
    """Return a phase of one step with the worst value that the query can return; for an absence, an existing series."""
    if course.form == GAP:
        candidates: tuple[Decimal, ...] = (Decimal(0),)
    elif bound.signal.unit == STATE:
        candidates = (Decimal(1),)
    else:
        candidates = (-_FAR, Decimal(0), _FAR) if bound.low else (_FAR, Decimal(1), Decimal(0))
    for value in candidates:
        try:
            _possible_number(course, value)
        except UnsampledError:
            continue
        return Phase(value=value, steps=1)
    return Phase(value=candidates[0], steps=1)


_FAR: Final = Decimal(10**6)
