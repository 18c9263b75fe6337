"""Incidents as lines for a terminal, its control characters stripped. Pure; used by `cli`."""

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
    """Return a text as one row: nothing that a terminal obeys, and no line break, which would forge another row."""
    return " ".join(visible(text).replace("\t", " ").split("\n"))


def listed_line(listed: Listed, *, now: float, dimensions: Sequence[str] = ()) -> str:
    """Return one line: number, severity, state, age, title with the group's `dimensions`, alerts."""
    incident = listed.incident
    age = span(now - incident.opened_at)
    title = ", ".join(part for part in (incident.title, installation_of(incident.group_labels, dimensions)) if part)
    alerts = f"{listed.firing} of {listed.alerts} firing"
    status = "fires on" if incident.fires_on else incident.status
    return _row(f"{incident.id:>5}  {incident.severity:<9}  {status:<12}  {age:>12}  {title} ({alerts})")


def heartbeat_line(found: Shown, *, now: float) -> str:
    """Return one line: key, state, how long ago it was heard, how often it should be, what it is and by which way."""
    ago = f"{span(now - found.beat.heard_at)} ago"
    every = f"every {span(found.interval)}"
    way = f" by way of {found.beat.source}" if found.beat.source else ""
    incident = f" (incident {found.incident})" if found.incident else ""
    word = "silent" if found.state == "late" else found.state
    return _row(f"{found.beat.key[:12]}  {word:<6}  {ago:>16}  {every:<14}  {found.name}{way}{incident}")


def archived_line(one: ArchivedLine, *, now: float) -> str:
    """Return one line: number, severity, when it was opened, how long it lasted, title, alerts."""
    lasted = span(one.resolved_at - one.opened_at)
    alerts = f"{one.alerts} alert{'' if one.alerts == 1 else 's'}"
    opened = clock(one.opened_at, now=now)
    return _row(f"{one.incident_id:>5}  {one.severity:<9}  {opened:<20}  {lasted:>12}  {one.title} ({alerts})")


def incident_lines(found: Record, *, now: float) -> Iterator[str]:
    """Yield everything about one incident."""
    message = found.message
    yield _row(f"Incident {found.incident.id}: {message.subject}")
    yield from (_row(line) for line in summary_lines(message))
    if found.archived_at is not None:
        yield f"Archived at {clock(found.archived_at, now=now)}: nothing about it changes any more."
    if found.left_out:
        yield found.left_out
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
    yield from (_row(f"  {alert.name}: {alert.problem}, {alert.since}") for alert in found.alerts)
    yield "\nTIMELINE"
    yield from (
        _row(f"  {clock(line.at, now=now)}  {line.kind}  {line.actor}  {line.detail}") for line in found.timeline
    )
    yield "\nDELIVERIES"
    for one in found.notifications:
        tries = f", {one.attempts} tries" if one.attempts > 1 else ""
        reason = f": {one.last_error}" if one.last_error else ""
        yield _row(
            f"  {channel_word(one.channel)} {one.destination} ({one.who})  {one.action}  {one.outcome}{tries}{reason}"
        )
