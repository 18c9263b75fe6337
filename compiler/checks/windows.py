"""Checks of windows: a range must hold enough scrapes to have a value at each evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.model import System, WatchedSignal
from compiler.quantities import duration_text
from compiler.signals import kinds
from compiler.signals.queries.tree import shortest_range

_SCRAPES: Final = 4
"""The fewest scrapes in a range; with fewer, one late scrape leaves a gap. Grafana's `$__rate_interval` has four."""


class Range(NamedTuple):
    """A range of time over which a signal is computed: its name in messages, its seconds, its place and its uses."""

    name: str
    seconds: int
    span: Span
    uses: tuple[Related, ...]


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the window of each signal that is computed over one, and the ranges in users' queries."""
    for system, watched in context.lowered():
        _check(context, system, watched, diagnostics)
        _check_kind(context, system, watched, diagnostics)


def _check(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    scrapes = watched.bound.binding.scrape_interval
    for range_ in _ranges(context, system, watched):
        if range_.seconds >= _SCRAPES * scrapes:
            continue
        message = (
            f"{range_.name} of {duration_text(range_.seconds)} holds too few scrapes,"
            f" one every {duration_text(scrapes)}"
        )
        span = context.measuring(system, watched, "scrape_interval")
        interval = () if span is None else (Related(span=span, message="the scrape interval is set here"),)
        least = duration_text(_SCRAPES * scrapes)
        hint = f"make it {least} or more" + (
            "" if interval else ", or say by `scrape_interval` how often it is scraped"
        )
        diagnostics.error("window-too-short", range_.span, message, hint=hint, related=(*interval, *range_.uses))


def _check_kind(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Check the windows that a kind chooses itself; report only the first limit whose window is too short."""
    bound = watched.bound
    reasons = ((limit, kinds()[bound.signal.kind].too_slow(bound, limit)) for limit in watched.limits)
    limit, why = next(((limit, why) for limit, why in reasons if why is not None), (None, None))
    if limit is None or why is None:
        return
    span = context.measuring(system, watched, "scrape_interval")
    related = () if span is None else (Related(span=span, message="the scrape interval is set here"),)
    hint = "scrape them more often, switch this severity off, or watch the ratio itself over a long `window`"
    diagnostics.error("window-too-short", limit.span, why, hint=hint, related=related)


def _ranges(context: CheckContext, system: System, watched: WatchedSignal) -> Iterator[Range]:
    """Yield the ranges of a signal: its window or its query's shortest range, and how far its limits look back."""
    bound = watched.bound
    kind = kinds()[bound.signal.kind]
    use = Related(span=watched.span, message=f"`{bound.signal.id}` of `{system.id}` is computed over it")
    if bound.signal.query is not None:
        shortest = shortest_range(kind.expression(bound))
        if shortest is not None:
            yield Range("a range", shortest, bound.signal.span or watched.span, (use,))
    elif kind.windowed(bound):
        span = context.measuring(system, watched, "window")
        is_own = "window" in context.binding(system, watched)
        yield Range("a window", bound.binding.window, span or watched.span, () if is_own or span is None else (use,))
    for limit in watched.limits:
        seconds = kind.looks_back(limit)
        if seconds is not None:
            yield Range("a limit", seconds, limit.span, ())
