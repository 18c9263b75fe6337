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
_FIRST_FURTHER: Final = 1
_MOST_ALTERNATIVES: Final = 64
"""How many alternatives of one matcher have a component of their own in a test."""


def cases(group: AlertGroup, steps: int, end_of_data: int) -> Iterator[Case]:
    """Yield the cases, each of `steps` samples; in one case the data ends after `end_of_data` samples."""
    yield from (_states(group, steps) if is_state(group) else _limits(group, steps))
    yield from _traffic(group, steps)
    yield from _replicas(group, steps)
    yield from _instances(group, steps)
    yield from _blips(group, steps)
    bad = beyond_all(group)
    for label, text in _alternatives(group.watched.bound):
        example = Example(phases=(Phase(value=bad, steps=steps),), preferred={label: text})
        yield Case(name=f"{label}-{text}", example=example, firing=firing(group, bad), value=bad)
    if kinds()[group.watched.bound.signal.kind].ends(group.watched.bound):
        ended = (Phase(value=bad, steps=end_of_data), Phase(value=None, steps=steps - end_of_data, stale=True))
        yield Case(name="gone", example=Example(phases=ended))


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
    # Short of a limit with `<` means above it, and a share cannot exceed 1.
    return min(value, Decimal(1)) if limit.unit == RATIO and limit.comparator.startswith("<") else value


