"""The sentences of a message, one function each. Pure; `message` puts them together.

Every function returns visible text for any channel, empty where the sentence does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhook.catalog.model import GRAFANA_ERROR, GRAFANA_NO_DATA, Alert, Catalog, Match
from webhook.incidents.escalation import Standing, planned, standing_of
from webhook.incidents.firing import AlertFiring
from webhook.incidents.incident import Incident
from webhook.incidents.recipients import opens
from webhook.payload import VALUES
from webhook.quantity import measured
from webhook.render.markdown import words
from webhook.severity import Severity, more_severe
from webhook.timestamps import clock, is_credible, span, written_span
from webhook.untrusted import one_line, shorten, visible

_DESCRIPTION = 1_500


@dataclass(frozen=True, kw_only=True)
class Context:
    """What composing needs besides the incident."""

    catalog: Catalog
    now: float
    public_url: str | None
    undelivered: tuple[str, ...] = ()
    told_through: int = 0
    """The line of the timeline with which people were last called for news; buttons carry it."""


def component(lead: AlertFiring, shown: Sequence[AlertFiring], alert: Alert | None) -> str:
    """Return which component it is about, and how many others it is about too."""
    own = lead.labels.get("component") or (alert.component if alert else None)
    others = {firing.labels.get("component") for firing in shown} - {own, None, ""}
    if not own:
        return ""
    return one_line(own, 80) + _and_others(len(others))


def _and_others(count: int) -> str:
    return f" and {count} other{'s' if count > 1 else ''}" if count else ""


def installation(shown: Sequence[AlertFiring], dimensions: Sequence[str]) -> str:
    """Return where it is by the labels that tell installations apart, such as `cluster eu and 1 other, tenant a`.

    The first alert leads. What its component says already is not said again.
    """
    lead = shown[0].labels
    said = set(lead.get("component", "").split("/"))
    found = []
    for name in dimensions:
        value = lead.get(name)
        if value and value not in said:
            others = len({firing.labels.get(name) for firing in shown} - {value, None, ""})
            found.append(one_line(f"{name} {value}", 60) + _and_others(others))
    return ", ".join(found[:_MOST_DIMENSIONS])


_MOST_DIMENSIONS = 3


def installation_of(labels: Mapping[str, str], dimensions: Sequence[str]) -> str:
    """Return the same of a group's labels."""
    return ", ".join(one_line(f"{name} {labels[name]}", 60) for name in dimensions if labels.get(name))


def problem(firing: AlertFiring, match: Match) -> str:
    """Return what is wrong, with the number and its limit where there are any."""
    alert = match.alert
    if alert is None or alert.unit == "state":
        said = alert.summary if alert else _own_words(firing)
        return one_line(said or firing.title, 300)
    value = measured(firing.annotations.get("value"), alert.unit)
    if match.limit_known:
        limit = one_line(alert.limit, 60)
        return f"{alert.title} is {value}, limit {limit}" if value else f"{alert.title} is beyond its limit ({limit})"
    return f"{alert.title} is {value or 'beyond a limit'}; the catalogue has no limit for severity {match.severity}"


def severity_note(shown: Sequence[AlertFiring], catalog: Catalog) -> str:
    """Return which words of labels say no severity that is known, and what their alerts count as."""
    words: dict[str, Severity] = {}
    for firing in shown:
        said = catalog.read(firing.labels).unknown
        if said:
            word = one_line(said, _LONGEST_WORD)
            words[word] = more_severe(words.get(word, firing.severity), firing.severity)
    named = [f"“{word}” is not known here and counts as {severity}" for word, severity in words.items()]
    more = len(named) - _MOST_WORDS
    others = f"; {more} more word{'s are' if more > 1 else ' is'} not known either" if more > 0 else ""
    return f"Severity {', '.join(named[:_MOST_WORDS])}{others}." if named else ""


_LONGEST_WORD = 40
_MOST_WORDS = 3


def description(firing: AlertFiring, match: Match) -> str:
    """Return the alert's own words where the catalogue has none of its number, and the values that Grafana tells."""
    if match.alert is not None and match.alert.unit != "state":
        return ""
    said = visible(firing.annotations.get("description") or firing.annotations.get("message") or "").strip()
    said = "" if one_line(said) == problem(firing, match) else shorten(said, _DESCRIPTION)
    values = one_line(firing.annotations.get(VALUES, ""), 300) if match.alert is None else ""
    return "\n".join(part for part in (said, f"Values: {values}" if values else "") if part)


def _own_words(firing: AlertFiring) -> str:
    """Return what is wrong by the alert's own words; Grafana has alerts on rules that it cannot evaluate."""
    said = _said(firing, "summary") or _said(firing, "description") or _said(firing, "message")
    rule = one_line(firing.labels.get("rulename", ""), 100)
    kind = firing.labels.get("alertname") if rule else None
    if kind == GRAFANA_NO_DATA:
        return f"Grafana's rule {rule} has no data{f': {said}' if said else ''}"
    if kind == GRAFANA_ERROR:
        reason = _said(firing, "Error") or said
        return f"Grafana cannot evaluate its rule {rule}{f': {reason}' if reason else ''}"
    return said


def _said(firing: AlertFiring, annotation: str) -> str:
    return one_line(firing.annotations.get(annotation, ""), 300)


