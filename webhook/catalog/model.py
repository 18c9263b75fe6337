"""The types of the catalogue, and its look-up by an alert's labels. Pure.

`catalog/file` reads and watches the file, `alert_batches` calls `Catalog.match`, `escalation` reads policies, `render`
reads runbook sections. The types have the shape of `catalog.schema.json`, version `SCHEMA_VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from webhook.catalog.routes import Route
from webhook.catalog.schedule import Schedule
from webhook.quantity import Unit
from webhook.severity import LEAST_IF_UNKNOWN, Reading, Severity, Word, more_severe, rank, read

SCHEMA_VERSION = 1

STILL_FIRING_SECONDS = 3_600.0
"""The default of a tier's `still_firing_seconds`; the schema's description states it too."""

GRAFANA_NO_DATA, GRAFANA_ERROR = "DatasourceNoData", "DatasourceError"
"""Grafana's alerts about rules that it cannot evaluate; their label `rulename` names the rule."""

UNKNOWN = "unknown:"
"""The prefix of the kind of an alert that no runbook section explains."""


Takes = Literal["nothing", "word", "path", "address", "url", "number", "literal", "matcher"]
"""The form that a value must have at a place of a command."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One occurrence of a placeholder: its offset in the text, what it takes, and why if it takes nothing."""

    at: int
    takes: Takes
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """A part of a command that an alert's label fills; `label` is None if a person must fill it in."""

    text: str
    label: str | None
    explanation: str | None = None
    """The line of the section that names the label."""
    places: tuple[Place, ...] = ()
    """What its occurrences take; only a person fills in an occurrence that is missing here."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A fenced code block of a runbook section."""

    language: str
    text: str
    placeholders: tuple[Placeholder, ...]


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """The runbook section to which an alert leads."""

    path: str
    anchor: str
    title: str
    url: str
    line: int
    markdown: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, kw_only=True)
