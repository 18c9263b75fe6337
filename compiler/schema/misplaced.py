"""Keys that stand one level too high or too low, and keys with nothing behind or below them.

Used by `compiler.schema`. YAML reads such a file without complaint; what is wrong is which key belongs to which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jsonschema.exceptions import ValidationError

from compiler.conventions import OFF, SEVERITIES
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.schema import nodes
from compiler.schema.wording import example

_COMMENT: Final = re.compile(r":\s+(?P<text>#\S.*?)\s*\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Misplaced:
    """What is wrong with a key, and the path below which it makes other complaints idle.

    `missing` is the key that a mapping above seems to lack because of it.
    """

    span: Span
    message: str
    hint: str
    path: tuple[str | int, ...]
    missing: str | None = None
    rest_of_line: int | None = None


def misplaced(document: Table, errors: Iterable[ValidationError], diagnostics: Diagnostics) -> Iterator[Misplaced]:
    """Yield the keys of a document that stand in the wrong place or are left empty, by the schema's `errors`."""
    for error in errors:
        path = tuple(error.absolute_path)
        if not path or error.validator not in {"type", "enum", "const"} or not isinstance(path[-1], str):
            continue
        owner = _value(document, path[:-1])
        if not isinstance(owner, Table):
            continue
        found = _too_deep(document, owner, path) or (
            _without_children(owner, path) or _empty(owner, path, diagnostics) if error.instance is None else None
        )
        if found is not None:
            yield found


def _too_deep(document: Table, owner: Table, path: tuple[str | int, ...]) -> Misplaced | None:
    """Return a key of the mapping above, which stands below a neighbour of its own."""
    key = path[-1]
    if len(path) < 3 or not isinstance(key, str) or key in nodes.known(path[:-1]):
        return None
    above = _value(document, path[:-2])
    if key not in nodes.known(path[:-2]) or not isinstance(above, Table) or key in above:
        return None
    neighbour = above.key_spans[str(path[-2])]
    spaces = neighbour.column - 1
    return Misplaced(
        span=owner.key_spans[key],
        message=f"`{key}` stands below `{path[-2]}`, and belongs beside it",
        hint=f"indent it by {spaces} spaces, as `{path[-2]}` is, and what belongs to it further",
        path=path[:-1],
        missing=key,
        rest_of_line=owner.end_line,
    )


def _without_children(owner: Table, path: tuple[str | int, ...]) -> Misplaced | None:
    """Return the key behind an empty one that seems to belong below it: the mapping does not know it."""
    key, known = str(path[-1]), nodes.known(path[:-1])
    if "object" not in _types(path):
        return None
    keys = list(owner)
    following = keys[keys.index(key) + 1 :]
    stray = next(iter(following), None)
    if stray is None or not known or stray in known or owner.key_spans[stray].line <= owner.key_spans[key].line:
        return None
    return Misplaced(
        span=owner.key_spans[stray],
        message=f"`{stray}` stands beside `{key}`, and belongs below it",
        hint=f"indent it, and what belongs to it, further than `{key}`",
        path=path[:-1],
    )


def _empty(owner: Table, path: tuple[str | int, ...], diagnostics: Diagnostics) -> Misplaced:
    key = str(path[-1])
    span = owner.key_spans[key]
    source = diagnostics.line(span) or ""
    comment = _COMMENT.search(source[span.end_column - 1 :])
    if comment is not None and "string" in _types(path):
        message = f"`{key}` is empty: `#` behind a space begins a comment"
        hint = f'quote it: `{key}: "{comment["text"]}"`'
        return Misplaced(span=span, message=message, hint=hint, path=path)
    collection = {"object", "array"} & set(_types(path))
    written = source[owner.value_spans[key].column - 1 : owner.value_spans[key].end_column - 1].strip()
    message = f"`{key}` is {written}, which is nothing to YAML" if written else f"`{key}` is empty"
    if collection and not written:
        message = f"`{key}` is empty: nothing stands below it that is indented further"
    return Misplaced(span=span, message=message, hint=_filled(key, path), path=path)


def _filled(key: str, path: tuple[str | int, ...]) -> str:
    node = nodes.at(path)
    shown = example(node)
    if path[-1] in SEVERITIES and "> " in str(shown):
        return f"write `{key}: {OFF}` where nobody is to be told, or a limit such as `{shown}`"
    off = ", or take the key out" if path[:-1] and key not in nodes.at(path[:-1]).get("required", ()) else ""
    return f"write `{key}: {shown}`{off}" if shown else f"write its value{off}"


def _types(path: tuple[str | int, ...]) -> tuple[str, ...]:
    given = nodes.at(path).get("type", ())
    return (given,) if isinstance(given, str) else tuple(given)


def _value(document: Table, path: Iterable[str | int]) -> object:
    value: object = document
    for step in path:
        value = value[step]  # type: ignore[index]
    return value
