"""The web pages: lists of incidents, one incident in full, its buttons. No scripts, no assets from other sites."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from webhook.application.record import Record
from webhook.application.responses import LONGEST_ACTOR, Shown, state_of
from webhook.channels import channel_word, has_addresses
from webhook.incidents.escalation import planned
from webhook.incidents.incident import Incident, Outcome, ResolvedByHand
from webhook.incidents.transitions import transition
from webhook.payload import Problem
from webhook.render.markdown import html
from webhook.render.templates import environment
from webhook.render.wording import installation_of
from webhook.service import Service
from webhook.severity import SEVERITIES
from webhook.storage import archive_search, store
from webhook.storage.archive_search import ArchivedLine
from webhook.timestamps import clock, span
from webhook.untrusted import one_line
from webhook.web import heartbeats
from webhook.web.access import person
from webhook.web.api import ARCHIVE_FILTERS, KEY, LARGEST_ID, NUMBER, archive_filter, number_of

MOST_OPEN = 500
MOST_RESOLVED = 30
MOST_ARCHIVED = 100
NOT_DONE = {
    "acknowledge": "Not acknowledged",
    "unacknowledge": "Not given back",
    "resolve": "Not resolved",
    "reopen": "Not reopened",
}
"""What a page says after a form has changed nothing, by the form's action."""
REASONS = {
    "overtaken": "Alerts have joined since the page was drawn on which you pressed."
    " This is how the incident stands now.",
    "stale": "The incident has changed since the page was drawn on which you pressed. This is how it stands now.",
    "hasty": "You pressed within a second of seeing the button, as the second tap of a double tap does."
    " Press again if you mean it.",
}
"""Why a form has changed nothing, by the outcome's result."""
SEEN = re.compile(r"[0-9]{0,18}\Z", flags=re.ASCII)
STATE = re.compile(r"[a-z_]{0,20}\Z", flags=re.ASCII)
DRAWN = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?)?\Z", flags=re.ASCII)
ACTIONS = ("acknowledge", "unacknowledge", "resolve", "reopen")
DESIGN = resources.files("webhook.templates").joinpath("style.css")


def pages(service: Service) -> Blueprint:
    """Return the routes for people."""
    routes = Blueprint("pages", __name__)
    routes.add_url_rule("/", "incidents", lambda: _incidents(service))
    routes.add_url_rule("/archive", "archive", lambda: _archive(service))
    routes.add_url_rule(f"/incidents/{NUMBER}", "incident", lambda number: _incident(service, number))
    for action in ACTIONS:
        routes.add_url_rule(
            f"/incidents/{NUMBER}/{action}",
            action,
            lambda number, action=action: _act(service, number, action),
            methods=["GET", "POST"] if action == "resolve" else ["POST"],
        )
    routes.add_url_rule("/heartbeats", "heartbeats", lambda: _heartbeats(service))
    routes.add_url_rule(f"/heartbeats/{KEY}/forget", "forget", lambda key: _forget(service, key), methods=["POST"])
    routes.add_url_rule("/style.css", "style", lambda: Response(DESIGN.read_bytes(), mimetype="text/css"))
    return routes


def error_page(status: int, reason: str) -> Response:
    """Return an error page with the reason."""
    return _page("error.html", status=status, reason=reason, code=status)


def _incidents(service: Service) -> Response:
    with service.database.read() as connection:
        unresolved = store.listing(
            connection, statuses=("open", "acknowledged"), limit=MOST_OPEN, fires_on=False, worst_first=True
        )
        by_hand = store.listing(connection, statuses=(), limit=MOST_OPEN, fires_on=True, worst_first=True)
        resolved = store.listing(connection, statuses=("resolved",), limit=MOST_RESOLVED, fires_on=False)
        counts = store.open_counts(connection)
    now = service.clock()
    firing_on = sum(number for (_, status), number in counts.items() if status == "resolved")
    watched = heartbeats.read(service).shown
    return _page(
        "incidents.html",
        unresolved=unresolved,
        open_number=sum(counts.values()) - firing_on,
        by_hand=by_hand,
        by_hand_number=firing_on,
        is_heard=bool(watched) and all(row.state == "heard" for row in watched),
        silent=[row for row in watched if row.state != "heard"],
        last_heard=max((row.beat.heard_at for row in watched), default=None),
        told_again=lambda incident: _told_again(service, incident),
        resolved=resolved,
        most=MOST_OPEN,
        teams=service.catalog.current.teams,
        installation=lambda incident: installation_of(incident.group_labels, service.catalog.current.dimensions),
        when=lambda at: clock(at, now=now),
        ago=lambda at: span(now - at),
        catalog_error=service.catalog.error,
    )


def _archive(service: Service) -> Response:
    problems: list[Problem] = []
    search = archive_filter(request.args, problems)
    before = number_of("before", 0, LARGEST_ID, problems) or None
    rows: tuple[ArchivedLine, ...] = ()
    if not problems:
        with service.database.read() as connection:
            rows = archive_search.listing(connection, search, limit=MOST_ARCHIVED + 1, before=before)
    shown, older = rows[:MOST_ARCHIVED], None
    filters = {name: request.args.get(name, "") for name in ARCHIVE_FILTERS}
    if len(rows) > MOST_ARCHIVED:
        used_filters: dict[str, Any] = {name: value for name, value in filters.items() if value}
        older = url_for("pages.archive", **used_filters, before=shown[-1].incident_id)
    now = service.clock()
    return _page(
        "archive.html",
        code=400 if problems else 200,
        found=shown,
        older=older,
        asked=filters,
        problems=[f"{problem.path} {problem.message}" for problem in problems],
        severities=SEVERITIES,
        systems=service.catalog.current.systems,
        teams=service.catalog.current.teams,
        when=lambda at: clock(at, now=now),
        lasted=lambda line: span(line.resolved_at - line.opened_at),
    )


