"""Emit: plain rule files for Prometheus, Thanos and vmalert, one a system, and the Watchdog's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from compiler import conventions
from compiler.alerts import Alert, AlertGroup
from compiler.artifacts import Artifact, yaml_artifact
from compiler.model import Model
from compiler.quantities import duration_text


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the rule files."""
    for system, of_system in groupby(groups, key=lambda group: group.system.id):
        yield yaml_artifact(conventions.rules_path(system), {"groups": [_group(group) for group in of_system]})
    yield yaml_artifact(conventions.rules_path(conventions.WATCHDOG_GROUP), {"groups": [_watchdog()]})


def _group(group: AlertGroup) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    if group.record is not None:
        rules.append({"record": group.record.name, "expr": group.record.expr, "labels": group.record.labels})
    return {"name": group.name, "rules": rules + [_alert(alert) for alert in group.alerts]}


def _alert(alert: Alert) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.limit.hold:
        rule["for"] = duration_text(alert.limit.hold)
    return rule | {"labels": alert.labels, "annotations": alert.annotations}


def _watchdog() -> dict[str, Any]:
    annotations = {
        "summary": "The way from Prometheus to the webhook works.",
        "description": "This alert always fires. When nobody hears it any more, the alerting pipeline is broken.",
    }
    rule = {
        "alert": conventions.WATCHDOG,
        "expr": "vector(1)",
        "labels": {"severity": "none"},
        "annotations": annotations,
    }
    return {"name": conventions.WATCHDOG_GROUP, "rules": [rule]}
