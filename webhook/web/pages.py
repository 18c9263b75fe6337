"""The web pages: lists of incidents, one incident in full, its buttons. No scripts, no assets from other sites."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from webhook.application.record import Record
from webhook.application.responses import LONGEST_ACTOR
from webhook.channels import channel_word, has_addresses
from webhook.incidents.escalation import planned
from webhook.incidents.incident import Incident, Outcome
from webhook.payload import Problem
from webhook.render.markdown import html
from webhook.render.templates import environment
from webhook.render.wording import installation_of
from webhook.service import Service
from webhook.severity import SEVERITIES, rank
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
NOT_DONE = {"acknowledge": "Not acknowledged", "resolve": "Not resolved"}
"""What a page says after somebody sent a form of an outdated page, which changed nothing."""
SEEN = re.compile(r"[0-9]{0,18}\Z", flags=re.ASCII)
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
            methods=["POST"],
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
        unresolved = store.listing(connection, statuses=("open", "acknowledged"), limit=MOST_OPEN)
        by_hand = store.listing(connection, statuses=(), limit=MOST_OPEN, fires_on=True)
        resolved = store.listing(connection, statuses=("resolved",), limit=MOST_RESOLVED, fires_on=False)
    now = service.clock()
    return _page(
        "incidents.html",
        unresolved=sorted(unresolved, key=lambda listed: -rank(listed.incident.severity)),
        by_hand=by_hand,
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
    actor = request.form.get("actor", "").strip() or person(request) or "somebody on the web page"
    seen = request.form.get("seen", "")
    if not SEEN.match(seen):
        return error_page(400, "What the form says that its page has shown cannot be read. Open the page anew.")
    outcome = _perform(service, number, action, actor, int(seen) if seen else None)
    if outcome is not None and outcome.result == "overtaken":
        address = url_for("pages.incident", number=number, actor=actor, undone=action)
        return redirect(address, code=303)
    if outcome is None and not service.records.is_archived(number):
        return error_page(404, f"There is no incident {number}.")
    return redirect(url_for("pages.incident", number=number), code=303)


def _perform(service: Service, number: int, action: str, actor: str, seen: int | None) -> Outcome | None:
    now, responses = service.clock(), service.responses
    match action:
        case "acknowledge":
            return responses.acknowledge(number, actor, now, seen=seen)
        case "resolve":
            return responses.resolve(number, actor, now, seen=seen)
        case "unacknowledge":
            return responses.unacknowledge(number, actor, now)
        case _:
            return responses.reopen(number, actor, now)


def _runbook(incident_record: Record) -> Markup | None:
    section = incident_record.message.section
    if section is None:
        return None
    return Markup(html(section.markdown, commands=section.commands, base=section.url))  # noqa: S704  nh3 cleans it


def _page(template: str, *, code: int = 200, **values: object) -> Response:
    text = environment.get_template(template).render(values, root=request.script_root)
    return Response(text, status=code, mimetype="text/html")
