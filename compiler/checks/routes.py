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
    route_tables = table(table(context.document, "routing"), "fallback").get("routes")
    if route_tables is None:
        return
    spans = [route.key_spans["matchers"] for route in route_tables]
    names = frozenset(alert.name for alert in alerts_of(context.groups))
    for number, route in enumerate(routes):
        problem = _problem_by_itself(route, names) or _problem_with_earlier(route, routes[:number], spans)
        if problem is not None:
            message, hint, related = problem
            diagnostics.warning("route-never-taken", spans[number], message, hint=hint, related=related)


_Problem = tuple[str, str, tuple[Related, ...]]


def _problem_by_itself(route: Route, names: frozenset[str]) -> _Problem | None:
    """Return the problem of a route that can match no alert, even if no route precedes it."""
    values: dict[str, Matcher] = {}
    for matcher in route.matchers:
        if matcher.operator != "=":
            continue
        earlier = values.setdefault(matcher.label, matcher)
        if earlier.value != matcher.value:
            message = f"no alert meets both `{earlier}` and `{matcher}`"
            return message, f'write `{matcher.label}=~"{earlier.value}|{matcher.value}"`, or two routes', ()
        if matcher.label == "alertname" and matcher.value in names:
            message = (
                f"`{matcher.value}` is defined in this file,"
                " and only alerts that are not defined in it reach this route"
            )
            return message, "set its team below `systems:`, and take the route out", ()
    return None


def _problem_with_earlier(route: Route, earlier_routes: Sequence[Route], spans: Sequence[Span]) -> _Problem | None:
    """Return the problem of a route if an earlier route takes all of its alerts."""
    own_matchers = _matcher_set(route)
    for number, earlier in enumerate(earlier_routes):
        if earlier.matchers and _matcher_set(earlier).items() <= own_matchers.items():
            related = (Related(span=spans[number], message="this one comes before and has no further matchers"),)
            return "no alert comes to this route", "put the narrower route first, or take one out", related
    return None


def _matcher_set(route: Route) -> Mapping[Matcher, None]:
    return dict.fromkeys(route.matchers)
