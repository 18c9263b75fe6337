"""Resolve: checked documents → the model.

This stage runs after `compiler.document`, `compiler.schema` and `compiler.runbooks`, and before `compiler.alerts`. A
part that cannot be resolved is an error and is left out of the model, so that one run finds all further mistakes; the
compiler then emits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from compiler.diagnostics import Diagnostics
from compiler.document import Table
from compiler.guides.vocabulary import severity_words, spellings
from compiler.model import Model
from compiler.resolve import definitions, people, schedules, systems
from compiler.resolve.dimensions import dimensions
from compiler.resolve.scope import Scope
from compiler.runbooks import Runbook
from compiler.severities import LABEL_WORDS, UNTOLD


def resolve(document: Table, runbooks: Mapping[str, Runbook], diagnostics: Diagnostics) -> Model:
    """Return the model of a document that the schema accepts; `runbooks` are those that could be read, by path."""
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
        severity_words=_severity_words(document),
        documented=documented,
        schedules=schedules.schedules(document, diagnostics),
    )


def _severity_words(document: Table) -> dict[str, str]:
    """Return the severity of each severity word in labels, by the word's key; the file's words override the guides'."""
    own: dict[str, str] = document.get("severities") or {}
    severities = severity_words((word, severity) for word, severity in own.items() if severity != UNTOLD).known
    nothing = {key: UNTOLD for word, severity in own.items() if severity == UNTOLD for key in spellings(word)}
    return dict(sorted({**LABEL_WORDS, **severities, **nothing}.items()))
