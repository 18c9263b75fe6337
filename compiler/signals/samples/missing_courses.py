"""The cases of `missing`: what happens to the targets and metrics of a place, as series, and which alerts fire.

The value of a phase is a state: which metrics exist, and what `up` says. Most cases begin with a time in which all is
well, because metrics that never existed are not missing: another Prometheus may scrape them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from compiler.conventions import JOB_LABEL, METRIC_LABEL
from compiler.promql import Selector
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series
from compiler.signals.missing_place import PRESENT, TARGETS, Place, place
from compiler.signals.profile import Case, Elsewhere, Example, Phase
from compiler.signals.samples import sampling

WELL, NO_METRIC, DOWN, NOTHING, PUSHED, PUSHED_BESIDE = (Decimal(number) for number in range(6))
"""In this order: everything exists; a target is up without metrics; a target is down; nothing exists; metrics without
a target; metrics beside a target that is down. A fraction names the one metric that is gone: 1.00002 is all but the
second."""
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
    """Return the seconds until the end of a series shows; engines differ by one evaluation."""
    remembered = bound.binding.memory
    first = _FIRST_STEPS * bound.binding.step
    return first if remembered is None else first - bound.binding.step + remembered


def series(bound: BoundSignal, example: Example) -> tuple[Series, ...]:
    """Return the metrics and the `up` of targets during an example.

    Two instances have the metrics and a third is always down, unless a phase is `exact`. Where the job is both in
    `preferred` and in `extra`, the example has only the metrics that can come from that job. In phases with
    `zero_denominator` the targets are down although all metrics exist, as if somebody pushed them.
    """
    source, states = place(bound), [_state(bound, phase) for phase in example.phases]
    instances = [example]
    if not any(phase.exact for phase in example.phases) and not _mentions(bound, source, _INSTANCE):
        instances = [replace(example, extra={**example.extra, _INSTANCE: name}) for name in "abc"]
    all_series = []
    for number, metric in enumerate(source.metrics, 1):
        course = [("1" if _has_metric(state, number) else None, steps) for state, steps in states]
        all_series += [_series(metric, bound, instance, course) for instance in instances[:2]]
    if source.targets is not None:
        up = [(_UP[state // 1], steps) for state, steps in states]
        down = [(None if value is None else "0", steps) for value, steps in up]
        all_series += [_series(source.targets, bound, instance, up) for instance in instances[:2]]
        all_series += [_series(source.targets, bound, instance, down) for instance in instances[2:]]
    return tuple(dict.fromkeys(metric_series for metric_series in all_series if metric_series is not None))


def _mentions(bound: BoundSignal, source: Place, label: str) -> bool:
    selectors = source.metrics if source.targets is None else (source.targets, *source.metrics)
    return label in bound.binding.per or any(
        matcher.label == label for selector in selectors for matcher in selector.matchers
    )


def _state(bound: BoundSignal, phase: Phase) -> tuple[Decimal, int]:
    pushed = phase.zero_denominator and not bound.binding.targets_named
    return (PUSHED_BESIDE if pushed else phase.value or WELL), phase.steps


def _has_metric(state: Decimal, number: int) -> bool:
    missing_number = int(state % 1 / _PART)
    return missing_number != number if missing_number else state in _DELIVERING


def _series(
    selector: Selector, bound: BoundSignal, example: Example, course: list[tuple[str | None, int]]
) -> Series | None:
    """Return one series, marked stale where its values end; None where it has no values or is another job's."""
    if all(value is None for value, _ in course):
        return None
    tokens, previous = [], None
    for value, steps in course:
        if value is not None:
            tokens.append(f"{value}x{steps - 1}")
        elif previous is not None:
            tokens.append("stale" if steps == 1 else f"stale _x{steps - 1}")
        else:
            tokens.append(f"_x{steps}")
        previous = value
    new_series = sampling.series(selector, bound, example, " ".join(tokens))
    job = example.preferred.get(JOB_LABEL)
    strict = job is not None and job == example.extra.get(JOB_LABEL)
    return None if strict and dict(new_series.labels)[JOB_LABEL] != job else new_series


