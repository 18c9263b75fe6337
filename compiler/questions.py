"""Parse: the places of a document where `tocsin import` has asked and nobody has answered.

Between `compiler.document` and `compiler.schema`: a question that is left would be a name like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.conventions import QUESTION
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table
from compiler.schema import wording


def check(document: Table, diagnostics: Diagnostics) -> bool:
    """Add an error for each question that is left; return whether there is none."""
    places = list(_questions(document, ()))
    for span, path in places:
        key = next(str(step) for step in reversed(path) if isinstance(step, str))
        hint = wording.asked(path, document)
        diagnostics.error("question", span, f"`{key}` is still a question", hint=hint)
    return not places


def _questions(value: Table | Items, path: tuple[str | int, ...]) -> Iterator[tuple[Span, tuple[str | int, ...]]]:
    """Yield the place of each question and the path to it; nesting is bounded where a document is read."""
    inside: Iterator[tuple[str | int, object, Span]] = (
        ((name, one, value.value_spans[name]) for name, one in value.items())
        if isinstance(value, Table)
        else ((place, one, span) for place, (one, span) in enumerate(zip(value, value.spans, strict=True)))
    )
    for step, one, span in inside:
        if isinstance(one, Table | Items):
            yield from _questions(one, (*path, step))
        elif isinstance(one, str) and one.strip() == QUESTION:
            yield span, (*path, step)
