"""Check: model and alerts → diagnostics.

After `compiler.alerts`, before the emitters. One file a family, each with a `check(context, diagnostics)`; the
explanations of all codes stand in `compiler.checks.codes`. Two families stand apart, because they come earlier:
`secrets` looks at every text as soon as it has been read, `functions` at the queries before they are lowered.
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
    """Add what every family finds."""
    for family in FAMILIES:
        family.check(context, diagnostics)
