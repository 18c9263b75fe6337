"""Checks of limits: do the severities of a signal rise with its trouble, and can they fire."""

from __future__ import annotations

from itertools import pairwise

from compiler.alerts import AlertGroup
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Limit, Model, WatchedSignal
from compiler.quantities import STATE, duration_text
from compiler.signals.increase import KIND as INCREASE
from compiler.signals.inputs import COUNTER
from compiler.signals.state import KIND as STATE_KIND


def check(model: Model, groups: tuple[AlertGroup, ...], diagnostics: Diagnostics) -> None:
    """Check the limits of each signal."""
    for system in model.systems:
        for watched in system.signals:
            for milder, graver in pairwise(watched.limits):
                _check_order(watched.bound.signal.id, milder, graver, diagnostics)
            for limit in watched.limits:
                _check_hold(watched, limit, diagnostics)


def _check_hold(watched: WatchedSignal, limit: Limit, diagnostics: Diagnostics) -> None:
    """Check that events stay in the window of an `increase` for longer than the alert waits."""
    bound = watched.bound
    counts = bound.signal.kind == INCREASE.name or (bound.signal.kind == STATE_KIND.name and bound.has(COUNTER.name))
    if counts and limit.hold >= bound.binding.window:
        window, hold = duration_text(bound.binding.window), duration_text(limit.hold)
        message = f"events leave the window of {window} before the {hold} of `for` have passed: it may never fire"
        hint = "widen `window`, or give this signal a shorter `for`"
        diagnostics.error("hold-outlasts-window", limit.span, message, hint=hint)


def _check_order(signal: str, milder: Limit, graver: Limit, diagnostics: Diagnostics) -> None:
    related = (Related(span=milder.span, message=f"{milder.severity} is here"),)
    if graver.comparator[0] != milder.comparator[0]:
        message = (
            f"`{signal}` is bad when high for {milder.severity} and when low for {graver.severity}, or the reverse"
        )
        diagnostics.error("limit-direction", graver.span, message, related=related)
        return
    if graver.unit == STATE:
        message = f"{graver.severity} and {milder.severity} are one state: the graver would always hide the milder"
        diagnostics.error("limit-order", graver.span, message, hint="keep one of the two", related=related)
        return
    beyond = graver.value > milder.value if graver.comparator.startswith(">") else graver.value < milder.value
    if not beyond:
        wanted = "above" if graver.comparator.startswith(">") else "below"
        message = f"{graver.severity} (`{graver.text}`) must lie {wanted} {milder.severity} (`{milder.text}`)"
        diagnostics.error(
            "limit-order", graver.span, message, hint="exchange the two, or drop one by `off`", related=related
        )
