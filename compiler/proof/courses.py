"""Prove: make a case of each value of a signal that matters: a course and its expected result.

`compiler.proof.steady` turns the cases into tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from compiler.alerts import AlertGroup
from compiler.model import Limit
from compiler.proof.ruletest import crossed, is_state
from compiler.quantities import RATIO
from compiler.signals import kinds, state
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import HALF
from compiler.signals.level import margin
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.samples import own_units, sampling
from compiler.signals.traffic import floor_scale

BELOW, ABOVE, QUIET = "below", "above", "quiet"
"""Names of cases: short of every limit, beyond all limits, and beyond all limits with too little traffic."""

_JUST_TOO_LITTLE: Final = Decimal("0.99")
_SECOND: Final = 1
_MOST_ALTERNATIVES: Final = 64
"""The most alternatives of one matcher that a test covers; each but the first has a component of its own."""


def cases(group: AlertGroup, steps: int, end_of_data: int) -> Iterator[Case]:
    """Yield the cases, each of `steps` samples; in one case the data ends after `end_of_data` samples."""
    yield from (_states(group, steps) if is_state(group) else _limits(group, steps))
    yield from _traffic(group, steps)
    yield from _replicas(group, steps)
    yield from _instances(group, steps)
    yield from _blips(group, steps)
    bad_value = beyond_all(group)
    for label, text in _alternatives(group.watched.bound):
        example = Example(phases=(Phase(value=bad_value, steps=steps),), preferred={label: text})
        yield Case(name=f"{label}-{text}", example=example, firing=firing(group, bad_value), value=bad_value)
    if kinds()[group.watched.bound.signal.kind].ends(group.watched.bound):
        phases = (Phase(value=bad_value, steps=end_of_data), Phase(value=None, steps=steps - end_of_data, stale=True))
        yield Case(name="gone", example=Example(phases=phases))


def beyond_all(group: AlertGroup) -> Decimal:
    """Return a value beyond every limit."""
    bound = group.watched.bound
    values = [alert.limit.value for alert in group.alerts]
    return kinds()[bound.signal.kind].past_limit(bound, min(values) if bound.low else max(values))


def firing(group: AlertGroup, value: Decimal) -> frozenset[str]:
    """Return the severities whose limit a value crosses."""
    return frozenset(alert.limit.severity for alert in group.alerts if crossed(alert.limit, value))


def just(limit: Limit, *, beyond: bool) -> Decimal:
    """Return a value just beyond a limit, or just short of it."""
    distance = margin(limit.value, ratio=limit.unit == RATIO)
    value = limit.value + (distance if beyond == limit.comparator.startswith(">") else -distance)
    # A value short of a limit with `<` lies above the limit, and a share cannot exceed 1.
    return min(value, Decimal(1)) if limit.unit == RATIO and limit.comparator.startswith("<") else value


def _limits(group: AlertGroup, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    first, last = group.alerts[0].limit, group.alerts[-1].limit
    if (below := just(first, beyond=False)) >= 0:
        yield _case(group, BELOW, Phase(value=below, steps=steps))
    for alert in group.alerts:
        limit = alert.limit
        exact = _exact_phase(bound, limit.value, always=crossed(limit, limit.value))
        if exact is not None:
            yield _case(group, f"at-{limit.severity}", replace(exact, steps=steps))
        elif bound.binding.pace == 1:
            yield from _several_series_case(
                group, f"at-{limit.severity}", own_units.exact_parts(kind, bound, limit.value), limit.value, steps
            )
        above = just(limit, beyond=True)
        if above >= 0:
            name = ABOVE if limit is last else f"{ABOVE}-{limit.severity}"
            yield _case(group, name, Phase(value=above, steps=steps))


def _exact_phase(bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
    """Return the kind's phase of exactly this value; None for a rate whose samples are further apart than the steps."""
    kind = kinds()[bound.signal.kind]
    is_rate = kind.windowed(bound) and not kind.counts(bound)
    return None if is_rate and bound.binding.pace > 1 else own_units.exactly(kind, bound, value, always=always)


