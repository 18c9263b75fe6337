"""Checks of direction: a limit must fire on the side on which its signal is in trouble.

A user who means the other side sets it once: `bad: low` beside the limits, or in the signal's definition.
"""

from __future__ import annotations

from typing import Final

from compiler import meaning
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Limit, System, WatchedSignal
from compiler.quantities import Comparison, Quantity, quantity_text
from compiler.resolve.reading import table
from compiler.signals import kinds
from compiler.signals.inputs import AVAILABLE
from compiler.signals.state import KIND as STATE

_OPPOSITE: Final = {meaning.HIGH: meaning.LOW, meaning.LOW: meaning.HIGH}


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the binding of each signal, and then its limits."""
    for system, watched in context.watched():
        if watched.bound.signal.kind == STATE.name:
            _check_state(context, system, watched, diagnostics)
        elif _is_inverted(context, system, watched):
            _report_binding(context, system, watched, diagnostics)
        else:
            _check_limits(context, system, watched, diagnostics)


def _check_state(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Add an error if a state bound by `available` is compared as if its value were the free share."""
    active, binding = watched.bound.binding.active, context.binding(system, watched)
    if active is None or not watched.bound.has(AVAILABLE.name) or active.comparator[0] != "<":
        return
    free, used = quantity_text(active.quantity), meaning.complement(active)
    message = f"`{binding['active']}` is compared with the used share, although `{AVAILABLE.name}` says what is free"
    hint = f'if {free} is what is free, write `active: "{meaning.text(used)}"`' if used else None
    diagnostics.error("against-direction", binding.value_spans["active"], message, hint=hint)


def _is_inverted(context: CheckContext, system: System, watched: WatchedSignal) -> bool:
    """Return whether the inputs of a built-in signal measure its opposite, such as errors for availability."""
    signal, inputs = watched.bound.signal, watched.bound.binding.inputs
    measured_side = kinds()[signal.kind].bad(inputs)
    if signal.bad is None or measured_side in {None, signal.bad}:
        return False
    house_limits = table(table(table(context.document, "defaults"), "limits"), signal.id)
    definition = table(table(context.document, "signals"), signal.id)
    return not any("bad" in owner for owner in (context.limits(system, watched), house_limits, definition))


def _report_binding(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    signal, kind = watched.bound.signal, kinds()[watched.bound.signal.kind]
    forms = [[input_.name for input_ in form] for form in kind.forms]
    fitting = " or ".join(_names(form) for form in forms if kind.bad(form) == signal.bad)
    bound_inputs = _names(list(watched.bound.binding.inputs))
    message = f"{bound_inputs} measure the opposite of `{signal.id}`, which is bad when {signal.bad}"
    hint = f"bind it by {fitting}, or use a signal that is bad when {_OPPOSITE[signal.bad or meaning.HIGH]}"
    diagnostics.error("against-direction", context.binding(system, watched).span, message, hint=hint)


def _check_limits(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Add an error for the first limit on the good side; further limits on that side are the same mistake."""
    signal = watched.bound.signal
    wrong = [limit for limit in watched.limits if meaning.is_against(limit.comparator, signal.bad)]
    if signal.bad is None or not wrong:
        return
    related = (
        *context.inherited(system, watched, wrong[0]),
        *(Related(span=limit.span, message=f"so does {limit.severity}") for limit in wrong[1:]),
    )
    message = f"`{wrong[0].text}` fires when `{signal.id}` is {_OPPOSITE[signal.bad]}, and it is bad when {signal.bad}"
    diagnostics.error("against-direction", wrong[0].span, message, hint=_hint(watched, wrong[0]), related=related)


def _hint(watched: WatchedSignal, limit: Limit) -> str:
    signal, stated = watched.bound.signal, Comparison(limit.comparator, Quantity(limit.value, limit.unit))
    complement, rest = meaning.complement(stated), meaning.rest(signal)
    confirm = f"if you mean it, say `bad: {_OPPOSITE[signal.bad or meaning.HIGH]}` beside the limit"
    if complement is not None and rest is not None:
        return f'if {quantity_text(stated.quantity)} is what is {rest}, write `"{meaning.text(complement)}"`; {confirm}'
    return f"turn the comparator round; {confirm}"


def _names(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
