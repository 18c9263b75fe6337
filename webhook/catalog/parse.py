"""Builds the `Catalog` from its JSON. Pure; `catalog/file` calls it after the check with the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from webhook.catalog.model import (
    STILL_FIRING_SECONDS,
    Alert,
    Catalog,
    Command,
    Documented,
    Fallback,
    Level,
    Place,
    Placeholder,
    Policy,
    Runbook,
    Team,
    Tier,
    Turn,
    Watchdog,
)
from webhook.catalog.patterns import PatternError
from webhook.catalog.routes import Route, matcher
from webhook.catalog.schedule import Schedule
from webhook.channels import CHANNELS
from webhook.severity import SEVERITIES, Severity


class CatalogError(Exception):
    """The catalogue cannot be used; the message says why, for the operator."""


def parse(data: Mapping[str, Any]) -> Catalog:
    """Return the catalogue that `data` describes; raises CatalogError when an id in it refers to nothing."""
    catalog = Catalog(
        generated_by=data["generated_by"],
        watchdog=Watchdog(**data["watchdog"]),
        fallback=_fallback(data["fallback"]),
        teams={name: _team(team) for name, team in data["teams"].items()},
        levels={name: _level(level) for name, level in data["levels"].items()},
        policies={name: _policy(policy) for name, policy in data["policies"].items()},
        systems={name: system["title"] for name, system in data["systems"].items()},
        alerts=_alerts(data["alerts"]),
        schedules={name: _schedule(name, schedule) for name, schedule in data.get("schedules", {}).items()},
        dimensions=tuple(data.get("dimensions", ())),
        severity_words=dict(data.get("severity_words", {})),
    )
    dangling = sorted(set(_dangling(catalog)))
    if dangling:
        raise CatalogError("; ".join(dangling))
    return catalog


def _fallback(data: Mapping[str, Any]) -> Fallback:
    routes = tuple(_route(number, route) for number, route in enumerate(data.get("routes", ()), start=1))
    return Fallback(team=data["team"], policy=data["policy"], severity=data["severity"], routes=routes)


def _route(number: int, data: Mapping[str, Any]) -> Route:
    try:
        matchers = tuple(matcher(**entry) for entry in data["matchers"])
    except PatternError as error:
        raise CatalogError(f"route {number} of `fallback` has a regular expression that {error}") from error
    return Route(matchers=matchers, team=data["team"], policy=data["policy"], severity=data.get("severity"))


def _team(data: Mapping[str, Any]) -> Team:
    channels = [name for name, channel in CHANNELS.items() if channel.address == "team"]
    return Team(title=data["title"], addresses={name: data[name] for name in channels if data.get(name)})


def _level(data: Mapping[str, Any]) -> Level:
    turns = (
        Turn(schedule=turn["schedule"], title=turn["title"], contacts=_contacts(turn))
        for turn in data.get("rotation", ())
    )
    return Level(title=data["title"], contacts=_contacts(data), rotation=tuple(turns))


def _contacts(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(addresses) for kind, addresses in data["contacts"].items()}


def _schedule(name: str, data: Mapping[str, Any]) -> Schedule:
    try:
        schedule = Schedule(
            timezone=data["timezone"],
            start=datetime.fromisoformat(data["start"]),
            duration_seconds=data["duration_seconds"],
            rule=data["rule"],
            until=datetime.fromisoformat(data["until"]) if "until" in data else None,
            exceptions=frozenset(date.fromisoformat(day) for day in data.get("exceptions", ())),
        )
        schedule.check()
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        # This machine does not know the zone, or another version of the library wrote the rule.
        raise CatalogError(f"schedule `{name}` cannot be read: {error}") from error
    return schedule


def _policy(data: Mapping[str, Any]) -> Policy:
    tiers = {
        severity: Tier(
            respond_seconds=tier["respond_seconds"],
            announce=tuple(tier["announce"]),
            notify=tuple(tier["notify"]),
            escalate_seconds=tier["escalate_seconds"],
            holds="acknowledged_seconds" in tier,
            acknowledged_seconds=tier.get("acknowledged_seconds"),
            hours=tier.get("hours"),
            still_firing_seconds=tier.get("still_firing_seconds", STILL_FIRING_SECONDS),
        )
        for severity, tier in ((severity, data["severities"][severity]) for severity in SEVERITIES)
    }
    return Policy(levels=tuple(data["levels"]), severities=tiers, fallback=tuple(data.get("fallback", ())))


def _alerts(entries: list[dict[str, Any]]) -> dict[str, dict[Severity, Alert]]:
    alerts: dict[str, dict[Severity, Alert]] = {}
    for entry in entries:
        alert = _alert(entry)
        alerts.setdefault(alert.alert, {})[alert.severity] = alert
    return alerts


def _alert(data: Mapping[str, Any]) -> Alert:
    plain = {
        key: data[key] for key in Alert.__dataclass_fields__ if key in data and key not in {"documented", "runbook"}
    }
    documented = data["documented"]
    return Alert(
        **plain, documented=Documented(**documented) if documented else None, runbook=_runbook(data["runbook"])
    )


def _runbook(data: Mapping[str, Any]) -> Runbook:
    commands = tuple(
        Command(
            language=command["language"],
            text=command["text"],
            placeholders=tuple(_placeholder(placeholder) for placeholder in command["placeholders"]),
        )
        for command in data["commands"]
    )
    return Runbook(**{**data, "commands": commands})


def _placeholder(data: Mapping[str, Any]) -> Placeholder:
    return Placeholder(**{**data, "places": tuple(Place(**place) for place in data.get("places", ()))})


def _dangling(catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each id that the catalogue does not define; JSON Schema cannot check this."""
    alerts = [alert for variants in catalog.alerts.values() for alert in variants.values()]
    routes = [(f"fallback route {number}", route) for number, route in enumerate(catalog.fallback.routes, start=1)]
    owners: list[tuple[str, Fallback | Route | Alert]] = [
        ("fallback", catalog.fallback),
        *routes,
        *((alert.alert, alert) for alert in alerts),
    ]
    for subject, team in [(subject, owner.team) for subject, owner in owners]:
        if team not in catalog.teams:
            yield f"`{subject}` names the team `{team}`, which `teams` does not have"
    for subject, policy in [(subject, owner.policy) for subject, owner in owners]:
        if policy not in catalog.policies:
            yield f"`{subject}` names the policy `{policy}`, which `policies` does not have"
    for subject, schedule in _schedules_named(catalog):
        if schedule not in catalog.schedules:
            yield f"{subject} names the schedule `{schedule}`, which `schedules` does not have"
    for name, named_policy in catalog.policies.items():
        for level in named_policy.levels:
            if level not in catalog.levels:
                yield f"policy `{name}` names the level `{level}`, which `levels` does not have"


def _schedules_named(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield each level or policy that names a schedule, and the schedule."""
    for name, level in catalog.levels.items():
        yield from ((f"level `{name}`", turn.schedule) for turn in level.rotation)
    for name, policy in catalog.policies.items():
        yield from ((f"policy `{name}`", tier.hours) for tier in policy.severities.values() if tier.hours)
