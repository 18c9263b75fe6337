"""Check: model and alerts → diagnostics.

After `compiler.alerts`, before the emitters. One file a family, each with a `check(model, groups, diagnostics)`; the
explanations of all codes stand in `compiler.checks.codes`.
"""

from __future__ import annotations

from compiler.alerts import AlertGroup
from compiler.checks import limits, names, proof
from compiler.diagnostics import Diagnostics
from compiler.model import Model

FAMILIES = (limits, names, proof)


def check(model: Model, groups: tuple[AlertGroup, ...], diagnostics: Diagnostics) -> None:
    """Add what every family finds."""
    for family in FAMILIES:
        family.check(model, groups, diagnostics)
