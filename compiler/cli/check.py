"""`tocsin check`: say what is wrong with the limits and runbooks, and how far they cover one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from compiler.checks.context import CheckContext
from compiler.cli.program import FORMAT, SPEC, complain, counts, number, say, tell
from compiler.compilation import Compilation, compile_spec
from compiler.coverage import as_json, as_text, coverage


@click.command("check")
@SPEC
@click.option(
    "--coverage", "covering", is_flag=True, help="Print how far documents, alerts and sections cover one another."
)
@FORMAT
def check_command(spec: Path, form: str, *, covering: bool) -> None:
    """Say what is wrong, and write nothing."""
    compilation = compile_spec(spec)
    if covering and compilation.context is not None:
        coverages = coverage(compilation.context)
        tell(as_json(coverages) if form == "json" else as_text(coverages))
        # The findings go to stderr as text, so that stdout has a single document.
        form = "text"
    complain(compilation.diagnostics, form)
    if compilation.context is not None:
        for note in notes(compilation.context):
            say(note)
    say(f"{counts(compilation)}: {_verdict(compilation)}")


def _verdict(compilation: Compilation) -> str:
    """Return the verdict if no finding is an error."""
    warnings = len(list(compilation.diagnostics))
    return f"{number(warnings, 'warning')}, no error" if warnings else "nothing to complain about"


def notes(context: CheckContext) -> Iterator[str]:
    """Yield one line for each unit that was taken from a metric's name only, in the order of systems and signals."""
    for system, watched in context.watched():
        binding = context.binding(system, watched)
        for name, metric_unit in sorted(watched.bound.binding.units.items()):
            if metric_unit.by_name:
                span, metric = binding.value_spans[name], watched.bound.selector(name).metric
                place = f"{span.path}:{span.line}:{span.column}"
                yield f"{place}: note: `{metric}` is taken to be in {metric_unit.unit}, as its name says"
