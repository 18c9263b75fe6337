"""Kind `silence`: a counter of events that should keep coming has not risen for some time.

The limit is that time. An event is a rise of a series, or a new series that starts above 0; a counter reset is no rise.
A component is expected if it had a series when that time began, or within the day before. So a component whose series
have ended is silent, and a component that has just appeared is not silent yet. `quiet` is a time, such as a day. With
it, a component is silent only if it had events that long ago: a quiet night after a quiet night is no silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler.quantities import SECONDS, decimal_text, duration_text
from compiler.signals.bound import HIGH, Binding, BoundSignal
from compiler.signals.contract import EVALUATION_SECONDS, Kind, Rules, Series, Threshold
from compiler.signals.inputs import COUNTER
from compiler.signals.phrases import Clause, span
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.samples import sampling

MEMORY: Final = 86400
"""Seconds for which a component stays expected after its series have ended."""
_BORN: Final = Decimal(1)


class Silence(Kind):
    """Each severity looks back for the time that is its limit."""

    name = "silence"
    summary = "for how long nothing has come"
    unit = SECONDS
    forms = ((COUNTER,),)
    measures = False
    rises = True
    longest = 9 * MEMORY

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: each limit is a window of its own."""
        return False

    def fitted(self, binding: Binding, limits: Sequence[Threshold]) -> Binding:
        """Return the binding with the longest limit as its window."""
        return replace(binding, window=max(map(_seconds, limits), default=binding.window))

    def looks_back(self, limit: Threshold) -> int:
        """Return the seconds of the limit."""
        return _seconds(limit)

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return that a limit with `<` makes no sense: silence can only last too long."""
        return "silence can only last too long" if limit.comparator.startswith("<") else None

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of a recorded name, although no rule is recorded."""
        return f"silence{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL for the components that have been silent for the longest limit."""
        return _condition(bound, bound.binding.window)

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return a condition per severity. Its value is the limit, which is the time without an event."""
        return Rules(records={}, conditions={limit.severity: _condition(bound, _seconds(limit)) for limit in limits})

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return that the counter has not risen for the time of the limit."""
        ago = bound.binding.quiet
        before = (f"though it had at the same time {span(ago)} before",) if ago else ()
        counter = bound.selector(COUNTER.name).metric
        return Clause(text=f"`{counter}` has not risen for {span(_seconds(limit))}", details=before)

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return the time of the limit, during which no event came."""
        ago = bound.binding.quiet
        before = f", though something had {duration_text(ago)} before" if ago else ""
        return f"{bound.signal.title}, nothing has come for {duration_text(_seconds(limit))}{before}"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return that no event came for the time of the limit."""
        return f"{bound.signal.title}, nothing for {duration_text(_seconds(limit))}"

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises by `value` per step; with `zero_denominator` in a phase, it starts at 1."""
        born = any(phase.zero_denominator for phase in example.phases)
        rises = ((phase.value, replace(phase, zero_denominator=False)) for phase in example.phases)
        values = sampling.counter(rises, _BORN if born else Decimal(0))
        return (sampling.series(bound.selector(COUNTER.name), bound, example, values),)

    def begins(self, bound: BoundSignal, limit: Threshold) -> int | None:
        """Return the limit: by then, a counter that never rises is silent.

        With `quiet`, return the end of the first day, or None if a day is too short for a test.
        """
        ago = bound.binding.quiet
        if ago is None:
            return -(-_seconds(limit) // EVALUATION_SECONDS) * EVALUATION_SECONDS
        return ago + bound.binding.step if _steps_of_first_day(bound) else None

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return the time until a silence is visible and has been compared with the time `quiet` before."""
        return bound.binding.window + (bound.binding.quiet or 0) + 4 * _slack(bound) * bound.binding.step

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return silences that are just long enough or just too short, and courses that look like silence or events."""
        return tuple(_Courses(bound=bound, limits=tuple(limits), steps=steps).cases())

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a very large number of events."""
        return Phase(value=Decimal(10**6), steps=1)


