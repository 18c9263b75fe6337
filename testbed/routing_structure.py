"""Compare what routing tests say of routes and receivers with a loaded Alertmanager configuration.

`routing.py` calls it. This module does not check which alert reaches which receiver: tools answer questions about
matchers and inhibitions, see `routing_cases.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from testbed.routing_cases import Failure, walk

# Keys that a route inherits from the route above it if it does not set them (Alertmanager, "route").
INHERITED = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval")
# Keys that this module does not compare: the tools answer for the matchers, and the routes form the tree.
ASKED = ("matchers", "routes")


def structure_failures(expected: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield where the routes, in order and with inherited keys, or the receivers differ from the tests (`expected`)."""
    routes = [{key: value for key, value in route.items() if key not in ASKED} for route in effective_routes(config)]
    order = [route.get("receiver") for route in routes]
    expected_order = [route["receiver"] for route in expected["routes"]]
    if order == expected_order:
        for expected_route, route in zip(expected["routes"], routes, strict=True):
            yield from _differences(f"route to {expected_route['receiver']}", expected_route, route)
            yield from _additions(f"route to {expected_route['receiver']}", expected_route, route)
    else:
        yield Failure(subject="routes in order", expected=_text(expected_order), got=_text(order))
    yield from _receiver_failures(expected["receivers"], config.get("receivers") or [])


def effective_routes(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of the tree, depth first, each with the keys that it inherits."""
    return [
        {key: above[key] for above in reversed(path[:-1]) for key in INHERITED if key in above} | dict(path[-1])
        for path in walk(config.get("route") or {})
    ]


def _receiver_failures(
    expected: Sequence[Mapping[str, Any]], receivers: Sequence[Mapping[str, Any]]
) -> Iterator[Failure]:
    names, expected_names = (
        [receiver.get("name") for receiver in receivers],
        [receiver["name"] for receiver in expected],
    )
    if sorted(map(str, names)) != sorted(expected_names):
        yield Failure(subject="receivers", expected=_text(sorted(expected_names)), got=_text(sorted(map(str, names))))
    by_name = {receiver.get("name"): receiver for receiver in receivers}
    for receiver in expected:
        if receiver["name"] in by_name:
            subject = f"receiver {receiver['name']}"
            yield from _differences(subject, receiver, by_name[receiver["name"]])
            yield from _additions(subject, receiver, by_name[receiver["name"]])


def _differences(subject: str, expected: Any, actual: Any) -> Iterator[Failure]:  # noqa: ANN401
    """Yield where `actual` lacks what is expected. A mapping may have more keys, a list may not have more items."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            yield from _differences(f"{subject}, {key}", value, actual.get(key))
    elif _is_list_of_mappings(expected) and isinstance(actual, list) and len(expected) == len(actual):
        for value, actual_value in zip(expected, actual, strict=True):
            yield from _differences(subject, value, actual_value)
    elif expected != actual:
        yield Failure(subject=subject, expected=_text(expected), got=_text(actual))


def _is_list_of_mappings(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _additions(subject: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield the keys of a route or receiver that are not expected: a `continue`, a muting, an integration."""
    for key in actual:
        if key not in expected:
            yield Failure(subject=f"{subject}, {key}", expected="nothing", got=_text(actual[key]))


def _text(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "nothing"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)
