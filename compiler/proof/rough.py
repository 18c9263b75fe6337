"""Prove: courses of irregular data, that is, of series that are replaced, doubled, late, NaN or missing.

This module complements `compiler.proof.courses`. A kind says which rough courses it withstands (`Kind.withstands`).
The tests take each such course with a value in trouble and with a value that is just fine. The course must not change
either result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from compiler.alerts import AlertGroup
from compiler.model import Limit
from compiler.promql import Selector
from compiler.proof.courses import REPLICA, beyond_all, firing, just
from compiler.proof.ruletest import for_seconds_of, is_state
from compiler.signals import kinds, state
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import HALF, LONG_SECONDS, SLOW_EVALUATION_SECONDS
from compiler.signals.profile import Broken, Case, Example, Phase, Rough

_BORN, _NEW_TARGET, _BACK = "born", "new-target", "back"
_OLD_EVENTS: Final = Decimal(1_000_000)
"""Events of a counter with a new exporter; so many because VictoriaMetrics takes a small first value for new events."""
_LIFE: Final = 4
"""Steps for which a series exists before another replaces it: enough to have a rate."""
_MOST_SUCCESSORS: Final = 512
"""The most series that replace one another; in a course of days each of them exists for longer than `_LIFE`."""
_LATE: Final = 2
"""Steps after which the rule has read a sample in every engine."""


def cases(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield the cases, each of `steps` samples."""
    yield from _courses(group, steps)
    yield from _spikes(group, steps)
    yield from _births(group, steps)
    yield from _off_scale(group, steps)


