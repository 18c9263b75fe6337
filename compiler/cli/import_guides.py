"""`tocsin import`: print the limits that ordinary guides document, or the beginning of a thresholds.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from compiler.cli.program import complain, say, tell
from compiler.conventions import PROGRAM, QUESTION
from compiler.diagnostics import Diagnostics
from compiler.importing.imported import import_guides


@click.command("import")
@click.argument("guides", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "yaml"]),
    default="yaml",
    show_default=True,
    help="json: the limits as the guide states them; yaml: a beginning of thresholds.yaml.",
)
@click.option("--new", is_flag=True, help="Print a whole thresholds.yaml, for a house that has none.")
def import_command(guides: tuple[Path, ...], form: str, *, new: bool) -> None:
    """Find the limits that guides document.

    GUIDES are ordinary Markdown files. The command prints what it finds, and writes no file.
    """
    diagnostics = Diagnostics()
    imported = import_guides(guides, diagnostics, new=new)
    complain(diagnostics, "text")
    tell(imported.as_json() if form == "json" else imported.as_yaml(new=new))
    say(imported.summary())
    if new and form == "yaml":
        say(_NEXT)


_NEXT: Final = (
    f"answer every {QUESTION}, then run `{PROGRAM} check`; `{PROGRAM} signals NAME` shows how a signal is bound, and"
    f" `{PROGRAM} schema --write` lets editors complete the file"
)
