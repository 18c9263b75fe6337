"""What may become of the targets and metrics of a place, as series, and who is to be told: the cases of `missing`.

A phase's value is a state: which metrics are there, and what `up` says. Before most troubles all is well for a while,
because what has never been there is not missed: it may be another Prometheus' to scrape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler.conventions import JOB_LABEL, METRIC_LABEL
from compiler.promql import Selector
from compiler.signals import sampling
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series
from compiler.signals.missing_place import PRESENT, TARGETS, Place, place
from compiler.signals.profile import Case, Elsewhere, Example, Phase

WELL, NO_METRIC, DOWN, NOTHING, PUSHED, PUSHED_BESIDE = (Decimal(number) for number in range(6))
"""All is there; a target that is up without metrics; one that is down; nothing; metrics without a target; beside one
that is down. A small part more says which metric alone is gone: 1.00002 is all but the second."""
_PART: Final = Decimal("0.00001")
_UP: Final[Mapping[Decimal, str | None]] = {
    WELL: "1", NO_METRIC: "1", DOWN: "0", NOTHING: None, PUSHED: None, PUSHED_BESIDE: "0"
}  # fmt: skip
_DELIVERING: Final = frozenset({WELL, PUSHED, PUSHED_BESIDE})
_FIRST_STEPS: Final = 2
_JOBS: Final = ("job-a", "job-b")
_INSTANCE: Final = "instance"
_NOTHING: Final[Mapping[str, str]] = {}


def beginning(bound: BoundSignal) -> int:
    """Return after how many seconds it is noticed that something has ended: engines differ by one evaluation."""
    remembered = bound.binding.memory
    first = _FIRST_STEPS * bound.binding.step
    return first if remembered is None else first - bound.binding.step + remembered


def series(bound: BoundSignal, example: Example) -> tuple[Series, ...]:
    """Return the metrics and the `up` of targets in the course of an example.

    Two instances have the metrics, and a third one is down all the while, unless the example is to be exact. Where its
    job is both preferred and extra, it has the metrics alone that can come from it. In hollow phases the targets are
    down although all metrics are there, as if somebody pushed them.
    """
    one, states = place(bound), [_state(bound, phase) for phase in example.phases]
    instances = [example]
    if not any(phase.exact for phase in example.phases) and not _mentions(bound, one, _INSTANCE):
        instances = [replace(example, extra={**example.extra, _INSTANCE: name}) for name in "abc"]
    found = []
    for number, metric in enumerate(one.metrics, 1):
        there = [("1" if _has(state, number) else None, steps) for state, steps in states]
        found += [_series(metric, bound, instance, there) for instance in instances[:2]]
    if one.targets is not None:
        up = [(_UP[state // 1], steps) for state, steps in states]
        down = [(None if value is None else "0", steps) for value, steps in up]
        found += [_series(one.targets, bound, instance, up) for instance in instances[:2]]
        found += [_series(one.targets, bound, instance, down) for instance in instances[2:]]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _mentions(bound: BoundSignal, one: Place, label: str) -> bool:
    selectors = one.metrics if one.targets is None else (one.targets, *one.metrics)
    return label in bound.binding.per or any(m.label == label for selector in selectors for m in selector.matchers)


def _state(bound: BoundSignal, phase: Phase) -> tuple[Decimal, int]:
    pushed = phase.zero_denominator and not bound.binding.targets_named
    return (PUSHED_BESIDE if pushed else phase.value or WELL), phase.steps


def _has(state: Decimal, number: int) -> bool:
    gone = int(state % 1 / _PART)
    return gone != number if gone else state in _DELIVERING


def _series(
    selector: Selector, bound: BoundSignal, example: Example, course: list[tuple[str | None, int]]
) -> Series | None:
    """Return one series, marked as ended where its values do; None where it has none, or is another job's."""
    if all(value is None for value, _ in course):
        return None
    tokens, before = [], None
    for value, steps in course:
        if value is not None:
            tokens.append(f"{value}x{steps - 1}")
        elif before is not None:
            tokens.append("stale" if steps == 1 else f"stale _x{steps - 1}")
        else:
            tokens.append(f"_x{steps}")
        before = value
    found = sampling.series(selector, bound, example, " ".join(tokens))
    wanted = example.preferred.get(JOB_LABEL)
    strict = wanted is not None and wanted == example.extra.get(JOB_LABEL)
    return None if strict and dict(found.labels)[JOB_LABEL] != wanted else found


