"""Lower: model → alerts, the intermediate representation that every emitter reads.

After `compiler.resolve`, before `compiler.checks` and the emitters. An `Alert` is one severity of one signal of one
system, complete: expression, labels, annotations, runbook section, policy. A signal with several severities is computed
once, by a recording rule that its alerts share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler import conventions, wording
from compiler.diagnostics import Diagnostics, Related
from compiler.model import Limit, Model, System, WatchedSignal
from compiler.promql import PromQLError, canonical, operand
from compiler.quantities import decimal_text
from compiler.signals import kinds
from compiler.signals.template import InvalidTemplateError


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A recording rule: the expression that the severities of one signal share."""

    name: str
    expr: str
    labels: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert. `component` is None where each series brings its own; times are in seconds."""

    name: str
    system: System
    watched: WatchedSignal
    limit: Limit
    component: str | None
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    summary: str
    runbook_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertGroup:
    """The rules of one signal, evaluated together and in order: the recording is never older than its alerts."""

    name: str
    system: System
    watched: WatchedSignal
    record: Record | None
    alerts: tuple[Alert, ...]


def lower(model: Model, diagnostics: Diagnostics) -> tuple[AlertGroup, ...]:
    """Return the alert groups, sorted by system and signal, alerts from the least urgent.

    A template that does not render, or PromQL that does not parse, is an error in `diagnostics` and left out.
    """
    return tuple(
        group
        for system in model.systems
        for watched in system.signals
        for group in _group(model, system, watched, diagnostics)
    )


def alerts_of(groups: tuple[AlertGroup, ...]) -> tuple[Alert, ...]:
    """Return all alerts, sorted by name, then from the least urgent."""
    order = {severity: rank for rank, severity in enumerate(conventions.SEVERITIES)}
    alerts = (alert for group in groups for alert in group.alerts)
    return tuple(sorted(alerts, key=lambda alert: (alert.name, order[alert.limit.severity])))


def _group(model: Model, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> Iterator[AlertGroup]:
    try:
        value = kinds()[watched.bound.signal.kind].expression(watched.bound)
        record = _record(system, watched, value) if len(watched.limits) > 1 else None
        alerts = tuple(
            _alert(model, system, watched, limit, _expression(limit, record, value)) for limit in watched.limits
        )
    except InvalidTemplateError as error:
        _refuse("template", watched, f"does not render: {error}", diagnostics)
        return
    except PromQLError as error:
        _refuse("promql", watched, f"is not PromQL: {error}", diagnostics)
        return
    name = conventions.group_name(system.id, watched.bound.signal.id)
    yield AlertGroup(name=name, system=system, watched=watched, record=record, alerts=alerts)


def _refuse(code: str, watched: WatchedSignal, why: str, diagnostics: Diagnostics) -> None:
    signal = watched.bound.signal
    related = (Related(span=watched.span, message="as it is used here"),)
    diagnostics.error(code, signal.span or watched.span, f"the query of `{signal.id}` {why}", related=related)


def _record(system: System, watched: WatchedSignal, value: str) -> Record:
    bound = watched.bound
    operations = kinds()[bound.signal.kind].operations(bound)
    name = conventions.record_name(bound.binding.per, bound.signal.id, operations)
    return Record(name=name, expr=canonical(value), labels={"system": system.id})


def _alert(model: Model, system: System, watched: WatchedSignal, limit: Limit, expr: str) -> Alert:
    url = model.runbook_url(watched.section.path, watched.section.anchor)
    per = watched.bound.binding.per
    summary = wording.summary(system, watched, limit)
    return Alert(
        name=conventions.alert_name(system.id, watched.bound.signal.id),
        system=system,
        watched=watched,
        limit=limit,
        component=watched.component,
        expr=expr,
        labels={
            "component": watched.component or wording.component(per),
            "severity": limit.severity,
            "signal": watched.bound.signal.id,
            "system": system.id,
            "team": system.team,
        },
        annotations={
            "description": wording.description(system, watched, limit),
            "runbook_url": url,
            "summary": summary,
            "value": wording.VALUE,
        },
        summary=summary,
        runbook_url=url,
    )


def _expression(limit: Limit, record: Record | None, value: str) -> str:
    test = f"{limit.comparator} {decimal_text(limit.value)}"
    if record is not None:
        selector = ",".join(f'{name}="{text}"' for name, text in record.labels.items())
        return f"{record.name}{{{selector}}} {test}"
    return canonical(f"{operand(value)} {test}")