class Documented:
    """The statement of the runbook from which a limit comes."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert rule of one severity; `threshold` is in the base unit of `unit`, `limit` is as a person wrote it."""

    alert: str
    system: str
    component: str | None
    signal: str
    severity: Severity
    team: str
    title: str
    summary: str
    comparator: str
    threshold: float
    unit: Unit
    limit: str
    for_seconds: float
    documented: Documented | None
    runbook: Runbook
    policy: str
    direct_group_key: str | None = None
    """The key of Alertmanager's group for its own page about this alert; None if it is not known."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What a policy does for one severity. Times are in seconds: None means never, 0 in `respond_seconds` at once."""

    respond_seconds: float | None
    announce: tuple[str, ...]
    notify: tuple[str, ...]
    escalate_seconds: float | None
    holds: bool = False
    """Whether `acknowledged_seconds` says how long an acknowledgement holds; else the longer of the two others does."""
    acknowledged_seconds: float | None = None
    hours: str | None = None
    """The schedule outside of which nobody is notified and no time counts; None means always."""
    still_firing_seconds: float = STILL_FIRING_SECONDS
    """After this time, an incident that a person resolved is told again if its alerts still fire."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Who is told of an incident: ids of levels, in the order of notification, and a tier for each severity."""

    levels: tuple[str, ...]
    severities: Mapping[Severity, Tier]
    fallback: tuple[str, ...] = ()
    """Channels to which a call moves, in this order, if its own channel cannot deliver it."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The people who are on call while a schedule holds."""

    schedule: str
    title: str
    contacts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Level:
    """The people of one level, by kind of address; in a rotation, the people whose turn it is come first."""

    title: str
    contacts: Mapping[str, tuple[str, ...]]
    rotation: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Team:
    """The owner of systems, and the addresses at which the whole team sees an alert, by channel."""

    title: str
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """The alert that always fires, and the interval at which it is repeated."""

    alert: str
    interval_seconds: float
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of Tocsin's own Watchdog besides its name; other senders may have a Watchdog too."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Who is told of an unknown alert: the first route that takes it decides, else these fields."""

    team: str
    policy: str
    severity: Severity
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Match:
    """What the catalogue says about a received alert."""

    title: str
    """The titles of system and signal, or the alert's own name."""
    severity: Severity
    team: str
    policy: str
    kind: str
    """Equal for alerts that one runbook section explains; each unknown alert name is a kind of its own."""
    alert: Alert | None
    """None if the catalogue does not know the name."""
    limit_known: bool
    """False if the catalogue has no limit of this severity for the alert; the runbook section still applies."""
    unknown_severity: str = ""
    """The text of the label `severity` if its meaning is not known; `severity` is then the most severe it may mean."""
    is_nothing: bool = False
    """Whether its label says that nobody is to be notified."""
    part: str = ""
    """The subject of the alert: equal for alerts of one component of one system in one installation."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The whole catalogue, indexed by id and by name."""

    generated_by: str
    watchdog: Watchdog
    fallback: Fallback
    teams: Mapping[str, Team]
    levels: Mapping[str, Level]
    policies: Mapping[str, Policy]
    systems: Mapping[str, str]
    """Title by system id."""
    alerts: Mapping[str, Mapping[Severity, Alert]]
    """By alert name, then by severity."""
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    dimensions: tuple[str, ...] = ()
    """Labels that may distinguish installations of all systems, such as `cluster`."""
    severity_words: Mapping[str, Word] = field(default_factory=dict)
    """Meanings of other words for severities, by `severity.word_key`."""

    def policy(self, name: str) -> Policy:
        """Return the policy with this id, or the fallback's policy if a newer catalogue dropped it."""
        return self.policies.get(name) or self.policies[self.fallback.policy]

    def team(self, name: str) -> Team:
        """Return the team with this id, or the fallback's team if a newer catalogue dropped it."""
        return self.teams.get(name) or self.teams[self.fallback.team]

    def read(self, labels: Mapping[str, str]) -> Reading:
        """Return the meaning of an alert's label `severity`."""
        return read(labels.get("severity"), self.severity_words)

    def match(self, labels: Mapping[str, str]) -> Match:
        """Return what the catalogue says about an alert with these labels; the fallback fills the gaps."""
        name = labels.get("alertname", "")
        reading = self.read(labels)
        variants = self.alerts.get(name, {})
        most_severe = max(variants.values(), key=lambda variant: rank(variant.severity), default=None)
        if most_severe is None:
            return self._unknown(name, labels, reading)
        severity = reading.severity or self.fallback.severity
        # If the label's word is not known, the most severe alert of this name counts.
        exact = most_severe if reading.unknown else variants.get(severity) if reading.severity else None
        alert = exact or most_severe
        return Match(
            title=f"{self.systems.get(alert.system, alert.system)}: {alert.title}",
            severity=most_severe.severity if reading.unknown else severity,
            team=alert.team,
            policy=alert.policy,
            kind=f"{alert.runbook.path}#{alert.runbook.anchor}",
            alert=alert,
            limit_known=exact is not None,
            unknown_severity=reading.unknown,
            is_nothing=reading.is_none,
            part=self._part(labels, alert),
        )

    def _unknown(self, name: str, labels: Mapping[str, str], reading: Reading) -> Match:
        """Return the match of an alert that the catalogue does not know, from its labels alone."""
        route = self._route(labels)
        usual_severity = route.severity or self.fallback.severity
        rule = labels.get("rulename", "") if name in {GRAFANA_NO_DATA, GRAFANA_ERROR} else ""
        name = f"{name}: {rule}" if rule else name
        return Match(
            title=name or "Alert without a name",
            severity=more_severe(reading.severity or LEAST_IF_UNKNOWN, usual_severity)
            if reading.unknown
            else reading.severity or usual_severity,
            team=route.team,
            policy=route.policy,
            kind=f"{UNKNOWN}{name}",
            alert=None,
            limit_known=False,
            unknown_severity=reading.unknown,
            is_nothing=reading.is_none,
            part=self._part(labels, None),
        )

    def _route(self, labels: Mapping[str, str]) -> Route:
        """Return the owner of an unknown alert: by the first route, or by a label `team` with a team's id."""
        for route in self.fallback.routes:
            if route.takes(labels):
                return route
        team = labels.get("team", "")
        owner_team = team if team in self.teams else self.fallback.team
        return Route(matchers=(), team=owner_team, policy=self.fallback.policy)

    def _part(self, labels: Mapping[str, str], alert: Alert | None) -> str:
        """Return the subject of an alert as canonical JSON.

        An alert without a component is identified by its service, or by where it runs. Labels of single machines do not
        count: fifty replicas of one service have one problem.
        """
        system = labels.get("system") or (alert.system if alert else "")
        component = labels.get("component") or (alert.component if alert else None)
        identity = {"component": component} if component else {name: labels.get(name) for name in _PLACES}
        where = {name: labels.get(name) for name in self.dimensions}
        subject = {name: value for name, value in {"system": system, **where, **identity}.items() if value}
        return json.dumps(subject, sort_keys=True, separators=(",", ":"))


_PLACES = ("namespace", "service", "job", "app")
"""Labels that identify the subject of alerts without a component."""
