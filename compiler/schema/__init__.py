"""The published JSON Schemas, and the check of thresholds.yaml against the first.

Between `compiler.document` and `compiler.resolve`: what passes here has known keys and the right types; what they mean
is resolve's. `python -m compiler.schema` writes the names that the kinds of signal bring into the published file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, cast

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from compiler.channels import in_scope
from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.document import Items, Table
from compiler.lines import QUOTES
from compiler.quantities import METRIC_UNITS
from compiler.schema import nodes, suggestions, wording
from compiler.schema.misplaced import Misplaced, misplaced
from compiler.schema.nodes import CATALOG, THRESHOLDS, text
from compiler.schema.validator import validator
from compiler.signals import kinds

__all__ = ["CATALOG", "INCLUDED_KEYS", "THRESHOLDS", "text", "validate", "with_channels", "with_kinds"]

INCLUDED_KEYS: Final = ("version", "signals", "systems")
"""What a file named by `include` may hold."""


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


def with_channels(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, of thresholds.yaml or of the catalogue, with the channels that a policy can name."""
    policy = schema["$defs"].get("policy") or schema["properties"]["policies"]["additionalProperties"]
    policy["properties"]["fallback"]["items"]["enum"] = in_scope("fallback")
    for scope in ("announce", "notify"):
        schema["$defs"]["tier"]["properties"][scope]["items"]["enum"] = in_scope(scope)
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

    An unknown key is taken for the one that it was probably meant to be, else left aside, so that what is wrong
    elsewhere is found in the same run, and nothing is complained of twice.
    """
    check = _validator(included=included)
    _take_back(document, [], diagnostics)
    _take_for_known(document, check, diagnostics, included=included)
    errors = list(check.iter_errors(document))
    places: dict[tuple[str | int, ...], Misplaced] = {}
    for one in sorted(misplaced(document, errors, diagnostics), key=lambda one: one.span):
        if not _begins_with(one.path, places):
            places[one.path] = one
    _forget_below(places.values(), diagnostics)
    for one in places.values():
        diagnostics.error("schema", one.span, one.message, hint=one.hint)
    lacking = {(one.missing, one.path[:length]) for one in places.values() for length in range(len(one.path) + 1)}
    left = [error for error in errors if not _is_idle(error, document, places, lacking)]
    for code, span, message, hint in _findings(left, document, diagnostics, included=included):
        diagnostics.error(code, span, message, hint=hint)
    return len(left) == len(errors) and all(error.validator == "additionalProperties" for error in errors)


def _take_for_known(document: Table, check: Validator, diagnostics: Diagnostics, *, included: bool) -> None:
    """Add an error for each key that is nearly one of the format's, and put that in its place."""
    found = True
    while found:
        found = False
        for error in list(check.iter_errors(document)):
            if error.validator != "additionalProperties":
                continue
            owner, path = cast("Table", error.instance), list(error.absolute_path)
            known = INCLUDED_KEYS if included and not path else nodes.known(path)
            before: str | None = None
            for key in list(owner):
                taken = key if key in known else _take_one(owner, key, (before, path), known, diagnostics)
                found |= taken != key
                before = taken or before


def _take_one(
    owner: Table,
    key: str,
    place: tuple[str | None, Sequence[str | int]],
    known: Collection[str],
    diagnostics: Diagnostics,
) -> str | None:
    """Return an unknown key, or what it was taken for; None where its neighbour has it now. Each is an error then.

    The place is the key before it, and the path of their mapping.
    """
    span, before = owner.key_spans[key], place[0]
    glued = _WITHOUT_COLON.fullmatch(key) if owner[key] is None else None
    if glued is not None and glued["key"] in known and glued["key"] not in owner:
        hint = f"write `{glued['key']}: {glued['value']}`"
        diagnostics.error("unknown-key", span, f"no colon stands behind `{glued['key']}`", hint=hint)
        owner[key] = glued["value"].strip(QUOTES)
        _rename(owner, key, glued["key"])
        return glued["key"]
    if before is not None and owner[before] is None:
        # It is not misspelt, but indented wrongly.
        return key
    meant = suggestions.meant_key(key, known, owner)
    if meant is not None:
        diagnostics.error("unknown-key", span, f"unknown key `{key}`", hint=f"did you mean `{meant}`?")
        _rename(owner, key, meant)
        return meant
    return None if _take_below(owner, key, place, diagnostics) else key


