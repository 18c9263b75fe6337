"""A place that metrics come from, as the kind `missing` sees it: its targets, its metrics, and how they are read."""

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
"""The last parts of the names of the recording rules: metrics, and jobs that there are targets of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place.

    `metrics` are those that are missed, `up` not among them where the targets tell as much. `targets` selects the
    `up` of the targets, None where nobody can tell which these are; `up` is the same as PromQL. `only_up` says that
    `up` is all that is watched; `watches_up` that it is watched besides; `named` that the file names the targets;
    `single_job` that they and the metrics are of one job. These decide what is asked.
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
        """Whether there is no metric to miss but `up`, of targets that are known."""
        return not self.metrics

    @property
    def watches_up(self) -> bool:
        """Whether `up` is watched, so that every job matters that there is a target of."""
        return len(self.metrics) < len(self.watched)

    @property
    def named(self) -> bool:
        """Whether the file names the targets."""
        return self.binding.targets_named

    @property
    def single_target_job(self) -> bool:
        """Whether the targets are of one job."""
        return self.targets is not None and _job(self.targets) is not None

    @property
    def single_job(self) -> bool:
        """Whether targets and metrics are of one job."""
        return self.single_target_job and len({_job(one) for one in (self.targets, *self.metrics)}) == 1

    @property
    def judges_jobs(self) -> bool:
        """Whether it matters of each job if a target of it is up."""
        return not self.only_up and (self.named or not self.single_job)

    @property
    def compares_jobs(self) -> bool:
        """Whether it matters which job a metric comes from."""
        return self.targets is not None and not (self.only_up or self.named or self.single_job)

    def read(self, selector: Selector) -> str:
        """Return a metric as it is now: one that is scraped seldom is there for only part of the time, then its last.

        Engines forget a sample after five minutes (Prometheus, "staleness"); one scrape may fail.
        """
        remembered = self.binding.memory
        return str(selector) if remembered is None else f"last_over_time({selector}[{duration_text(remembered)}])"

    def label(self, metric: Selector) -> str:
        """Return how a metric is called: by its matchers too where several of one name are missed."""
        alike = [one for one in self.metrics if one.metric == metric.metric]
        if len(alike) == 1:
            return metric.metric
        names = [self._in_full(one) for one in alike]
        name = self._in_full(metric)
        return name if names.count(name) == 1 else f"{name} {alike.index(metric) + 1}"

    def _in_full(self, metric: Selector) -> str:
        """Return a metric with its own matchers in words: vmalert takes some signs in a recorded label for its own."""
        own = (one for one in metric.matchers if one not in self.binding.source)
        words = (f"{one.label} {_WORDS[one.operator]} {_SIGNS.sub('_', one.value)}" for one in own)
        return f"{metric.metric} ({' and '.join(words)})"

    def quoted_label(self, metric: Selector) -> str:
        """Return the same as `label_replace` reads it."""
        return json.dumps(self.label(metric).replace("$", "$$"), ensure_ascii=False)


def place(bound: BoundSignal) -> Place:
    """Return the place of a bound signal."""
    targets = None if bound.binding.targets is None else Selector(UP.metric, bound.binding.targets)
    others = tuple(one for one in bound.metrics if one.metric != UP.metric)
    metrics = bound.metrics if targets is None else others
    return Place(binding=bound.binding, watched=bound.metrics, metrics=metrics, targets=targets)


_WORDS: Final = {"=": "is", "!=": "is not", "=~": "is like", "!~": "is not like"}
_SIGNS: Final = re.compile(r"[=,\"\\{}\n\r\t]")


def _job(selector: Selector | None) -> Matcher | None:
    matchers = () if selector is None else selector.matchers
    return next((one for one in matchers if one.label == JOB_LABEL and one.operator == "="), None)
