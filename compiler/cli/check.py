"""`tocsin check`: say what is wrong with the limits and runbooks, and how far they cover one another."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.program import FORMAT, SPEC, complain, counts, number, say, tell
from compiler.compilation import Compilation, compile_spec
from compiler.coverage import as_json, as_text, coverage
from compiler.notes import notes


@click.command("check")
@SPEC
@click.option("--coverage", "covering", is_flag=True, help="Print what documents, alerts and sections leave uncovered.")
@FORMAT
def check_command(spec: Path, form: str, *, covering: bool) -> None:
    """Say what is wrong, and write nothing."""
    compilation = compile_spec(spec)
    if covering and compilation.context is not None:
        covered = coverage(compilation.context)
        tell(as_json(covered) if form == "json" else as_text(covered))
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
