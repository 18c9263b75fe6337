"""Hold what the commands of `tocsin` share: options, exit statuses, and how findings and counts are printed.

Each command has one file beside this one; `compiler.cli` puts them together.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any, Final

import click

from compiler import conventions, harmless, reports
from compiler.compilation import Compilation
from compiler.diagnostics import Diagnostics

CLEAN, FINDINGS, FAILED = 0, 1, 2
"""Exit statuses: all is well; the user's files, or their proof, have findings; wrong usage or an internal error."""

SPEC: Final = click.option(
    "--spec",
    type=click.Path(path_type=Path),
    default=conventions.SPEC_PATH,
    show_default=True,
    help="The file with the limits.",
)
FORMAT: Final = click.option(
    "--format",
    "form",
    type=click.Choice(sorted(reports.FORMATS)),
    default="text",
    show_default=True,
    help="How findings are printed.",
)


class Program(click.Group):
    """A group whose error messages are harmless in a terminal, and whose exit statuses are as documented."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  click's
    ) -> click.Context:
        """Read the arguments before the command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            raise _harmless(error) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; for a bug, print its traceback and exit with `FAILED`, not with `FINDINGS`."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            raise _harmless(error) from None
        except (click.exceptions.Exit, click.Abort):
            raise
        except MemoryError:
            say("the memory of this process is not enough for these files: split them, or give the process more memory")
            sys.exit(FAILED)
        except Exception:  # noqa: BLE001 - whatever it is, the status must say that it is not the user's
            say(traceback.format_exc().rstrip("\n"))
            say(f"this is a bug of {conventions.PROGRAM}, not of your files")
            sys.exit(FAILED)


def _harmless(error: click.ClickException) -> click.ClickException:
    """Return an error whose message is one harmless line; click puts arguments and file names into it unchanged."""
    text = harmless.terminal(harmless.words(error.format_message()))
    error.format_message = lambda: text  # type: ignore[method-assign]
    return error


def complain(diagnostics: Diagnostics, form: str) -> None:
    """Print the findings: text to stderr, the other forms, which are data, to stdout; exit if one is an error."""
    text = reports.FORMATS[form](diagnostics)
    if text:
        report(text, form)
    if diagnostics.failed:
        sys.exit(FINDINGS)


def report(text: str, form: str) -> None:
    """Print findings in a form of `reports`, which is harmless already: text to stderr, the others to stdout."""
    click.echo(text, err=form == "text")


def counts(compilation: Compilation) -> str:
    """Return the counts of systems, alerts and limits; an alert has one name, and one limit for each severity."""
    systems = len(compilation.model.systems) if compilation.model else 0
    alerts = [alert for group in compilation.groups for alert in group.alerts]
    names = {alert.name for alert in alerts}
    return f"{number(systems, 'system')}, {number(len(names), 'alert')} with {number(len(alerts), 'limit')}"


def number(count: int, noun: str) -> str:
    """Return a count with its noun: `1 system`, `2 systems`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def say(text: str) -> None:
    """Print text that is not data, to stderr."""
    click.echo(harmless.terminal(text), err=True)


def tell(text: str, *, end: str = "\n") -> None:
    """Print data that people read, to stdout."""
    click.echo(harmless.terminal(text) + end, nl=False)