def _incident(service: Service, number: int) -> Response:
    incident_record = service.records.read(number)
    if incident_record is None:
        return error_page(404, f"There is no incident {number}.")
    now = service.clock()
    return _page(
        "incident.html",
        not_done=NOT_DONE.get(request.args.get("undone", "")),
        reason=REASONS.get(request.args.get("why", ""), REASONS["overtaken"]),
        state=state_of(incident_record.incident),
        record=incident_record,
        message=incident_record.message,
        incident=incident_record.incident,
        runbook=_runbook(incident_record),
        person=one_line(request.args.get("actor", ""), LONGEST_ACTOR) or person(request) or "",
        channel_word=channel_word,
        has_addresses=has_addresses,
        now=now,
        when=lambda at: clock(at, now=now),
    )


def _confirm(service: Service, number: int) -> BaseResponse:
    """Return the page that asks whether to resolve the incident, and says what follows from it."""
    incident_record = service.records.read(number)
    if incident_record is None:
        return error_page(404, f"There is no incident {number}.")
    incident, now = incident_record.incident, service.clock()
    if incident.status == "resolved" or incident_record.archived_at is not None:
        return redirect(url_for("pages.incident", number=number), code=303)
    after = transition(incident, ResolvedByHand(actor="somebody"), now).incident
    following = None if after is None else planned(service.catalog.current, after)
    return _page(
        "resolve.html",
        message=incident_record.message,
        incident=incident,
        state=state_of(incident),
        firing=len(incident.open_firings),
        told_again_at=following.at if following and following.kind == "still_firing" else None,
        person=one_line(request.args.get("actor", ""), LONGEST_ACTOR) or person(request) or "",
        now=now,
        when=lambda at: clock(at, now=now),
    )


def _heartbeats(service: Service) -> Response:
    now = service.clock()
    return _page(
        "heartbeats.html",
        heartbeats=heartbeats.read(service),
        person=person(request) or "",
        when=lambda at: clock(at, now=now),
        ago=lambda at: span(now - at),
        span=span,
    )


def _forget(service: Service, key: str) -> BaseResponse:
    actor = request.form.get("actor", "").strip() or person(request) or "somebody on the web page"
    if service.responses.forget(key, actor, service.clock()) is None:
        return error_page(404, "There is no such heartbeat; somebody may have forgotten it already.")
    return redirect(url_for("pages.heartbeats"), code=303)


def _told_again(service: Service, incident: Incident) -> float | None:
    following = planned(service.catalog.current, incident)
    return following.at if following else None


def _act(service: Service, number: int, action: str) -> BaseResponse:
    if request.method in {"GET", "HEAD"}:
        return _confirm(service, number)
    actor = request.form.get("actor", "").strip() or person(request) or "somebody on the web page"
    form = {name: request.form.get(name, "") for name in ("seen", "state", "drawn")}
    if not (SEEN.match(form["seen"]) and STATE.match(form["state"]) and DRAWN.match(form["drawn"])):
        return error_page(400, "The form's record of what its page showed cannot be read. Open the page anew.")
    if action == "resolve" and form["seen"] and not form["drawn"]:
        # The form is of an earlier release's page, on which this button stood beside another one.
        return redirect(url_for("pages.resolve", number=number, actor=actor), code=303)
    shown = Shown(
        told_through=int(form["seen"]) if form["seen"] else None,
        state=form["state"] or None,
        drawn_at=float(form["drawn"]) if form["drawn"] else None,
    )
    outcome = _perform(service, number, action, actor, shown)
    if outcome is not None and outcome.result in REASONS:
        address = url_for("pages.incident", number=number, actor=actor, undone=action, why=outcome.result)
        return redirect(address, code=303)
    if outcome is None and not service.records.is_archived(number):
        return error_page(404, f"There is no incident {number}.")
    return redirect(url_for("pages.incident", number=number), code=303)


def _perform(service: Service, number: int, action: str, actor: str, shown: Shown) -> Outcome | None:
    now, responses = service.clock(), service.responses
    match action:
        case "acknowledge":
            return responses.acknowledge(number, actor, now, shown=shown)
        case "resolve":
            return responses.resolve(number, actor, now, shown=shown)
        case "unacknowledge":
            return responses.unacknowledge(number, actor, now, shown=shown)
        case _:
            return responses.reopen(number, actor, now, shown=shown)


def _runbook(incident_record: Record) -> Markup | None:
    section = incident_record.message.section
    if section is None:
        return None
    return Markup(html(section.markdown, commands=section.commands, base=section.url))  # noqa: S704  nh3 cleans it


def _page(template: str, *, code: int = 200, **values: object) -> Response:
    text = environment.get_template(template).render(values, root=request.script_root)
    return Response(text, status=code, mimetype="text/html")
