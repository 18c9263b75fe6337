"""`tocsin explain`: what the code of a finding means."""

from __future__ import annotations

import click

from compiler.checks import reference
from compiler.checks.codes import CODES
from compiler.diagnostics import did_you_mean


@click.command("explain")
@click.argument("code")
def explain_command(code: str) -> None:
    """Explain a finding by its code.

    What it means, why it matters, how to mend it.
    """
    entry = CODES.get(code)
    if entry is None:
        hint = did_you_mean(code, CODES) or "every diagnostic shows its own in brackets"
        raise click.BadParameter(f"there is no code `{code}`; {hint}")
    click.echo(reference.explanation(entry))
