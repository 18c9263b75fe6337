"""Emit: catalog.json and its schema; the webhook reads nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from compiler import conventions, schema
from compiler.alerts import Alert, AlertGroup, alerts_of
from compiler.artifacts import Artifact
from compiler.channels import ALWAYS_LISTED
from compiler.model import Fallback, Level, Limit, Model, Policy, Route, Schedule, System, Tier, Turn
from compiler.runbooks import Place, Placeholder, Section


def emit(model: Model, groups: tuple[AlertGroup, ...]) -> Iterator[Artifact]:
    """Yield the catalogue and its schema."""
    catalog = {
        "schema_version": conventions.CATALOG_VERSION,
        "generated_by": conventions.GENERATED_BY,
        "severities": list(conventions.SEVERITIES),
        "severity_words": dict(model.severity_words),
        "watchdog": {
            "alert": conventions.WATCHDOG,
            "interval_seconds": model.routing.watchdog_repeat,
            "labels": conventions.WATCHDOG_OWN_LABELS,
        },
        "dimensions": list(model.all_dimensions),
        "fallback": _fallback(model.routing.fallback),
        "teams": {team.id: {"title": team.title, "slack": team.slack} for team in model.teams},
        "levels": {level.id: _level(level) for level in model.levels},
        **(
            {"schedules": {schedule.id: _schedule(schedule) for schedule in model.schedules}} if model.schedules else {}
        ),
        "policies": {policy.id: _policy(policy) for policy in model.policies},
        "systems": {system.id: _system(model, system) for system in model.systems},
        "alerts": [_alert(model, alert) for alert in alerts_of(groups)],
    }
    yield Artifact(path=conventions.CATALOG_PATH, content=(_lines(catalog, _DEPTH) + "\n").encode())
    yield Artifact(path=conventions.CATALOG_SCHEMA_PATH, content=schema.text(schema.CATALOG).encode())


def _fallback(fallback: Fallback) -> dict[str, Any]:
    routes = {"routes": [_route(route) for route in fallback.routes]} if fallback.routes else {}
    return {"team": fallback.team, "policy": fallback.policy, "severity": fallback.severity, **routes}


def _route(route: Route) -> dict[str, Any]:
    matchers = [
        {"label": matcher.label, "operator": matcher.operator, "value": matcher.value} for matcher in route.matchers
    ]
    severity = {} if route.severity is None else {"severity": route.severity}
    return {"matchers": matchers, "team": route.team, "policy": route.policy, **severity}


_DEPTH: Final = 3
"""Down to this depth, each key has its own line, for people who read differences; deeper values have one line."""


def _lines(value: object, depth: int, indent: str = "\n") -> str:
    inner = indent + " "
    if depth and isinstance(value, dict) and value:
        items = (f"{json.dumps(key)}: {_lines(child, depth - 1, inner)}" for key, child in value.items())
        return "{" + inner + ("," + inner).join(items) + indent + "}"
    if depth and isinstance(value, list) and value:
        return "[" + inner + ("," + inner).join(_lines(item, depth - 1, inner) for item in value) + indent + "]"
    return json.dumps(value, ensure_ascii=False)


def _level(level: Level) -> dict[str, Any]:
    entry: dict[str, Any] = {"title": level.title, "contacts": _contacts(level)}
    if level.rotation:
        entry["rotation"] = [
            {"schedule": turn.schedule, "title": turn.title, "contacts": _contacts(turn)} for turn in level.rotation
        ]
    return entry


def _contacts(owner: Level | Turn) -> dict[str, list[str]]:
    return {kind: list(addresses) for kind, addresses in owner.contacts.items() if addresses or kind in ALWAYS_LISTED}


def _schedule(schedule: Schedule) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "timezone": schedule.timezone,
        "start": schedule.start.isoformat(timespec="minutes"),
        "duration_seconds": schedule.duration,
        "rule": schedule.rule,
    }
    if schedule.until is not None:
        entry["until"] = schedule.until.isoformat(timespec="minutes")
    if schedule.exceptions:
        entry["exceptions"] = [day.isoformat() for day in schedule.exceptions]
    return entry


def _policy(policy: Policy) -> dict[str, Any]:
    fallback = {"fallback": list(policy.fallback)} if policy.fallback else {}
    tiers = {severity: _tier(tier) for severity, tier in policy.tiers.items()}
    return {"levels": list(policy.levels), **fallback, "severities": tiers}


def _tier(tier: Tier) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "respond_seconds": tier.respond,
        "announce": list(tier.announce),
        "notify": list(tier.notify),
        "escalate_seconds": tier.escalate,
    }
    if tier.holds:
        entry["acknowledged_seconds"] = tier.acknowledged
    if tier.still_firing is not None:
        entry["still_firing_seconds"] = tier.still_firing
    if tier.hours is not None:
        entry["hours"] = tier.hours
    return entry


def _system(model: Model, system: System) -> dict[str, Any]:
    runbook = {"path": system.runbook, "url": model.runbook_url(system.runbook)}
    return {"title": system.title, "team": system.team, "policy": system.policy, "runbook": runbook}


def _alert(model: Model, alert: Alert) -> dict[str, Any]:
    signal, limit = alert.watched.bound.signal, alert.limit
    entry = {
        "alert": alert.name,
        "system": alert.system.id,
        "component": alert.component,
        "signal": signal.id,
        "severity": limit.severity,
        "team": alert.system.team,
        "title": signal.title,
        "summary": alert.summary,
        "in_words": alert.in_words,
        "comparator": limit.comparator,
        "threshold": _number(limit.value),
        "unit": limit.unit,
        "limit": limit.text,
        "for_seconds": limit.for_seconds,
        "expr": alert.expr,
        "documented": _documented(limit, alert.system.runbook),
        "documented_by": "default" if limit.statement is None else "runbook",
        "runbook": _section(alert.watched.section, alert.runbook_url),
        "policy": alert.system.policy,
    }
    if (group_key := _direct_group_key(model, alert)) is not None:
        entry["direct_group_key"] = group_key
    if units := alert.watched.bound.binding.units:
        entry["measured_in"] = {
            alert.watched.bound.selector(name).metric: {"unit": unit.unit, "by": "name" if unit.by_name else "file"}
            for name, unit in sorted(units.items())
        }
    if signal.untested is not None:
        entry["untested"] = signal.untested
    if limit.keep:
        entry["keep_firing_seconds"] = limit.keep
    if limit.recover is not None:
        entry["recover"] = {
            "comparator": limit.recover.comparator,
            "threshold": _number(limit.recover.quantity.value),
        }
    return entry


def _direct_group_key(model: Model, alert: Alert) -> str | None:
    """Return the key of the group in which Alertmanager pages directly, in Alertmanager's form; None if unknown.

    The key is known only if the alert's own labels determine it: the compiler does not know which cluster's Prometheus
    evaluates the rule.
    """
    labels = {"alertname": alert.name} | alert.labels
    grouped = sorted(set(model.routing.group_by))
    if not alert.system.direct or any("{{" in labels.get(name, "{{") for name in grouped):
        return None
    matcher = conventions.direct_matcher([system.id for system in model.systems if system.direct])
    group_labels = ", ".join(f"{name}={json.dumps(labels[name])}" for name in grouped)
    return f"{{}}/{{{matcher}}}:{{{group_labels}}}"


def _number(value: Decimal) -> int | float:
    """Return a decimal as JSON's number; Python prints the shortest one that reads back as the same float."""
    return int(value) if value == int(value) else float(value)


def _documented(limit: Limit, path: str) -> dict[str, Any] | None:
    statement = limit.statement
    if statement is None:
        return None
    return {"path": path, "line": statement.span.line, "text": statement.text}


def _section(section: Section, url: str) -> dict[str, Any]:
    return {
        "path": section.path,
        "anchor": section.anchor,
        "title": section.title,
        "url": url,
        "line": section.line,
        "markdown": section.markdown,
        "commands": [
            {
                "language": command.language,
                "text": command.text,
                "placeholders": [_placeholder(placeholder) for placeholder in command.placeholders],
            }
            for command in section.commands
        ],
    }


def _placeholder(placeholder: Placeholder) -> dict[str, Any]:
    entry: dict[str, Any] = {"text": placeholder.text, "label": placeholder.label}
    if placeholder.explanation is not None:
        entry["explanation"] = placeholder.explanation
    if placeholder.places:
        entry["places"] = [_place(at, place) for at, place in placeholder.places]
    return entry


def _place(at: int, place: Place) -> dict[str, Any]:
    entry = {"at": at, "takes": place.takes}
    return entry | {"why": place.why} if place.why else entry
