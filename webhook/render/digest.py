"""Composes one message about all incidents of a storm: how large it is, and where to begin. Pure; `dispatch` calls it.

A digest is a `Message` like any other, so that every channel lays it out within its limits. It shows the runbook
section of the incident to begin with. It lists causes with their runbook sections instead of alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from webhook.catalog.model import UNKNOWN, Runbook
from webhook.incidents.incident import Incident
from webhook.incidents.storm import Cause, causes, numbers
from webhook.render.links import Link, incidents_page
from webhook.render.message import MOST_LISTED, AlertLine, Message, compose
from webhook.render.wording import Context
from webhook.severity import rank
from webhook.timestamps import clock
from webhook.untrusted import one_line


def digest(incidents: Sequence[Incident], context: Context, *, why: str = "") -> Message:
    """Return the message about all `incidents`, at least one, at `context.now`; `why` becomes the description."""
    all_causes = causes(incidents)
    first = all_causes[0]
    base = compose(first.lead, context)
    more = max(0, len(all_causes) - MOST_LISTED)
    over_incidents = [incident for incident in incidents if _is_over(incident)]
    return replace(
        base,
        severity=first.severity,
        title=_title(incidents, all_causes),
        component="",
        installation="",
        place="",
        labels="",
        severity_note="",
        problem=_first_problem(first, base.problem) if len(over_incidents) < len(incidents) else "It is over.",
        description=one_line(why, 600),
        news="",
        since=f"Since {clock(min(cause.since for cause in all_causes), now=context.now)}.",
        documented=_incidents_in_words(incidents, over_incidents),
        alerts=tuple(_line(cause, context) for cause in all_causes[:MOST_LISTED]),
        more=more,
        unlisted=f"and {_count(more, 'more kind')} of alert" if more else "",
        links=(*_link_to_list(context), *(link for link in base.links if link.text.startswith("Runbook"))),
        undelivered=(),
        batch_size=len(incidents),
    )


def _title(incidents: Sequence[Incident], all_causes: Sequence[Cause]) -> str:
    """Return the storm in one line; what matters most comes first, because Slack's header has 150 characters."""
    alerts = sum(cause.alerts for cause in all_causes)
    alerts += sum(incident.truncated for incident in incidents if not _is_over(incident))
    size = f"{_count(alerts, 'alert')} in {_count(len(incidents), 'incident')}"
    if all(map(_is_over, incidents)):
        return f"{size} over"
    return f"{size}, {_sections(all_causes)}, start here: {one_line(all_causes[0].title, 80)}"


def _is_over(incident: Incident) -> bool:
    return incident.status == "resolved" and not incident.fires_on


def _sections(all_causes: Sequence[Cause]) -> str:
    """Return how many runbook sections explain the storm, and how many kinds of alert have none."""
    unknown = sum(cause.kind.startswith(UNKNOWN) for cause in all_causes)
    known = len(all_causes) - unknown
    parts = [_count(known, "runbook section")] if known else []
    parts += [f"{_count(unknown, 'kind')} without a runbook"] if unknown else []
    return " and ".join(parts)


def _first_problem(first: Cause, problem: str) -> str:
    return f"{problem} (incident {first.lead.id}, the first of {first.incidents})"


def _incidents_in_words(incidents: Sequence[Incident], over_incidents: Sequence[Incident]) -> str:
    """Return a sentence that names the incidents of the message."""
    sentences = (
        f" {_count(len(over_incidents), 'incident')} of them {'is' if len(over_incidents) == 1 else 'are'} over."
        if over_incidents
        else ""
    )
    by_hand = sum(incident.fires_on for incident in incidents)
    sentences += f" {_count(by_hand, 'incident')} of them resolved by hand, still firing." if by_hand else ""
    incident_numbers = numbers(incident.id for incident in incidents)
    return f"Told in one message: incidents {incident_numbers}.{sentences} Each is acknowledged by itself."


def _line(cause: Cause, context: Context) -> AlertLine:
    brief = f"{cause.severity}, {_count(cause.alerts, 'alert')} in {_count(cause.incidents, 'incident')}"
    return AlertLine(
        name=f"{one_line(cause.title, 100)}{_section(cause, context)}",
        problem=brief,
        brief=f"{brief}, first incident {cause.lead.id}",
        severity=cause.severity,
        since=f"since {clock(cause.since, now=context.now)}",
        firing=bool(cause.lead.open_firings),
    )


def _section(cause: Cause, context: Context) -> str:
    """Return in brackets the runbook section of the cause, or that it has none; empty if the cause's title says it."""
    firings = [firing for firing in (*cause.lead.open_firings, *cause.lead.firings) if firing.kind == cause.kind]
    most_severe = max(firings, key=lambda firing: rank(firing.severity))
    alert = context.catalog.match(most_severe.labels).alert
    runbook: Runbook | None = alert.runbook if alert else None
    if runbook is None:
        return " (no runbook section)"
    return "" if runbook.title in cause.title else f" ({one_line(runbook.title, 80)})"


def _link_to_list(context: Context) -> tuple[Link, ...]:
    page = incidents_page(context.public_url)
    return (Link(text="All incidents", url=page),) if page else ()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
