"""Resolve: the routes of `routing: fallback:`, which assign alerts that the file does not define.

`compiler.resolve.people` uses them. Users write matchers as in Alertmanager, or as a mapping of labels to values.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.alertmanager_matchers import MatcherError, checked, read
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table
from compiler.model import Fallback, Route
from compiler.promql import Matcher
from compiler.resolve.reading import reference


def routes(document: Table, mapping: Table, fallback: Fallback, diagnostics: Diagnostics) -> tuple[Route, ...]:
    """Return the routes in their order; a route takes what it does not set from `fallback`."""
    return tuple(
        Route(
            matchers=tuple(_matchers(route, diagnostics)),
            team=reference(route, "team", document["teams"], "team", diagnostics),
            policy=reference(route, "escalation", document["escalation"], "policy", diagnostics)
            if "escalation" in route
            else fallback.policy,
            severity=route.get("severity"),
        )
        for route in mapping.get("routes", ())
    )


def _matchers(route: Table, diagnostics: Diagnostics) -> Iterator[Matcher]:
    """Yield the matchers of a route; a matcher that cannot be parsed is an error."""
    matchers = route["matchers"]
    if isinstance(matchers, Table):
        for label, value in matchers.items():
            yield from _equality(label, str(value), matchers.key_spans[label], diagnostics)
    elif isinstance(matchers, Items):
        for text, span in zip(matchers, matchers.spans, strict=True):
            yield from _read_matchers(text, span, diagnostics)
    else:
        yield from _read_matchers(matchers, route.value_spans["matchers"], diagnostics)


def _read_matchers(text: str, span: Span, diagnostics: Diagnostics) -> tuple[Matcher, ...]:
    try:
        return read(text)
    except MatcherError as error:
        place = diagnostics.part(span, text, error.start, error.length)
        diagnostics.error("matcher", place, str(error), hint=error.hint)
        return ()


def _equality(label: str, value: str, span: Span, diagnostics: Diagnostics) -> tuple[Matcher, ...]:
    try:
        return (checked(Matcher(label, "=", value)),)
    except MatcherError as error:
        diagnostics.error("matcher", span, str(error), hint=error.hint)
        return ()
