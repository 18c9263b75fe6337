"""Checks of windows: does a range hold enough scrapes to have a value at every evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.model import System, WatchedSignal
from compiler.quantities import duration_text
from compiler.signals import kinds
from compiler.signals.query_tree import shortest_range

_SCRAPES: Final = 4
"""In a shorter range one late scrape leaves a gap (Grafana's `$__rate_interval` has the same four)."""


class Looked(NamedTuple):
    """A range that a signal is computed over: what it is called, its seconds, its place, and who uses it."""

    what: str
    seconds: int
    span: Span
    uses: tuple[Related, ...]


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the window of every signal that is computed from one, and the ranges of queries of one's own."""
    for system, watched in context.lowered():
        _check(context, system, watched, diagnostics)
        _check_kind(context, system, watched, diagnostics)


def _check(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    scrapes = watched.bound.binding.scrape_interval
    for found in _looked(context, system, watched):
        if found.seconds >= _SCRAPES * scrapes:
            continue
        message = (
            f"{found.what} of {duration_text(found.seconds)} holds too few scrapes, one every {duration_text(scrapes)}"
        )
        said = context.measuring(system, watched, "scrape_interval")
        interval = () if said is None else (Related(span=said, message="the scrape interval is set here"),)
        least = duration_text(_SCRAPES * scrapes)
        hint = f"make it {least} or more" + (
            "" if interval else ", or say by `scrape_interval` how often it is scraped"
        )
        diagnostics.error("window-too-short", found.span, message, hint=hint, related=(*interval, *found.uses))


def _check_kind(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Check the windows that a kind takes by itself; the first limit tells it."""
    bound = watched.bound
    reasons = ((limit, kinds()[bound.signal.kind].too_slow(bound, limit)) for limit in watched.limits)
    limit, why = next(((limit, why) for limit, why in reasons if why is not None), (None, None))
    if limit is None or why is None:
        return
    said = context.measuring(system, watched, "scrape_interval")
    related = () if said is None else (Related(span=said, message="the scrape interval is set here"),)
    hint = "scrape them more often, switch this severity off, or watch the ratio itself over a long `window`"
    diagnostics.error("window-too-short", limit.span, why, hint=hint, related=related)


def _looked(context: CheckContext, system: System, watched: WatchedSignal) -> Iterator[Looked]:
    """Yield the ranges that counts are taken over: the window, or what limits look back; of a query the shortest."""
    bound = watched.bound
    kind = kinds()[bound.signal.kind]
    use = Related(span=watched.span, message=f"`{bound.signal.id}` of `{system.id}` is computed over it")
    if bound.signal.query is not None:
        shortest = shortest_range(kind.expression(bound))
        if shortest is not None:
            yield Looked("a range", shortest, bound.signal.span or watched.span, (use,))
    elif kind.windowed(bound):
        span = context.measuring(system, watched, "window")
        own = "window" in context.binding(system, watched)
        yield Looked("a window", bound.binding.window, span or watched.span, () if own or span is None else (use,))
    for limit in watched.limits:
        seconds = kind.looks_back(limit)
        if seconds is not None:
            yield Looked("a limit", seconds, limit.span, ())