def _condition(bound: BoundSignal, window: int) -> str:
    """Return PromQL for expected components without an event; with `quiet`, only those that had one that long ago."""
    per, ago = bound.binding.per, bound.binding.quiet
    expected = _group(per, _present(bound, window))
    silent = f"{expected} unless on ({', '.join(per)}) {_group(per, _events(bound, window, 0))}"
    if ago:
        silent += f" and on ({', '.join(per)}) {_group(per, _events(bound, window, ago))}"
    return f"({silent}) * {decimal_text(Decimal(window))}"


def _events(bound: BoundSignal, window: int, ago: int) -> str:
    """Return PromQL for series that rose, or began above 0, within a window that ended `ago` seconds ago."""
    selector, range_and_offset = bound.selector(COUNTER.name), f"{duration_text(window)}]{_offset(ago)}"
    born = f"max_over_time({selector}[{range_and_offset}) > 0 unless {_present(bound, window + ago)}"
    return f"increase({selector}[{range_and_offset}) > 0 or ({born})"


def _present(bound: BoundSignal, ago: int) -> str:
    """Return PromQL for series that existed `ago` seconds ago, or within `MEMORY` before that."""
    return f"present_over_time({bound.selector(COUNTER.name)}[{duration_text(MEMORY)}]{_offset(ago)})"


def _offset(ago: int) -> str:
    return f" offset {duration_text(ago)}" if ago else ""


def _group(per: tuple[str, ...], expression: str) -> str:
    return f"group by ({', '.join(per)}) ({expression})"


def _seconds(limit: Threshold) -> int:
    return max(1, int(limit.value))


_LONG: Final = 4 * 3600
_SHORT_SLACK, _LONG_SLACK = 3, 14
_REPLICA: Final = "replica"


def _slack(bound: BoundSignal) -> int:
    """Return by how many steps engines may disagree on the ends of a window: more in long, rarely evaluated tests."""
    looked_back = bound.binding.window + (bound.binding.quiet or 0)
    return _LONG_SLACK if looked_back > _LONG else _SHORT_SLACK


