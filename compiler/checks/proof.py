"""Checks of proof: can series be made up that a generated rule test needs."""

from __future__ import annotations

from compiler.alerts import AlertGroup
from compiler.diagnostics import Diagnostics
from compiler.model import Model
from compiler.signals import kinds
from compiler.signals.contract import UnsampledError
from compiler.signals.template import KIND as TEMPLATE
from compiler.signals.template import InvalidTemplateError


def check(model: Model, groups: tuple[AlertGroup, ...], diagnostics: Diagnostics) -> None:
    """Check that every alert can be proved; where a selector is beyond what examples are made for, warn."""
    for group in groups:
        bound = group.watched.bound
        span = bound.signal.span or group.watched.span
        try:
            kinds()[bound.signal.kind].series(bound, group.alerts[0].limit.value, 1)
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
