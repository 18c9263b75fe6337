"""An incident in words, composed at the time it is sent: the same sentences for every channel. Pure.

`dispatch` and `record` call `compose`; `slack`, `pagerduty`, `mail` and the page templates only lay out what stands
here. Text in a `Message` is visible text, not escaped for any channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhook.catalog.model import Runbook
from webhook.commands import Filled, fill
from webhook.incidents.firing import AlertFiring, in_order
from webhook.incidents.incident import Incident, Status
from webhook.incidents.messages import Action
from webhook.quantity import measured
from webhook.render import wording
from webhook.render.identity import LONGEST_LINE, Labels, labels_of
from webhook.render.links import Link, links
from webhook.render.wording import Context
from webhook.severity import Severity
from webhook.timestamps import clock, is_credible
from webhook.untrusted import one_line, without_cluster

MOST_LISTED = 10
"""How many alerts of one incident a message lists; the page lists all."""

NO_RUNBOOK = "No runbook is known for this alert: the catalogue does not have it."

_NO_NAME = "An alert without a name that can be shown"


@dataclass(frozen=True, kw_only=True)
class AlertLine:
    """One alert of the incident, in a list."""

    name: str
    """What tells it from the others: component, instance and the like."""
    problem: str
    brief: str
    """The problem without what the leading alert's has said already: only the number where that is what differs."""
    severity: Severity
    since: str
    firing: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """The runbook section, with its commands filled from the alert it was chosen for."""

    title: str
    url: str
    markdown: str
    commands: Mapping[str, Filled]
    """Filled command by its text as it stands in `markdown`."""
    filled_from: str
    """Which labels filled the commands, where any did."""
    notes: tuple[str, ...]
    """What was left for the reader to fill in, and why."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """Everything that a message about an incident can say. What has a default is empty where it does not apply."""

    incident_id: int
    status: Status
    severity: Severity
    title: str
    alert: str
    source: str
    problem: str
    started_at: float | None
    """None where nobody has said it."""
    standing: str
    """Tier and deadline, who has acknowledged it, or how it ended."""
    system: str = ""
    group: str = ""
    """The system's id, as Alertmanager's own pages name it."""
    component: str = ""
    installation: str = ""
    """Which of several installations it is, such as `cluster eu`."""
    place: str = ""
    """Where an alert is of which only its labels say so, in a few words: `namespace payouts, instance db-1`."""
    labels: str = ""
    """The labels in which the alerts differ, and those by which one that is not in the catalogue is known."""
    severity_note: str = ""
    """That the label `severity` is not understood, and what it was taken for."""
    description: str = ""
    since: str = ""
    tier: str = ""
    """Who is asked now, such as `L1 DevOps team`; empty when nobody is."""
    next_step: str = ""
    news: str = ""
    section: Section | None = None
    no_runbook: str = ""
    documented: str = ""
    alerts: tuple[AlertLine, ...] = ()
    more: int = 0
    """How many alerts are not listed here."""
    unlisted: str = ""
    links: tuple[Link, ...] = ()
    undelivered: tuple[str, ...] = ()
    """Who should have been told by other ways and was not."""
    batch_size: int = 0
    """How many incidents it is about, where it is about many."""
    told_through: int = 0
    """The line of the timeline with which people were last called for news: a press is about what was shown by then."""
    fires_on: bool = False
    """Whether a person has resolved it while Alertmanager says that it fires."""

    @property
    def said(self) -> str:
        """Why somebody is called and what is wrong, in one line."""
        if not self.news or self.problem in self.news:
            return self.news or self.problem
        return f"{self.news} {self.problem}"

    @property
    def word(self) -> str:
        """How bad it is, or that it is over, in a word or a few."""
        if self.fires_on:
            return "RESOLVED BY HAND, STILL FIRING"
        return "RESOLVED" if self.over else self.severity.upper()

    @property
    def over(self) -> bool:
        """Whether nothing of it fires any more: a person's resolve alone does not say so."""
        return self.status == "resolved" and not self.fires_on

    @property
    def subject(self) -> str:
        """The message in one short line."""
        return f"{self.word}: {self.title}{f' ({self.where})' if self.where else ''}"

    @property
    def where(self) -> str:
        """Which component of which installation it is about, or where it is."""
        return ", ".join(part for part in (self.component, self.installation, self.place) if part)

    @property
    def further_labels(self) -> str:
        """The labels, where they say more than the title does: for short messages."""
        return "" if all(part in self.where for part in self.labels.split("; ")) else self.labels


