"""The published JSON Schemas, and the check of thresholds.yaml against the first.

Between `compiler.document` and `compiler.resolve`: what passes here has known keys and the right types; what they mean
is resolve's. `python -m compiler.schema` writes the names that the kinds of signal bring into the published file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final, cast

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.document import Items, Table, scalar
from compiler.quantities import METRIC_UNITS
from compiler.schema.validator import validator
from compiler.signals import kinds

THRESHOLDS: Final = "thresholds.schema.json"
CATALOG: Final = "catalog.schema.json"
INCLUDED_KEYS: Final = ("version", "signals", "systems")
"""What a file named by `include` may hold."""


def text(name: str) -> str:
    """Return the text of a published schema."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def with_kinds(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of thresholds.yaml with the kinds of signal, and what a binding can name: inputs and units."""
    inputs = {one.name: one for kind in kinds().values() for form in kind.forms for one in form}
    constants = {name for kind in kinds().values() for name in kind.constants}
    binding = schema["$defs"]["binding"]["properties"]
    for name, one in sorted(inputs.items()):
        types = ["string", "number"] if name in constants else "string"
        binding[name] = {"description": one.description, "type": types, "examples": [one.example]}
    schema["$defs"]["metric_unit"]["enum"] = list(METRIC_UNITS)
    definition = schema["$defs"]["signal"]["properties"]
    definition["kind"]["enum"] = [name for name, kind in kinds().items() if kind.bindable]
    definition |= {one.name: dict(one.schema) for kind in kinds().values() for one in kind.parameters}
    return schema


@cache
def _validator(*, included: bool) -> Validator:
    schema = json.loads(text(THRESHOLDS))
    if included:
        schema["required"] = ["version"]
        schema["properties"] = {key: schema["properties"][key] for key in INCLUDED_KEYS}
    return validator(schema)


def validate(document: Table, diagnostics: Diagnostics, *, included: bool = False) -> bool:
    """Add an error for each place of `document` that the schema does not admit; return whether resolve can read it.

    An unknown key is left aside, so that what is wrong elsewhere is found in the same run.
    """
    errors = list(_validator(included=included).iter_errors(document))
    for error in errors:
        for span, message, hint in _explain(error, document):
            diagnostics.error(_CODES.get(str(error.validator), "schema"), span, message, hint=hint)
    return all(error.validator == "additionalProperties" for error in errors)


_CODES: Final = {"additionalProperties": "unknown-key", "required": "missing-key"}


def _explain(error: ValidationError, document: Table) -> Iterator[tuple[Span, str, str | None]]:
    path = list(error.absolute_path)
    span = _locate(document, path)
    schema = cast("dict[str, Any]", error.schema)
    owner = error.instance if error.validator == "additionalProperties" else _value(document, path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(cast("Table", owner), schema.get("properties", {}))
        case "required":
            # jsonschema reports each missing key by an error of its own, whose message alone names it.
            key = error.message.split("'")[1]
            yield span, f"the key `{key}` is missing", _example(schema.get("properties", {}).get(key, {}), key)
        case "pattern" | "maxLength" if isinstance(owner, Table):
            name = str(error.instance)
            yield (
                owner.key_spans[name],
                f"`{name}` cannot be an id",
                f"an id is made of {_lower(schema['description'])}",
            )
        case "uniqueItems":
            yield from _repeated(cast("Items", owner))
        case _:
            yield span, _message(error), _hint(schema)


def _repeated(items: Items) -> Iterator[tuple[Span, str, str | None]]:
    seen = set()
    for item, span in zip(items, items.spans, strict=True):
        if (shown := _flow(item)) in seen:
            yield span, f"`{shown}` stands here a second time", "take it out"
        seen.add(shown)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _unknown_keys(owner: Table, known: Mapping[str, object]) -> Iterator[tuple[Span, str, str | None]]:
    for key in owner:
        if key not in known:
            yield owner.key_spans[key], f"unknown key `{key}`", did_you_mean(key, known)


def _message(error: ValidationError) -> str:
    instance = error.instance
    shown = f"`{_flow(instance)}`" if isinstance(instance, str | int | float) and instance != "" else "this"
    match error.validator:
        case "type":
            wanted = error.validator_value
            types = [wanted] if isinstance(wanted, str) else cast("list[str]", wanted)
            return f"{shown} is not {' or '.join(_TYPES[one] for one in types)}"
        case "enum" | "const":
            return f"{shown} is not known here"
        case "minItems" | "minProperties":
            return "this is empty"
        case "pattern" | "minLength" if not str(instance).strip():
            return "this is empty"
        case _:
            return f"{shown} does not fit here"


_TYPES: Final = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "null": "empty",
}


def _hint(schema: Mapping[str, Any]) -> str | None:
    if "enum" in schema:
        return "known here: " + ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"write `{schema['const']}`"
    examples = schema.get("examples", [])
    return f"such as `{_flow(examples[0])}`" if examples else None


def _example(schema: Mapping[str, Any], key: str) -> str | None:
    examples = schema.get("examples", [])
    if not examples and "$ref" in schema:
        examples = _definition(str(schema["$ref"])).get("examples", [])
    return f"add `{key}: {_flow(examples[0])}`" if examples else None


@cache
def _definition(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(THRESHOLDS))["$defs"][reference.rpartition("/")[2]]
    return found


_PLAIN: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 ._/:@-]*")


def _flow(value: object) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and scalar(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(document: Table, path: Sequence[str | int]) -> object:
    value: Any = document
    for part in path:
        value = value[part]
    return value


def _locate(document: Table, path: Sequence[str | int]) -> Span:
    if not path:
        return document.span
    owner, last = _value(document, path[:-1]), path[-1]
    if isinstance(owner, Table):
        span = owner.value_spans[str(last)]
        return owner.key_spans[str(last)] if isinstance(owner[str(last)], dict | list) else span
    return owner.spans[int(last)] if isinstance(owner, Items) else document.span
