"""Checks of proof: can series be made up that a generated rule test needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from compiler.alerts import AlertGroup
from compiler.checks.subject import Subject
from compiler.diagnostics import Diagnostics
from compiler.promql import Selector
from compiler.proof.decoys import matches
from compiler.proof.ruletest import too_long
from compiler.quantities import duration_text
from compiler.resolve.reading import table
from compiler.signals import kinds
from compiler.signals.bound import Signal
from compiler.signals.contract import Series, UnsampledError
from compiler.signals.profile import Example, Phase
from compiler.signals.template import KIND as TEMPLATE
from compiler.signals.template import InvalidTemplateError


def check(subject: Subject, diagnostics: Diagnostics) -> None:
    """Check that every alert can be proved; where a selector is beyond what examples are made for, warn."""
    for group in subject.groups:
        bound = group.watched.bound
        span = bound.signal.span or group.watched.span
        try:
            series = kinds()[bound.signal.kind].series(bound, _example(group))
        except InvalidTemplateError as error:
            message = f"the example of `{bound.signal.id}` does not render: {error}"
            diagnostics.error("template", span, message)
        except UnsampledError as error:
            message = f"`{bound.signal.id}` gets no generated test: {error}"
            if bound.signal.kind == TEMPLATE.name:
                hint = "say below `signals:` which series make the query return `value`"
                diagnostics.error("untested", span, message, hint=hint)
            else:
                diagnostics.warning("untested", span, message)
        else:
            if too_long(group):
                message = f"`{bound.signal.id}` gets no generated test: it looks back too far"
                longest = duration_text(kinds()[bound.signal.kind].longest)
                diagnostics.warning("untested", span, message, hint=f"tests are made for windows of up to {longest}")
            _check_lengths(subject, bound.signal, series, diagnostics)
            _check_apart(subject, group, series, diagnostics)


def _check_lengths(subject: Subject, signal: Signal, series: Sequence[Series], diagnostics: Diagnostics) -> None:
    """Check that a signal's own example asks for about as many samples as a course has steps."""
    written = table(table(subject.document, "signals"), signal.id).get("example", ())
    for given, one in zip(written, series, strict=False):
        if _samples(one.values) > _MAX_SAMPLES:
            message = f"this makes more than {_MAX_SAMPLES} samples of a course of {_STEPS}"
            hint = "write `x{{ steps }}` behind a sample: that is how often it is wanted again"
            diagnostics.error("template", given.value_spans["values"], message, hint=hint)


def _check_apart(subject: Subject, group: AlertGroup, series: Sequence[Series], diagnostics: Diagnostics) -> None:
    """Check that how much there is, where a metric tells it, and how much is used are different series."""
    bound, given = group.watched.bound, subject.binding(group.system, group.watched)
    inputs = {name: one for name, one in bound.binding.inputs.items() if isinstance(one, Selector)}
    if not kinds()[bound.signal.kind].constants & set(inputs):
        return
    for name, one in sorted(inputs.items()):
        if sum(other.metric == one.metric and matches(one, other) for other in series) > 1:
            message = f"`{name}` takes in series that are measured beside it"
            hint = "tell them apart by matchers; a sum of both parts wants a `query` of its own"
            diagnostics.error("metrics", given.value_spans[name], message, hint=hint)


_STEPS: Final = 10
_MAX_SAMPLES: Final = 10_000
"""A week of minutes. An example of one's own can ask for any number, and promtool writes out as many."""
_REPEATED: Final = re.compile(r"x([0-9]+)")
_DIGITS: Final = 9
"""Enough to be too many; Python does not read numbers of thousands."""


def _example(group: AlertGroup) -> Example:
    """Return the course that is wanted first of all: some samples at the first limit."""
    return Example(phases=(Phase(value=group.alerts[0].limit.value, steps=_STEPS),))


def _samples(values: str) -> int:
    """Return how many samples promtool makes of `values`, or a number that is too large."""
    return len(values.split()) + sum(int(times.lstrip("0")[:_DIGITS] or 0) for times in _REPEATED.findall(values))
