"""Composes the message about an incident when it is sent: the same sentences for every channel. Pure.

`dispatch` and `record` call `compose`; `slack`, `pagerduty`, `mail` and the page templates only lay out a `Message`.
Text in a `Message` is visible text and is not escaped for any channel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webhook.catalog.model import Catalog, Runbook
from webhook.commands import Filled, fill
from webhook.incidents.firing import AlertFiring, in_order
from webhook.incidents.incident import Incident, Status
from webhook.incidents.notifications import Action
from webhook.quantity import measured, measured_number
from webhook.render import wording
from webhook.render.identity import LONGEST_LINE, Labels, labels_of
from webhook.render.links import Link, links
from webhook.render.wording import Context
from webhook.severity import Severity, rank
from webhook.timestamps import clock, is_credible
from webhook.untrusted import one_line, without_cluster

MOST_LISTED = 10
"""How many alerts of one incident a message lists; the incident's page lists all."""

NO_RUNBOOK = "No runbook is known for this alert: the catalogue does not have it."

_NO_NAME = "An alert without a name that can be shown"


@dataclass(frozen=True, kw_only=True)
class AlertLine:
    """One alert in a list of the incident's alerts."""

    name: str
    """The labels that distinguish it from the other alerts, such as component and instance."""
    problem: str
    brief: str
    """The problem, or only the value if the leading alert already says the rest."""
    severity: Severity
    since: str
    firing: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """The runbook section, with its commands filled from the labels of the leading alert."""

    title: str
    url: str
    markdown: str
    commands: Mapping[str, Filled]
    """The filled commands, keyed by their text in `markdown`."""
    filled_from: str
    """The labels that filled the commands, with their values; empty when none did."""
    notes: tuple[str, ...]
    """What the reader has to fill in, and why."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """Everything that a message about an incident can say. A field with a default is empty when it does not apply."""

    incident_id: int
    status: Status
    severity: Severity
    title: str
    alert: str
    source: str
    problem: str
    started_at: float | None
    """Epoch seconds; None when no alert states a credible start."""
    standing: str
    """Tier and deadline, who acknowledged the incident, or how it ended."""
    system: str = ""
    group: str = ""
    """The system's id, as in the pages that Alertmanager sends itself."""
    component: str = ""
    installation: str = ""
    """The installation that the alerts belong to, such as `cluster eu`."""
    place: str = ""
    """Where an alert outside the catalogue is, in a few words from its labels: `namespace payouts, instance db-1`."""
    labels: str = ""
    """The labels in which the alerts differ, and those that identify an alert outside the catalogue."""
    severity_note: str = ""
    """Says that the label `severity` is not understood, and as which severity it counts."""
    description: str = ""
    since: str = ""
    tier: str = ""
    """Who is asked to act now, such as `L1 DevOps team`; empty when nobody is."""
    next_step: str = ""
    news: str = ""
    section: Section | None = None
    no_runbook: str = ""
    documented: str = ""
    alerts: tuple[AlertLine, ...] = ()
    more: int = 0
    """How many alerts are not listed in `alerts`."""
    unlisted: str = ""
    links: tuple[Link, ...] = ()
    undelivered: tuple[str, ...] = ()
    """Destinations that notifications did not reach and will not reach, with the reason."""
    batch_size: int = 0
    """How many incidents the message is about, when it is a digest."""
    told_through: int = 0
    """The timeline line of the last call for news: a press covers only what was told up to this line."""
    fires_on: bool = False
    """Whether a person has resolved the incident while Alertmanager says that its alerts fire."""

    @property
    def said(self) -> str:
        """Why people are called and what is wrong, in one line."""
        if not self.news or self.problem in self.news:
            return self.news or self.problem
        return f"{self.news} {self.problem}"

    @property
    def word(self) -> str:
        """The severity or the end of the incident, in one word or a few."""
        if self.fires_on:
            return "RESOLVED BY HAND, STILL FIRING"
        return "RESOLVED" if self.over else self.severity.upper()

    @property
    def over(self) -> bool:
        """Whether the incident is resolved and none of its alerts fires; a person's resolve alone is not enough."""
        return self.status == "resolved" and not self.fires_on

    @property
    def subject(self) -> str:
        """The message in one short line."""
        return f"{self.word}: {self.title}{f' ({self.where})' if self.where else ''}"

    @property
    def where(self) -> str:
        """The component and the installation, or the place of an alert outside the catalogue."""
        return ", ".join(part for part in (self.component, self.installation, self.place) if part)

    @property
    def further_labels(self) -> str:
        """The labels, if they say more than `where` does; for short messages."""
        return "" if all(part in self.where for part in self.labels.split("; ")) else self.labels