def cases(bound: BoundSignal, steps: int, *, gone: str | None, down: str | None) -> tuple[Case, ...]:
    """Return the cases, each of `steps` samples; `gone` and `down` are the severities of the two kinds of trouble."""
    return tuple(_Cases(bound=bound, place=place(bound), steps=steps, gone=gone, down=down).all())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cases:
    bound: BoundSignal
    place: Place
    steps: int
    gone: str | None
    down: str | None

    def all(self) -> Iterator[Case]:
        """Yield all cases."""
        yield from self._without_trouble()
        if self.gone is not None:
            yield from self._without_metrics(self.gone)
        if self.down is not None:
            yield from self._without_targets(self.down)
            yield from self._one_job_of_two(self.down)

    def _without_trouble(self) -> Iterator[Case]:
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
        names = [metric.metric for metric in self.place.metrics]
        # The first of several metrics, and each metric that shares its name with another.
        single_numbers = [
            number for number in numbers if number == 1 < len(names) or names.count(names[number - 1]) > 1
        ]
        yield self._vanished_metric_case("pushed metrics gone", severity, numbers, PUSHED, NOTHING, several=True)
        for number in single_numbers[:1]:
            yield self._vanished_metric_case(
                "a pushed metric gone", severity, [number], PUSHED, PUSHED + _PART * number
            )
        if self.place.targets is None:
            return
        yield self._metric_case("metrics gone", severity, numbers, WELL, NO_METRIC, several=True)
        yield self._metric_case("metrics never there", severity, numbers, NO_METRIC)
        for number in single_numbers:
            yield self._metric_case(f"metric {number} gone", severity, [number], WELL, NO_METRIC + _PART * number)
        for name, preferred in self._alternatives(self.place.targets):
            case = self._case(f"metrics gone {name}", WELL, NO_METRIC, preferred=preferred)
            yield self._firing_for_metrics(case, severity, numbers)

    def _without_targets(self, severity: str) -> Iterator[Case]:
        yield self._target_case("target gone", severity, WELL, NOTHING, several=True)
        if self.place.only_up:
            yield self._case("target down", WELL, DOWN)
        else:
            yield self._target_case("target down", severity, WELL, DOWN, several=True)
            yield self._target_case("target never up", severity, DOWN)
        for name, preferred in self._alternatives(*() if self.place.targets is None else (self.place.targets,)):
            case = self._case(f"target gone {name}", WELL, NOTHING, preferred=preferred)
            yield _firing(case, severity, {JOB_LABEL: self._job(case.example)})

    def _one_job_of_two(self, severity: str) -> Iterator[Case]:
        """Yield cases in which one job of two ends: a job whose metrics are watched, or one whose metrics are not."""
        job = self._other_job()
        if job is None:
            return
        delivers = any(_accepts_job(metric, job) for metric in self.place.metrics)
        for name, state in (("gone", NOTHING), ("down", DOWN)):
            fires = self.place.named or (name == "gone" and (self.place.only_up or self.place.watches_up))
            bystander_case = self._case(f"bystander {name}", WELL, beside=(job, NO_METRIC, state))
            yield _firing(bystander_case, severity, {JOB_LABEL: job}) if fires else bystander_case
            if delivers:
                watched_case = self._case(f"one job of two {name}", WELL, beside=(job, WELL, state))
                yield _firing(watched_case, severity, {JOB_LABEL: job})
        if delivers:
            yield self._case("metrics of one job of two gone", WELL, beside=(job, WELL, NO_METRIC))

    def _target_case(self, name: str, severity: str, *states: Decimal, several: bool = False) -> Case:
        case = self._case(name, *states, several=several)
        return _firing(case, severity, {JOB_LABEL: self._job(case.example)})

    def _metric_case(
        self, name: str, severity: str, numbers: Iterable[int], *states: Decimal, several: bool = False
    ) -> Case:
        return self._firing_for_metrics(self._case(name, *states, several=several), severity, numbers)

    def _firing_for_metrics(self, case: Case, severity: str, numbers: Iterable[int]) -> Case:
        """Return a case of metrics, given by number, that are missing while a target is up."""
        names = (self.place.label(self.place.metrics[number - 1]) for number in numbers)
        return replace(_firing(case, severity, *({METRIC_LABEL: name} for name in names)), value=Decimal(0))

    def _vanished_metric_case(
        self, name: str, severity: str, numbers: Iterable[int], *states: Decimal, several: bool = False
    ) -> Case:
        """Return a case of metrics that existed before; each alert names the job that its metric came from."""
        case = self._case(name, *states, several=several)
        labels = []
        for number in numbers:
            metric = self.place.metrics[number - 1]
            job = {JOB_LABEL: self._job(case.example, metric)} if self.place.compares_jobs else {}
            labels.append({METRIC_LABEL: self.place.label(metric)} | job)
        return _firing(case, severity, *labels)

    def _case(
        self,
        name: str,
        *states: Decimal,
        several: bool = False,
        preferred: Mapping[str, str] = _NOTHING,
        beside: tuple[str, Decimal, Decimal] | None = None,
    ) -> Case:
        """Return a case that fires no alert, with `several` instances; `beside` is another job with its own states."""
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
        """Return a phase per state in sequence: each lasts `_FIRST_STEPS`, and the last until the end."""
        before = [Phase(value=state, steps=_FIRST_STEPS, exact=not several) for state in states[:-1]]
        steps = self.steps - _FIRST_STEPS * len(before)
        return (*before, Phase(value=states[-1], steps=steps, exact=not several))

    def _elsewhere(self, example: Example) -> Iterator[Elsewhere]:
        """Yield what other places record at the same time: the same job and metric, both present and missing."""
        job = {JOB_LABEL: self._job(example)}
        for metric in self.place.metrics[:1]:
            name = {METRIC_LABEL: self.place.label(metric)}
            yield Elsewhere(record=PRESENT, labels=name, value=Decimal(0))
            yield Elsewhere(record=PRESENT, labels=job | name, value=Decimal(1))
        yield Elsewhere(record=TARGETS, labels=job, value=Decimal(1))

    def _job(self, example: Example, selector: Selector | None = None) -> str:
        """Return the job of the series that an example has for `selector`, by default for its targets."""
        target = selector or self.place.targets
        if target is None:
            return example.extra[JOB_LABEL]
        return dict(sampling.series(target, self.bound, example, "").labels)[JOB_LABEL]

    def _other_job(self) -> str | None:
        """Return another job that the matchers of the targets allow; None where they leave no choice."""
        if self.place.targets is None:
            return None
        matchers = [matcher for matcher in self.place.targets.matchers if matcher.label == JOB_LABEL]
        examples = (text for matcher in matchers for text in sampling.alternatives(matcher))
        first_job = self._job(Example(phases=(), extra={JOB_LABEL: _JOBS[0]}))
        return next(
            (job for job in (*_JOBS, *examples) if job != first_job and _accepts_job(self.place.targets, job)), None
        )

    def _alternatives(self, *selectors: Selector) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield labels that selectors accept besides the first alternative, with a name for each."""
        preferences = {
            (matcher.label, text): None
            for selector in selectors
            for matcher in selector.matchers
            if matcher.label not in self.bound.binding.per
            for text in sampling.alternatives(matcher)[1:]
        }
        for label, text in preferences:
            yield f"with {label} {text}", {label: text}


def _firing(case: Case, severity: str, *labels: Mapping[str, str]) -> Case:
    """Return a case in which an alert of this severity fires once for each of `labels`."""
    return replace(case, firing=frozenset({severity}), value=Decimal(1), labels=labels)


def _accepts_job(selector: Selector, job: str) -> bool:
    return all(sampling.accepts(matcher, job) for matcher in selector.matchers if matcher.label == JOB_LABEL)
