"""`tocsin schema`: print or write the JSON Schema of thresholds.yaml, for editors."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compiler import conventions, output, schema
from compiler.cli.program import FAILED, say, tell


@click.command("schema")
@click.option(
    "--write",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    is_flag=False,
    flag_value=conventions.SCHEMA_PATH,
    metavar="[PATH]",
    help=f"Write it to a file instead: to PATH, or to {conventions.SCHEMA_PATH} without one.",
)
def schema_command(path: Path | None) -> None:
    """Print the JSON Schema of thresholds.yaml.

    An editor with a YAML language server uses the schema to complete and explain thresholds.yaml. The first line of
    that file says where the schema is. Run `--write` again after an upgrade.
    """
    text = schema.text(schema.THRESHOLDS)
    if path is None:
        tell(text, end="")
        return
    try:
        output.write_file(path, text.encode())
    except OSError as error:
        say(f"cannot write {error.filename or path}: {(error.strerror or str(error)).lower()}")
        sys.exit(FAILED)
    say(f"{path}: written; editors find it when the first line of {conventions.SPEC_PATH} is:")
    tell(conventions.modeline(path.as_posix()))
