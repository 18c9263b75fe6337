"""Parse: the places of a document where `tocsin import` has asked and nobody has answered.

Between `compiler.document` and `compiler.schema`: a question that is left would be a name like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.conventions import QUESTION
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table


def check(document: Table, diagnostics: Diagnostics) -> bool:
    """Add an error for each question that is left; return whether there is none."""
    places = list(_questions(document))
    for span, key in places:
        hint = "write what is so in its place; the comment beside it, or the one above, says what is asked"
        diagnostics.error("question", span, f"`{key}` is still a question", hint=hint)
    return not places


def _questions(value: Table | Items, key: str = "") -> Iterator[tuple[Span, str]]:
    """Yield the place of each question and the key that asks; nesting is bounded where a document is read."""
    inside = (
        ((name, one, value.value_spans[name]) for name, one in value.items())
        if isinstance(value, Table)
        else ((key, one, span) for one, span in zip(value, value.spans, strict=True))
    )
    for name, one, span in inside:
        if isinstance(one, Table | Items):
            yield from _questions(one, name)
        elif isinstance(one, str) and one.strip() == QUESTION:
            yield span, name
