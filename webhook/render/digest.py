"""A message on many incidents: what a storm comes to, and where to begin. Pure; `dispatch` calls it.

It has the form of any other message, so that every channel lays it out within its limits: the incident to begin with
leads, with its runbook section; its lists are of runbook sections instead of alerts.
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
    """Return the message on all `incidents`, at least one, as they stand at `context.now`; `why` is said besides."""
    found = causes(incidents)
    first = found[0]
    base = compose(first.lead, context)
    more = max(0, len(found) - MOST_LISTED)
    over = [one for one in incidents if _is_over(one)]
    return replace(
        base,
        severity=first.severity,
        title=_title(incidents, found),
        component="",
        installation="",
        place="",
        labels="",
        severity_note="",
        problem=_begin(first, base.problem) if len(over) < len(incidents) else "It is over.",
        description=one_line(why, 600),
        news="",
        since=f"Since {clock(min(one.since for one in found), now=context.now)}.",
        documented=_named(incidents, over),
        alerts=tuple(_line(one, context) for one in found[:MOST_LISTED]),
        more=more,
        unlisted=f"and {_count(more, 'more kind')} of alert" if more else "",
        links=(*_list(context), *(link for link in base.links if link.text.startswith("Runbook"))),
        undelivered=(),
        batch_size=len(incidents),
    )


def _title(incidents: Sequence[Incident], found: Sequence[Cause]) -> str:
    """Return the storm in one line; the words for Slack's header, 150 characters, come first."""
    alerts = sum(one.alerts for one in found) + sum(one.truncated for one in incidents if not _is_over(one))
    many = f"{_count(alerts, 'alert')} in {_count(len(incidents), 'incident')}"
    if all(map(_is_over, incidents)):
        return f"{many} over"
    return f"{many}, {_sections(found)}, start here: {one_line(found[0].title, 80)}"


def _is_over(incident: Incident) -> bool:
    return incident.status == "resolved" and not incident.fires_on


def _sections(found: Sequence[Cause]) -> str:
    """Return how many runbook sections explain it, and how much no section does."""
    unknown = sum(one.kind.startswith(UNKNOWN) for one in found)
    known = len(found) - unknown
    parts = [_count(known, "runbook section")] if known else []
    parts += [f"{_count(unknown, 'kind')} without a runbook"] if unknown else []
    return " and ".join(parts)


def _begin(first: Cause, problem: str) -> str:
    return f"{problem} (incident {first.lead.id}, the first of {first.incidents})"


def _named(incidents: Sequence[Incident], over: Sequence[Incident]) -> str:
    """Return which incidents the message is about, in words."""
    ended = f" {_count(len(over), 'incident')} of them {'is' if len(over) == 1 else 'are'} over." if over else ""
    by_hand = sum(one.fires_on for one in incidents)
    ended += f" {_count(by_hand, 'incident')} of them resolved by hand, still firing." if by_hand else ""
    which = numbers(one.id for one in incidents)
    return f"Told in one message: incidents {which}.{ended} Each is acknowledged by itself."


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
    """Return the runbook section that explains the cause, in brackets, where one does and its title says more."""
    ours = [one for one in (*cause.lead.open_firings, *cause.lead.firings) if one.kind == cause.kind]
    most_severe = max(ours, key=lambda one: rank(one.severity))
    alert = context.catalog.match(most_severe.labels).alert
    runbook: Runbook | None = alert.runbook if alert else None
    if runbook is None:
        return " (no runbook section)"
    return "" if runbook.title in cause.title else f" ({one_line(runbook.title, 80)})"


def _list(context: Context) -> tuple[Link, ...]:
    page = incidents_page(context.public_url)
    return (Link(text="All incidents", url=page),) if page else ()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
