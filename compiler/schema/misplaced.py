"""Find keys that stand one level too high or too low, and keys with nothing behind or below them.

Used by `compiler.schema`. YAML reads such a file without complaint; only the nesting of the keys is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from jsonschema.exceptions import ValidationError

from compiler.conventions import OFF, SEVERITIES
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.schema import nodes
from compiler.schema.wording import valued

_COMMENT: Final = re.compile(r":\s++(?P<text>#\S.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Misplaced:
    """What is wrong with a key; other errors below `path` only follow from it.

    `missing` is the key that a mapping above seems to lack because of it. `last_line` is the last line of the mapping
    in which the key stands, if keys there may seem to stand twice because of it.
    """

    span: Span
    message: str
    hint: str
    path: tuple[str | int, ...]
    missing: str | None = None
    last_line: int | None = None


def misplaced(document: Table, errors: Iterable[ValidationError], diagnostics: Diagnostics) -> Iterator[Misplaced]:
    """Yield the keys of a document that stand in the wrong place or are left empty, by the schema's `errors`."""
    all_errors = list(errors)
    followers: dict[tuple[str | int, ...], dict[str, str]] = {}
    for error in all_errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and path:
            yield from _indented_too_far(document, path)
        if not path or error.validator not in {"type", "enum", "const"} or not isinstance(path[-1], str):
            continue
        owner = _value(document, path[:-1])
        if not isinstance(owner, Table):
            continue
        mistake = _too_deep(document, owner, path)
        if mistake is None and error.instance is None:
            if path[:-1] not in followers:
                followers[path[:-1]] = dict(pairwise(owner))
            stray = followers[path[:-1]].get(path[-1])
            mistake = _without_children(owner, path, stray) or _empty(document, path, diagnostics)
        if mistake is not None:
            yield mistake
    yield from _without_id(document, all_errors)
    yield from _of_another_section(document, all_errors)


def _too_deep(document: Table, owner: Table, path: tuple[str | int, ...]) -> Misplaced | None:
    """Return a key that belongs to the mapping above, but stands below one of its neighbours; else None."""
    key = path[-1]
    if len(path) < 2 or not isinstance(key, str) or key in nodes.known(path[:-1]):
        return None
    above = _value(document, path[:-2])
    if key not in nodes.known(path[:-2]) or not isinstance(above, Table) or key in above:
        return None
    neighbour = above.key_spans[str(path[-2])]
    spaces = neighbour.column - 1
    return Misplaced(
        span=owner.key_spans[key],
        message=f"`{key}` stands below `{path[-2]}`, and belongs beside it",
        hint=f"{_indented(spaces)}, as `{path[-2]}` is, and what belongs to it further",
        path=path[:-1],
        missing=key,
        last_line=owner.end_line,
    )


def _indented(spaces: int) -> str:
    return f"indent it by {spaces} {'space' if spaces == 1 else 'spaces'}" if spaces else "begin it at the left edge"


def _without_id(document: Table, errors: Sequence[ValidationError]) -> Iterator[Misplaced]:
    """Yield the first key that stands directly below a section, where only ids stand: its id is missing."""
    owners = {tuple(error.absolute_path)[:-1] for error in errors if error.validator == "type" and error.absolute_path}
    for path in sorted(owners, key=str):
        owner = _value(document, path)
        if not isinstance(owner, Table) or not nodes.is_open(path):
            continue
        item = nodes.known((*path, ""))
        keys = [key for key, value in owner.items() if key in item and not isinstance(value, Table)]
        if len(keys) > 1:
            yield Misplaced(
                span=owner.key_spans[keys[0]],
                message=f"`{keys[0]}` stands directly below `{path[-1]}`, where only ids stand",
                hint=f"write an id above it, such as `{_example_id(path)}:`, and indent what belongs to it further",
                path=path,
            )


def _example_id(path: tuple[str | int, ...]) -> str:
    examples = nodes.at(path).get("examples", [])
    return str(next(iter(examples[0]), "name")) if examples and isinstance(examples[0], dict) else "name"


