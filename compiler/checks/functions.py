"""Checks of functions: a user's query may call only functions that Prometheus has.

The check runs before `compiler.alerts`, which could only report that such a query is no PromQL.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from compiler.diagnostics import Diagnostics, Related, Span, did_you_mean
from compiler.model import Model, System, WatchedSignal
from compiler.promql import PromQLError
from compiler.signals import kinds
from compiler.signals.bound import Signal
from compiler.signals.template import InvalidTemplateError

_REMOVED: Final = "holt_winters"
"""A function that Prometheus 2 has and Prometheus 3 does not have."""
_PARSER_ERROR: Final = re.compile(r"unknown function with name '(?P<name>[^']{1,200})'")
"""The parser's error message for an unknown function."""


def without_unknown(model: Model, diagnostics: Diagnostics) -> Model:
    """Return the model without the signals whose query calls an unknown function; add an error for each of them."""
    systems = (_without_refused(system, diagnostics) for system in model.systems)
    return replace(model, systems=tuple(systems))


def _without_refused(system: System, diagnostics: Diagnostics) -> System:
    signals = tuple(watched for watched in system.signals if not _is_refused(system, watched, diagnostics))
    return system if len(signals) == len(system.signals) else replace(system, signals=signals)


def _is_refused(system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> bool:
    """Return whether a signal's query calls an unknown function; add an error if so."""
    signal = watched.bound.signal
    name = _unknown_function(watched) if signal.query is not None else None
    if name is None:
        return False
    message = f"Prometheus{' 3' if name == _REMOVED else ''} has no function `{name}`"
    related = (Related(span=watched.span, message=f"`{system.id}` uses the query here"),)
    span = place_of_call(signal, watched.span, name, diagnostics)
    diagnostics.error("unknown-function", span, message, hint=did_you_mean(name, FUNCTIONS), related=related)
    return True


def _unknown_function(watched: WatchedSignal) -> str | None:
    try:
        kinds()[watched.bound.signal.kind].expression(watched.bound)
    except PromQLError as error:
        match = _PARSER_ERROR.search(str(error))
        return match["name"] if match else None
    except InvalidTemplateError:
        return None
    return None


def place_of_call(signal: Signal, used: Span, name: str, diagnostics: Diagnostics) -> Span:
    """Return the place of the function's name in a query, which may span several lines of the file."""
    span = signal.span
    if span is None or signal.query is None:
        return used
    call = re.compile(rf"(?<![A-Za-z0-9_:]){re.escape(name)}\s*\(")
    # A YAML block begins in the line after its indicator; a folded query spans at most one line per word.
    for line in range(span.line, span.line + signal.query.count("\n") + len(signal.query.split()) + 2):
        text = diagnostics.line(Span(span.path, line, 1, 1)) or ""
        match = call.search(text, span.column - 1 if line == span.line else 0)
        if match is not None:
            return Span(span.path, line, match.start() + 1, match.start() + len(name) + 1)
    return span


_NAMES: Final = (
    "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max"
    " clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp"
    " floor histogram_quantile hour idelta increase irate label_join label_replace last_over_time ln log10 log2"
    " max_over_time min_over_time minute month pi predict_linear present_over_time quantile_over_time rad rate"
    " resets round scalar sgn sin sinh sort sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan"
    " tanh time timestamp vector year"
    " avg bottomk count count_values group max min quantile stddev stdvar sum topk"
)
FUNCTIONS: Final = frozenset(_NAMES.split())
"""The functions and aggregations that every supported Prometheus has; one of them is proposed for a misspelt name."""