def _courses(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield a value in trouble and one just fine in each rough course that the kind withstands."""
    bound = group.watched.bound
    courses = kinds()[bound.signal.kind].withstands(bound) - {Rough.SPIKES}
    is_slow = bound.binding.pace > 1
    values = _values_on_either_side(group)
    for rough in Rough:
        if rough not in courses or REPLICA in bound.binding.per or (is_slow and rough is not Rough.DOUBLED):
            continue
        for name, value in values:
            examples = _rough_examples(bound, rough, Phase(value=value, steps=steps))
            if examples:
                name_of_case = f"{rough.value}-{name}"
                severities = firing(group, value)
                yield Case(name=name_of_case, example=examples[0], more=examples[1:], firing=severities, value=value)


def _values_on_either_side(group: AlertGroup) -> list[tuple[str, Decimal]]:
    """Return a value beyond the last limit, and one short of the first."""
    bound = group.watched.bound
    if is_state(group):
        return [("trouble", Decimal(1)), ("fine", Decimal(0))]
    if kinds()[bound.signal.kind].counts(bound):
        # The rule estimates events across a gap, so only values far from a limit stay on their side of it.
        return [("trouble", beyond_all(group)), ("fine", group.alerts[0].limit.value // 2)]
    bad_value, fine_value = just(group.alerts[-1].limit, beyond=True), just(group.alerts[0].limit, beyond=False)
    return [(name, value) for name, value in (("trouble", bad_value), ("fine", fine_value)) if value >= 0]


def _rough_examples(bound: BoundSignal, rough: Rough, phase: Phase) -> tuple[Example, ...]:
    """Return the examples of a component in a rough course.

    There are none if only some inputs take the course, and two inputs share a metric.
    """
    if rough in _SHAPES:
        return _SHAPES[rough](phase)
    shape = _SHAPES_OF_PARTS[rough]
    all_metrics = {selector.metric for selector in bound.metrics}
    affected_metrics = {selector.metric for selector in bound.metrics if selector in _affected_metrics(bound, rough)}
    if len(all_metrics) < len(bound.metrics):
        return ()
    steady_example = Example(phases=(phase,), metrics=frozenset(all_metrics - affected_metrics))
    shaped = tuple(replace(example, metrics=frozenset(affected_metrics)) for example in shape(phase))
    return (*shaped, steady_example) if steady_example.metrics else shaped


def _affected_metrics(bound: BoundSignal, rough: Rough) -> tuple[Selector, ...]:
    """Return the metrics that take the course: those of the whole or those of the part, as the course says."""
    wholes = kinds()[bound.signal.kind].constants
    chosen = (value for name, value in bound.binding.inputs.items() if (name in wholes) is (rough in _OF_WHOLE))
    return tuple(value for value in chosen if isinstance(value, Selector))


def _successors(phase: Phase) -> tuple[Example, ...]:
    """Return series that each begin where another ends, so that one exists at each moment."""
    examples = []
    life = max(_LIFE, -(-phase.steps // _MOST_SUCCESSORS))
    for number, start in enumerate(range(0, phase.steps, life)):
        steps_alive = min(life, phase.steps - start)
        phases = [Phase(value=None, steps=start), replace(phase, steps=steps_alive)]
        if steps_after := phase.steps - start - steps_alive:
            phases.append(Phase(value=None, steps=steps_after, stale=True))
        course = tuple(phase for phase in phases if phase.steps)
        examples.append(Example(phases=course, extra={REPLICA: str(number)}))
    return tuple(examples)


def _gaps(phase: Phase) -> tuple[Example, ...]:
    return (_example(replace(phase, broken=Broken.GAP)),)


def _nan(phase: Phase) -> tuple[Example, ...]:
    return (_example(replace(phase, broken=Broken.NAN)),)


def _nan_of_one(phase: Phase) -> tuple[Example, ...]:
    """Return two halves, one of which is NaN now and then; a rule must not take the other half alone for the sum."""
    half = replace(phase, traffic=phase.traffic * HALF)
    return (_example(replace(half, broken=Broken.NAN)), replace(_example(half), extra={REPLICA: "second"}))


def _reset(phase: Phase) -> tuple[Example, ...]:
    """Return a counter that is reset so late that it is still lower than it was a window ago."""
    before_reset = replace(phase, steps=max(phase.steps // 2, phase.steps - _LATE))
    return (Example(phases=(before_reset, replace(phase, steps=phase.steps - before_reset.steps, reset=True))),)


def _doubled(phase: Phase) -> tuple[Example, ...]:
    return (_example(phase), replace(_example(phase), extra={REPLICA: "second"}))


def _example(phase: Phase) -> Example:
    return Example(phases=(phase,))


_SHAPES: Final[Mapping[Rough, Callable[[Phase], tuple[Example, ...]]]] = {
    Rough.GAPS: _gaps,
    Rough.NAN: _nan,
    Rough.RESET: _reset,
    Rough.DOUBLED: _doubled,
    Rough.REPLACED: _successors,
}


def _spikes(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield a value that crosses the first limit in one of every `_LIFE` samples, and on average is far from it."""
    bound = group.watched.bound
    if Rough.SPIKES not in kinds()[bound.signal.kind].withstands(bound) or REPLICA in bound.binding.per:
        return
    first = group.alerts[0].limit
    spike_value = state.near(bound, inside=True) if is_state(group) else just(first, beyond=True)
    limit = state.comparison(bound).quantity.value if is_state(group) else first.value
    if spike_value is None or limit <= 0 or bound.binding.pace > 1 or bound.binding.window < _LIFE * bound.binding.step:
        return
    calm_value = limit * HALF if spike_value > limit else limit * 2
    spike, calm = (Phase(value=value, steps=1, exact=is_state(group)) for value in (spike_value, calm_value))
    phases = tuple(spike if step % _LIFE == 0 else calm for step in range(steps))
    yield Case(name=Rough.SPIKES.value, example=Example(phases=phases))


def _off_scale(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield a value beyond what the metric can express, from two replicas; it must count as above every limit."""
    bound = group.watched.bound
    phase = kinds()[bound.signal.kind].off_scale(bound, min(alert.limit.value for alert in group.alerts))
    if phase is not None:
        value = Decimal("Infinity")
        example, *more = _doubled(replace(phase, steps=steps))
        yield Case(name="off-scale", example=example, more=tuple(more), firing=firing(group, value), value=value)


_SHAPES_OF_PARTS: Final[Mapping[Rough, Callable[[Phase], tuple[Example, ...]]]] = {
    Rough.REPLACED_PART: _successors,
    Rough.REPLACED_WHOLE: _successors,
    Rough.NAN_PART: _nan,
    Rough.NAN_WHOLE: _nan_of_one,
    Rough.GAPS_WHOLE: _gaps,
}
_OF_WHOLE: Final = frozenset({Rough.REPLACED_WHOLE, Rough.NAN_WHOLE, Rough.GAPS_WHOLE})


def _births(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield a counter that begins with too many events on a known target, and two counters that are not new.

    Of these two, one appears together with its target, so that the time of its events is unknown. The other existed
    before, and was only absent when the window began.
    """
    bound, step = group.watched.bound, group.watched.bound.binding.step
    if not kinds()[bound.signal.kind].counts_births(bound) or bound.binding.pace > 1:
        return
    for_by_severity = {alert.limit.severity: for_seconds_of(alert.limit) for alert in group.alerts}
    # A rule that is evaluated rarely sees the birth, and the end of `for`, up to one evaluation later.
    late_steps = _LATE if steps * step <= LONG_SECONDS else max(_LATE, -(-3 * SLOW_EVALUATION_SECONDS // step))
    visible_seconds = bound.binding.window - late_steps * step
    visible_for_seconds = [
        for_seconds for for_seconds in for_by_severity.values() if for_seconds <= visible_seconds - late_steps * step
    ]
    if not visible_for_seconds:
        return
    age = max(visible_for_seconds) // step + late_steps
    limit = max(_events_of(alert.limit, bound) for alert in group.alerts)
    phases = (
        Phase(value=None, steps=steps - age),
        Phase(value=limit.to_integral_value(ROUND_FLOOR) + 1, steps=age, exact=True, born=True),
    )
    severities = frozenset(
        severity for severity, for_seconds in for_by_severity.items() if for_seconds <= max(visible_for_seconds)
    )
    shown_value = Decimal(1) if is_state(group) else phases[1].value or Decimal(0)
    born = Example(phases=phases, extra={"instance": _BORN, "job": _BORN}, target=True)
    yield Case(name=_BORN, example=born, firing=severities, value=shown_value)
    old_phases = (phases[0], replace(phases[1], value=_OLD_EVENTS))
    on_new_target = Example(phases=old_phases, extra={"instance": _NEW_TARGET, "job": _NEW_TARGET}, target=False)
    yield Case(name=_NEW_TARGET, example=on_new_target)
    steps_away = bound.binding.window // step + 1
    if (steps_before := steps - age - steps_away) > 0:
        course = (
            replace(old_phases[1], steps=steps_before),
            Phase(value=None, steps=steps_away, stale=True),
            old_phases[1],
        )
        yield Case(name=_BACK, example=Example(phases=course, extra={"instance": _BACK, "job": _BACK}, target=True))


def _events_of(limit: Limit, bound: BoundSignal) -> Decimal:
    """Return the number of events in a limit, or in a state's comparison."""
    return limit.value if bound.binding.active is None else bound.binding.active.quantity.value
