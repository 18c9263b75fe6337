"""Resolve: checked documents → the model.

This stage runs after `compiler.document`, `compiler.schema` and `compiler.runbooks`, and before `compiler.alerts`. The
model lacks each part that cannot be resolved, and an error says so. So one run finds all further mistakes; the compiler
then emits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compiler import conventions
from compiler.diagnostics import Diagnostics
from compiler.document import Items, Table
from compiler.guides.vocabulary import severity_words, spellings
from compiler.model import Model
from compiler.resolve import definitions, people, schedules, systems
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
    house_words: dict[str, str] = document.get("severities") or {}
    severities = severity_words((word, severity) for word, severity in house_words.items() if severity != UNTOLD).known
    untold = {key: UNTOLD for word, severity in house_words.items() if severity == UNTOLD for key in spellings(word)}
    return dict(sorted({**LABEL_WORDS, **severities, **untold}.items()))


_OTHER_MEANINGS: Final = {
    **dict.fromkeys(conventions.RULE_LABELS, "every rule sets it"),
    "alertname": "it is the name of the alert",
    **dict.fromkeys(conventions.ENGINE_LABELS, "it tells the series of one histogram or summary apart"),
    conventions.JOB_LABEL: "the alerts on missing metrics name the job that is down by it",
    conventions.METRIC_LABEL: "the alerts on missing metrics name the metric that is gone by it",
    conventions.PART_LABEL: "it tells apart the recording rules of one name",
}
"""Labels that already have another meaning, and that meaning."""


def dimensions(document: Table, diagnostics: Diagnostics) -> tuple[str, ...]:
    """Return the labels that the file declares, in its order; a label with another meaning is an error."""
    labels = document.get("dimensions")
    if not isinstance(labels, Items):
        return ()
    hint = "a dimension is a label that tells installations apart, such as `cluster`, `tenant` or `environment`"
    for label, span in zip(labels, labels.spans, strict=True):
        if label in _OTHER_MEANINGS:
            diagnostics.error("reserved-label", span, f"`{label}` is no dimension: {_OTHER_MEANINGS[label]}", hint=hint)
        elif label.startswith("__"):
            message = f"`{label}` is Prometheus's own, and no alert has it"
            diagnostics.error("reserved-label", span, message, hint=hint)
    return tuple(labels)