def _states(group: AlertGroup, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    yield _case(group, BELOW, Phase(value=Decimal(0), steps=steps))
    yield _case(group, ABOVE, Phase(value=Decimal(1), steps=steps))
    if bound.binding.active is None:
        return
    for name, is_inside in (("outside", False), ("inside", True)):
        metric_value = state.near(bound, inside=is_inside)
        if metric_value is not None and metric_value >= 0:
            phase = Phase(value=metric_value, steps=steps, exact=True)
            yield _case(group, f"just-{name}", phase, Decimal(int(is_inside)))
    inclusive = "=" in bound.binding.active.comparator
    exact = _exact_phase(bound, Decimal(1), always=inclusive)
    if exact is not None:
        yield _case(group, "at-limit", replace(exact, steps=steps), Decimal(int(inclusive)))


def _traffic(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield cases that must not fire because traffic is too low or the denominator is 0, and cases just above that."""
    bound, bad_value = group.watched.bound, beyond_all(group)
    kind = kinds()[bound.signal.kind]
    trouble_phase = Phase(value=bad_value, steps=steps)
    if kind.zero_denominator(bound):
        yield Case(name="nothing-there", example=_example(replace(trouble_phase, zero_denominator=True)))
        # A guard against a zero denominator must let the smallest denominator pass.
        yield _case(group, "just-one", replace(trouble_phase, traffic=1 / kind.denominator))
    if kind.partial(bound):
        yield _case(group, "never-yet", replace(trouble_phase, value=Decimal(0), zero_denominator=True))
    if not kind.floored:
        return
    yield Case(name="no-traffic", example=_example(replace(trouble_phase, traffic=Decimal(0))))
    least_traffic = floor_scale(bound, kind.events_per_step)
    if least_traffic is not None:
        yield Case(name=QUIET, example=_example(replace(trouble_phase, traffic=least_traffic * _JUST_TOO_LITTLE)))
        yield _case(group, "just-enough-traffic", replace(trouble_phase, traffic=least_traffic))


def _case(group: AlertGroup, name: str, phase: Phase, value: Decimal | None = None) -> Case:
    """Return a case of one phase; `value`, by default the phase's, decides which severities fire."""
    shown_value = value if value is not None else phase.value or Decimal(0)
    return Case(name=name, example=_example(phase), firing=firing(group, shown_value), value=shown_value)


def _example(phase: Phase) -> Example:
    return Example(phases=(phase,))


def _replicas(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield a component of several series that are in trouble only together; for a state, also a fine component."""
    trouble = Decimal(1) if is_state(group) else just(group.alerts[-1].limit, beyond=True)
    yield from _replica_cases(group, "replicas", trouble, steps)
    if is_state(group):
        yield from _replica_cases(group, "fine-replicas", Decimal(0), steps)


def _instances(group: AlertGroup, steps: int) -> Iterator[Case]:
    """If the worst instance counts, yield a component with one bad instance, and a component with three fine ones."""
    bound = group.watched.bound
    label = kinds()[bound.signal.kind].instances(bound)
    matched_labels = {matcher.label for selector in bound.metrics for matcher in selector.matchers}
    if label is None or label in matched_labels:
        return
    bad_value, fine_value = just(group.alerts[-1].limit, beyond=True), just(group.alerts[0].limit, beyond=False)
    for name, values in (
        ("one-busy", (bad_value, fine_value * HALF, fine_value * HALF)),
        ("all-fine", (fine_value, fine_value, fine_value)),
    ):
        parts = [
            Example(phases=(Phase(value=value, steps=steps),), extra={label: f"{name}-{number}"})
            for number, value in enumerate(values, 1)
        ]
        severities = firing(group, values[0])
        yield Case(name=name, example=parts[0], more=tuple(parts[1:]), firing=severities, value=values[0])


def _replica_cases(group: AlertGroup, name: str, value: Decimal, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    for case in _several_series_case(group, name, kinds()[bound.signal.kind].replicas(bound, value), value, steps):
        expected_case = replace(case, firing=frozenset()) if bound.binding.every else case
        yield expected_case
        yield from _with_little_traffic(bound, expected_case)


def _several_series_case(
    group: AlertGroup, name: str, parts: Sequence[Phase], value: Decimal, steps: int
) -> Iterator[Case]:
    """Yield a component of several series; nothing if there are no parts, or no label tells them apart."""
    examples = [
        Example(phases=(replace(part, steps=steps),), extra={REPLICA: str(number)}) for number, part in enumerate(parts)
    ]
    if examples and REPLICA not in group.watched.bound.binding.per:
        severities = firing(group, value)
        yield Case(name=name, example=examples[0], more=tuple(examples[1:]), firing=severities, value=value)


def _with_little_traffic(bound: BoundSignal, case: Case) -> Iterator[Case]:
    """Yield the case with so little traffic that only all its series together have enough."""
    kind = kinds()[bound.signal.kind]
    least_traffic = floor_scale(bound, kind.events_per_step) if kind.floored else None
    if least_traffic is not None:
        first, *more = (
            replace(example, phases=tuple(_scaled(phase, least_traffic) for phase in example.phases))
            for example in (case.example, *case.more)
        )
        yield replace(case, name=f"few-{case.name}", example=first, more=tuple(more))


def _scaled(phase: Phase, least_traffic: Decimal) -> Phase:
    return replace(phase, traffic=phase.traffic * least_traffic * _A_BIT_MORE)


def _blips(group: AlertGroup, steps: int) -> Iterator[Case]:
    """If the average counts, yield a value that is bad for a moment again and again, but fine on average."""
    bound = group.watched.bound
    window_steps = bound.binding.window // bound.binding.step
    if bound.binding.over_time != "avg" or bound.low or is_state(group) or window_steps < _FEWEST_WINDOW_STEPS:
        return
    bad_value = group.alerts[-1].limit.value * _A_BIT_MORE
    course = [
        phase
        for _ in range(0, steps, window_steps)
        for phase in (Phase(value=bad_value, steps=1), Phase(value=Decimal(0), steps=window_steps - 1))
    ]
    if all(limit.value > bad_value * 2 / window_steps for limit in (alert.limit for alert in group.alerts)):
        yield Case(name="blips", example=Example(phases=tuple(course)))


REPLICA: Final = "replica"
"""The label that tells the series of one component apart."""
_FEWEST_WINDOW_STEPS: Final = 5
_A_BIT_MORE: Final = Decimal("1.2")


def _alternatives(bound: BoundSignal) -> Iterator[tuple[str, str]]:
    """Yield label and value of each further alternative that selectors accept, such as 403 in `401|403`."""
    seen: set[tuple[str, str]] = set()
    for selector in bound.metrics:
        for matcher in selector.matchers:
            texts = sampling.alternatives(matcher) if matcher.label not in bound.binding.per else ()
            for text in texts[_SECOND:_MOST_ALTERNATIVES]:
                if (matcher.label, text) not in seen:
                    seen.add((matcher.label, text))
                    yield matcher.label, text
