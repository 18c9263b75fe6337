"""Kind `silence`: nothing has come for so long; a counter of what should go on coming has not risen.

The limit is the time. An event is a rise of a series (a counter that begins anew has not risen), or a series that was
born with more than 0. A component is expected that had a series when the time began, or within the day before: one
whose series end is silent, one that has just been seen for the first time is not yet. With `quiet`, only what came at
the same time so long ago is missed: a night is as quiet as the night before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler.quantities import SECONDS, decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.bound import HIGH, Binding, BoundSignal
from compiler.signals.contract import EVALUATION_SECONDS, Kind, Rules, Series, Threshold
from compiler.signals.inputs import COUNTER
from compiler.signals.phrases import Clause, span
from compiler.signals.profile import Case, Example, Phase

MEMORY: Final = 86400
"""Seconds for which a component is expected whose series have ended before the time that is looked at."""
_BORN: Final = Decimal(1)


class Silence(Kind):
    """Each severity looks back as far as its limit says."""

    name = "silence"
    unit = SECONDS
    forms = ((COUNTER,),)
    measures = False
    rises = True
    longest = 9 * MEMORY

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: each limit is a window."""
        return False

    def fitted(self, binding: Binding, limits: Sequence[Threshold]) -> Binding:
        """Return the binding with the longest limit as its window."""
        return replace(binding, window=max(map(_seconds, limits), default=binding.window))

    def looks_back(self, limit: Threshold) -> int:
        """Return the seconds of the limit."""
        return _seconds(limit)

    def never(self, bound: BoundSignal, limit: Threshold) -> str | None:
        """Return that silence has one side."""
        return "silence can only last too long" if limit.comparator.startswith("<") else None

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name, were there a recording."""
        return f"silence{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the components that have been silent for the longest limit."""
        return _condition(bound, bound.binding.window)

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return a condition a severity; its value is the time during which nothing has come."""
        return Rules(records={}, conditions={one.severity: _condition(bound, _seconds(one)) for one in limits})

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return for how long the counter has not risen."""
        ago = bound.binding.quiet
        before = (f"though it had at the same time {span(ago)} before",) if ago else ()
        counter = bound.selector(COUNTER.name).metric
        return Clause(text=f"`{counter}` has not risen for {span(_seconds(limit))}", details=before)

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return for how long nothing has come."""
        ago = bound.binding.quiet
        before = f", though something had {duration_text(ago)} before" if ago else ""
        return f"{bound.signal.title}, nothing has come for {duration_text(_seconds(limit))}{before}"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return that nothing has come."""
        return f"{bound.signal.title}, nothing for {duration_text(_seconds(limit))}"

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises by `value` a step; of hollow phases one that begins with 1."""
        born = any(one.zero_denominator for one in example.phases)
        rises = ((one.value, replace(one, zero_denominator=False)) for one in example.phases)
        values = sampling.counter(rises, _BORN if born else Decimal(0))
        return (sampling.series(bound.selector(COUNTER.name), bound, example, values),)

    def begins(self, bound: BoundSignal, limit: Threshold) -> int | None:
        """Return the limit, after which a counter that never rises is silent; of other days, when one has passed."""
        ago = bound.binding.quiet
        if ago is None:
            return -(-_seconds(limit) // EVALUATION_SECONDS) * EVALUATION_SECONDS
        return ago + bound.binding.step if _first_day(bound) else None

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return how long it takes until a silence can be told, and has been compared with another day."""
        return bound.binding.window + (bound.binding.quiet or 0) + 4 * _slack(bound) * bound.binding.step

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return silences that are just long enough or not, and what else may look like silence or like an event."""
        return tuple(_Courses(bound=bound, limits=tuple(limits), steps=steps).cases())

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a great many events."""
        return Phase(value=Decimal(10**6), steps=1)


def _condition(bound: BoundSignal, window: int) -> str:
    """Return the components that were expected and of which nothing has come; of other days, that something came."""
    per, ago = bound.binding.per, bound.binding.quiet
    expected = _group(per, _present(bound, window))
    silent = f"{expected} unless on ({', '.join(per)}) {_group(per, _events(bound, window, 0))}"
    if ago:
        silent += f" and on ({', '.join(per)}) {_group(per, _events(bound, window, ago))}"
    return f"({silent}) * {decimal_text(Decimal(window))}"


def _events(bound: BoundSignal, window: int, ago: int) -> str:
    """Return the series that rose, or were born with more than 0, within a window that ended so long ago."""
    selector, looked = bound.selector(COUNTER.name), f"{duration_text(window)}]{_offset(ago)}"
    born = f"max_over_time({selector}[{looked}) > 0 unless {_present(bound, window + ago)}"
    return f"increase({selector}[{looked}) > 0 or ({born})"


def _present(bound: BoundSignal, ago: int) -> str:
    """Return the series that were there so long ago, or within the memory before."""
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
    """Return the steps by which engines may differ about the ends of a window; long tests are evaluated seldom."""
    looked = bound.binding.window + (bound.binding.quiet or 0)
    return _LONG_SLACK if looked > _LONG else _SHORT_SLACK


