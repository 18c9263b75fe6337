"""The catalogue's types and look-ups: what the compiler found out, ready to be looked up at three in the morning.

Pure: `catalog/file` reads and watches the file, `ingest` asks `Catalog.match`, `escalation` reads policies, `render`
reads runbook sections. The shape is that of `catalog.schema.json`, version `SCHEMA_VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from webhook.catalog.routes import Route
from webhook.catalog.schedule import Schedule
from webhook.quantity import Unit
from webhook.severity import LEAST_LIKELY, Reading, Severity, Word, more_severe, rank, read

SCHEMA_VERSION = 1

STILL_FIRING_SECONDS = 3_600.0
"""What holds where a tier does not say `still_firing_seconds`; the schema's description has it too."""

GRAFANA_NO_DATA, GRAFANA_ERROR = "DatasourceNoData", "DatasourceError"
"""Grafana's alerts on rules that it cannot evaluate; their label `rulename` says which."""

UNKNOWN = "unknown:"
"""Begins the kind of alerts that no runbook section explains."""


Takes = Literal["nothing", "word", "path", "address", "url", "number", "literal", "matcher"]
"""What a value may be at a place of a command."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One occurrence of a placeholder: the characters before it, what it takes, and why where that is nothing."""

    at: int
    takes: Takes
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """A part of a command that an alert's label fills; `label` is None where a person must."""

    text: str
    label: str | None
    explanation: str | None = None
    """The line of the section that names the label."""
    places: tuple[Place, ...] = ()
    """What its occurrences take; one that is missing here is filled by nobody but a person."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A fenced code block of a runbook section."""

    language: str
    text: str
    placeholders: tuple[Placeholder, ...]


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """The one section that an alert leads to."""

    path: str
    anchor: str
    title: str
    url: str
    line: int
    markdown: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, kw_only=True)