def compose(
    incident: Incident,
    context: Context,
    *,
    action: Action = "open",
    trigger_fingerprint: str | None = None,
    why: str = "",
) -> Message:
    """Return the message for `incident` as it stands at `context.now`.

    The most severe alert leads, except where `action` is `join`: there the alert that has joined does
    (`trigger_fingerprint`). `why` is what the message says first, where somebody is called for another reason than a
    new alert.
    """
    shown = incident.open_firings or in_order(incident.firings)
    lead = _lead(shown, action, trigger_fingerprint)
    match = context.catalog.match(lead.labels)
    alert = match.alert
    starts = (one.starts_at for one in shown if is_credible(one.starts_at, now=context.now))
    about = (lead,) if action == "join" else shown
    more = max(0, len(shown) - MOST_LISTED)
    system = context.catalog.systems.get(alert.system, alert.system) if alert else ""
    component = wording.component(lead, about, alert)
    labels = labels_of(about)
    said = (*context.catalog.dimensions, "component")
    names = labels if about is shown else labels_of(shown)
    return Message(
        incident_id=incident.id,
        status=incident.status,
        fires_on=incident.fires_on,
        severity=lead.severity if action == "join" else incident.severity,
        title=one_line(lead.title, 120) or _NO_NAME,
        system=system,
        group=one_line(lead.labels.get("system", ""), 200),
        component=component,
        installation=wording.installation(about, context.catalog.dimensions),
        place="" if alert or component else labels.place(said),
        labels=labels.text(single=alert is None, said=said),
        severity_note=wording.severity_note(about, context.catalog),
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
        alerts=tuple(_line(one, shown, names, context) for one in shown[:MOST_LISTED]) if len(shown) > 1 else (),
        more=more,
        unlisted=wording.unlisted(more, incident.truncated),
        links=links(incident, lead, alert, public_url=context.public_url, firing=incident.open_firings),
        undelivered=context.undelivered,
        told_through=context.told_through,
    )


def alert_lines(incident: Incident, context: Context) -> tuple[AlertLine, ...]:
    """Return every alert that the incident has had, those that fire first: for the page, which leaves none out."""
    ended = in_order(one for one in incident.firings if one.ended_at is not None)
    names = labels_of(incident.firings)
    return tuple(_line(one, incident.firings, names, context) for one in (*incident.open_firings, *ended))


def _source(lead: AlertFiring, incident: Incident) -> str:
    """Return where it comes from, never empty: PagerDuty refuses an event without a source."""
    found = (one_line(text, 200) for text in (lead.labels.get("instance", ""), without_cluster(incident.external_url)))
    return next((text for text in found if text), "alertmanager")


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
        notes=tuple(dict.fromkeys(note for one in filled.values() for note in one.notes)),
    )


def _without_explanations(runbook: Runbook, filled: Mapping[str, Filled]) -> str:
    """Return the section without the lines that only say which label fills a placeholder, where one did."""
    placeholders = {one for command in runbook.commands for one in command.placeholders}
    left = {one for one in placeholders if any(one.text in command.text for command in filled.values())}
    done = {one.explanation for one in placeholders - left if one.explanation}
    return "\n".join(line for line in runbook.markdown.split("\n") if line not in done)


def _line(firing: AlertFiring, shown: Sequence[AlertFiring], names: Labels, context: Context) -> AlertLine:
    state = "" if firing.ended_at is None else f", until {clock(firing.ended_at, now=context.now)}"
    known = is_credible(firing.starts_at, now=context.now)
    began = f"since {clock(firing.starts_at, now=context.now)}" if known else "start unknown"
    match = context.catalog.match(firing.labels)
    problem = wording.problem(firing, match)
    same = firing.title == shown[0].title and firing.severity == shown[0].severity
    value = measured(firing.annotations.get("value"), match.alert.unit) if match.alert and same else None
    return AlertLine(
        name=names.line(firing.labels) or one_line(firing.title, LONGEST_LINE),
        problem=problem,
        brief=value or problem,
        severity=firing.severity,
        since=f"{began}{state}",
        firing=firing.ended_at is None,
    )