def compose(
    incident: Incident,
    context: Context,
    *,
    action: Action = "open",
    trigger_fingerprint: str | None = None,
    why: str = "",
) -> Message:
    """Return the message about `incident` as it stands at `context.now`.

    The worst alert leads: the most severe, and of those the one that is furthest beyond its limit. If `action` is
    `join`, the alert that joined (`trigger_fingerprint`) leads instead. `why` is the reason that the message states
    first when people are called for another reason than a new alert.
    """
    shown = _worst_first(incident.open_firings or incident.firings, context.catalog)
    lead = _lead(shown, action, trigger_fingerprint)
    match = context.catalog.match(lead.labels)
    alert = match.alert
    starts = (firing.starts_at for firing in shown if is_credible(firing.starts_at, now=context.now))
    described = (lead,) if action == "join" else shown
    more = max(0, len(shown) - MOST_LISTED)
    system = context.catalog.systems.get(alert.system, alert.system) if alert else ""
    component = wording.component(lead, described, alert)
    labels = labels_of(described)
    told_elsewhere = (*context.catalog.dimensions, "component")
    names = labels if described is shown else labels_of(shown)
    return Message(
        incident_id=incident.id,
        status=incident.status,
        fires_on=incident.fires_on,
        severity=lead.severity if action == "join" else incident.severity,
        title=one_line(lead.title, 120) or _NO_NAME,
        system=system,
        group=one_line(lead.labels.get("system", ""), 200),
        component=component,
        installation=wording.installation(described, context.catalog.dimensions),
        place="" if alert or component else labels.place(told_elsewhere),
        labels=labels.text(single=alert is None, excluded=told_elsewhere),
        severity_note=wording.severity_note(described, context.catalog),
        alert=one_line(lead.labels.get("alertname", ""), 200),
        source=_source(lead, incident),
        problem=wording.problem(lead, match),
        description=wording.description(lead, match),
        since=wording.since(shown, incident, context.now),
        started_at=min(starts, default=None),
        tier=wording.tier(incident, context),
        standing=wording.stands(incident, context),
        next_step=wording.next_step(incident, context),
        news=wording.news(lead, match, system=system, joined=action == "join", why=why),
        section=_section(alert.runbook, lead) if alert else None,
        no_runbook="" if alert else NO_RUNBOOK,
        documented=wording.documented(match),
        alerts=tuple(_line(firing, shown, names, context) for firing in shown[:MOST_LISTED]) if len(shown) > 1 else (),
        more=more,
        unlisted=wording.unlisted(more, incident.truncated),
        links=links(incident, lead, alert, public_url=context.public_url, firing=incident.open_firings),
        undelivered=context.undelivered,
        told_through=context.told_through,
    )


def alert_lines(incident: Incident, context: Context) -> tuple[AlertLine, ...]:
    """Return a line for every alert that the incident has had, firing alerts first; for the page, which lists all."""
    open_firings = _worst_first(incident.open_firings, context.catalog)
    ended = in_order(firing for firing in incident.firings if firing.ended_at is not None)
    names = labels_of(incident.firings)
    return tuple(_line(firing, (*open_firings, *ended), names, context) for firing in (*open_firings, *ended))


