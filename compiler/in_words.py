"""Lower: say in one sentence of plain English when an alert fires, as its rule has it.

`compiler.wording` puts the sentence into the description. Each kind of signal words its own condition
(`Kind.in_words`). This module adds the parts that all kinds share: the severity, the hold, the component, the selected
series, the minimum traffic, and when the alert ends. The sentence uses nothing from the runbook, so that a person can
see where the rule differs from the runbook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.model import Limit, System, WatchedSignal
from compiler.promql import Matcher, Selector
from compiler.quantities import Rate
from compiler.signals import kinds
from compiler.signals.bound import BoundSignal
from compiler.signals.phrases import IS, Clause, a_period, amount, listed, span, where


def in_words(system: System, watched: WatchedSignal, limit: Limit) -> str:
    """Return the sentence of one severity: `Critical when more than 5 % of the requests are errors …`.

    It holds no braces that Prometheus would take for a template, and no colon followed by a space: newer Alertmanagers
    read that as YAML in PagerDuty's `details`.
    """
    bound = watched.bound
    clause = kinds()[bound.signal.kind].in_words(bound, limit)
    condition = f"{limit.severity.capitalize()} {'when' if limit.for_seconds else 'as soon as'} {clause.text}"
    parts = [condition + _details(bound, clause) + _hold(clause, limit), *_places(system, watched, clause)]
    sentence = "; ".join([", ".join(parts), *_afterwards(clause, limit), *_floor(watched, clause)])
    return f"{_harmless(sentence)}."


def _details(bound: BoundSignal, clause: Clause) -> str:
    details = [*_inputs(bound), *clause.details]
    return f" ({', '.join(details)})" if details else ""


def _hold(clause: Clause, limit: Limit) -> str:
    if not limit.for_seconds:
        return ""
    # Without a comma, a reader would take two successive times for one.
    return f"{',' if not clause.details and _TIME.search(clause.text) else ''} for {span(limit.for_seconds)}"


_TIME: Final = re.compile(r"(?:ms|seconds?|minutes?|hours?|days?)(?: ago| away)?$")


def _places(system: System, watched: WatchedSignal, clause: Clause) -> Iterator[str]:
    """Yield the parts for which the condition is evaluated separately, and the series that it selects."""
    per = watched.bound.binding.per
    if per:
        yield f"on each {listed(per)}"
    elif watched.source is None:
        yield f"over all of {system.title}" if watched.component in {None, system.id} else f"on {watched.component}"
    scope = [matcher for matcher in _common(watched.bound) if matcher not in clause.expressed]
    if scope:
        yield f"only where {where(scope)}"


def _common(bound: BoundSignal) -> tuple[Matcher, ...]:
    """Return the matchers that all metrics of a binding have."""
    first, *further = bound.metrics or (Selector(""),)
    return tuple(matcher for matcher in first.matchers if all(matcher in selector.matchers for selector in further))


def _inputs(bound: BoundSignal) -> Iterator[str]:
    """Yield, for each input, the matchers that only it has, and its unit if that is no base unit.

    `errors where code matches "5.."`, `histogram in ms`.
    """
    common, forms = _common(bound), kinds()[bound.signal.kind].forms
    for name in dict.fromkeys(signal_input.name for form in forms for signal_input in form):
        selector = bound.binding.inputs.get(name)
        own_matchers = (
            [matcher for matcher in selector.matchers if matcher not in common]
            if isinstance(selector, Selector)
            else []
        )
        unit = f" in {bound.binding.units[name].unit}" if name in bound.binding.units else ""
        if own_matchers or unit:
            yield f"{name}{unit}{f' where {where(own_matchers)}' if own_matchers else ''}"


def _afterwards(clause: Clause, limit: Limit) -> Iterator[str]:
    """Yield when the alert ends, if it does not end with the condition."""
    kept = f"for {span(limit.keep)} after that" if limit.keep else ""
    if limit.recover is not None:
        recovered = f"{clause.value} {IS[limit.recover.comparator]} {amount(limit.recover.quantity)}"
        yield f"it goes on until {recovered}" + (f", and {kept}" if kept else "")
    elif kept:
        yield f"it goes on {kept}"


def _floor(watched: WatchedSignal, clause: Clause) -> Iterator[str]:
    floor = watched.bound.binding.minimum_traffic
    if floor is not None and kinds()[watched.bound.signal.kind].floored:
        yield f"nobody is paged below {_traffic(floor, clause.event)}"


def _traffic(floor: Rate, event: str) -> str:
    return a_period(floor.text.replace("event", event, 1))


def _harmless(text: str) -> str:
    return text.replace("{{", "{ {").replace("}}", "} }").replace(": ", ":")
