"""Check thresholds.yaml against the first of the two published JSON Schemas.

This stage runs between `compiler.document` and `compiler.resolve`. A document that passes has known keys and the right
types; `compiler.resolve` reads what they mean. `python -m compiler.schema` writes the names that the kinds of signal
bring into the published file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, cast

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from compiler.channels import CHANNELS, CONTACTS, EXAMPLES, in_scope
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
"""The keys of a file that `include` names."""


def with_kinds(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of thresholds.yaml with the kinds of signal, and what a binding can name: inputs and units."""
    inputs = {input_.name: input_ for kind in kinds().values() for form in kind.forms for input_ in form}
    constants = {name for kind in kinds().values() for name in kind.constants}
    binding = schema["$defs"]["binding"]["properties"]
    for name, input_ in sorted(inputs.items()):
        types = ["string", "number"] if name in constants else "string"
        binding[name] = {"description": input_.description, "type": types, "examples": [input_.example]}
    schema["$defs"]["metric_unit"]["enum"] = list(METRIC_UNITS)
    definition = schema["$defs"]["signal"]["properties"]
    definition["kind"]["enum"] = [name for name, kind in kinds().items() if kind.bindable]
    definition |= {parameter.name: dict(parameter.schema) for kind in kinds().values() for parameter in kind.parameters}
    return schema