def _worst_first(firings: Iterable[AlertFiring], catalog: Catalog) -> tuple[AlertFiring, ...]:
    """Return the firings sorted: most severe first, then furthest beyond its limit, then as `in_order` has them."""
    # Sorting is stable, so each step keeps the order of the step before among equals.
    by_excess = sorted(in_order(firings), key=lambda firing: -_excess(firing, catalog))
    return tuple(sorted(by_excess, key=lambda firing: -rank(firing.severity)))


def _excess(firing: AlertFiring, catalog: Catalog) -> float:
    """Return by what factor the value is beyond its limit; 1 if that is not known."""
    match = catalog.match(firing.labels)
    number = measured_number(firing.annotations.get("value"))
    if match.alert is None or not match.limit_known or match.alert.unit == "state" or number is None:
        return 1.0
    limit = match.alert.threshold
    over, under = (limit, number) if match.alert.comparator.startswith("<") else (number, limit)
    return over / under if under > 0 else math.inf if over > under else 1.0


def _source(lead: AlertFiring, incident: Incident) -> str:
    """Return the source of the alert. It is never empty, because PagerDuty refuses an event without a source."""
    sources = (
        one_line(text, 200) for text in (lead.labels.get("instance", ""), without_cluster(incident.external_url))
    )
    return next((text for text in sources if text), "alertmanager")


def _lead(shown: Sequence[AlertFiring], action: Action, trigger_fingerprint: str | None) -> AlertFiring:
    if action == "join":
        return next((firing for firing in shown if firing.fingerprint == trigger_fingerprint), shown[0])
    return shown[0]


def _section(runbook: Runbook, lead: AlertFiring) -> Section:
    filled = {command.text: fill(command, lead.labels) for command in runbook.commands}
    used = dict.fromkeys(
        placeholder.label
        for command in runbook.commands
        for placeholder in command.placeholders
        if placeholder.label and placeholder.text not in filled[command.text].text
    )
    return Section(
        title=runbook.title,
        url=runbook.url,
        markdown=_without_explanations(runbook, filled),
        commands=filled,
        filled_from=", ".join(f"{label}={one_line(lead.labels.get(label, ''), 80)}" for label in used),
        notes=tuple(dict.fromkeys(note for command in filled.values() for note in command.notes)),
    )


def _without_explanations(runbook: Runbook, filled: Mapping[str, Filled]) -> str:
    """Return the section without the lines that only say which label fills a placeholder that has been filled."""
    placeholders = {placeholder for command in runbook.commands for placeholder in command.placeholders}
    unfilled = {
        placeholder
        for placeholder in placeholders
        if any(placeholder.text in command.text for command in filled.values())
    }
    explanations = {placeholder.explanation for placeholder in placeholders - unfilled if placeholder.explanation}
    return "\n".join(line for line in runbook.markdown.split("\n") if line not in explanations)


def _line(firing: AlertFiring, shown: Sequence[AlertFiring], names: Labels, context: Context) -> AlertLine:
    end = "" if firing.ended_at is None else f", until {clock(firing.ended_at, now=context.now)}"
    start_is_known = is_credible(firing.starts_at, now=context.now)
    start = f"since {clock(firing.starts_at, now=context.now)}" if start_is_known else "start unknown"
    match = context.catalog.match(firing.labels)
    problem = wording.problem(firing, match)
    is_like_lead = firing.title == shown[0].title and firing.severity == shown[0].severity
    value = measured(firing.annotations.get("value"), match.alert.unit) if match.alert and is_like_lead else None
    return AlertLine(
        name=names.line(firing.labels) or one_line(firing.title, LONGEST_LINE),
        problem=problem,
        brief=value or problem,
        severity=firing.severity,
        since=f"{start}{end}",
        firing=firing.ended_at is None,
    )