def _limits(group: AlertGroup, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    kind = kinds()[bound.signal.kind]
    first, last = group.alerts[0].limit, group.alerts[-1].limit
    if (below := just(first, beyond=False)) >= 0:
        yield _case(group, BELOW, Phase(value=below, steps=steps))
    for alert in group.alerts:
        limit = alert.limit
        exact = _exactly(bound, limit.value, always=crossed(limit, limit.value))
        if exact is not None:
            yield _case(group, f"at-{limit.severity}", replace(exact, steps=steps))
        elif bound.binding.pace == 1:
            yield from _of_several_series(
                group, f"at-{limit.severity}", own_units.exact_parts(kind, bound, limit.value), limit.value, steps
            )
        above = just(limit, beyond=True)
        if above >= 0:
            name = ABOVE if limit is last else f"{ABOVE}-{limit.severity}"
            yield _case(group, name, Phase(value=above, steps=steps))


def _exactly(bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
    """Return the kind's phase of exactly this value; None for rates whose samples are further apart than steps."""
    kind = kinds()[bound.signal.kind]
    rates = kind.windowed(bound) and not kind.counts(bound)
    return None if rates and bound.binding.pace > 1 else own_units.exactly(kind, bound, value, always=always)


def _states(group: AlertGroup, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    yield _case(group, BELOW, Phase(value=Decimal(0), steps=steps))
    yield _case(group, ABOVE, Phase(value=Decimal(1), steps=steps))
    if bound.binding.active is None:
        return
    for name, inside in (("outside", False), ("inside", True)):
        measure = state.near(bound, inside=inside)
        if measure is not None and measure >= 0:
            phase = Phase(value=measure, steps=steps, exact=True)
            yield _case(group, f"just-{name}", phase, Decimal(int(inside)))
    inclusive = "=" in bound.binding.active.comparator
    exact = _exactly(bound, Decimal(1), always=inclusive)
    if exact is not None:
        yield _case(group, "at-limit", replace(exact, steps=steps), Decimal(int(inclusive)))


def _traffic(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield cases that must not fire because traffic is too low or the denominator is 0, and cases just above that."""
    bound, bad = group.watched.bound, beyond_all(group)
    kind = kinds()[bound.signal.kind]
    trouble = Phase(value=bad, steps=steps)
    if kind.zero_denominator(bound):
        yield Case(name="nothing-there", example=_example(replace(trouble, zero_denominator=True)))
        # A guard against a zero denominator must let the smallest denominator pass.
        yield _case(group, "just-one", replace(trouble, traffic=1 / kind.denominator))
    if kind.partial(bound):
        yield _case(group, "never-yet", replace(trouble, value=Decimal(0), zero_denominator=True))
    if not kind.floored:
        return
    yield Case(name="no-traffic", example=_example(replace(trouble, traffic=Decimal(0))))
    enough = floor_scale(bound, kind.events_per_step)
    if enough is not None:
        yield Case(name=QUIET, example=_example(replace(trouble, traffic=enough * _JUST_TOO_LITTLE)))
        yield _case(group, "just-enough-traffic", replace(trouble, traffic=enough))


def _case(group: AlertGroup, name: str, phase: Phase, value: Decimal | None = None) -> Case:
    """Return a case of one phase; `value`, by default the phase's, decides which severities fire."""
    shown = value if value is not None else phase.value or Decimal(0)
    return Case(name=name, example=_example(phase), firing=firing(group, shown), value=shown)


def _example(phase: Phase) -> Example:
    return Example(phases=(phase,))


def _replicas(group: AlertGroup, steps: int) -> Iterator[Case]:
    """Yield components of several series that are in trouble only together; for a state, also fine ones."""
    trouble = Decimal(1) if is_state(group) else just(group.alerts[-1].limit, beyond=True)
    yield from _of_parts(group, "replicas", trouble, steps)
    if is_state(group):
        yield from _of_parts(group, "fine-replicas", Decimal(0), steps)


def _instances(group: AlertGroup, steps: int) -> Iterator[Case]:
    """If the worst instance counts, yield a component with one bad instance, and one with three fine instances."""
    bound = group.watched.bound
    label = kinds()[bound.signal.kind].instances(bound)
    matched_labels = {matcher.label for selector in bound.metrics for matcher in selector.matchers}
    if label is None or label in matched_labels:
        return
    beyond, short = just(group.alerts[-1].limit, beyond=True), just(group.alerts[0].limit, beyond=False)
    for name, values in (("one-busy", (beyond, short * HALF, short * HALF)), ("all-fine", (short, short, short))):
        parts = [
            Example(phases=(Phase(value=value, steps=steps),), extra={label: f"{name}-{number}"})
            for number, value in enumerate(values, 1)
        ]
        fires = firing(group, values[0])
        yield Case(name=name, example=parts[0], more=tuple(parts[1:]), firing=fires, value=values[0])


def _of_parts(group: AlertGroup, name: str, value: Decimal, steps: int) -> Iterator[Case]:
    bound = group.watched.bound
    for case in _of_several_series(group, name, kinds()[bound.signal.kind].replicas(bound, value), value, steps):
        expected = replace(case, firing=frozenset()) if bound.binding.every else case
        yield expected
        yield from _with_little_traffic(bound, expected)


def _of_several_series(
    group: AlertGroup, name: str, parts: Sequence[Phase], value: Decimal, steps: int
) -> Iterator[Case]:
    """Yield a component of several series; nothing if there are no parts, or no label tells them apart."""
    examples = [
        Example(phases=(replace(part, steps=steps),), extra={REPLICA: str(number)}) for number, part in enumerate(parts)
    ]
    if examples and REPLICA not in group.watched.bound.binding.per:
        fires = firing(group, value)
        yield Case(name=name, example=examples[0], more=tuple(examples[1:]), firing=fires, value=value)


def _with_little_traffic(bound: BoundSignal, case: Case) -> Iterator[Case]:
    """Yield the case with so little traffic that only all its series together have enough."""
    kind = kinds()[bound.signal.kind]
    enough = floor_scale(bound, kind.events_per_step) if kind.floored else None
    if enough is not None:
        first, *more = (
            replace(example, phases=tuple(_scaled(phase, enough) for phase in example.phases))
            for example in (case.example, *case.more)
        )
        yield replace(case, name=f"few-{case.name}", example=first, more=tuple(more))


def _scaled(phase: Phase, enough: Decimal) -> Phase:
    return replace(phase, traffic=phase.traffic * enough * _A_BIT_MORE)


def _blips(group: AlertGroup, steps: int) -> Iterator[Case]:
    """If the average counts, yield a value that is bad for a moment again and again, but fine on average."""
    bound = group.watched.bound
    window_steps = bound.binding.window // bound.binding.step
    if bound.binding.over_time != "avg" or bound.low or is_state(group) or window_steps < _FEWEST_WINDOW_STEPS:
        return
    worst = group.alerts[-1].limit.value * _A_BIT_MORE
    course = [
        phase
        for _ in range(0, steps, window_steps)
        for phase in (Phase(value=worst, steps=1), Phase(value=Decimal(0), steps=window_steps - 1))
    ]
    if all(limit.value > worst * 2 / window_steps for limit in (alert.limit for alert in group.alerts)):
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
            for text in texts[_FIRST_FURTHER:_MOST_ALTERNATIVES]:
                if (matcher.label, text) not in seen:
                    seen.add((matcher.label, text))
                    yield matcher.label, text
