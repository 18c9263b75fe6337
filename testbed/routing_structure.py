"""Compares what routing tests say of routes and receivers with a loaded Alertmanager configuration.

`routing.py` calls it. What reaches whom is not this module's: matchers and inhibitions are asked of the tools, see
`routing_cases.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from testbed.routing_cases import Failure, walk

# What a route takes from the one above it where it says nothing (Alertmanager, "route").
INHERITED = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval")
# What the tools are asked about, and the tree itself.
ASKED = ("matchers", "routes")


def structure_failures(expected: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield where routes, in order and with what they inherit, or receivers differ from the parsed tests `expected`."""
    routes = [{key: value for key, value in route.items() if key not in ASKED} for route in effective_routes(config)]
    order = [route.get("receiver") for route in routes]
    wanted = [route["receiver"] for route in expected["routes"]]
    if order == wanted:
        for known, found in zip(expected["routes"], routes, strict=True):
            yield from _differences(f"route to {known['receiver']}", known, found)
            yield from _additions(f"route to {known['receiver']}", known, found)
    else:
        yield Failure(subject="routes in order", expected=_text(wanted), got=_text(order))
    yield from _receiver_failures(expected["receivers"], config.get("receivers") or [])


def effective_routes(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of the tree, depth first, each with what it inherits."""
    return [
        {key: above[key] for above in reversed(path[:-1]) for key in INHERITED if key in above} | dict(path[-1])
        for path in walk(config.get("route") or {})
    ]


def _receiver_failures(expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> Iterator[Failure]:
    names, known = [receiver.get("name") for receiver in found], [receiver["name"] for receiver in expected]
    if sorted(map(str, names)) != sorted(known):
        yield Failure(subject="receivers", expected=_text(sorted(known)), got=_text(sorted(map(str, names))))
    by_name = {receiver.get("name"): receiver for receiver in found}
    for receiver in expected:
        if receiver["name"] in by_name:
            subject = f"receiver {receiver['name']}"
            yield from _differences(subject, receiver, by_name[receiver["name"]])
            yield from _additions(subject, receiver, by_name[receiver["name"]])


def _differences(subject: str, expected: Any, found: Any) -> Iterator[Failure]:  # noqa: ANN401
    """Yield where `found` lacks what is expected; it may have more, but not in a list."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key, value in expected.items():
            yield from _differences(f"{subject}, {key}", value, found.get(key))
    elif _is_objects(expected) and isinstance(found, list) and len(expected) == len(found):
        for value, one in zip(expected, found, strict=True):
            yield from _differences(subject, value, one)
    elif expected != found:
        yield Failure(subject=subject, expected=_text(expected), got=_text(found))


def _is_objects(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _additions(subject: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield the keys of a route or receiver that nobody expects: a `continue`, a muting, an integration."""
    for key in found:
        if key not in expected:
            yield Failure(subject=f"{subject}, {key}", expected="nothing", got=_text(found[key]))


def _text(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "nothing"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)
