"""The command `tocsin`: data to stdout, diagnostics to stderr; exit 0 clean, 1 findings, 2 usage or internal error.

Each command has one file; `program` has what they share.
"""

from __future__ import annotations

import click

from compiler import conventions
from compiler.cli.check import check_command
from compiler.cli.compile_files import compile_command
from compiler.cli.explain import explain_command
from compiler.cli.import_guides import import_command
from compiler.cli.program import Program
from compiler.cli.prove import prove_command
from compiler.cli.schema import schema_command
from compiler.cli.signals import signals_command


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin", prog_name=conventions.PROGRAM)
def main() -> None:
    """Turn documented thresholds and runbooks into alerts, their proof, and their routing."""


for _command in (
    check_command,
    compile_command,
    explain_command,
    import_command,
    prove_command,
    schema_command,
    signals_command,
):
    main.add_command(_command)
