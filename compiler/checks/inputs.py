"""Checks of inputs: is a metric bound as what its name and its matchers say that it is, or as the opposite.

Generated tests cannot tell: they make up whatever series the binding asks for. A name may be wrong, which is for the
file to say: the finding can be silenced.
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
    """Check every input of a signal of a known kind; one mistake is one finding."""
    for system, watched in context.watched():
        kind = kinds()[watched.bound.signal.kind]
        known = {one.name for form in kind.forms for one in form}
        if not kind.bindable:
            continue
        given, binding = context.binding(system, watched), watched.bound.binding
        # What the source selects is the same for all inputs.
        inputs = {
            name: Selector(one.metric, tuple(each for each in one.matchers if each not in binding.source))
            for name, one in binding.inputs.items()
            if isinstance(one, Selector)
        }
        found = ((name, opposite(name, inputs)) for name in inputs if name in given.value_spans)
        found = ((name, one) for name, one in found if name != COUNTER.name or IDLE.name in known)
        if watched.bound.low or (binding.active is not None and binding.active.comparator.startswith("<")):
            # "Less than so much of it is free" takes what is free for what is held against all there is.
            found = ((name, one) for name, one in found if name != USED.name)
        name, one = next(((name, one) for name, one in found if one is not None), ("", None))
        if one is not None:
            message = f"`{inputs[name].metric}` is {one.meaning} by its name (`{one.said}`), and is bound as `{name}`"
            if not one.said.isidentifier():
                message = f"`{one.said}` selects {one.meaning}, and is bound as `{name}`"
            hint = f"{one.way_out}; where the name is wrong, silence this and say so"
            diagnostics.error("input-contradicts-name", given.value_spans[name], message, hint=hint)