def _steps_of_first_day(bound: BoundSignal) -> int:
    """Return how many steps of the first day have events, so that the next day is silent; 0 if it is too short."""
    looked_back = bound.binding.window // bound.binding.step + 2 * _slack(bound)
    day = (bound.binding.quiet or 0) // bound.binding.step
    return day - looked_back if day > 3 * looked_back else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Courses:
    """The courses of rule tests; each has `steps` samples and ends at the evaluation. `limits` are in rising order."""

    bound: BoundSignal
    limits: tuple[Threshold, ...]
    steps: int

    def cases(self) -> Iterator[Case]:
        """Yield all courses; `begins` says when the first course that fires crosses its limit."""
        yield self._case("below", (Phase(value=Decimal(1), steps=self.steps),), 0)
        yield from self._first_firing()
        for limit in self.limits:
            yield from self._at_limit(limit)
        yield from self._all_silent()
        yield from self._none_silent()
        yield from self._silent_on_both_days()

    def _first_firing(self) -> Iterator[Case]:
        """Yield a counter that never rises; with `quiet`, one that rises only on the first day."""
        event_steps = _steps_of_first_day(self.bound)
        if self.bound.binding.quiet is None:
            yield self._case("above", (self._flat(self.steps),), self.steps)
        elif event_steps and self.steps - event_steps >= self._longest_silence:
            phases = (Phase(value=Decimal(1), steps=event_steps), self._flat(self.steps - event_steps))
            yield self._case("above", phases, self.steps - event_steps)

    def _at_limit(self, limit: Threshold) -> Iterator[Case]:
        """Yield a silence just long enough for a limit and, once, one just too short for the first limit."""
        long = self._steps_to_fire(limit)
        if not any(
            abs(self._steps_to_fire(other_limit) - self._slack - long) < self._slack
            for other_limit in self.limits
            if other_limit is not limit
        ):
            yield self._case(f"silent-{limit.severity}", self._events_until(long), long, decoys=True)
        if limit is self.limits[0] and (short := self._short_silence):
            before, _ = self._events_until(self._longest_silence + short)
            yield self._case("just-came", (before, self._flat(self._longest_silence), _EVENT, self._flat(short - 1)), 0)

    def _all_silent(self) -> Iterator[Case]:
        """Yield silences in which the counter changes: it is reset, its series ends, or another series replaces it."""
        long = self._longest_silence
        events, flat = self._events_until(long)
        reset = replace(_EVENT, value=Decimal(1 - events.steps))
        yield self._case("reset", (events, reset, replace(flat, steps=flat.steps - 1)), long)
        ended_phases = (events, replace(flat, value=None))
        yield self._case("gone", ended_phases, long)
        if self._can_tell_apart:
            yield self._case("both", (events, flat), long, (events, flat))
        if self._can_tell_apart and (short := self._short_silence):
            yield self._case("replaced", ended_phases, long, self._flat_since(short))

    def _none_silent(self) -> Iterator[Case]:
        """Yield courses without silence: one of several series rises or is new, or the component is new or absent."""
        events, flat = self._events_until(self._longest_silence)
        yield self._case("elsewhere", (replace(events, value=None, steps=self.steps),), 0, decoys=True)
        if self._can_tell_apart:
            yield self._case("another", (events, flat), 0, (replace(events, steps=self.steps),))
        if short := self._short_silence:
            before, since = self._flat_since(short)
            yield self._case("new", (before, since), 0)
            if self._can_tell_apart:
                ended = (events, replace(flat, value=None))
                yield self._case("born", ended, 0, (before, replace(since, zero_denominator=True)))

    def _silent_on_both_days(self) -> Iterator[Case]:
        """Yield a silence that also occurred at the same time of the first day."""
        ago = self._steps(self.bound.binding.quiet or 0)
        night = self._longest_silence + self._slack
        day = ago - night - self._slack
        if day > 0 and ago + night < self.steps:
            busy = Phase(value=Decimal(1), steps=day)
            yield self._case("quiet-then-too", (self._flat(self.steps - day - night), busy, self._flat(night)), 0)

    def _case(
        self,
        name: str,
        phases: tuple[Phase, ...],
        silent: int,
        second_series: tuple[Phase, ...] = (),
        *,
        decoys: bool = False,
    ) -> Case:
        """Return a course whose last `silent` steps are silent, with the severities that fire then."""
        values = {limit.severity: limit.value for limit in self.limits if self._steps_to_fire(limit) <= silent}
        more = (Example(phases=second_series, extra={_REPLICA: "1"}),) if second_series else ()
        extra = {_REPLICA: "0"} if second_series else {}
        example = Example(phases=tuple(phase for phase in phases if phase.steps > 0), extra=extra)
        return Case(name=name, example=example, more=more, firing=frozenset(values), values=values, decoys=decoys)

    def _events_until(self, silent: int) -> tuple[Phase, Phase]:
        """Return events that stop `silent` steps before the end."""
        return Phase(value=Decimal(1), steps=self.steps - silent), self._flat(silent)

    def _flat(self, steps: int) -> Phase:
        return Phase(value=Decimal(0), steps=steps)

    def _steps_to_fire(self, limit: Threshold) -> int:
        """Return the steps of silence after which the alert fires in every engine."""
        return self._steps(_seconds(limit) + limit.for_seconds) + self._slack

    def _flat_since(self, steps: int) -> tuple[Phase, Phase]:
        """Return a series that began `steps` steps before the end and has not risen."""
        return Phase(value=None, steps=self.steps - steps), self._flat(steps)

    @property
    def _short_silence(self) -> int:
        """The steps of a silence too short for each limit, yet long enough to end alerts that fired; 0 if none is."""
        short = self._steps(_seconds(self.limits[0])) - self._slack
        return short if short > self._steps(max(limit.keep for limit in self.limits)) + self._slack else 0

    @property
    def _can_tell_apart(self) -> bool:
        """Whether a label can tell several series of one component apart."""
        return _REPLICA not in self.bound.binding.per

    @property
    def _longest_silence(self) -> int:
        return max(self._steps_to_fire(limit) for limit in self.limits)

    @property
    def _slack(self) -> int:
        return _slack(self.bound)

    def _steps(self, seconds: int) -> int:
        return -(-seconds // self.bound.binding.step)


_EVENT: Final = Phase(value=Decimal("0.25"), steps=1)
"""The smallest rise that counts as an event. It is no whole number, because a counter may count other things too."""


KIND = Silence()
