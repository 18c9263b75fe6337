"""Checks of proof: can series be made up that a generated rule test needs."""

from __future__ import annotations

from compiler.alerts import AlertGroup
from compiler.checks.subject import Subject
from compiler.diagnostics import Diagnostics
from compiler.signals import kinds
from compiler.signals.contract import UnsampledError
from compiler.signals.profile import Example, Phase
from compiler.signals.template import KIND as TEMPLATE
from compiler.signals.template import InvalidTemplateError


def check(subject: Subject, diagnostics: Diagnostics) -> None:
    """Check that every alert can be proved; where a selector is beyond what examples are made for, warn."""
    for group in subject.groups:
        bound = group.watched.bound
        span = bound.signal.span or group.watched.span
        try:
            kinds()[bound.signal.kind].series(bound, _example(group))
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


def _example(group: AlertGroup) -> Example:
    """Return the course that is wanted first of all: a sample or two at the first limit."""
    return Example(phases=(Phase(value=group.alerts[0].limit.value, steps=2),))
