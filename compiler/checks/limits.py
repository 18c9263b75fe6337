"""Checks of limits against each other and against `for`: do the severities of a signal rise with its trouble."""

from __future__ import annotations

from itertools import pairwise

from compiler.checks.subject import Subject
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Limit, System, WatchedSignal
from compiler.quantities import STATE, duration_text
from compiler.signals import kinds
from compiler.signals.bound import Signal


def check(subject: Subject, diagnostics: Diagnostics) -> None:
    """Check the limits of each signal."""
    for system, watched in subject.watched():
        kind = kinds()[watched.bound.signal.kind]
        for milder, graver in pairwise(watched.limits) if kind.measures or kind.rises else ():
            related = (
                Related(span=milder.span, message=f"{milder.severity} is here"),
                *(subject.inherited(system, watched, graver) or subject.inherited(system, watched, milder)),
            )
            _check_order(watched.bound.signal, milder, graver, related, diagnostics)
        for limit in watched.limits:
            _check_hold(subject, system, watched, limit, diagnostics)


def _check_hold(
    subject: Subject, system: System, watched: WatchedSignal, limit: Limit, diagnostics: Diagnostics
) -> None:
    """Check that events stay in the window of an `increase` for longer than the alert waits."""
    bound = watched.bound
    if not kinds()[bound.signal.kind].counts(bound) or limit.hold < bound.binding.window:
        return
    window, hold = duration_text(bound.binding.window), duration_text(limit.hold)
    places = (
        (subject.measuring(system, watched, "window"), f"the window of {window} is set here"),
        (subject.hold(system, watched, limit.severity), f"`for` of {limit.severity} is set here"),
    )
    related = tuple(Related(span=span, message=message) for span, message in places if span is not None)
    message = f"events leave the window of {window} before the {hold} of `for` have passed: it may never fire"
    hint = "widen `window`, or give this signal a shorter `for`"
    diagnostics.error("hold-outlasts-window", limit.span, message, hint=hint, related=related)


def _check_order(
    signal: Signal, milder: Limit, graver: Limit, related: tuple[Related, ...], diagnostics: Diagnostics
) -> None:
    if graver.comparator[0] != milder.comparator[0]:
        if signal.bad is not None:  # `direction` says which of the two is wrong
            return
        message = (
            f"`{signal.id}` is bad when high for {milder.severity} and when low for {graver.severity}, or the reverse"
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
