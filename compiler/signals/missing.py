"""Kind `missing`: metrics that are not there, for one place that a system's metrics come from.

`compiler.resolve.sources` binds it, nobody writes it. Without data no other alert can fire, so this is one of its own:
either no target is up, or a target is up and a metric of it is gone. `up` is what Prometheus itself records of each
scrape (Prometheus, "jobs and instances").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Final

from compiler.conventions import METRIC_GONE, METRIC_LABEL, TARGET_DOWN
from compiler.promql import Selector
from compiler.quantities import STATE
from compiler.signals import sampling
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import Kind, Rules, Series, Threshold
from compiler.signals.phrases import Clause, listed, where
from compiler.signals.profile import Case, Example, Phase

UP: Final = Selector("up")
_GONE, _DOWN = Decimal(1), Decimal(2)
_ONE: Final = Decimal("0.001")
_MOST_NAMED: Final = 4
"""Metrics in one sentence."""


class Missing(Kind):
    """One series a missing metric while a target is up; one without that label when none is.

    The inputs of the binding are the metrics, under any names.
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
        """Return a recording of what is missing, and who is told of what."""
        absent = " or ".join(
            f'label_replace(absent({metric}), "{METRIC_LABEL}", "{metric.metric}", "", "")' for metric in bound.metrics
        )
        targets = targets_of(bound)
        conditions = {one.severity: _condition(name("absent"), one.value, targets) for one in limits}
        return Rules(records={"absent": f"group by ({METRIC_LABEL}) ({absent})"}, conditions=conditions)

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
        """Return which metric is gone, or that no target answers."""
        if limit.value == _DOWN:
            return "No target is up and metrics are missing"
        return f"The metric {{{{ $labels.{METRIC_LABEL} }}}} is gone"

    def headline(self, bound: BoundSignal, limit: Threshold) -> str:
        """Return which of the two it is."""
        return "No target is up" if limit.value == _DOWN else "Metrics gone"

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return all metrics and a target that is up; at 1 the target alone, at 2 one that is down.

        Between 1 and 2 one metric is gone: the first at 1.001, the second at 1.002.
        Where the phase is hollow, the target is down although all metrics are there, as if somebody pushed them.
        """
        (phase,) = example.phases
        there = _there(bound, phase.value or Decimal(0))
        found = [sampling.series(one, bound, example, f"1x{phase.steps - 1}") for one in there]
        targets = targets_of(bound)
        if targets is not None:
            up = "0" if phase.value == _DOWN or phase.hollow else "1"
            found.append(sampling.series(targets, bound, example, f"{up}x{phase.steps - 1}"))
        return tuple(dict.fromkeys(found))

    def selectors(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the metrics and the targets."""
        targets = targets_of(bound)
        return bound.metrics if targets is None else (*bound.metrics, targets)

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return all there, with a target and without; all metrics gone, or one of several; and the target down."""
        severities = {limit.value: limit.severity for limit in limits}
        pushed = Example(phases=(Phase(value=Decimal(0), steps=steps, hollow=True),))
        found = [Case(name="all there", example=_course(Decimal(0), steps)), Case(name="pushed", example=pushed)]
        if _GONE in severities:
            metrics = dict.fromkeys(metric.metric for metric in bound.metrics)
            found.append(
                Case(
                    name="metrics gone",
                    example=_course(_GONE, steps),
                    firing=frozenset({severities[_GONE]}),
                    value=Decimal(1),
                    labels=tuple({METRIC_LABEL: name} for name in metrics),
                )
            )
            found += [
                Case(
                    name=f"{metric.metric} {number} gone",
                    example=_course(_GONE + _ONE * number, steps),
                    firing=frozenset({severities[_GONE]}),
                    value=Decimal(1),
                    labels=({METRIC_LABEL: metric.metric},),
                )
                for number, metric in enumerate(bound.metrics, 1)
                if [one.metric for one in bound.metrics].count(metric.metric) > 1
            ]
        if _DOWN in severities:
            down = frozenset({severities[_DOWN]})
            found.append(Case(name="target down", example=_course(_DOWN, steps), firing=down, value=Decimal(1)))
        return tuple(found)

    def first(self, bound: BoundSignal) -> int:
        """Return 0."""
        return 0

    def settled(self, bound: BoundSignal) -> int:
        """Return a few minutes: what is absent is so at once."""
        return 2 * STEP_SECONDS

    def loud(self, bound: BoundSignal) -> Phase:
        """Return metrics that are there, elsewhere."""
        return Phase(value=Decimal(0), steps=1)


def _there(bound: BoundSignal, value: Decimal) -> tuple[Selector, ...]:
    """Return the metrics that are there."""
    if value % 1 == 0:
        return () if value else bound.metrics
    gone = bound.metrics[int(value % 1 / _ONE) - 1]
    return tuple(one for one in bound.metrics if one != gone)


def targets_of(bound: BoundSignal) -> Selector | None:
    """Return the `up` of the targets that the metrics come from; None where nobody can tell which these are."""
    return None if bound.binding.targets is None else Selector(UP.metric, bound.binding.targets)


def _condition(missing: str, value: Decimal, targets: Selector | None) -> str:
    if targets is None:
        return missing
    none_up = f"absent({targets} == 1)"
    return f"{missing} unless on () {none_up}" if value == _GONE else f"group({missing}) and on () {none_up}"


def _course(value: Decimal, steps: int) -> Example:
    return Example(phases=(Phase(value=value, steps=steps),))


KIND = Missing()
