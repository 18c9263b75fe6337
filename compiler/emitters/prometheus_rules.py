"""Emit: plain rule files for Prometheus, Thanos and vmalert: one for each system, and one for the Watchdog."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from compiler import conventions
from compiler.alerts import Alert, AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Model
from compiler.quantities import duration_text

FOLDERS = (conventions.RULES_FOLDER,)
"""The folders with one file for each system."""


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the rule files."""
    for system, of_system in groupby(groups, key=lambda group: group.system.id):
        yield _file(system, [_group(group) for group in of_system], model)
    yield _file(conventions.WATCHDOG_GROUP, [_watchdog()], model)


def _file(name: str, groups: list[dict[str, Any]], model: Model) -> Artifact:
    return yaml_artifact(conventions.rules_path(name), {"groups": groups}, model.renewal)


def _group(group: AlertGroup) -> dict[str, Any]:
    records = [{"record": record.name, "expr": record.expr, "labels": record.labels} for record in group.records]
    return {"name": group.name, "rules": [*records, *(_alert(alert) for alert in group.alerts)]}


def _alert(alert: Alert) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.limit.for_seconds:
        rule["for"] = duration_text(alert.limit.for_seconds)
    if alert.limit.keep:
        rule["keep_firing_for"] = duration_text(alert.limit.keep)
    return rule | {"labels": alert.labels, "annotations": alert.annotations}


def _watchdog() -> dict[str, Any]:
    rule = {
        "alert": conventions.WATCHDOG,
        "expr": "vector(1)",
        "labels": conventions.WATCHDOG_LABELS,
        "annotations": conventions.WATCHDOG_ANNOTATIONS,
    }
    return {"name": conventions.WATCHDOG_GROUP, "rules": [rule]}