def since(shown: Sequence[AlertFiring], incident: Incident, now: float) -> str:
    """Return since when it is wrong, or for how long it was."""
    starts = [firing.starts_at for firing in shown if is_credible(firing.starts_at, now=now)]
    if not starts:
        return _since_unknown(shown, incident, now)
    start = min(starts)
    if incident.status == "resolved" and not incident.fires_on:
        end = max((firing.ended_at or now for firing in shown), default=now)
        if end < start:
            began = clock(start, now=now)
            return (
                f"Over since {clock(end, now=now)}. The clock of its source is ahead and says {began} of its beginning."
            )
        return f"Lasted {span(end - start)}, from {clock(start, now=now)} to {clock(end, now=now)}."
    if start > now:
        return f"Since {clock(start, now=now)} by the clock of its source, which is ahead."
    return f"Since {clock(start, now=now)} ({span(now - start)})."


def _since_unknown(shown: Sequence[AlertFiring], incident: Incident, now: float) -> str:
    if incident.status == "resolved" and not incident.fires_on:
        end = max((firing.ended_at or now for firing in shown), default=now)
        return f"Over since {clock(end, now=now)}; its start is unknown."
    return f"Its start is unknown; heard of since {clock(incident.opened_at, now=now)}."


def news(lead: AlertFiring, match: Match, *, system: str, joined: bool, why: str) -> str:
    """Return why somebody is called although the incident has been told before; `why` where that was written down.

    What has joined is told with its system, in words, and its component.
    """
    if why:
        return one_line(why, 600)
    if not joined:
        return ""
    what = ", ".join(part for part in (one_line(system, 80), one_line(lead.labels.get("component", ""), 80)) if part)
    return f"New in this incident: {f'{what}: ' if what else ''}{problem(lead, match)}"


def stands(incident: Incident, context: Context) -> str:
    """Return who has to act by when, who has acknowledged it, or how it ended."""
    now = context.now
    if incident.status == "resolved":
        how, end = (" by hand", ", and it still fires") if incident.fires_on else ("", "")
        when = clock(incident.resolved_at or now, now=now)
        return f"Resolved{how} at {when} by {one_line(incident.resolved_by or '', 80)}{end}."
    if incident.status == "acknowledged":
        who = one_line(incident.acknowledged_by or "somebody", 80)
        return f"Acknowledged by {who} at {clock(incident.acknowledged_at or now, now=now)}."
    at = standing_of(context.catalog, incident)
    who = tier(incident, context)
    tier_hours = opens(context.catalog, context.catalog.policy(incident.policy).severities[incident.severity], now)
    if tier_hours is not None:
        who = f"{who}, told in working hours from {clock(tier_hours, now=now)}"
    if at.respond_by is None or at.respond_seconds is None:
        return f"{who}: for information, no acknowledgement needed."
    if at.respond_seconds == 0:
        return f"{who}: acknowledge now."
    late = " (that time has passed)" if at.respond_by < now else ""
    return f"{who}: acknowledge within {written_span(at.respond_seconds)}, by {clock(at.respond_by, now=now)}{late}."


def tier(incident: Incident, context: Context) -> str:
    """Return who is asked now, such as `L1 DevOps team`."""
    if incident.status != "open":
        return ""
    at = standing_of(context.catalog, incident)
    return f"L{at.level} {at.title}"


def next_step(incident: Incident, context: Context) -> str:
    """Return who is told next, and when, if nobody answers; or why nobody is."""
    following = planned(context.catalog, incident)
    if following is None:
        return ""
    at, when = standing_of(context.catalog, incident), clock(following.at, now=context.now)
    if following.kind == "still_firing":
        then = (
            f"at {when} if it still fires then" if following.at > context.now else "as soon as Alertmanager tells of it"
        )
        return f"It is told again {then}; anybody can reopen it now."
    if following.kind == "calm":
        return f"It comes and goes, and none of its alerts fires now: resolved at {when} if it stays quiet."
    if incident.suppressed_since is not None:
        since = clock(incident.suppressed_since, now=context.now)
        by = incident.suppressed_by
        return f"Nobody further is told: every alert that fires is {by} in Alertmanager, since {since}."
    if following.kind == "respond":
        return f"If it is not resolved by {when}, L{at.level} {at.title} is asked again."
    return _escalation(at, when) if following.kind == "escalate" else ""


def _escalation(at: Standing, when: str) -> str:
    if at.next_title is None or at.next_seconds is None:
        return f"If nobody has by {when}, L{at.level} {at.title} is told again."
    return f"If nobody has by {when} (after {written_span(at.next_seconds)}), L{at.level + 1} {at.next_title} is told."


def documented(match: Match) -> str:
    """Return where the limit comes from."""
    if match.alert is None or not match.limit_known:
        return ""
    where = match.alert.documented
    if where is None:
        return "The limit is a house default; the runbook states none."
    return f"Limit documented in {where.path}:{where.line}: “{one_line(words(where.text), 200)}”"


def unlisted(more: int, truncated: int) -> str:
    """Return how many alerts there are beyond those listed."""
    parts = [f"and {more} more"] if more else []
    if truncated:
        parts.append(f"{truncated} further alerts that Alertmanager left out of its delivery")
    return ", plus ".join(parts)