class Documented:
    """The statement of the runbook that a limit comes from."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert rule of one severity. `threshold` is in the base unit of `unit`; `limit` is as a person wrote it."""

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
    """The key of Alertmanager's group in which it pages about this without us; None where nobody knows it."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What a policy does for one severity; times in seconds, None is never and a `respond_seconds` of 0 at once."""

    respond_seconds: float | None
    announce: tuple[str, ...]
    notify: tuple[str, ...]
    escalate_seconds: float | None
    holds: bool = False
    """Whether `acknowledged_seconds` says how long an acknowledgement holds; else the longer other span."""
    acknowledged_seconds: float | None = None
    hours: str | None = None
    """The schedule outside of which nobody is notified and no span counts; None is always."""
    still_firing_seconds: float = STILL_FIRING_SECONDS
    """After how long an incident that a person has resolved is told again if its alerts fire on."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Whom an incident reaches: ids of levels, the first told first, and a tier for each severity."""

    levels: tuple[str, ...]
    severities: Mapping[Severity, Tier]
    fallback: tuple[str, ...] = ()
    """Channels that a call moves on to when its own cannot deliver it, in this order."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who is on call while a schedule holds."""

    schedule: str
    title: str
    contacts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Level:
    """The people of one level and their addresses by kind; by turns, those whose turn it is come first."""

    title: str
    contacts: Mapping[str, tuple[str, ...]]
    rotation: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who owns a system, and the addresses at which the whole team sees an alert, by channel."""

    title: str
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """The alert that always fires and how often it is repeated."""

    alert: str
    interval_seconds: float
    labels: Mapping[str, str] = field(default_factory=dict)
    """Those of Tocsin's own, besides the name: others may send one too."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Who is told of an alert that the catalogue does not know: by the first route that takes it, else these."""

    team: str
    policy: str
    severity: Severity
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Match:
    """What the catalogue says about an alert that has arrived."""

    title: str
    """System and signal in words, or the alert's own name."""
    severity: Severity
    team: str
    policy: str
    kind: str
    """Equal for alerts that one runbook section explains; unknown alerts are a kind each."""
    alert: Alert | None
    """None when the catalogue does not know the name."""
    limit_known: bool
    """False when it knows the name but not with this severity: the runbook holds, the limit does not."""
    unknown_severity: str = ""
    """What its label `severity` says where that is not known; `severity` is then the most severe that it may mean."""
    is_nothing: bool = False
    """Whether its label says that it is nobody's business."""
    part: str = ""
    """What the alert is about: equal for alerts of one component of one system in one installation."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The whole catalogue, indexed."""

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
    """Labels that may tell installations of all systems apart, such as the cluster."""
    severity_words: Mapping[str, Word] = field(default_factory=dict)
    """What labels call severities, by `severity.word_key`."""

    def policy(self, name: str) -> Policy:
        """Return the policy of that id, or the fallback's when a newer catalogue has dropped it."""
        return self.policies.get(name) or self.policies[self.fallback.policy]

    def team(self, name: str) -> Team:
        """Return the team of that id, or the fallback's when a newer catalogue has dropped it."""
        return self.teams.get(name) or self.teams[self.fallback.team]

    def read(self, labels: Mapping[str, str]) -> Reading:
        """Return what an alert's label says of its severity."""
        return read(labels.get("severity"), self.severity_words)

    def match(self, labels: Mapping[str, str]) -> Match:
        """Return what is known of an alert with these labels, with the fallback for what is not."""
        name = labels.get("alertname", "")
        said = self.read(labels)
        variants = self.alerts.get(name, {})
        most_severe = max(variants.values(), key=lambda variant: rank(variant.severity), default=None)
        if most_severe is None:
            return self._unknown(name, labels, said)
        severity = said.severity or self.fallback.severity
        # Where the label says nothing that is known, it is one of those that the catalogue has.
        exact = most_severe if said.unknown else variants.get(severity) if said.severity else None
        alert = exact or most_severe
        return Match(
            title=f"{self.systems.get(alert.system, alert.system)}: {alert.title}",
            severity=most_severe.severity if said.unknown else severity,
            team=alert.team,
            policy=alert.policy,
            kind=f"{alert.runbook.path}#{alert.runbook.anchor}",
            alert=alert,
            limit_known=exact is not None,
            unknown_severity=said.unknown,
            is_nothing=said.is_none,
            part=self._part(labels, alert),
        )

    def _unknown(self, name: str, labels: Mapping[str, str], said: Reading) -> Match:
        """Return what is known of an alert by its labels alone."""
        route = self._route(labels)
        usual = route.severity or self.fallback.severity
        rule = labels.get("rulename", "") if name in {GRAFANA_NO_DATA, GRAFANA_ERROR} else ""
        name = f"{name}: {rule}" if rule else name
        return Match(
            title=name or "Alert without a name",
            severity=more_severe(said.severity or LEAST_LIKELY, usual) if said.unknown else said.severity or usual,
            team=route.team,
            policy=route.policy,
            kind=f"{UNKNOWN}{name}",
            alert=None,
            limit_known=False,
            unknown_severity=said.unknown,
            is_nothing=said.is_none,
            part=self._part(labels, None),
        )

    def _route(self, labels: Mapping[str, str]) -> Route:
        """Return whose an alert is that the catalogue does not know; a label `team` with a team's id says it, too."""
        for route in self.fallback.routes:
            if route.takes(labels):
                return route
        team = labels.get("team", "")
        own = team if team in self.teams else self.fallback.team
        return Route(matchers=(), team=own, policy=self.fallback.policy)

    def _part(self, labels: Mapping[str, str], alert: Alert | None) -> str:
        """Return what an alert is about, as canonical JSON.

        An alert without a component is known by its service, or by where it runs. Labels of single machines tell no
        parts apart: fifty replicas of one service are one trouble.
        """
        system = labels.get("system") or (alert.system if alert else "")
        component = labels.get("component") or (alert.component if alert else None)
        own = {"component": component} if component else {name: labels.get(name) for name in _PLACES}
        where = {name: labels.get(name) for name in self.dimensions}
        found = {name: value for name, value in {"system": system, **where, **own}.items() if value}
        return json.dumps(found, sort_keys=True, separators=(",", ":"))


_PLACES = ("namespace", "service", "job", "app")
"""Labels by which alerts without a component say what they are about."""
