"""Checks of the routes of `routing: fallback:`: each route must be able to take an alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.alerts import alerts_of
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.model import Route
from compiler.promql import Matcher
from compiler.resolve.reading import table


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check each route's matchers against each other, the file's own alerts and the routes before it."""
    routes = context.model.routing.fallback.routes
    given = table(table(context.document, "routing"), "fallback").get("routes")
    if given is None:
        return
    spans = [route.key_spans["matchers"] for route in given]
    names = frozenset(alert.name for alert in alerts_of(context.groups))
    for number, route in enumerate(routes):
        problem = _never(route, names) or _before(route, routes[:number], spans)
        if problem is not None:
            message, hint, related = problem
            diagnostics.warning("route-never-taken", spans[number], message, hint=hint, related=related)


Found = tuple[str, str, tuple[Related, ...]]


def _never(route: Route, names: frozenset[str]) -> Found | None:
    """Return the problem of a route that matches no alert, whatever routes precede it."""
    values: dict[str, Matcher] = {}
    for matcher in route.matchers:
        if matcher.operator != "=":
            continue
        other = values.setdefault(matcher.label, matcher)
        if other.value != matcher.value:
            message = f"no alert meets both `{other}` and `{matcher}`"
            return message, f'write `{matcher.label}=~"{other.value}|{matcher.value}"`, or two routes', ()
        if matcher.label == "alertname" and matcher.value in names:
            message = f"`{matcher.value}` is defined in this file, and only alerts that are not come here"
            return message, "say below `systems:` whose it is, and take the route out", ()
    return None


def _before(route: Route, before: Sequence[Route], spans: Sequence[Span]) -> Found | None:
    """Return the problem of a route of which an earlier route takes all alerts."""
    own = _asked(route)
    for number, other in enumerate(before):
        if other.matchers and _asked(other).items() <= own.items():
            related = (Related(span=spans[number], message="this one comes before and asks for no more"),)
            return "no alert comes to this route", "put the narrower route first, or take one out", related
    return None


def _asked(route: Route) -> Mapping[Matcher, None]:
    return dict.fromkeys(route.matchers)
