"""The command `tocsin`: data to stdout, diagnostics to stderr; exit 0 clean, 1 findings, 2 usage or internal error."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import click

from compiler import conventions, output, reports
from compiler.checks import reference
from compiler.checks.codes import CODES
from compiler.compilation import Compilation, compile_spec
from compiler.coverage import as_json, as_text, coverage
from compiler.diagnostics import Diagnostics, did_you_mean
from compiler.importing.imported import import_guides

CLEAN, FINDINGS, FAILED = 0, 1, 2

_SPEC = click.option(
    "--spec", type=click.Path(path_type=Path), default=conventions.SPEC_PATH, show_default=True, help="The limits."
)
_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(sorted(reports.FORMATS)),
    default="text",
    show_default=True,
    help="Of diagnostics.",
)


class _Program(click.Group):
    """A group that keeps its promise about the exit status when it fails itself."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a bug shows its traceback and does not pass for a finding."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the status must say that it is not the user's
            traceback.print_exc()
            _say(f"this is a bug of {conventions.PROGRAM}, not of your files")
            sys.exit(FAILED)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin", prog_name=conventions.PROGRAM)
def main() -> None:
    """Turn documented thresholds and runbooks into alerts, their proof, and their routing."""


@main.command("compile")
@_SPEC
@click.option(
    "--out", type=click.Path(path_type=Path), default=conventions.OUTPUT_PATH, show_default=True, help="Where files go."
)
@click.option("--check", is_flag=True, help="Write nothing; fail when something would change.")
@_FORMAT
def compile_command(spec: Path, out: Path, *, check: bool, form: str) -> None:
    """Compile the limits and runbooks; with an error anywhere, nothing is written."""
    compilation = compile_spec(spec)
    _report(compilation, form)
    try:
        if check:
            _finish_check(out, compilation)
        else:
            changes = output.write(out, compilation.artifacts)
            _say(f"{_counts(compilation)} → {out}: {_written(changes, len(compilation.artifacts))}")
    except OSError as error:
        verb = "read" if check else "write"
        _say(f"cannot {verb} {error.filename or out}: {(error.strerror or str(error)).lower()}; nothing was changed")
        sys.exit(FAILED)


@main.command("check")
@_SPEC
@click.option("--coverage", "covering", is_flag=True, help="Print what documents, alerts and sections leave uncovered.")
@_FORMAT
def check_command(spec: Path, form: str, *, covering: bool) -> None:
    """Say what is wrong with the limits and runbooks; write nothing."""
    compilation = compile_spec(spec)
    if covering and compilation.subject is not None:
        found = coverage(compilation.subject)
        click.echo(as_json(found) if form == "json" else as_text(found))
        # The findings go to the other stream: what is printed is one document.
        form = "text"
    _report(compilation, form)
    _say(f"{_counts(compilation)}: nothing to complain about")


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain the code of a diagnostic: what it means, why it matters, how to mend it."""
    entry = CODES.get(code)
    if entry is None:
        hint = did_you_mean(code, CODES) or "every diagnostic shows its own in brackets"
        raise click.BadParameter(f"there is no code `{code}`; {hint}")
    click.echo(reference.explanation(entry))


@main.command("import")
@click.argument("guides", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "yaml"]),
    default="yaml",
    show_default=True,
    help="The statements as they are, or a beginning of thresholds.yaml.",
)
@click.option("--new", is_flag=True, help="A whole thresholds.yaml, for who has none.")
def import_command(guides: tuple[Path, ...], form: str, *, new: bool) -> None:
    """Find the limits that GUIDES, ordinary Markdown, document, and print them; write nothing."""
    diagnostics = Diagnostics()
    imported = import_guides(guides, diagnostics, new=new)
    _complain(diagnostics, "text")
    click.echo(imported.as_json() if form == "json" else imported.as_yaml(new=new))
    _say(imported.summary())


def _report(compilation: Compilation, form: str) -> None:
    """Print the diagnostics and leave where there is an error."""
    _complain(compilation.diagnostics, form)


def _complain(diagnostics: Diagnostics, form: str) -> None:
    text = reports.FORMATS[form](diagnostics)
    if text:
        click.echo(text, err=form == "text")
    if diagnostics.failed:
        sys.exit(FINDINGS)


def _finish_check(out: Path, compilation: Compilation) -> None:
    changes = output.compare(out, compilation.artifacts)
    kinds = (
        ("missing", changes.missing),
        ("out of date", changes.differing),
        ("of a system that is gone", changes.stale),
    )
    for what, paths in kinds:
        for path in paths:
            _say(f"{out / path}: {what}")
    if changes:
        _say(f"run `{conventions.PROGRAM} compile` and commit {out}")
        sys.exit(FINDINGS)
    _say(f"{_counts(compilation)} → {out}: up to date")


def _written(changes: output.Changes, total: int) -> str:
    new, changed, removed = len(changes.missing), len(changes.differing), len(changes.stale)
    if new == total and not removed:
        return f"{total} new files"
    others = ((new, "new"), (removed, "removed"))
    return ", ".join((f"{changed} of {total} files changed", *(f"{count} {what}" for count, what in others if count)))


def _counts(compilation: Compilation) -> str:
    alerts = sum(len(group.alerts) for group in compilation.groups)
    systems = len(compilation.model.systems) if compilation.model else 0
    return f"{systems} {'system' if systems == 1 else 'systems'}, {alerts} {'alert' if alerts == 1 else 'alerts'}"


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
