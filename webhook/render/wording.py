"""The sentences of a message, one function per sentence. Pure; `message` combines them.

Every function returns visible text for any channel, and an empty text when the sentence does not apply.
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
    """What `compose` needs besides the incident."""

    catalog: Catalog
    now: float
    public_url: str | None
    undelivered: tuple[str, ...] = ()
    told_through: int = 0
    """The timeline line of the last call for news; the buttons carry it."""


def component(lead: AlertFiring, shown: Sequence[AlertFiring], alert: Alert | None) -> str:
    """Return the component of the leading alert, and how many other components are affected."""
    own_component = lead.labels.get("component") or (alert.component if alert else None)
    others = {firing.labels.get("component") for firing in shown} - {own_component, None, ""}
    if not own_component:
        return ""
    return one_line(own_component, 80) + _and_others(len(others))


def _and_others(count: int) -> str:
    return f" and {count} other{'s' if count > 1 else ''}" if count else ""


def installation(shown: Sequence[AlertFiring], dimensions: Sequence[str]) -> str:
    """Return the installation by the labels that distinguish installations: `cluster eu and 1 other, tenant a`.

    The first alert leads. A value that its component already contains is not repeated.
    """
    lead = shown[0].labels
    already_told = set(lead.get("component", "").split("/"))
    parts = []
    for name in dimensions:
        value = lead.get(name)
        if value and value not in already_told:
            others = len({firing.labels.get(name) for firing in shown} - {value, None, ""})
            parts.append(one_line(f"{name} {value}", 60) + _and_others(others))
    return ", ".join(parts[:_MOST_DIMENSIONS])


_MOST_DIMENSIONS = 3


def installation_of(labels: Mapping[str, str], dimensions: Sequence[str]) -> str:
    """Return the installation that a group's labels name, such as `cluster eu, tenant a`."""
    return ", ".join(one_line(f"{name} {labels[name]}", 60) for name in dimensions if labels.get(name))


def problem(firing: AlertFiring, match: Match) -> str:
    """Return what is wrong, with the value and its limit if they are known."""
    alert = match.alert
    if alert is None or alert.unit == "state":
        summary = alert.summary if alert else _own_words(firing)
        return one_line(summary or firing.title, 300)
    value = measured(firing.annotations.get("value"), alert.unit)
    if match.limit_known:
        limit = one_line(alert.limit, 60)
        return f"{alert.title} is {value}, limit {limit}" if value else f"{alert.title} is beyond its limit ({limit})"
    return f"{alert.title} is {value or 'beyond a limit'}; the catalogue has no limit for severity {match.severity}"


def severity_note(shown: Sequence[AlertFiring], catalog: Catalog) -> str:
    """Return a sentence on severity labels that are not known, and as which severity their alerts count."""
    words: dict[str, Severity] = {}
    for firing in shown:
        unknown_word = catalog.read(firing.labels).unknown
        if unknown_word:
            word = one_line(unknown_word, _LONGEST_WORD)
            words[word] = more_severe(words.get(word, firing.severity), firing.severity)
    phrases = [f"“{word}” is not known here and counts as {severity}" for word, severity in words.items()]
    more = len(phrases) - _MOST_WORDS
    others = f"; {more} more word{'s are' if more > 1 else ' is'} not known either" if more > 0 else ""
    return f"Severity {', '.join(phrases[:_MOST_WORDS])}{others}." if phrases else ""


_LONGEST_WORD = 40
_MOST_WORDS = 3


def description(firing: AlertFiring, match: Match) -> str:
    """Return the alert's own description and Grafana's values; empty for a catalogue alert that has a value."""
    if match.alert is not None and match.alert.unit != "state":
        return ""
    own_text = visible(firing.annotations.get("description") or firing.annotations.get("message") or "").strip()
    own_text = "" if one_line(own_text) == problem(firing, match) else shorten(own_text, _DESCRIPTION)
    values = one_line(firing.annotations.get(VALUES, ""), 300) if match.alert is None else ""
    return "\n".join(part for part in (own_text, f"Values: {values}" if values else "") if part)


def _own_words(firing: AlertFiring) -> str:
    """Return what is wrong in the alert's own words; Grafana also sends alerts about rules that it cannot evaluate."""
    text = _annotation(firing, "summary") or _annotation(firing, "description") or _annotation(firing, "message")
    rule = one_line(firing.labels.get("rulename", ""), 100)
    kind = firing.labels.get("alertname") if rule else None
    if kind == GRAFANA_NO_DATA:
        return f"Grafana's rule {rule} has no data{f': {text}' if text else ''}"
    if kind == GRAFANA_ERROR:
        reason = _annotation(firing, "Error") or text
        return f"Grafana cannot evaluate its rule {rule}{f': {reason}' if reason else ''}"
    return text


