"""Kind `missing`: metrics that are absent, for one place that a system's metrics come from.

`compiler.resolve.sources` binds this kind; users do not write it. Without data no other alert can fire, so this kind
has alerts of its own: no target of a job is up, or a target is up and one of its metrics is gone. Prometheus itself
records `up` for each scrape (Prometheus, "jobs and instances"). Recording rules remember for a day what was there:
`absent()` alone cannot tell a target that is gone from one that another Prometheus scrapes. `missing_courses` builds
the series of the rule tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Final

from compiler.conventions import JOB_LABEL, METRIC_GONE, METRIC_LABEL, MISSING_MEMORY, PART_LABEL, TARGET_DOWN
from compiler.promql import Selector, in_parts
from compiler.quantities import STATE, duration_text
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import Kind, Rules, Series, Threshold, aggregate
from compiler.signals.missing_place import PRESENT, TARGETS, Place, place
from compiler.signals.phrases import Clause, listed, where
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.samples import missing_courses as courses

_GONE, _DOWN = Decimal(1), Decimal(2)
_MEMORY: Final = f"[{duration_text(MISSING_MEMORY)}]"
_MOST_NAMED: Final = 4
"""How many metrics one sentence names."""


class Missing(Kind):
    """One series per metric that is missing while a target is up, and one per job that has no target up.

    The inputs of the binding are the metrics; the inputs' names do not matter. `per` holds the dimensions.
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
        """Return nothing: this kind itself watches for missing metrics."""
        return ()

    def rules(
        self, bound: BoundSignal, limits: Sequence[Threshold], *, record: bool, name: Callable[[str], str]
    ) -> Rules:
        """Return recordings of the targets and metrics that exist, and a condition for those that do not.

        `targets` has a series for each job that has targets. `present` is 1 where a metric exists, and 0 where it does
        not although a target is up.
        """
        source, words = place(bound), {limit.value: limit.severity for limit in limits}
        matching = _Matching(source, name)
        records: dict[str, str | tuple[str, ...]] = {}
        if source.up is not None:
            # If the rules judge each job by itself, they need to know whether a target is up; else, whether one exists.
            records[TARGETS] = aggregate("max" if source.judges_jobs else "group", matching.job, source.up)
        if _GONE in words or not (source.only_up or source.named):
            records[PRESENT] = in_parts([_present(source, matching, metric) for metric in source.metrics])
        conditions = {}
        if _GONE in words:
            conditions[words[_GONE]] = _gone(source, matching, parts=len(records[PRESENT]))
        if _DOWN in words:
            conditions[words[_DOWN]] = _down(source, matching)
        return Rules(records=records, conditions=conditions)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return which metrics are gone, and whether a target is up at the same time."""
        names = list(dict.fromkeys(f"`{metric.metric}`" for metric in bound.metrics))
        if len(names) > _MOST_NAMED:
            names[_MOST_NAMED - 1 :] = [f"{len(names) - _MOST_NAMED + 1} more metrics"]
        gone = f"{'one of ' if len(names) > 1 else ''}{listed(names)} is gone"
        targets = bound.binding.targets
        elsewhere = (f"targets where {where(targets)}",) if targets and targets != bound.binding.source else ()
        if limit.value == _DOWN:
            return Clause(text=f"no target is up and {gone}", details=elsewhere)
        return Clause(text=gone if targets is None else f"a target is up and {gone}", details=elsewhere)

    def sentence(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return which metric is gone, or which job has no target up."""
        if limit.value == _GONE:
            return f"The metric {{{{ $labels.{METRIC_LABEL} }}}} is gone"
        state = "left" if place(bound).only_up else "up"
        return f"No target of the job {{{{ $labels.{JOB_LABEL} }}}} is {state}"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return whether metrics are gone, or no target is up."""
        if limit.value == _GONE:
            return "Metrics gone"
        return "No target is left" if place(bound).only_up else "No target is up"

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the metrics and the `up` of targets; each phase has a state of `missing_courses`."""
        return courses.series(bound, example)

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics and the targets."""
        source = place(bound)
        return source.watched if source.targets is None else (*source.watched, source.targets)

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return cases of targets and metrics that stay, end or never existed."""
        severities = {limit.value: limit.severity for limit in limits}
        return courses.cases(bound, steps, gone=severities.get(_GONE), down=severities.get(_DOWN))

    def first(self, bound: BoundSignal) -> int:
        """Return the seconds for which everything exists at the beginning, plus those until its end shows."""
        return courses.beginning(bound)

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return two minutes more than `first`: an absence shows at once."""
        return courses.beginning(bound) + 2 * STEP_SECONDS

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return metrics that exist, for another place."""
        return Phase(value=courses.WELL, steps=1, exact=True)


