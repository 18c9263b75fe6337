"""`tocsin signals`: list the signals that limits can be set for, and show how to bind them to metrics."""

from __future__ import annotations

from pathlib import Path

import click

from compiler import listing
from compiler.cli.program import SPEC, say, tell
from compiler.diagnostics import Diagnostics, did_you_mean
from compiler.document import Table
from compiler.listing import written
from compiler.signals import kinds
from compiler.source_files import SourceFiles


@click.command("signals")
@click.argument("name", required=False)
@SPEC
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "text"]),
    default="text",
    show_default=True,
    help="text: a table for people; json: everything, for programs.",
)
def signals_command(name: str | None, spec: Path, form: str) -> None:
    """List the signals that limits can be set for.

    With NAME, a signal or a kind of signal, show what to write for it. The signals that your own thresholds.yaml
    defines come after the built-in ones.
    """
    entries = listing.listed(_table(spec))
    if name is not None:
        entries = (_chosen(name, entries),)
    if form == "json":
        tell(written.as_json(entries))
    else:
        tell(written.as_text(entries) if name is None else written.detail(entries[0]))


def _chosen(name: str, entries: tuple[listing.ListedSignal, ...]) -> listing.ListedSignal:
    signals = {entry.signal.id: entry for entry in entries}
    if name in signals:
        return signals[name]
    own_kinds = [key for key, kind in kinds().items() if kind.bindable]
    if name in own_kinds:
        return listing.of_kind(name)
    hint = did_you_mean(name, [*signals, *own_kinds]) or "without a name, all are listed"
    raise click.BadParameter(f"there is no signal and no kind `{name}`; {hint}", param_hint="NAME")


def _table(spec: Path) -> Table | None:
    """Return the content of the file, or None if it cannot be read; the built-in signals are known without it."""
    if not spec.exists():
        return None
    table = SourceFiles(spec, Diagnostics()).spec()
    if table is None:
        say(f"{spec} cannot be read as it is, so these are the built-in signals alone; `tocsin check` says why")
    return table
