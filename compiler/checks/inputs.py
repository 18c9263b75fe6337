"""Checks of inputs: no metric may be bound as the opposite of what its name and its matchers say.

Generated tests cannot detect this, because they create the series that the binding asks for. A name may be wrong, so
a comment in the file can silence the finding.
"""

from __future__ import annotations

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics
from compiler.metric_parts import opposite
from compiler.promql import Selector
from compiler.signals import kinds
from compiler.signals.inputs import COUNTER, USED
from compiler.signals.utilization import IDLE


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the inputs of each signal of a known kind; report at most one finding per signal."""
    for system, watched in context.watched():
        kind = kinds()[watched.bound.signal.kind]
        input_names = {input_.name for form in kind.forms for input_ in form}
        if not kind.bindable:
            continue
        mapping, binding = context.binding(system, watched), watched.bound.binding
        # The matchers of the source are the same for all inputs, so they tell nothing about a single input.
        inputs = {
            name: Selector(value.metric, tuple(matcher for matcher in value.matchers if matcher not in binding.source))
            for name, value in binding.inputs.items()
            if isinstance(value, Selector)
        }
        opposites = ((name, opposite(name, inputs)) for name in inputs if name in mapping.value_spans)
        opposites = ((name, clash) for name, clash in opposites if name != COUNTER.name or IDLE.name in input_names)
        if watched.bound.low or (binding.active is not None and binding.active.comparator.startswith("<")):
            # A signal with a limit such as "less than 10 % is free" divides the free amount by the total. So the free
            # amount may be bound as `used`.
            opposites = ((name, clash) for name, clash in opposites if name != USED.name)
        name, clash = next(((name, clash) for name, clash in opposites if clash is not None), ("", None))
        if clash is not None:
            message = (
                f"`{inputs[name].metric}` is {clash.meaning} by its name (`{clash.words}`), and is bound as `{name}`"
            )
            if not clash.words.isidentifier():
                message = f"`{clash.words}` selects {clash.meaning}, and is bound as `{name}`"
            hint = f"{clash.way_out}; where the name is wrong, silence this and say so"
            diagnostics.error("input-contradicts-name", mapping.value_spans[name], message, hint=hint)
