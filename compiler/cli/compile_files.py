"""`tocsin compile`: turn thresholds.yaml and the runbooks into the generated files, or compare the existing ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from compiler import conventions, output
from compiler.cli.program import FAILED, FINDINGS, FORMAT, SPEC, complain, counts, number, say
from compiler.compilation import Compilation, compile_spec


@click.command("compile")
@SPEC
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=conventions.OUTPUT_PATH,
    show_default=True,
    help="The folder of the generated files.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if a file would change.")
@FORMAT
def compile_command(spec: Path, out: Path, *, check: bool, form: str) -> None:
    """Write the rules, their tests and the routing.

    If there is an error anywhere, the command writes nothing. `tocsin prove` runs the tests.
    """
    compilation = compile_spec(spec)
    complain(compilation.diagnostics, form)
    try:
        if check:
            _compare(out, spec, compilation)
        else:
            _write(out, spec, compilation)
    except OSError as error:
        verb = "read" if check else "write"
        say(f"cannot {verb} {error.filename or out}: {(error.strerror or str(error)).lower()}; nothing was changed")
        sys.exit(FAILED)


def _write(out: Path, spec: Path, compilation: Compilation) -> None:
    changes = output.write(out, compilation.artifacts, spec)
    for line in _listed(changes, out, ("new", "changed", "removed")):
        say(line)
    say(f"{counts(compilation)} → {out}: {_summary(changes, len(compilation.artifacts))}")
    say(f"the generated tests have not been run: `{conventions.PROGRAM} prove` runs them")


def _compare(out: Path, spec: Path, compilation: Compilation) -> None:
    changes = output.compare(out, compilation.artifacts, spec)
    for line in _listed(changes, out, ("missing", "out of date", "of a system that is gone")):
        say(line)
    if changes:
        renewal = conventions.COMPILE if compilation.model is None else compilation.model.renewal
        say(f"run `{renewal}` and commit {out}")
        sys.exit(FINDINGS)
    say(f"{counts(compilation)} → {out}: up to date")


_MOST_LISTED: Final = 20
"""The most files that are listed, so that a terminal still shows them all."""


def _listed(changes: output.Changes, out: Path, words: tuple[str, str, str]) -> Iterator[str]:
    """Yield a line for each of the first twenty files that differ; `words` name missing, differing and stale ones."""
    of_kind = zip((changes.missing, changes.differing, changes.stale), words, strict=True)
    lines = [f"{out / path}: {word}" for paths, word in of_kind for path in paths]
    yield from lines[:_MOST_LISTED]
    if len(lines) > _MOST_LISTED:
        yield f"and {number(len(lines) - _MOST_LISTED, 'more file')}"


def _summary(changes: output.Changes, total: int) -> str:
    new, changed, removed = len(changes.missing), len(changes.differing), len(changes.stale)
    if new == total and not removed:
        return f"{total} new files"
    parts = ((new, "new"), (removed, "removed"))
    return ", ".join((f"{changed} of {total} files changed", *(f"{count} {word}" for count, word in parts if count)))