def _first_day(bound: BoundSignal) -> int:
    """Return the steps for which something comes on the first day, so that the next is silent when it is compared."""
    looked = bound.binding.window // bound.binding.step + 2 * _slack(bound)
    day = (bound.binding.quiet or 0) // bound.binding.step
    return day - looked if day > 3 * looked else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Courses:
    """The courses of rule tests, of `steps` samples, the last of which is now; limits rise."""

    bound: BoundSignal
    limits: tuple[Threshold, ...]
    steps: int

    def cases(self) -> Iterator[Case]:
        """Yield all courses; of those that fire the first is trouble from a time on that `begins` tells."""
        yield self._case("below", (Phase(value=Decimal(1), steps=self.steps),), 0)
        yield from self._first()
        for limit in self.limits:
            yield from self._just(limit)
        yield from self._all_silent()
        yield from self._none_silent()
        yield from self._other_days()

    def _first(self) -> Iterator[Case]:
        """Yield a counter that never rises; where other days count, one that rises on the first of them."""
        first = _first_day(self.bound)
        if self.bound.binding.quiet is None:
            yield self._case("above", (self._flat(self.steps),), self.steps)
        elif first and self.steps - first >= self._longest:
            phases = (Phase(value=Decimal(1), steps=first), self._flat(self.steps - first))
            yield self._case("above", phases, self.steps - first)

    def _just(self, limit: Threshold) -> Iterator[Case]:
        """Yield a silence that is just long enough for a limit, and one that is just too short for the first."""
        long = self._long(limit)
        if not any(abs(self._long(one) - self._slack - long) < self._slack for one in self.limits if one is not limit):
            yield self._case(f"silent-{limit.severity}", self._until(long), long, decoys=True)
        if limit is self.limits[0] and (short := self._short):
            before, _ = self._until(self._longest + short)
            yield self._case("just-came", (before, self._flat(self._longest), _EVENT, self._flat(short - 1)), 0)

    def _all_silent(self) -> Iterator[Case]:
        """Yield silences in which the counter is lost: it begins anew, its series ends, or another takes its place."""
        long = self._longest
        first, flat = self._until(long)
        lost = replace(_EVENT, value=Decimal(1 - first.steps))
        yield self._case("reset", (first, lost, replace(flat, steps=flat.steps - 1)), long)
        gone = (first, replace(flat, value=None))
        yield self._case("gone", gone, long)
        if self._apart:
            yield self._case("both", (first, flat), long, (first, flat))
        if self._apart and (short := self._short):
            yield self._case("replaced", gone, long, self._since(short))

    def _none_silent(self) -> Iterator[Case]:
        """Yield what is no silence: one of several series rises, one is born, or the component is new, or not one."""
        first, flat = self._until(self._longest)
        yield self._case("elsewhere", (replace(first, value=None, steps=self.steps),), 0, decoys=True)
        if self._apart:
            yield self._case("another", (first, flat), 0, (replace(first, steps=self.steps),))
        if short := self._short:
            before, since = self._since(short)
            yield self._case("new", (before, since), 0)
            if self._apart:
                ended = (first, replace(flat, value=None))
                yield self._case("born", ended, 0, (before, replace(since, zero_denominator=True)))

    def _other_days(self) -> Iterator[Case]:
        """Yield a silence that was there at the same time of the other day, too."""
        ago = self._steps(self.bound.binding.quiet or 0)
        night = self._longest + self._slack
        day = ago - night - self._slack
        if day > 0 and ago + night < self.steps:
            busy = Phase(value=Decimal(1), steps=day)
            yield self._case("quiet-then-too", (self._flat(self.steps - day - night), busy, self._flat(night)), 0)

    def _case(
        self,
        name: str,
        phases: tuple[Phase, ...],
        silent: int,
        other: tuple[Phase, ...] = (),
        *,
        decoys: bool = False,
    ) -> Case:
        """Return a course that has been silent for so many steps at its end, and what fires of that."""
        values = {one.severity: one.value for one in self.limits if self._long(one) <= silent}
        more = (Example(phases=other, extra={_REPLICA: "1"}),) if other else ()
        extra = {_REPLICA: "0"} if other else {}
        example = Example(phases=tuple(one for one in phases if one.steps > 0), extra=extra)
        return Case(name=name, example=example, more=more, firing=frozenset(values), values=values, decoys=decoys)

    def _until(self, silent: int) -> tuple[Phase, Phase]:
        """Return events that end so many steps before the end."""
        return Phase(value=Decimal(1), steps=self.steps - silent), self._flat(silent)

    def _flat(self, steps: int) -> Phase:
        return Phase(value=Decimal(0), steps=steps)

    def _long(self, limit: Threshold) -> int:
        """Return the steps of silence after which an alert has surely fired."""
        return self._steps(_seconds(limit) + limit.for_seconds) + self._slack

    def _since(self, steps: int) -> tuple[Phase, Phase]:
        """Return a series that began so many steps before the end, and has not risen."""
        return Phase(value=None, steps=self.steps - steps), self._flat(steps)

    @property
    def _short(self) -> int:
        """The steps of a silence that is too short for any limit, and in which what fired has ended, or 0."""
        short = self._steps(_seconds(self.limits[0])) - self._slack
        return short if short > self._steps(max(one.keep for one in self.limits)) + self._slack else 0

    @property
    def _apart(self) -> bool:
        """Whether several series of one component can be told apart."""
        return _REPLICA not in self.bound.binding.per

    @property
    def _longest(self) -> int:
        return max(self._long(limit) for limit in self.limits)

    @property
    def _slack(self) -> int:
        return _slack(self.bound)

    def _steps(self, seconds: int) -> int:
        return -(-seconds // self.bound.binding.step)


_EVENT: Final = Phase(value=Decimal("0.25"), steps=1)
"""The least that may come, also of a counter of other things than events."""


KIND = Silence()
