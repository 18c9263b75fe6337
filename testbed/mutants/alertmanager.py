"""List the mutants of an Alertmanager configuration: its routes, its inhibitions and its receivers' integrations.

`matchers.py` and `durations.py` say how a value changes; this module says where values stand. `choice.py` calls it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from testbed.mutants.durations import longer_and_shorter
from testbed.mutants.matchers import changed_matchers
from testbed.mutants.mutant import GONE, Document, Gone, Key, Mutant
from testbed.mutants.rules import ABSENT

TIMINGS = ("group_wait", "group_interval", "repeat_interval")
TIMING_STEP_SECONDS = 60

_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)

_Keys = tuple[Key, ...]


def alertmanager_mutants(document: Document, file: str) -> Iterator[Mutant]:
    """Yield every mutant of the configuration, in the order of the file."""

    def make(kind: str, keys: _Keys, value: Any, before: str, after: str) -> Mutant:  # noqa: ANN401  # any part of it
        return Mutant(
            kind=kind, file=file, place=_place(document, keys), keys=keys, value=value, before=before, after=after
        )

    names = [receiver["name"] for receiver in document.get("receivers", [])]
    for keys, route in routes(document["route"], ("route",)):
        for change in _route_changes(keys, route, names):
            yield make(*change)
    for number, rule in enumerate(document.get("inhibit_rules", [])):
        for change in _inhibition_changes(("inhibit_rules", number), rule):
            yield make(*change)
    for number, receiver in enumerate(document.get("receivers", [])):
        for change in _receiver_changes(("receivers", number), receiver):
            yield make(*change)


def routes(route: Document, keys: _Keys) -> Iterator[tuple[_Keys, Document]]:
    """Yield a route and all routes below it, each with the keys that lead to it."""
    yield keys, route
    for number, child in enumerate(route.get("routes", [])):
        yield from routes(child, (*keys, "routes", number))


_Change = tuple[str, _Keys, Any, str, str]


def _route_changes(keys: _Keys, route: Document, receivers: Sequence[str]) -> Iterator[_Change]:
    yield from _matcher_changes((*keys, "matchers"), route.get("matchers", []), "route matcher")
    yield from _entries_dropped((*keys, "group_by"), route.get("group_by", []), "group_by")
    if "receiver" in route and len(receivers) > 1:
        before = route["receiver"]
        next_receiver = receivers[(receivers.index(before) + 1) % len(receivers)]
        yield "receiver swapped", (*keys, "receiver"), next_receiver, before, next_receiver
    for key in TIMINGS:
        for changed in longer_and_shorter(route[key], TIMING_STEP_SECONDS) if key in route else ():
            yield "timing", (*keys, key), changed, f"{key}: {route[key]}", f"{key}: {changed}"
    children = route.get("routes", [])
    yield from _entries_dropped((*keys, "routes"), children, "route removed")
    for number in range(len(children) - 1):
        first, second = children[number], children[number + 1]
        if first != second:
            swapped = [*children[:number], second, first, *children[number + 2 :]]
            yield "routes reordered", (*keys, "routes"), swapped, _pair(first, second), _pair(second, first)


def _inhibition_changes(keys: _Keys, rule: Document) -> Iterator[_Change]:
    for side in ("source_matchers", "target_matchers"):
        yield from _matcher_changes((*keys, side), rule.get(side, []), "inhibition matcher")
    yield from _entries_dropped((*keys, "equal"), rule.get("equal", []), "equal shortened")
    yield "inhibition removed", keys, GONE, _short(rule), ABSENT


def _receiver_changes(keys: _Keys, receiver: Document) -> Iterator[_Change]:
    for integration, configs in receiver.items():
        if not integration.endswith("_configs"):
            continue
        for number, config in enumerate(configs):
            config_keys: _Keys = (*keys, integration, number)
            yield f"{integration} dropped", config_keys, GONE, _short(config), ABSENT
            if "send_resolved" in config:
                before = config["send_resolved"]
                yield (
                    "send_resolved",
                    (*config_keys, "send_resolved"),
                    not before,
                    str(before).lower(),
                    str(not before).lower(),
                )


def _matcher_changes(keys: _Keys, matchers: Sequence[str], kind: str) -> Iterator[_Change]:
    for number, matcher in enumerate(matchers):
        parts = _MATCHER.fullmatch(matcher)
        for changed in changed_matchers(parts[2], parts[3]) if parts else ():
            text = f"{parts[1]}{changed}" if parts else ""
            yield kind, (*keys, number), text, matcher, text
    yield from _entries_dropped(keys, matchers, kind)


def _entries_dropped(keys: _Keys, entries: Sequence[Any], kind: str) -> Iterator[_Change]:
    for number, entry in enumerate(entries):
        gone: Gone = GONE
        yield kind, (*keys, number), gone, _short(entry), ABSENT


def _pair(first: Document, second: Document) -> str:
    return f"{first.get('receiver')}, {second.get('receiver')}"


def _short(part: Any) -> str:  # noqa: ANN401  # any part of the configuration
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)[:100]


def _place(document: Document, keys: _Keys) -> str:
    """Return the keys as one path; after a number comes the name of the receiver, if there is one."""
    words: list[str] = []
    node: Any = document
    for key in keys:
        node = node[key]
        name = (node.get("name") or node.get("receiver")) if isinstance(node, dict) else None
        words.append(f"{key} ({name})" if isinstance(key, int) and name else str(key))
    return " / ".join(words)