class _Matching:
    """The recordings of a place, and the labels by which they are aggregated and matched."""

    def __init__(self, source: Place, name: Callable[[str], str]) -> None:
        self.all: tuple[str, ...] = source.binding.per
        self.job, self.metric = (*self.all, JOB_LABEL), (*self.all, METRIC_LABEL)
        self.on_all, self.on_job = _on(self.all), _on(self.job)
        self.on_metric = _on(self.metric) if len(source.metrics) > 1 else self.on_all
        self.targets, self.present = name(TARGETS), name(PRESENT)
        self.known = f"last_over_time({self.targets}{_MEMORY})"
        self.seen = f"last_over_time({self.present}{_MEMORY})"


def _on(labels: tuple[str, ...]) -> str:
    return f"on ({', '.join(labels)})"


def _present(source: Place, matching: _Matching, metric: Selector) -> str:
    """Return PromQL that is 1 where a metric exists (for each job if jobs matter), else 0 where a target is up."""
    present = aggregate("group", matching.job if source.compares_jobs else matching.all, source.read(metric))
    if source.up is not None:
        present += f" or {matching.on_all} {aggregate('group', matching.all, f'{source.up} == 1')} - 1"
    return f'label_replace({present}, "{METRIC_LABEL}", {source.quoted_label(metric)}, "", "")'


def _gone(source: Place, matching: _Matching, *, parts: int) -> str:
    """Return PromQL for metrics missing while a target is up; if targets are unknown, for those that existed before."""
    if source.up is None:
        missing = f"{matching.seen} unless {matching.on_metric} {matching.present}"
    else:
        missing = (
            f"{matching.present} == 0 or {matching.seen} == 1 unless {matching.on_metric} {matching.present}"
            f" unless {matching.on_all} {matching.known}"
        )
    return missing if parts == 1 else f"max without ({PART_LABEL}) ({missing})"


def _down(source: Place, matching: _Matching) -> str:
    """Return PromQL for jobs without a target that is up, as far as these jobs matter to the metrics.

    Where the file names the targets, all their jobs matter. Where only `up` is watched, only jobs whose targets are
    gone are returned: another alert reports targets that are down. Else a job matters if its metrics existed and no
    longer do. If no metric is left and no target is up, every job matters; this is the only rule for a single job.
    """
    on_job = matching.on_all if source.single_target_job else matching.on_job
    if source.only_up:
        return f"{matching.known} unless {on_job} {matching.targets}"
    silent = f"{matching.known} unless {matching.on_all} {matching.present}"
    down = f"{matching.known} unless {on_job} {matching.targets} == 1"
    if source.named:
        return aggregate("group", matching.job, down)
    if source.single_job:
        return silent
    delivered = f"{down} and {matching.on_job} {matching.seen} == 1 unless {matching.on_job} {matching.present} == 1"
    down_jobs = f"{delivered} or {silent}"
    if source.watches_up:
        down_jobs += f" or {matching.known} unless {matching.on_job} {matching.targets}"
    return aggregate("group", matching.job, down_jobs)


KIND = Missing()
