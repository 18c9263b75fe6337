"""The published schema of thresholds.yaml, asked by the place in a document: what may stand there, what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

THRESHOLDS: Final = "thresholds.schema.json"
CATALOG: Final = "catalog.schema.json"

Path = Sequence[str | int]


def text(name: str) -> str:
    """Return the text of a published schema."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _root() -> dict[str, Any]:
    root: dict[str, Any] = json.loads(text(THRESHOLDS))
    return root


def whole(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of the schema with what it refers to; its own words come first."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = {**_root()["$defs"][name], **node} if name else dict(node)
    return found


def at(path: Path) -> dict[str, Any]:
    """Return the part of the schema for a place in a document; empty where the schema knows no such place."""
    node = _root()
    for step in path:
        properties = node.get("properties", {})
        child = properties.get(step, node.get("additionalProperties")) if isinstance(step, str) else node.get("items")
        node = whole(child) if isinstance(child, Mapping) else {}
    return node


def is_open(path: Path) -> bool:
    """Return whether a mapping at a place holds ids of somebody's own, each with a mapping below."""
    node = at(path)
    return not node.get("properties") and bool(whole(node.get("additionalProperties") or {}).get("properties"))


@cache
def homes(key: str) -> tuple[str, ...]:
    """Return the places that know a key, as people call them."""
    root = _root()
    found = ["the top level"] if key in root["properties"] else []
    found += [f"`{name}:`" for name, node in root["properties"].items() if key in whole(node).get("properties", {})]
    found += [words for name, words in _HOMES.items() if key in root["$defs"][name].get("properties", {})]
    return tuple(found)


_HOMES: Final = {
    "policy": "a policy",
    "tier": "a severity of a policy",
    "level": "a level",
    "team": "a team",
    "schedule": "a schedule",
    "signal": "a signal of `signals:`",
    "system": "a system",
    "fallback_route": "a route of `routing: fallback:`",
    "limits": "the limits of a signal",
}
"""What a mapping of the schema's definitions is called."""


def known(path: Path) -> frozenset[str]:
    """Return the keys that a mapping at a place may hold by name."""
    return frozenset(at(path).get("properties", {}))