def _of_another_section(document: Table, errors: Sequence[ValidationError]) -> Iterator[Misplaced]:
    """Yield the first entry that has the keys of another section, if the file lacks the line of that section."""
    lacking = {
        error.message.split("'")[1] for error in errors if error.validator == "required" and not error.absolute_path
    }
    unknown = {tuple(error.absolute_path): error for error in errors if error.validator == "additionalProperties"}
    entries = [path for path in unknown if len(path) == 2 and isinstance(_value(document, path), Table)]
    for path in sorted(entries, key=lambda entry_path: _value(document, entry_path).span):  # type: ignore[attr-defined]
        section, entry = str(path[0]), str(path[1])
        keys = set(_value(document, path))  # type: ignore[call-overload]
        meant = next((candidate for candidate in sorted(lacking) if _holds(candidate, entry, keys)), None)
        if meant is None:
            continue
        owner = _value(document, path[:1])
        assert isinstance(owner, Table)  # noqa: S101 - an entry stands in a section
        yield Misplaced(
            span=owner.key_spans[entry],
            message=f"`{entry}` stands below `{section}`, and has the keys of `{meant}`",
            hint=f"write the line `{meant}:` above it",
            path=path[:1],
            missing=meant,
        )
        return


def _holds(section: str, entry: str, keys: set[str]) -> bool:
    """Return whether a section can hold an entry: under this name, or under any name if it has these keys."""
    if nodes.is_open((section,)):
        return keys <= nodes.known((section, ""))
    return entry in nodes.known((section,)) and keys <= nodes.known((section, entry))


def _indented_too_far(document: Table, path: tuple[str | int, ...]) -> Iterator[Misplaced]:
    """Yield an unknown key with nothing behind it: it is indented too far, and its own keys stand beside it."""
    owner, above = _value(document, path), _value(document, path[:-1])
    if not isinstance(owner, Table) or not isinstance(above, Table):
        return
    known_keys = nodes.known(path)
    for key, value in owner.items():
        if value is None and key not in known_keys and owner.key_spans[key].line > above.key_spans[str(path[-1])].line:
            spaces = above.key_spans[str(path[-1])].column - 1
            yield Misplaced(
                span=owner.key_spans[key],
                message=f"`{key}` stands below `{path[-1]}`, and is no key of it",
                hint=f"{_indented(spaces)}, as `{path[-1]}` is, and what belongs to it further",
                path=path,
                last_line=owner.end_line,
            )
            return


def _without_children(owner: Table, path: tuple[str | int, ...], stray: str | None) -> Misplaced | None:
    """Return the key behind an empty key, if it seems to belong below it: no such key is known beside it."""
    key, known_keys = str(path[-1]), nodes.known(path[:-1])
    if "object" not in _types(path):
        return None
    if stray is None or owner.key_spans[stray].line <= owner.key_spans[key].line:
        return None
    below = stray in nodes.known(path) if nodes.is_open(path[:-1]) else bool(known_keys) and stray not in known_keys
    if not below or (isinstance(owner[stray], Table) and nodes.is_open(path[:-1])):
        return None
    return Misplaced(
        span=owner.key_spans[stray],
        message=f"`{stray}` stands beside `{key}`, and belongs below it",
        hint=f"indent it, and what belongs to it, further than `{key}`",
        path=path[:-1],
    )


def _empty(document: Table, path: tuple[str | int, ...], diagnostics: Diagnostics) -> Misplaced:
    key, owner = str(path[-1]), _value(document, path[:-1])
    assert isinstance(owner, Table)  # noqa: S101 - the caller has looked
    span = owner.key_spans[key]
    source = diagnostics.line(span) or ""
    comment = _COMMENT.search(source[span.end_column - 1 :].rstrip())
    if comment is not None and "string" in _types(path):
        message = f"`{key}` is empty: `#` behind a space begins a comment"
        hint = f'quote it: `{key}: "{comment["text"]}"`'
        return Misplaced(span=span, message=message, hint=hint, path=path)
    collection = {"object", "array"} & set(_types(path))
    written = source[owner.value_spans[key].column - 1 : owner.value_spans[key].end_column - 1].strip()
    message = f"`{key}` is {written}, which is nothing to YAML" if written else f"`{key}` is empty"
    if collection and not written:
        message = f"`{key}` is empty: nothing stands below it that is indented further"
    return Misplaced(span=span, message=message, hint=_filled(key, path, document), path=path)


def _filled(key: str, path: tuple[str | int, ...], document: Table) -> str:
    shown = valued(key, nodes.at(path), document)
    if path[-1] in SEVERITIES and "> " in str(shown):
        return f"write `{key}: {OFF}` where nobody is to be told, or a limit such as `{shown}`"
    off = ", or take the key out" if path[:-1] and key not in nodes.at(path[:-1]).get("required", ()) else ""
    return f"write `{key}: {shown}`{off}" if shown else f"write its value{off}"


def _types(path: tuple[str | int, ...]) -> tuple[str, ...]:
    types = nodes.at(path).get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def _value(document: Table, path: Iterable[str | int]) -> object:
    value: object = document
    for step in path:
        value = value[step]  # type: ignore[index]
    return value