def _take_below(
    owner: Table, key: str, place: tuple[str | None, Sequence[str | int]], diagnostics: Diagnostics
) -> bool:
    """Return whether an unknown key was taken for one of the mapping of ids that stands before it, after an error."""
    before, path = place
    into = owner.get(before or "")
    below = [*path, str(before)]
    if not isinstance(into, Table) or key in into:
        return False
    named = key in nodes.known(below)
    entry = nodes.is_open(below) and isinstance(owner[key], Table) and set(owner[key]) <= nodes.known([*below, key])
    if not named and not entry:
        return False
    _move(owner, key, str(before), diagnostics)
    return True


def _take_back(owner: Table, path: Sequence[str | int], diagnostics: Diagnostics) -> None:
    """Put each key that stands among ids, and belongs to the one before it, below that, after adding an error."""
    if nodes.is_open(path):
        keys = list(owner)
        known = nodes.known([*path, ""])
        strays = [key for key in keys if key in known and not isinstance(owner[key], Table)]
        for key in strays if len(strays) == 1 else ():
            before = keys[keys.index(key) - 1] if keys.index(key) else ""
            into = owner.get(before)
            if isinstance(into, Table) and key not in into and owner[key] is not None:
                _move(owner, key, before, diagnostics)
    for key, one in owner.items():
        if isinstance(one, Table):
            _take_back(one, [*path, key], diagnostics)


def _move(owner: Table, key: str, before: str, diagnostics: Diagnostics) -> None:
    """Put a key below the mapping before it, after adding an error."""
    into = owner[before]
    message, hint = f"`{key}` stands beside `{before}`, and belongs below it", f"indent it further than `{before}`"
    diagnostics.error("schema", owner.key_spans[key], message, hint=hint)
    into[key] = owner.pop(key)
    into.key_spans[key], into.value_spans[key] = owner.key_spans.pop(key), owner.value_spans.pop(key)


_WITHOUT_COLON: Final = re.compile(r"(?P<key>[a-z_]+)\s+(?P<value>\S.*)", re.DOTALL)


def _rename(owner: Table, key: str, meant: str) -> None:
    for by_key in (owner, owner.key_spans, owner.value_spans):
        items = list(by_key.items())
        by_key.clear()
        by_key.update((meant if name == key else name, one) for name, one in items)


def _begins_with(path: tuple[str | int, ...], paths: Container[tuple[str | int, ...]]) -> bool:
    return any(path[:length] in paths for length in range(len(path) + 1))


def _forget_below(places: Iterable[Misplaced], diagnostics: Diagnostics) -> None:
    """Take back what was said of keys that only stand twice because one of them stands in the wrong place."""
    lines = {
        (one.span.path, line)
        for one in places
        if one.rest_of_line is not None
        for line in range(one.span.line, one.rest_of_line + 1)
    }
    diagnostics.found = [
        given
        for given in diagnostics.found
        if given.code != "duplicate-key" or (given.span.path, given.span.line) not in lines
    ]


def _is_idle(
    error: ValidationError,
    document: Table,
    places: Container[tuple[str | int, ...]],
    lacking: Container[tuple[str | None, tuple[str | int, ...]]],
) -> bool:
    """Return whether an error lies where something else is wrong: a key stands twice there, or in the wrong place.

    `places` are the paths of what stands in the wrong place, `lacking` the keys that mappings seem to lack by it.
    """
    path = tuple(error.absolute_path)
    owner: object = document
    for step in path:
        if isinstance(owner, Table) and (owner.torn or step in owner.contested):
            return True
        owner = owner[step]  # type: ignore[index]
    if isinstance(owner, Table) and (owner.torn or (error.validator == "required" and _has_torn(owner))):
        return True
    if _begins_with(path, places):
        return True
    return error.validator == "required" and (_missing_key(error), path) in lacking


def _has_torn(owner: Table) -> bool:
    """Return whether one of the mappings directly below seems to hold what belongs to a key that is missing."""
    return any(isinstance(one, Table) and one.torn for one in owner.values())


_CODES: Final = {"additionalProperties": "unknown-key", "required": "missing-key"}


def _findings(
    errors: Sequence[ValidationError], document: Table, diagnostics: Diagnostics, *, included: bool
) -> Iterator[tuple[str, Span, str, str | None]]:
    lacking: dict[tuple[str | int, ...], list[ValidationError]] = {}
    exchanged = wording.exchanged_words(document)
    if exchanged is not None:
        yield "schema", document.key_spans["severities"], *exchanged
        errors = [error for error in errors if list(error.absolute_path)[:1] != ["severities"]]
    for error in errors:
        code = _CODES.get(str(error.validator), "schema")
        if error.validator == "required":
            lacking.setdefault(tuple(error.absolute_path), []).append(error)
            continue
        for span, message, hint in _explain(error, document, diagnostics, included=included):
            yield code, span, message, hint
    outside = any(hint == _WITHOUT_SYSTEMS for _, _, hint in _unknown_at_top(errors, document, included=included))
    for path, missing in lacking.items():
        if outside and not path:
            continue
        message, hint = wording.missing(
            list(map(_missing_key, missing)), cast("dict[str, Any]", missing[0].schema), document
        )
        yield "missing-key", _locate(document, path), message, hint


