"""Checks of proof: the compiler must be able to generate the series that a rule test needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from compiler.alerts import AlertGroup
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics
from compiler.promql import Selector
from compiler.proof import steady, timing
from compiler.proof.decoys import matches
from compiler.proof.ruletest import too_long
from compiler.quantities import duration_text
from compiler.resolve.reading import table
from compiler.signals import kinds
from compiler.signals.bound import BoundSignal, Signal
from compiler.signals.contract import Series, UnsampledError
from compiler.signals.profile import Example, Phase
from compiler.signals.queries.reading import beyond_examples
from compiler.signals.ratio import MISSES
from compiler.signals.template import KIND as TEMPLATE
from compiler.signals.template import InvalidTemplateError, sample_count


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that each alert gets generated tests, or that the file says why it has none."""
    for group in context.groups:
        bound = group.watched.bound
        span = bound.signal.span or group.watched.span
        if bound.signal.untested is not None:
            continue
        try:
            series = _generate_series(group)
        except InvalidTemplateError as error:
            message = f"the example of `{bound.signal.id}` does not render: {error}"
            diagnostics.error("template", span, message)
        except UnsampledError as error:
            message = f"`{bound.signal.id}` gets no generated test: {error}"
            if bound.signal.kind == TEMPLATE.name:
                # If an earlier finding is about the query or its limits, that finding is the cause.
                if not _reported(group, diagnostics):
                    diagnostics.error("untested", span, message, hint=_ways_out(group))
            else:
                diagnostics.warning("untested", span, message, hint=_REASON)
        else:
            if too_long(group):
                message = f"`{bound.signal.id}` gets no generated test: it looks back or waits too long"
                longest = duration_text(kinds()[bound.signal.kind].longest)
                hint = f"tests are made for windows and holds of up to {longest}; {_REASON}"
                diagnostics.warning("untested", span, message, hint=hint)
            _check_lengths(context, bound.signal, series, diagnostics)
            _check_apart(context, group, series, diagnostics)


_REASON: Final = 'write `untested: "why"` in the signal\'s definition if that is fine'


def _reported(group: AlertGroup, diagnostics: Diagnostics) -> bool:
    """Return whether an earlier finding is about a group's query, or says that one of its limits never fires."""
    query_places = {group.watched.bound.signal.span} - {None}
    limit_places = {alert.limit.span for alert in group.alerts}
    return any(
        (finding.span in query_places and finding.code in _CAUSES)
        or (finding.span in limit_places and finding.code == "limit-never-fires")
        for finding in diagnostics.found
    )


_CAUSES: Final = frozenset({"lost-label", "window-too-short"})


def _generate_series(group: AlertGroup) -> tuple[Series, ...]:
    """Return series of the group's signal; for a user's query, generate all of its tests first.

    Errors of the generation pass through: series may exist for one value of a query and not for another.
    """
    bound = group.watched.bound
    series = kinds()[bound.signal.kind].series(bound, _example(group))
    if bound.signal.kind == TEMPLATE.name and not too_long(group):
        # An example does not have to render for every value.
        with suppress(InvalidTemplateError):
            for make_tests in (steady.tests, timing.tests):
                for _ in make_tests(group):
                    pass
    return series


def _ways_out(group: AlertGroup) -> str:
    """Return what to write in the definition of a query that gets no test."""
    bound = group.watched.bound
    query = TEMPLATE.expression(bound)
    if beyond_examples(query):
        return 'write `untested: "why"` beside the query; no example can show it'
    advice = "write beside the query an `example`: series by which it returns `value`"
    series = ", ".join(f'{{series: "{{{{ {name} }}}}", values: "{values}"}}' for name, values in _skeleton(bound))
    return f'{advice}{f", such as `[{series}]`" if series else ""}; or `untested: "why"`'


_METRIC: Final = (
    r"(?:(?:sum|max|min|avg)\s*(?:by\s*\([^()]*\)\s*)?\(\s*\{\{\s*(?P<%(one)s>\w+)\s*\}\}\s*\)"
    r"|\{\{\s*(?P<%(one)s_alone>\w+)\s*\}\})"
)
_TWO_METRICS: Final = re.compile(
    rf"\s*{_METRIC % {'one': 'first'}}\s*(?P<sign>[-+*/])\s*{_METRIC % {'one': 'second'}}\s*\Z"
)
_NEUTRAL: Final = {"-": 0, "+": 0, "*": 1, "/": 1}
"""The value of the second metric with which the expression equals the first metric, by operator."""


def _skeleton(bound: BoundSignal) -> Iterator[tuple[str, str]]:
    """Yield the two metrics of a sum, difference, product or quotient, with samples for which it equals `value`.

    Yield nothing for other queries: an example that does not return `value` would fail after it is pasted.
    """
    match = _TWO_METRICS.match(bound.signal.query or "")
    if match is None:
        return
    first = match["first"] or match["first_alone"]
    second = match["second"] or match["second_alone"]
    if first != second and all(isinstance(bound.binding.inputs.get(name), Selector) for name in (first, second)):
        yield first, "{{ value }}x{{ steps }}"
        yield second, f"{_NEUTRAL[match['sign']]}x{{{{ steps }}}}"


def _check_lengths(context: CheckContext, signal: Signal, series: Sequence[Series], diagnostics: Diagnostics) -> None:
    """Check that a signal's own example does not create far more samples than a course has steps."""
    entries = table(table(context.document, "signals"), signal.id).get("example", ())
    for entry, one_series in zip(entries, series, strict=False):
        if sample_count(one_series.values) > _MAX_SAMPLES:
            message = f"this makes more than {_MAX_SAMPLES} samples of a course of {_STEPS}"
            hint = "write `x{{ steps }}` behind a sample: that is how often it is wanted again"
            diagnostics.error("template", entry.value_spans["values"], message, hint=hint)


def _check_apart(context: CheckContext, group: AlertGroup, series: Sequence[Series], diagnostics: Diagnostics) -> None:
    """Check that the two parts of a signal, such as capacity and usage or hits and misses, are different series."""
    bound, mapping = group.watched.bound, context.binding(group.system, group.watched)
    inputs = {name: selector for name, selector in bound.binding.inputs.items() if isinstance(selector, Selector)}
    if not (kinds()[bound.signal.kind].constants | {MISSES.name}) & set(inputs):
        return
    for name, selector in sorted(inputs.items()):
        if sum(candidate.metric == selector.metric and matches(selector, candidate) for candidate in series) > 1:
            message = f"`{name}` includes series that another input measures too"
            hint = "tell them apart by matchers; a sum of both parts wants a `query` of its own"
            diagnostics.error("metrics", mapping.value_spans[name], message, hint=hint)


_STEPS: Final = 10
_MAX_SAMPLES: Final = 10_000
"""About a week of minutes. A user's example can ask for any number of samples, and promtool expands all of them."""


def _example(group: AlertGroup) -> Example:
    """Return the simplest course: some samples at the first limit."""
    return Example(phases=(Phase(value=group.alerts[0].limit.value, steps=_STEPS),))
