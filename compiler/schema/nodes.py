"""Look up a place of a document in the published schema of thresholds.yaml: what may stand there, what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from compiler.channels import CHANNELS, CONTACTS, EXAMPLES, SCOPES, in_scope

THRESHOLDS: Final = "thresholds.schema.json"
CATALOG: Final = "catalog.schema.json"

Path = Sequence[str | int]


def text(name: str) -> str:
    """Return the text of a published schema."""
    written = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return _with_channels(written) if name == CATALOG else written


def _with_channels(catalog_schema: str) -> str:
    """Return the catalogue's schema with the channels that each key may name, and the contacts; the file has none."""
    for scope in SCOPES:
        names = ", ".join(f'"{name}"' for name in in_scope(scope))
        catalog_schema = re.sub(rf'("{scope}":[^\[]*"enum": )\[\]', rf"\1[{names}]", catalog_schema, count=1)
    contacts = (
        f'        "{name}": {{"$ref": "#/$defs/addresses", "description": "{CHANNELS[name].addresses}.",'
        f' "examples": [["{EXAMPLES[form]}"]]}}'
        for name, form in CONTACTS.items()
    )
    properties = ",\n".join(contacts)
    return catalog_schema.replace('"properties": {}', f'"properties": {{\n{properties}\n      }}', 1)


@cache
def _root() -> dict[str, Any]:
    root: dict[str, Any] = json.loads(text(THRESHOLDS))
    return root


def whole(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of the schema with the definition that it refers to; its own entries take precedence."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    merged: dict[str, Any] = {**_root()["$defs"][name], **node} if name else dict(node)
    return merged


def at(path: Path) -> dict[str, Any]:
    """Return the part of the schema for a place in a document; empty if the schema has no such place."""
    node = _root()
    for step in path:
        properties = node.get("properties", {})
        child = properties.get(step, node.get("additionalProperties")) if isinstance(step, str) else node.get("items")
        node = whole(child) if isinstance(child, Mapping) else {}
    return node


def is_open(path: Path) -> bool:
    """Return whether the mapping at a place has ids that the user chooses, each with a mapping below."""
    node = at(path)
    return not node.get("properties") and bool(whole(node.get("additionalProperties") or {}).get("properties"))


@cache
def homes(key: str) -> tuple[str, ...]:
    """Return the names, for people, of the places that can have a key."""
    root = _root()
    places = ["the top level"] if key in root["properties"] else []
    places += [f"`{name}:`" for name, node in root["properties"].items() if key in whole(node).get("properties", {})]
    places += [words for name, words in _HOMES.items() if key in root["$defs"][name].get("properties", {})]
    return tuple(places)


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
"""The names, for people, of mappings among the schema's definitions."""


def known(path: Path) -> frozenset[str]:
    """Return the keys that a mapping at a place may hold by name."""
    return frozenset(at(path).get("properties", {}))
