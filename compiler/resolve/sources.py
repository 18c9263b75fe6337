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
from compiler.signals.missing import UP


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A place, by the values that select its metrics."""

    name: str
    binding: Binding


def sources(signals: Iterable[BoundSignal]) -> tuple[Source, ...]:
    """Return the places, sorted by name, of the metrics that are there as long as all is well."""
    steady: dict[tuple[tuple[Matcher, ...], tuple[Matcher, ...] | None], dict[Selector, None]] = {}
    for bound in signals:
        if not bound.binding.missing_is_fine:
            of_place = steady.setdefault((bound.binding.source, bound.binding.targets), {})
            of_place.update(dict.fromkeys(kinds()[bound.signal.kind].steady(bound)))
    found = [_source(matchers, targets, tuple(metrics)) for (matchers, targets), metrics in steady.items() if metrics]
    return tuple(sorted(_apart(found), key=lambda source: source.name))


def usual_tiers(span: Span) -> tuple[Written, ...]:
    """Return the limits that hold where neither the system nor the house names any."""
    given = conventions.MISSING_LIMITS.items()
    return tuple(Written(severity=severity, value=text, span=span, default=True) for severity, text in given)


def serves(source: Source, limit: Limit) -> bool:
    """Return whether a limit means anything to a place: of targets nothing may be known, and nothing else be wanted."""
    if limit.text == conventions.TARGET_DOWN:
        return source.binding.targets is not None
    return source.binding.targets is None or not _only_up(source.binding)


def _source(matchers: tuple[Matcher, ...], targets: tuple[Matcher, ...] | None, metrics: Sequence[Selector]) -> Source:
    """Return a place; `up` is left out where the other metrics tell as much."""
    others = [one for one in metrics if one.metric != UP.metric]
    wanted = sorted(others if others and targets is not None else metrics, key=str)
    inputs = {f"{number:03}": one for number, one in enumerate(wanted)}
    name = "/".join(_ODD.sub("_", one.value) for one in matchers) or _EVERYWHERE
    binding = Binding(inputs=dict(inputs), window=conventions.DEFAULT_WINDOW, source=matchers, targets=targets)
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
