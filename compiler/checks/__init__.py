"""Check: model and alerts → diagnostics.

This stage runs after `compiler.alerts` and before the emitters. Each family of checks is one file with a function
`check(context, diagnostics)`; `compiler.checks.codes` explains all codes. Two families run earlier and are not listed
here: `secrets` checks each text as soon as it is read, `functions` checks the queries before they are lowered.
"""

from __future__ import annotations

from compiler.checks import (
    deadlines,
    delivery,
    direction,
    generations,
    inputs,
    labels,
    limits,
    links,
    metrics,
    names,
    own_metrics,
    people,
    placeholders,
    proof,
    reach,
    rotations,
    routes,
    sections,
    tables,
    windows,
)
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics

FAMILIES = (
    deadlines,
    delivery,
    direction,
    generations,
    inputs,
    labels,
    limits,
    links,
    metrics,
    names,
    own_metrics,
    people,
    placeholders,
    reach,
    rotations,
    routes,
    sections,
    tables,
    windows,
    proof,
)


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Run every family of checks."""
    for family in FAMILIES:
        family.check(context, diagnostics)
