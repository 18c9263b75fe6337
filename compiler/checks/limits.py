"""Checks of limits against each other and against `for`: a more severe limit must lie beyond a less severe one."""

from __future__ import annotations

from itertools import pairwise

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Limit, System, WatchedSignal
from compiler.quantities import STATE, duration_text
from compiler.signals import kinds
from compiler.signals.bound import Signal


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the limits of each signal."""
    for system, watched in context.watched():
        kind = kinds()[watched.bound.signal.kind]
        for less_severe, more_severe in pairwise(watched.limits) if kind.measures or kind.rises else ():
            related = (
                Related(span=less_severe.span, message=f"{less_severe.severity} is here"),
                *(context.inherited(system, watched, more_severe) or context.inherited(system, watched, less_severe)),
            )
            _check_order(watched.bound.signal, less_severe, more_severe, related, diagnostics)
        for limit in watched.limits:
            _check_hold(context, system, watched, limit, diagnostics)


def _check_hold(
    context: CheckContext, system: System, watched: WatchedSignal, limit: Limit, diagnostics: Diagnostics
) -> None:
    """Check that events stay in the window of a counting signal for longer than the alert's `for`."""
    bound = watched.bound
    if not kinds()[bound.signal.kind].counts(bound) or limit.for_seconds < bound.binding.window:
        return
    window, for_seconds = duration_text(bound.binding.window), duration_text(limit.for_seconds)
    places = (
        (context.measuring(system, watched, "window"), f"the window of {window} is set here"),
        (context.for_seconds(system, watched, limit.severity), f"`for` of {limit.severity} is set here"),
    )
    related = tuple(Related(span=span, message=message) for span, message in places if span is not None)
    message = f"events leave the window of {window} before the {for_seconds} of `for` have passed: it may never fire"
    hint = "widen `window`, or give this signal a shorter `for`"
    diagnostics.error("hold-outlasts-window", limit.span, message, hint=hint, related=related)


def _check_order(
    signal: Signal, less_severe: Limit, more_severe: Limit, related: tuple[Related, ...], diagnostics: Diagnostics
) -> None:
    if more_severe.comparator[0] != less_severe.comparator[0]:
        if signal.bad is not None:  # `direction` says which of the two is wrong
            return
        low, high = more_severe.severity, less_severe.severity
        message = f"`{signal.id}` is bad when high for {high} and when low for {low}, or the reverse"
        diagnostics.error("limit-direction", more_severe.span, message, related=related)
        return
    if more_severe.unit == STATE:
        severities = f"{more_severe.severity} and {less_severe.severity}"
        message = f"{severities} are one state: the more severe would always hide the less severe"
        diagnostics.error("limit-order", more_severe.span, message, hint="keep one of the two", related=related)
        return
    is_beyond = (
        more_severe.value > less_severe.value
        if more_severe.comparator.startswith(">")
        else more_severe.value < less_severe.value
    )
    if not is_beyond:
        side = "above" if more_severe.comparator.startswith(">") else "below"
        more_severe_text = f"{more_severe.severity} (`{more_severe.text}`)"
        message = f"{more_severe_text} must lie {side} {less_severe.severity} (`{less_severe.text}`)"
        diagnostics.error(
            "limit-order", more_severe.span, message, hint="exchange the two, or drop one by `off`", related=related
        )
