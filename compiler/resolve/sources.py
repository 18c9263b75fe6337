"""Resolve: the places that a system's metrics come from, each of which can go silent.

A place is what the metrics are selected by. Without data no alert fires, so each place has an alert of its own on that.
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
    """A place, by the values that select its metrics."""

    name: str
    binding: Binding


def sources(signals: Iterable[BoundSignal], dimensions: tuple[str, ...]) -> tuple[Source, ...]:
    """Return the places, sorted by name, of the metrics that are there as long as all is well.

    Metrics that are gone are told for each value of the `dimensions`.
    """
    places: dict[tuple[tuple[Matcher, ...], tuple[Matcher, ...] | None], list[BoundSignal]] = {}
    for bound in signals:
        if not bound.binding.missing_is_fine and kinds()[bound.signal.kind].steady(bound):
            places.setdefault((bound.binding.source, bound.binding.targets), []).append(bound)
    return tuple(
        sorted(_apart([_source(found, dimensions) for found in places.values()]), key=lambda source: source.name)
    )


def usual_tiers(span: Span) -> tuple[Written, ...]:
    """Return the limits that hold where neither the system nor the house names any."""
    given = conventions.MISSING_LIMITS.items()
    return tuple(Written(severity=severity, value=text, span=span, default=True) for severity, text in given)


def serves(source: Source, limit: Limit) -> bool:
    """Return whether a limit means anything to a place: of targets nothing may be known, and nothing else be wanted."""
    if limit.text == conventions.TARGET_DOWN:
        return source.binding.targets is not None
    return source.binding.targets is None or not _only_up(source.binding)


def _source(signals: Sequence[BoundSignal], dimensions: tuple[str, ...]) -> Source:
    """Return the place of signals that are selected alike."""
    first = signals[0].binding
    metrics = {one: None for bound in signals for one in kinds()[bound.signal.kind].steady(bound)}
    apart = {(one.metric, frozenset(one.matchers)): one for one in sorted(metrics, key=str, reverse=True)}
    inputs = {f"{number:03}": one for number, one in enumerate(sorted(apart.values(), key=str))}
    name = "/".join(_ODD.sub("_", one.value) for one in first.source) or _EVERYWHERE
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
    return all(isinstance(one, Selector) and one.metric == UP.metric for one in binding.inputs.values())


_EVERYWHERE: Final = "everywhere"
"""The name of the place of metrics that are selected by nothing."""
_ODD: Final = re.compile(r"[{}\n\r\t]")


def _apart(found: Sequence[Source]) -> list[Source]:
    """Return the places with names that differ: by their matchers in full where the values are the same."""
    names = [one.name for one in found]
    clear = []
    for number, one in enumerate(found):
        full = ",".join(_ODD.sub("_", str(matcher)) for matcher in one.binding.source)
        name = one.name if names.count(one.name) == 1 else f"{full} {number + 1}".strip()
        clear.append(Source(name=name, binding=one.binding))
    return clear
