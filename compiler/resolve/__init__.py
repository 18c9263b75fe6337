"""Resolve: checked documents → the model.

After `compiler.document`, `compiler.schema` and `compiler.runbooks`, before `compiler.alerts`. What cannot be resolved
is an error and is left out of the model, so that every further mistake is found in the same run; nothing is emitted
then.
"""

from __future__ import annotations

from collections.abc import Mapping

from compiler.diagnostics import Diagnostics
from compiler.document import Table
from compiler.model import Model
from compiler.resolve import definitions, people, schedules, systems
from compiler.resolve.dimensions import dimensions
from compiler.resolve.scope import Scope
from compiler.runbooks import Runbook


def resolve(document: Table, runbooks: Mapping[str, Runbook], diagnostics: Diagnostics) -> Model:
    """Return the model of a document that the schema admits; `runbooks` are those that could be read, by path."""
    signals = definitions.signals(document, diagnostics)
    policies, levels = people.policies(document, diagnostics), people.levels(document, diagnostics)
    declared = dimensions(document, diagnostics)
    scope = Scope(
        document=document,
        signals=signals,
        policies=frozenset(document["escalation"]),
        teams=frozenset(document["teams"]),
        runbooks=runbooks,
        dimensions=declared,
        diagnostics=diagnostics,
    )
    resolved, documented = systems.systems(scope)
    return Model(
        runbook_link=document["links"]["runbook"],
        systems=resolved,
        policies=policies,
        levels=levels,
        teams=people.teams(document, diagnostics),
        routing=people.routing(document, policies, declared, diagnostics),
        dimensions=declared,
        documented=documented,
        schedules=schedules.schedules(document, diagnostics),
    )
