"""Resolve: the labels that tell installations of all systems apart, such as cluster, tenant or environment."""

from __future__ import annotations

from typing import Final

from compiler import conventions
from compiler.diagnostics import Diagnostics
from compiler.document import Items, Table

_TOLD_BY: Final = {
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
    given = document.get("dimensions")
    if not isinstance(given, Items):
        return ()
    hint = "a dimension is a label that tells installations apart, such as `cluster`, `tenant` or `environment`"
    for label, span in zip(given, given.spans, strict=True):
        if label in _TOLD_BY:
            diagnostics.error("reserved-label", span, f"`{label}` is no dimension: {_TOLD_BY[label]}", hint=hint)
        elif label.startswith("__"):
            message = f"`{label}` is Prometheus's own, and no alert has it"
            diagnostics.error("reserved-label", span, message, hint=hint)
    return tuple(given)
