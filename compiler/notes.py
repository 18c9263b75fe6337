"""What a person should know of a specification that is in order: what was taken for granted, and where.

After `compiler.checks`, for `tocsin check`. Nothing here is a finding, and nothing can be silenced.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.context import CheckContext


def notes(context: CheckContext) -> Iterator[str]:
    """Yield a line for each unit that was taken from a metric's name alone, in the order of systems and signals."""
    for system, watched in context.watched():
        given = context.binding(system, watched)
        for name, one in sorted(watched.bound.binding.units.items()):
            if one.by_name:
                span, metric = given.value_spans[name], watched.bound.selector(name).metric
                place = f"{span.path}:{span.line}:{span.column}"
                yield f"{place}: note: `{metric}` is taken to be in {one.unit}, as its name says"