def _unknown_at_top(
    errors: Sequence[ValidationError], document: Table, *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    if any(error.validator == "additionalProperties" and not error.absolute_path for error in errors):
        yield from _unknown_keys(document, INCLUDED_KEYS if included else nodes.known([]), [], included=included)


def _missing_key(error: ValidationError) -> str:
    # jsonschema reports each missing key by an error of its own, whose message alone names it.
    return error.message.split("'")[1]


def _explain(
    error: ValidationError, document: Table, diagnostics: Diagnostics, *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    path = list(error.absolute_path)
    owner = error.instance if error.validator == "additionalProperties" else _value(document, path)
    match error.validator:
        case "additionalProperties":
            known = INCLUDED_KEYS if included and not path else nodes.known(path)
            yield from _unknown_keys(cast("Table", owner), known, path, included=included)
        case "pattern" | "maxLength" if isinstance(owner, Table):
            name = str(error.instance)
            description = str(nodes.whole(cast("dict[str, Any]", error.schema))["description"])
            yield owner.key_spans[name], *wording.identifier(name, description)
        case "uniqueItems":
            yield from _repeated(cast("Items", owner))
        case _:
            span = _locate(document, path)
            yield span, *wording.explain(error, document, _source(span, diagnostics))


def _source(span: Span, diagnostics: Diagnostics) -> str:
    """Return what stands at a place, as it stands there."""
    return (diagnostics.line(span) or "")[span.column - 1 : span.end_column - 1]


def _repeated(items: Items) -> Iterator[tuple[Span, str, str | None]]:
    seen = set()
    for item, span in zip(items, items.spans, strict=True):
        if (shown := wording.flow(item)) in seen:
            yield span, f"`{shown}` stands here a second time", "take it out"
        seen.add(shown)


_WITHOUT_SYSTEMS: Final = "write `version: 1` and `systems:` above it, and indent it below"
_BEFORE_BRACKET: Final = re.compile(r"(?P<key>[a-z_]+)\s+(?P<rest>[\[{].*)", re.DOTALL)
_COMMENT_SIGNS: Final = ("//", "--", "/*", ";")


def _unknown_keys(
    owner: Table, known: Collection[str], path: Sequence[str | int], *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    free = set(known) - owner.keys()
    for key in owner:
        if key in known:
            continue
        span, message, hint = owner.key_spans[key], f"unknown key `{key}`", did_you_mean(key, free)
        homes = [] if "did you mean" in (hint or "") else list(nodes.homes(key))
        if homes:
            hint = f"it is a key of {' and of '.join(homes)}"
        if (opened := _BEFORE_BRACKET.match(key)) is not None:
            message, hint = f"no colon stands behind `{opened['key']}`", f"write `{opened['key']}: {opened['rest']}…`"
        if key.startswith(_COMMENT_SIGNS):
            hint = "a comment begins with `#`"
        elif not path and included and key in nodes.known([]):
            message = f"`{key}` cannot stand in an included file"
            hint = "write it into the main file; an included one holds `signals` and `systems`"
        elif not path and isinstance(owner[key], Table) and len(set(owner[key]) & nodes.known(["systems", key])) > 1:
            message = f"`{key}` looks like a system, and stands outside of `systems:`"
            hint = "indent it below `systems:`" if "systems" in owner else _WITHOUT_SYSTEMS
        yield span, message, hint


def _value(document: Table, path: Sequence[str | int]) -> object:
    value: Any = document
    for part in path:
        value = value[part]
    return value


def _locate(document: Table, path: Sequence[str | int]) -> Span:
    if not path:
        return document.span
    owner, last = _value(document, path[:-1]), path[-1]
    given = _value(document, path)
    if isinstance(given, Items) and given.spans and isinstance(given[0], Table):
        return given.spans[0]
    if isinstance(owner, Table):
        span = owner.value_spans[str(last)]
        return owner.key_spans[str(last)] if isinstance(owner[str(last)], dict | list) else span
    return owner.spans[int(last)] if isinstance(owner, Items) else document.span
