"""Notes about a valid specification: which assumptions the compiler made, and where.

`tocsin check` prints them after the checks. A note is not a finding, and cannot be suppressed.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.context import CheckContext


def notes(context: CheckContext) -> Iterator[str]:
    """Yield one line for each unit that was taken from a metric's name only, in the order of systems and signals."""
    for system, watched in context.watched():
        binding = context.binding(system, watched)
        for name, metric_unit in sorted(watched.bound.binding.units.items()):
            if metric_unit.by_name:
                span, metric = binding.value_spans[name], watched.bound.selector(name).metric
                place = f"{span.path}:{span.line}:{span.column}"
                yield f"{place}: note: `{metric}` is taken to be in {metric_unit.unit}, as its name says"
