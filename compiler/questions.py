"""Parse: find the questions of `tocsin import` that nobody has answered yet.

This runs between `compiler.document` and `compiler.schema`; the schema would take a remaining question for a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.conventions import QUESTION
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table
from compiler.schema import wording


def check(document: Table, diagnostics: Diagnostics) -> bool:
    """Add an error for each question that remains; return whether there is none."""
    places = list(_questions(document, ()))
    for span, path in places:
        key = next(str(step) for step in reversed(path) if isinstance(step, str))
        hint = wording.asked(path, document)
        diagnostics.error("question", span, f"`{key}` is still a question", hint=hint)
    return not places


def _questions(value: Table | Items, path: tuple[str | int, ...]) -> Iterator[tuple[Span, tuple[str | int, ...]]]:
    """Yield the place of each question and the path to it; `compiler.document` has already bounded the nesting."""
    children: Iterator[tuple[str | int, object, Span]] = (
        ((name, child, value.value_spans[name]) for name, child in value.items())
        if isinstance(value, Table)
        else ((place, child, span) for place, (child, span) in enumerate(zip(value, value.spans, strict=True)))
    )
    for step, child, span in children:
        if isinstance(child, Table | Items):
            yield from _questions(child, (*path, step))
        elif isinstance(child, str) and child.strip() == QUESTION:
            yield span, (*path, step)