def cases(bound: BoundSignal, steps: int, *, gone: str | None, down: str | None) -> tuple[Case, ...]:
    """Return the cases, a course of so many steps each; `gone` and `down` are the severities of the two troubles."""
    return tuple(_Cases(bound=bound, place=place(bound), steps=steps, gone=gone, down=down).all())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cases:
    bound: BoundSignal
    place: Place
    steps: int
    gone: str | None
    down: str | None

    def all(self) -> Iterator[Case]:
        """Yield all of them."""
        yield from self._calm()
        if self.gone is not None:
            yield from self._without_metrics(self.gone)
        if self.down is not None:
            yield from self._without_targets(self.down)
            yield from self._of_two(self.down)

    def _calm(self) -> Iterator[Case]:
        yield self._case("all there", WELL, several=True)
        yield self._case("never there", NOTHING)
        if self.place.targets is not None and self.place.metrics:
            yield self._case("pushed", PUSHED)
            if not self.place.named:
                yield self._case("pushed beside a target that is down", PUSHED_BESIDE)
        for name, preferred in self._alternatives(*self.place.watched):
            yield self._case(f"all there {name}", WELL, preferred=preferred)

    def _without_metrics(self, severity: str) -> Iterator[Case]:
        numbers = range(1, len(self.place.metrics) + 1)
        names = [one.metric for one in self.place.metrics]
        # Any one of several, and each of those that share a name.
        some = [number for number in numbers if number == 1 < len(names) or names.count(names[number - 1]) > 1]
        yield self._seen("pushed metrics gone", severity, numbers, PUSHED, NOTHING, several=True)
        for number in some[:1]:
            yield self._seen("a pushed metric gone", severity, [number], PUSHED, PUSHED + _PART * number)
        if self.place.targets is None:
            return
        yield self._missing("metrics gone", severity, numbers, WELL, NO_METRIC, several=True)
        yield self._missing("metrics never there", severity, numbers, NO_METRIC)
        for number in some:
            yield self._missing(f"metric {number} gone", severity, [number], WELL, NO_METRIC + _PART * number)
        for name, preferred in self._alternatives(self.place.targets):
            found = self._case(f"metrics gone {name}", WELL, NO_METRIC, preferred=preferred)
            yield self._named(found, severity, numbers)

    def _without_targets(self, severity: str) -> Iterator[Case]:
        yield self._dead("target gone", severity, WELL, NOTHING, several=True)
        if self.place.only_up:
            yield self._case("target down", WELL, DOWN)
        else:
            yield self._dead("target down", severity, WELL, DOWN, several=True)
            yield self._dead("target never up", severity, DOWN)
        for name, preferred in self._alternatives(*() if self.place.targets is None else (self.place.targets,)):
            found = self._case(f"target gone {name}", WELL, NOTHING, preferred=preferred)
            yield _told(found, severity, {JOB_LABEL: self._job(found.example)})

    def _of_two(self, severity: str) -> Iterator[Case]:
        """Yield one job of two that ends, of those whose metrics are watched and of those whose are not."""
        job = self._other_job()
        if job is None:
            return
        delivers = any(_lets(one, job) for one in self.place.metrics)
        for name, state in (("gone", NOTHING), ("down", DOWN)):
            told = self.place.named or (name == "gone" and (self.place.only_up or self.place.watches_up))
            beside = self._case(f"bystander {name}", WELL, beside=(job, NO_METRIC, state))
            yield _told(beside, severity, {JOB_LABEL: job}) if told else beside
            if delivers:
                both = self._case(f"one job of two {name}", WELL, beside=(job, WELL, state))
                yield _told(both, severity, {JOB_LABEL: job})
        if delivers:
            yield self._case("metrics of one job of two gone", WELL, beside=(job, WELL, NO_METRIC))

    def _dead(self, name: str, severity: str, *states: Decimal, several: bool = False) -> Case:
        found = self._case(name, *states, several=several)
        return _told(found, severity, {JOB_LABEL: self._job(found.example)})

    def _missing(
        self, name: str, severity: str, numbers: Iterable[int], *states: Decimal, several: bool = False
    ) -> Case:
        return self._named(self._case(name, *states, several=several), severity, numbers)

    def _named(self, case: Case, severity: str, numbers: Iterable[int]) -> Case:
        """Return a case of metrics that are missing while a target is up, told by the number of each."""
        names = (self.place.label(self.place.metrics[number - 1]) for number in numbers)
        return replace(_told(case, severity, *({METRIC_LABEL: name} for name in names)), value=Decimal(0))

    def _seen(self, name: str, severity: str, numbers: Iterable[int], *states: Decimal, several: bool = False) -> Case:
        """Return a case of metrics that have been there, each told with the job that it came from."""
        found = self._case(name, *states, several=several)
        labels = []
        for number in numbers:
            metric = self.place.metrics[number - 1]
            job = {JOB_LABEL: self._job(found.example, metric)} if self.place.compares_jobs else {}
            labels.append({METRIC_LABEL: self.place.label(metric)} | job)
        return _told(found, severity, *labels)

    def _case(
        self,
        name: str,
        *states: Decimal,
        several: bool = False,
        preferred: Mapping[str, str] = _NOTHING,
        beside: tuple[str, Decimal, Decimal] | None = None,
    ) -> Case:
        """Return a case that nobody is told of, of `several` instances; `beside` is another job with its own states."""
        phases = self._phases(*states, several=several)
        example = Example(phases=phases, extra={JOB_LABEL: _JOBS[0]}, preferred=preferred)
        more: tuple[Example, ...] = ()
        if beside is not None:
            job, *others = beside
            labels = {JOB_LABEL: job}
            more = (Example(phases=self._phases(*others), extra=labels, preferred=labels),)
        elsewhere = tuple(self._elsewhere((*more, example)[0]))
        return Case(name=name, example=example, more=more, decoys=True, elsewhere=elsewhere)

    def _phases(self, *states: Decimal, several: bool = False) -> tuple[Phase, ...]:
        """Return the states one after the other, the last of them from a while on."""
        before = [Phase(value=state, steps=_FIRST_STEPS, exact=not several) for state in states[:-1]]
        steps = self.steps - _FIRST_STEPS * len(before)
        return (*before, Phase(value=states[-1], steps=steps, exact=not several))

    def _elsewhere(self, example: Example) -> Iterator[Elsewhere]:
        """Yield what other places record meanwhile: the same job and metric are there, and missing."""
        job = {JOB_LABEL: self._job(example)}
        for metric in self.place.metrics[:1]:
            name = {METRIC_LABEL: self.place.label(metric)}
            yield Elsewhere(record=PRESENT, labels=name, value=Decimal(0))
            yield Elsewhere(record=PRESENT, labels=job | name, value=Decimal(1))
        yield Elsewhere(record=TARGETS, labels=job, value=Decimal(1))

    def _job(self, example: Example, selector: Selector | None = None) -> str:
        """Return the job of an example's series, of its targets unless a metric is asked for."""
        asked = selector or self.place.targets
        if asked is None:
            return example.extra[JOB_LABEL]
        return dict(sampling.series(asked, self.bound, example, "").labels)[JOB_LABEL]

    def _other_job(self) -> str | None:
        """Return another job that targets may be of; None where their matchers leave no choice."""
        if self.place.targets is None:
            return None
        matchers = [one for one in self.place.targets.matchers if one.label == JOB_LABEL]
        examples = (text for one in matchers for text in sampling.alternatives(one))
        first = self._job(Example(phases=(), extra={JOB_LABEL: _JOBS[0]}))
        return next((job for job in (*_JOBS, *examples) if job != first and _lets(self.place.targets, job)), None)

    def _alternatives(self, *selectors: Selector) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield what selectors let through besides the first that comes to mind, with a name for each."""
        found = {
            (one.label, text): None
            for selector in selectors
            for one in selector.matchers
            if one.label not in self.bound.binding.per
            for text in sampling.alternatives(one)[1:]
        }
        for label, text in found:
            yield f"with {label} {text}", {label: text}


def _told(case: Case, severity: str, *labels: Mapping[str, str]) -> Case:
    """Return a case that an alert of this severity tells of, once for each of the labels."""
    return replace(case, firing=frozenset({severity}), value=Decimal(1), labels=labels)


def _lets(selector: Selector, job: str) -> bool:
    return all(sampling.lets(one, job) for one in selector.matchers if one.label == JOB_LABEL)
