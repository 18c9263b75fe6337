"""The place that metrics come from, for the kind `missing`: its targets, its metrics, and how rules read them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from compiler.conventions import JOB_LABEL
from compiler.promql import Matcher, Selector
from compiler.quantities import duration_text
from compiler.signals.bound import Binding, BoundSignal

UP: Final = Selector("up")
PRESENT, TARGETS = "present", "targets"
"""The last parts of the recording rules' names: for metrics, and for jobs that have targets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place that metrics come from.

    `watched` are all metrics of the binding. `metrics` are those that can be missing; `up` is not one of them if the
    targets are known. `targets` selects the `up` of the targets; None where these are not known. `up` is the same as
    PromQL.
    `only_up`: nothing but `up` is watched. `watches_up`: `up` is watched. `named`: the file names the targets.
    `single_job`: targets and metrics belong to one job. These properties decide which rules are built.
    """

    binding: Binding
    watched: tuple[Selector, ...]
    metrics: tuple[Selector, ...]
    targets: Selector | None

    @property
    def up(self) -> str | None:
        """The `up` of the targets as PromQL."""
        return None if self.targets is None else self.read(self.targets)

    @property
    def only_up(self) -> bool:
        """Whether the place watches no metric but the `up` of known targets."""
        return not self.metrics

    @property
    def watches_up(self) -> bool:
        """Whether `up` is watched, so that every job with a target matters."""
        return len(self.metrics) < len(self.watched)

    @property
    def named(self) -> bool:
        """Whether the file names the targets."""
        return self.binding.targets_named

    @property
    def single_target_job(self) -> bool:
        """Whether the targets belong to one job."""
        return self.targets is not None and _job(self.targets) is not None

    @property
    def single_job(self) -> bool:
        """Whether targets and metrics belong to one job."""
        return self.single_target_job and len({_job(selector) for selector in (self.targets, *self.metrics)}) == 1

    @property
    def judges_jobs(self) -> bool:
        """Whether the rules ask of each job by itself whether one of its targets is up."""
        return not self.only_up and (self.named or not self.single_job)

    @property
    def compares_jobs(self) -> bool:
        """Whether the rules must know which job a metric comes from."""
        return self.targets is not None and not (self.only_up or self.named or self.single_job)

    def read(self, selector: Selector) -> str:
        """Return PromQL for the current value of a metric; for one that is scraped seldom, its last sample.

        Engines forget a sample after five minutes (Prometheus, "staleness"), and one scrape may fail.
        """
        remembered = self.binding.memory
        return str(selector) if remembered is None else f"last_over_time({selector}[{duration_text(remembered)}])"

    def label(self, metric: Selector) -> str:
        """Return the name of a metric for people, with its matchers where several metrics share a name."""
        namesakes = [namesake for namesake in self.metrics if namesake.metric == metric.metric]
        if len(namesakes) == 1:
            return metric.metric
        names = [self._in_full(namesake) for namesake in namesakes]
        name = self._in_full(metric)
        return name if names.count(name) == 1 else f"{name} {namesakes.index(metric) + 1}"

    def _in_full(self, metric: Selector) -> str:
        """Return a metric with its own matchers in words: vmalert misreads some signs in the labels of a recording."""
        own = (matcher for matcher in metric.matchers if matcher not in self.binding.source)
        words = (f"{matcher.label} {_WORDS[matcher.operator]} {_SIGNS.sub('_', matcher.value)}" for matcher in own)
        return f"{metric.metric} ({' and '.join(words)})"

    def quoted_label(self, metric: Selector) -> str:
        """Return the result of `label` as `label_replace` needs it: quoted, with `$` doubled."""
        return json.dumps(self.label(metric).replace("$", "$$"), ensure_ascii=False)


def place(bound: BoundSignal) -> Place:
    """Return the place of a bound signal."""
    targets = None if bound.binding.targets is None else Selector(UP.metric, bound.binding.targets)
    others = tuple(metric for metric in bound.metrics if metric.metric != UP.metric)
    metrics = bound.metrics if targets is None else others
    return Place(binding=bound.binding, watched=bound.metrics, metrics=metrics, targets=targets)


_WORDS: Final = {"=": "is", "!=": "is not", "=~": "is like", "!~": "is not like"}
_SIGNS: Final = re.compile(r"[=,\"\\{}\n\r\t]")


def _job(selector: Selector | None) -> Matcher | None:
    matchers = () if selector is None else selector.matchers
    return next((matcher for matcher in matchers if matcher.label == JOB_LABEL and matcher.operator == "="), None)
