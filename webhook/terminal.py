"""Writes incidents as lines for a terminal, without control characters. Pure; used by `cli`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.application.record import Record
from webhook.channels import channel_word
from webhook.render.plain import section_text, summary_lines
from webhook.render.wording import installation_of
from webhook.storage.archive_search import ArchivedLine
from webhook.storage.store import Listed
from webhook.timestamps import clock, span
from webhook.untrusted import visible
from webhook.web.heartbeats import Shown

LONGEST_SECTION = 50_000


def _row(text: str) -> str:
    """Return a text as one row, without control characters and without line breaks, which would forge a row."""
    return " ".join(visible(text).replace("\t", " ").split("\n"))


def listed_line(listed: Listed, *, now: float, dimensions: Sequence[str] = ()) -> str:
    """Return one line: number, severity, state, age, title with the group's `dimensions`, alerts."""
    incident = listed.incident
    age = span(now - incident.opened_at)
    title = ", ".join(part for part in (incident.title, installation_of(incident.group_labels, dimensions)) if part)
    alerts = f"{listed.firing} of {listed.alerts} firing"
    status = "fires on" if incident.fires_on else incident.status
    return _row(f"{incident.id:>5}  {incident.severity:<9}  {status:<12}  {age:>12}  {title} ({alerts})")


def heartbeat_line(heartbeat: Shown, *, now: float) -> str:
    """Return one line: key, state, time since it was heard, interval, name, and the way by which it arrives."""
    ago = f"{span(now - heartbeat.beat.heard_at)} ago"
    every = f"every {span(heartbeat.interval)}"
    source = f" by way of {heartbeat.beat.source}" if heartbeat.beat.source else ""
    incident = f" (incident {heartbeat.incident})" if heartbeat.incident else ""
    state = "silent" if heartbeat.state == "late" else heartbeat.state
    return _row(f"{heartbeat.beat.key[:12]}  {state:<6}  {ago:>16}  {every:<14}  {heartbeat.name}{source}{incident}")


def archived_line(incident: ArchivedLine, *, now: float) -> str:
    """Return one line: number, severity, opening time, duration, title, alerts."""
    lasted = span(incident.resolved_at - incident.opened_at)
    alerts = f"{incident.alerts} alert{'' if incident.alerts == 1 else 's'}"
    opened = clock(incident.opened_at, now=now)
    return _row(
        f"{incident.incident_id:>5}  {incident.severity:<9}  {opened:<20}  {lasted:>12}  {incident.title} ({alerts})"
    )


def incident_lines(record: Record, *, now: float) -> Iterator[str]:
    """Yield everything about one incident."""
    message = record.message
    yield _row(f"Incident {record.incident.id}: {message.subject}")
    yield from (_row(line) for line in summary_lines(message))
    if record.archived_at is not None:
        yield f"Archived at {clock(record.archived_at, now=now)}: nothing about it changes any more."
    if record.left_out:
        yield record.left_out
    for phrase in message.undelivered:
        yield _row(f"Not reached: {phrase}")
    if message.documented:
        yield _row(message.documented)
    if message.section is not None:
        yield f"\nRUNBOOK: {_row(message.section.title)}\n{_row(message.section.url)}\n"
        yield section_text(message.section, LONGEST_SECTION).text
        yield from (_row(note) for note in message.section.notes)
    elif message.no_runbook:
        yield f"\n{message.no_runbook}"
    yield "\nALERTS"
    yield from (_row(f"  {alert.name}: {alert.problem}, {alert.since}") for alert in record.alerts)
    yield "\nTIMELINE"
    yield from (
        _row(f"  {clock(line.at, now=now)}  {line.kind}  {line.actor}  {line.detail}") for line in record.timeline
    )
    yield "\nDELIVERIES"
    for notification in record.notifications:
        tries = f", {notification.attempts} tries" if notification.attempts > 1 else ""
        reason = f": {notification.last_error}" if notification.last_error else ""
        yield _row(
            f"  {channel_word(notification.channel)} {notification.destination} ({notification.who})"
            f"  {notification.action}  {notification.outcome}{tries}{reason}"
        )
