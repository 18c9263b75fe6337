"""Kind `missing`: metrics that are not there, for one place that a system's metrics come from.

`compiler.resolve.sources` binds it, nobody writes it. Without data no other alert can fire, so this is one of its own:
no target of a job is up, or a target is up and a metric of it is gone. `up` is what Prometheus itself records of each
scrape (Prometheus, "jobs and instances"). What has once been there is known from recording rules for a day:
`absent()` alone cannot tell a target that is gone from one that another Prometheus scrapes. `missing_courses` is the
neighbour that makes up series which prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Final

from compiler.conventions import JOB_LABEL, METRIC_GONE, METRIC_LABEL, MISSING_MEMORY, PART_LABEL, TARGET_DOWN
from compiler.promql import Selector, in_parts
from compiler.quantities import STATE, duration_text
from compiler.signals import missing_courses as courses
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import Kind, Rules, Series, Threshold, aggregate
from compiler.signals.missing_place import PRESENT, TARGETS, Place, place
from compiler.signals.phrases import Clause, listed, where
from compiler.signals.profile import Case, Example, Phase

_GONE, _DOWN = Decimal(1), Decimal(2)
_MEMORY: Final = f"[{duration_text(MISSING_MEMORY)}]"
_MOST_NAMED: Final = 4
"""Metrics in one sentence."""


class Missing(Kind):
    """One series a missing metric while a target is up; one a job of which no target is up.

    The inputs of the binding are the metrics, under any names; `per` are the dimensions that are told apart.
    """

    name = "missing"
    unit = STATE
    words: ClassVar[Mapping[str, Decimal]] = {METRIC_GONE: _GONE, TARGET_DOWN: _DOWN}
    bindable = False
    measures = False

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false."""
        return False

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return nothing: this is what sees to them."""
        return ()

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return recordings of the targets and metrics that are there, and who is told of those that are not.

        `targets` has the jobs that there are targets of. `present` is 1 where a metric is there, and 0 where it is not
        while a target is up.
        """
        one, words = place(bound), {limit.value: limit.severity for limit in limits}
        by = _Matching(one, name)
        records: dict[str, str | tuple[str, ...]] = {}
        if one.up is not None:
            # Where each job is judged by itself it matters whether a target is up, else only that there is one.
            records[TARGETS] = aggregate("max" if one.judges_jobs else "group", by.job, one.up)
        if _GONE in words or not (one.only_up or one.named):
            records[PRESENT] = in_parts([_present(one, by, metric) for metric in one.metrics])
        found = {}
        if _GONE in words:
            found[words[_GONE]] = _gone(one, by, parts=len(records[PRESENT]))
        if _DOWN in words:
            found[words[_DOWN]] = _down(one, by)
        return Rules(records=records, conditions=found)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return which metrics are gone, and whether a target is up meanwhile."""
        names = list(dict.fromkeys(f"`{one.metric}`" for one in bound.metrics))
        if len(names) > _MOST_NAMED:
            names[_MOST_NAMED - 1 :] = [f"{len(names) - _MOST_NAMED + 1} more metrics"]
        gone = f"{'one of ' if len(names) > 1 else ''}{listed(names)} is gone"
        targets = bound.binding.targets
        elsewhere = (f"targets where {where(targets)}",) if targets and targets != bound.binding.source else ()
        if limit.value == _DOWN:
            return Clause(text=f"no target is up and {gone}", details=elsewhere)
        return Clause(text=gone if targets is None else f"a target is up and {gone}", details=elsewhere)

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return which metric is gone, or of which job no target answers."""
        if limit.value == _GONE:
            return f"The metric {{{{ $labels.{METRIC_LABEL} }}}} is gone"
        state = "left" if place(bound).only_up else "up"
        return f"No target of the job {{{{ $labels.{JOB_LABEL} }}}} is {state}"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return which of the two it is."""
        if limit.value == _GONE:
            return "Metrics gone"
        return "No target is left" if place(bound).only_up else "No target is up"

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the metrics and the `up` of a target, each phase in a state of `missing_courses`."""
        return courses.series(bound, example)

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics and the targets."""
        one = place(bound)
        return one.watched if one.targets is None else (*one.watched, one.targets)

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return what may become of targets and metrics."""
        severities = {limit.value: limit.severity for limit in limits}
        return courses.cases(bound, steps, gone=severities.get(_GONE), down=severities.get(_DOWN))

    def first(self, bound: BoundSignal) -> int:
        """Return how long all is there at first, and for how long its end is not noticed."""
        return courses.beginning(bound)

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return a few minutes more: what is absent is so at once."""
        return courses.beginning(bound) + 2 * STEP_SECONDS

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return metrics that are there, elsewhere."""
        return Phase(value=courses.WELL, steps=1, exact=True)


class _Matching:
    """The recordings of a place, and by which labels they are aggregated and matched."""

    def __init__(self, one: Place, name: Callable[[str], str]) -> None:
        self.all: tuple[str, ...] = one.binding.per
        self.job, self.metric = (*self.all, JOB_LABEL), (*self.all, METRIC_LABEL)
        self.on_all, self.on_job = _on(self.all), _on(self.job)
        self.on_metric = _on(self.metric) if len(one.metrics) > 1 else self.on_all
        self.targets, self.present = name(TARGETS), name(PRESENT)
        self.known = f"last_over_time({self.targets}{_MEMORY})"
        self.seen = f"last_over_time({self.present}{_MEMORY})"


def _on(labels: tuple[str, ...]) -> str:
    return f"on ({', '.join(labels)})"


def _present(one: Place, by: _Matching, metric: Selector) -> str:
    """Return 1 where a metric is there, by the job that it comes from if that matters, else 0 if a target is up."""
    there = aggregate("group", by.job if one.compares_jobs else by.all, one.read(metric))
    if one.up is not None:
        there += f" or {by.on_all} {aggregate('group', by.all, f'{one.up} == 1')} - 1"
    return f'label_replace({there}, "{METRIC_LABEL}", {one.quoted_label(metric)}, "", "")'


def _gone(one: Place, by: _Matching, *, parts: int) -> str:
    """Return what is missing while a target is up or, where nothing is known of targets, has been there before."""
    if one.up is None:
        found = f"{by.seen} unless {by.on_metric} {by.present}"
    else:
        found = f"{by.present} == 0 or {by.seen} == 1 unless {by.on_metric} {by.present} unless {by.on_all} {by.known}"
    return found if parts == 1 else f"max without ({PART_LABEL}) ({found})"


def _down(one: Place, by: _Matching) -> str:
    """Return the jobs without a target that is up, as far as they matter to the metrics.

    Where the file names the targets, all of them do; where `up` is all that is watched, another alert tells of targets
    that are down. Else those that metrics came from and come from no more; and any where no metric is left and no
    target is up, which is all that can be said where there is one job.
    """
    on_job = by.on_all if one.single_target_job else by.on_job
    if one.only_up:
        return f"{by.known} unless {on_job} {by.targets}"
    silent = f"{by.known} unless {by.on_all} {by.present}"
    down = f"{by.known} unless {on_job} {by.targets} == 1"
    if one.named:
        return aggregate("group", by.job, down)
    if one.single_job:
        return silent
    delivered = f"{down} and {by.on_job} {by.seen} == 1 unless {by.on_job} {by.present} == 1"
    found = f"{delivered} or {silent}"
    if one.watches_up:
        found += f" or {by.known} unless {by.on_job} {by.targets}"
    return aggregate("group", by.job, found)


KIND = Missing()