def with_channels(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of thresholds.yaml with the channels that a policy can name, and the contacts of a level."""
    schema["$defs"]["policy"]["properties"]["fallback"]["items"]["enum"] = in_scope("fallback")
    for scope in ("announce", "notify"):
        schema["$defs"]["tier"]["properties"][scope]["items"]["enum"] = in_scope(scope)
    for name, form in CONTACTS.items():
        code = ", with country code" if form == "number" else ""
        addresses = {
            "$ref": "#/$defs/contacts",
            "description": f"{CHANNELS[name].addresses}{code}.",
            "examples": [[EXAMPLES[form]]],
        }
        for owner in ("level", "turn"):
            schema["$defs"][owner]["properties"][name] = addresses
    return schema


@cache
def _validator(*, included: bool) -> Validator:
    schema = json.loads(text(THRESHOLDS))
    if included:
        schema["required"] = ["version"]
        schema["properties"] = {key: schema["properties"][key] for key in INCLUDED_KEYS}
    return validator(schema)


def validate(document: Table, diagnostics: Diagnostics, *, included: bool = False) -> bool:
    """Add an error for each place of `document` that the schema refuses; return whether resolve can read the document.

    This function replaces an unknown key by the key that was probably meant, or ignores it. So one run also finds the
    mistakes elsewhere, and reports nothing twice.
    """
    check = _validator(included=included)
    _move_strays(document, [], diagnostics)
    _correct_keys(document, check, diagnostics, included=included)
    errors = list(check.iter_errors(document))
    places: dict[tuple[str | int, ...], Misplaced] = {}
    for stray in sorted(misplaced(document, errors, diagnostics), key=lambda stray: stray.span):
        if not _begins_with(stray.path, places):
            places[stray.path] = stray
    _forget_duplicates(places.values(), diagnostics)
    for stray in places.values():
        diagnostics.error("schema", stray.span, stray.message, hint=stray.hint)
    lacking = {
        (stray.missing, stray.path[:length]) for stray in places.values() for length in range(len(stray.path) + 1)
    }
    causes = [error for error in errors if not _is_consequence(error, document, places, lacking)]
    for code, span, message, hint in _findings(causes, document, diagnostics, included=included):
        diagnostics.error(code, span, message, hint=hint)
    return len(causes) == len(errors) and all(error.validator == "additionalProperties" for error in errors)


def _correct_keys(document: Table, check: Validator, diagnostics: Diagnostics, *, included: bool) -> None:
    """Add an error for each key that is nearly a known one, and put the known one in its place."""
    changed = True
    while changed:
        changed = False
        for error in list(check.iter_errors(document)):
            if error.validator != "additionalProperties":
                continue
            owner, path = cast("Table", error.instance), list(error.absolute_path)
            known_keys = INCLUDED_KEYS if included and not path else nodes.known(path)
            before: str | None = None
            for key in list(owner):
                corrected = (
                    key if key in known_keys else _correct_key(owner, key, (before, path), known_keys, diagnostics)
                )
                changed |= corrected != key
                before = corrected or before


def _correct_key(
    owner: Table,
    key: str,
    place: tuple[str | None, Sequence[str | int]],
    known_keys: Collection[str],
    diagnostics: Diagnostics,
) -> str | None:
    """Correct an unknown key; return the key that now stands there, or None if it moved below its neighbour.

    Each correction adds an error. `place` is the key before the unknown one, and the path of their mapping.
    """
    span, before = owner.key_spans[key], place[0]
    glued = _WITHOUT_COLON.fullmatch(key) if owner[key] is None else None
    if glued is not None and glued["key"] in known_keys and glued["key"] not in owner:
        hint = f"write `{glued['key']}: {glued['value']}`"
        diagnostics.error("unknown-key", span, f"no colon stands behind `{glued['key']}`", hint=hint)
        owner[key] = glued["value"].strip(QUOTES)
        _rename(owner, key, glued["key"])
        return glued["key"]
    if before is not None and owner[before] is None:
        # The key is not misspelt, but indented wrongly.
        return key
    meant = suggestions.meant_key(key, known_keys, owner)
    if meant is not None:
        diagnostics.error("unknown-key", span, f"unknown key `{key}`", hint=f"did you mean `{meant}`?")
        _rename(owner, key, meant)
        return meant
    return None if _move_below(owner, key, place, diagnostics) else key


def _move_below(
    owner: Table, key: str, place: tuple[str | None, Sequence[str | int]], diagnostics: Diagnostics
) -> bool:
    """Move an unknown key into the mapping before it, with an error, if it belongs there; return whether it moved."""
    before, path = place
    target = owner.get(before or "")
    below = [*path, str(before)]
    if not isinstance(target, Table) or key in target:
        return False
    is_key = key in nodes.known(below)
    is_entry = nodes.is_open(below) and isinstance(owner[key], Table) and set(owner[key]) <= nodes.known([*below, key])
    if not is_key and not is_entry:
        return False
    _move(owner, key, str(before), diagnostics)
    return True


def _move_strays(owner: Table, path: Sequence[str | int], diagnostics: Diagnostics) -> None:
    """If a key stands among ids and belongs to the id before it, move it below that id, and add an error."""
    if nodes.is_open(path):
        keys = list(owner)
        known = nodes.known([*path, ""])
        strays = [key for key in keys if key in known and not isinstance(owner[key], Table)]
        for key in strays if len(strays) == 1 else ():
            before = keys[keys.index(key) - 1] if keys.index(key) else ""
            target = owner.get(before)
            if isinstance(target, Table) and key not in target and owner[key] is not None:
                _move(owner, key, before, diagnostics)
    for key, child in owner.items():
        if isinstance(child, Table):
            _move_strays(child, [*path, key], diagnostics)


def _move(owner: Table, key: str, before: str, diagnostics: Diagnostics) -> None:
    """Put a key below the mapping before it, after adding an error."""
    target = owner[before]
    message, hint = f"`{key}` stands beside `{before}`, and belongs below it", f"indent it further than `{before}`"
    diagnostics.error("schema", owner.key_spans[key], message, hint=hint)
    target[key] = owner.pop(key)
    target.key_spans[key], target.value_spans[key] = owner.key_spans.pop(key), owner.value_spans.pop(key)


_WITHOUT_COLON: Final = re.compile(r"(?P<key>[a-z_]+)\s+(?P<value>\S.*)", re.DOTALL)


def _rename(owner: Table, key: str, meant: str) -> None:
    for by_key in (owner, owner.key_spans, owner.value_spans):
        items = list(by_key.items())
        by_key.clear()
        by_key.update((meant if name == key else name, value) for name, value in items)


def _begins_with(path: tuple[str | int, ...], paths: Container[tuple[str | int, ...]]) -> bool:
    return any(path[:length] in paths for length in range(len(path) + 1))


def _forget_duplicates(places: Iterable[Misplaced], diagnostics: Diagnostics) -> None:
    """Remove the errors about keys that only stand twice because one of them stands in the wrong place."""
    lines = {
        (stray.span.path, line)
        for stray in places
        if stray.last_line is not None
        for line in range(stray.span.line, stray.last_line + 1)
    }
    diagnostics.found = [
        diagnostic
        for diagnostic in diagnostics.found
        if diagnostic.code != "duplicate-key" or (diagnostic.span.path, diagnostic.span.line) not in lines
    ]


def _is_consequence(
    error: ValidationError,
    document: Table,
    places: Container[tuple[str | int, ...]],
    lacking: Container[tuple[str | None, tuple[str | int, ...]]],
) -> bool:
    """Return whether an error only follows from another mistake: a key stands twice there, or in the wrong place.

    `places` are the paths of misplaced keys, `lacking` the keys that mappings seem to lack because of them.
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
    return any(isinstance(child, Table) and child.torn for child in owner.values())


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
    lacks_systems_line = any(
        hint == _WITHOUT_SYSTEMS for _, _, hint in _unknown_at_top(errors, document, included=included)
    )
    for path, key_errors in lacking.items():
        if lacks_systems_line and not path:
            continue
        message, hint = wording.missing(
            list(map(_missing_key, key_errors)), cast("dict[str, Any]", key_errors[0].schema), document
        )
        yield "missing-key", _locate(document, path), message, hint


def _unknown_at_top(
    errors: Sequence[ValidationError], document: Table, *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    if any(error.validator == "additionalProperties" and not error.absolute_path for error in errors):
        yield from _unknown_keys(document, INCLUDED_KEYS if included else nodes.known([]), [], included=included)


def _missing_key(error: ValidationError) -> str:
    # jsonschema reports each missing key in its own error, and only the message names the key.
    return error.message.split("'")[1]


def _explain(
    error: ValidationError, document: Table, diagnostics: Diagnostics, *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    path = list(error.absolute_path)
    owner = error.instance if error.validator == "additionalProperties" else _value(document, path)
    match error.validator:
        case "additionalProperties":
            known_keys = INCLUDED_KEYS if included and not path else nodes.known(path)
            yield from _unknown_keys(cast("Table", owner), known_keys, path, included=included)
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
    """Return the text of a place, as it stands in the file."""
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
    owner: Table, known_keys: Collection[str], path: Sequence[str | int], *, included: bool
) -> Iterator[tuple[Span, str, str | None]]:
    free = set(known_keys) - owner.keys()
    for key in owner:
        if key in known_keys:
            continue
        span, message, hint = owner.key_spans[key], f"unknown key `{key}`", did_you_mean(key, free)
        homes = [] if "did you mean" in (hint or "") else list(nodes.homes(key))
        if homes:
            hint = f"it is a key of {' and of '.join(homes)}"
        if (match := _BEFORE_BRACKET.match(key)) is not None:
            message, hint = f"no colon stands behind `{match['key']}`", f"write `{match['key']}: {match['rest']}…`"
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
    value = _value(document, path)
    if isinstance(value, Items) and value.spans and isinstance(value[0], Table):
        return value.spans[0]
    if isinstance(owner, Table):
        span = owner.value_spans[str(last)]
        return owner.key_spans[str(last)] if isinstance(owner[str(last)], dict | list) else span
    return owner.spans[int(last)] if isinstance(owner, Items) else document.span