def _annotation(firing: AlertFiring, name: str) -> str:
    return one_line(firing.annotations.get(name, ""), 300)


def since(shown: Sequence[AlertFiring], incident: Incident, now: float) -> str:
    """Return since when the incident has lasted, or how long it lasted."""
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
    """Return why people are called again about a known incident: `why` if given, else the alert that joined.

    The sentence about a joined alert names its system and its component.
    """
    if why:
        return one_line(why, 600)
    if not joined:
        return ""
    origin = ", ".join(part for part in (one_line(system, 80), one_line(lead.labels.get("component", ""), 80)) if part)
    return f"New in this incident: {f'{origin}: ' if origin else ''}{problem(lead, match)}"


def stands(incident: Incident, context: Context) -> str:
    """Return who has to act by when, who acknowledged the incident, or how it ended."""
    now = context.now
    if incident.status == "resolved":
        how, end = (" by hand", ", and it still fires") if incident.fires_on else ("", "")
        when = clock(incident.resolved_at or now, now=now)
        return f"Resolved{how} at {when} by {one_line(incident.resolved_by or '', 80)}{end}."
    if incident.status == "acknowledged":
        who = one_line(incident.acknowledged_by or "somebody", 80)
        return f"Acknowledged by {who} at {clock(incident.acknowledged_at or now, now=now)}."
    level = standing_of(context.catalog, incident)
    who = tier(incident, context)
    hours_begin = opens(context.catalog, context.catalog.policy(incident.policy).severities[incident.severity], now)
    if hours_begin is not None:
        who = f"{who}, told in working hours from {clock(hours_begin, now=now)}"
    if level.respond_by is None or level.respond_seconds is None:
        return f"{who}: for information, no acknowledgement needed."
    if level.respond_seconds == 0:
        return f"{who}: acknowledge now."
    late = " (that time has passed)" if level.respond_by < now else ""
    deadline = clock(level.respond_by, now=now)
    return f"{who}: acknowledge within {written_span(level.respond_seconds)}, by {deadline}{late}."


def tier(incident: Incident, context: Context) -> str:
    """Return who is asked to act now, such as `L1 DevOps team`; empty unless the incident is open."""
    if incident.status != "open":
        return ""
    level = standing_of(context.catalog, incident)
    return f"L{level.level} {level.title}"


def next_step(incident: Incident, context: Context) -> str:
    """Return who is told next and when if nobody acts, or why nobody will be told."""
    following = planned(context.catalog, incident)
    if following is None:
        return ""
    level, when = standing_of(context.catalog, incident), clock(following.at, now=context.now)
    if following.kind == "still_firing":
        told_again = (
            f"at {when} if it still fires then" if following.at > context.now else "as soon as Alertmanager tells of it"
        )
        return f"It is told again {told_again}; anybody can reopen it now."
    if following.kind == "calm":
        return f"It comes and goes, and none of its alerts fires now: resolved at {when} if it stays quiet."
    if incident.suppressed_since is not None:
        since = clock(incident.suppressed_since, now=context.now)
        reason = incident.suppressed_by
        return f"Nobody further is told: every alert that fires is {reason} in Alertmanager, since {since}."
    if following.kind == "respond":
        return f"If it is not resolved by {when}, L{level.level} {level.title} is asked again."
    return _escalation(level, when) if following.kind == "escalate" else ""


def _escalation(level: Standing, when: str) -> str:
    if level.next_title is None or level.next_seconds is None:
        return f"If nobody has by {when}, L{level.level} {level.title} is told again."
    next_level = f"L{level.level + 1} {level.next_title}"
    return f"If nobody has by {when} (after {written_span(level.next_seconds)}), {next_level} is told."


def documented(match: Match) -> str:
    """Return which document states the limit."""
    if match.alert is None or not match.limit_known:
        return ""
    statement = match.alert.documented
    if statement is None:
        return "The limit is a house default; the runbook states none."
    return f"Limit documented in {statement.path}:{statement.line}: “{one_line(words(statement.text), 200)}”"


def unlisted(more: int, truncated: int) -> str:
    """Return how many alerts are not listed, and how many Alertmanager left out."""
    parts = [f"and {more} more"] if more else []
    if truncated:
        parts.append(f"{truncated} further alerts that Alertmanager left out of its delivery")
    return ", plus ".join(parts)
