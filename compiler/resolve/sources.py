"""Resolve: the sources of a system's metrics, each of which can stop delivering.

A source, or place, is a set of selecting matchers. Without data no alert fires, so each source has its own alert on
missing metrics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from compiler import conventions
from compiler.diagnostics import Span
from compiler.model import Limit
from compiler.promql import Matcher, Selector
from compiler.resolve.limits import Written
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal
from compiler.signals.missing_place import UP


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A source of metrics, named by the label values that select them."""

    name: str
    binding: Binding


def sources(signals: Iterable[BoundSignal], dimensions: tuple[str, ...]) -> tuple[Source, ...]:
    """Return the sources, sorted by name, of the metrics that exist as long as all is well.

    The alert reports missing metrics for each value of the `dimensions`.
    """
    places: dict[tuple[tuple[Matcher, ...], tuple[Matcher, ...] | None], list[BoundSignal]] = {}
    for bound in signals:
        if not bound.binding.missing_is_fine and kinds()[bound.signal.kind].steady(bound):
            places.setdefault((bound.binding.source, bound.binding.targets), []).append(bound)
    return tuple(
        sorted(
            _with_unique_names([_source(signals_of_place, dimensions) for signals_of_place in places.values()]),
            key=lambda source: source.name,
        )
    )


def usual_tiers(span: Span) -> tuple[Written, ...]:
    """Return the limits on missing metrics that apply if neither the system nor the house sets any."""
    limits = conventions.MISSING_LIMITS.items()
    return tuple(Written(severity=severity, value=text, span=span, default=True) for severity, text in limits)


def serves(source: Source, limit: Limit) -> bool:
    """Return whether a limit applies to a source.

    The limit on targets applies if the targets are known. The other limits apply if the targets are unknown, or if
    there are metrics besides `up`.
    """
    if limit.text == conventions.TARGET_DOWN:
        return source.binding.targets is not None
    return source.binding.targets is None or not _only_up(source.binding)


def _source(signals: Sequence[BoundSignal], dimensions: tuple[str, ...]) -> Source:
    """Return the source of signals with the same matchers."""
    first = signals[0].binding
    metrics = {metric: None for bound in signals for metric in kinds()[bound.signal.kind].steady(bound)}
    metric_by_series = {
        (metric.metric, frozenset(metric.matchers)): metric for metric in sorted(metrics, key=str, reverse=True)
    }
    inputs = {f"{number:03}": metric for number, metric in enumerate(sorted(metric_by_series.values(), key=str))}
    name = "/".join(_NOT_IN_NAMES.sub("_", matcher.value) for matcher in first.source) or _EVERYWHERE
    binding = Binding(
        inputs=dict(inputs),
        per=dimensions,
        dimensions=dimensions,
        window=conventions.DEFAULT_WINDOW,
        scrape_interval=max(bound.binding.scrape_interval for bound in signals),
        source=first.source,
        targets=first.targets,
        targets_named=any(bound.binding.targets_named for bound in signals),
    )
    return Source(name=name, binding=binding)


def _only_up(binding: Binding) -> bool:
    return all(isinstance(metric, Selector) and metric.metric == UP.metric for metric in binding.inputs.values())


_EVERYWHERE: Final = "everywhere"
"""The name of the source whose metrics no matcher selects."""
_NOT_IN_NAMES: Final = re.compile(r"[{}\n\r\t]")


def _with_unique_names(sources_: Sequence[Source]) -> list[Source]:
    """Return the sources with unique names; sources with the same label values are named by their full matchers."""
    names = [source.name for source in sources_]
    renamed = []
    for number, source in enumerate(sources_):
        full_name = ",".join(_NOT_IN_NAMES.sub("_", str(matcher)) for matcher in source.binding.source)
        name = source.name if names.count(source.name) == 1 else f"{full_name} {number + 1}".strip()
        renamed.append(Source(name=name, binding=source.binding))
    return renamed
