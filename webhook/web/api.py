"""The HTTP interface for machines: Alertmanager's deliveries, incidents as JSON, health, metrics.

`payload` checks an alert batch and `alert_batches` commits it; only then does this module answer. `flask_app` checks
access before this module is called, and turns exceptions into answers: PayloadError and Wrong into 400,
StoreUnavailable into 503.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from flask import Blueprint, Request, Response, jsonify, request, url_for

from webhook.application.responses import LONGEST_ACTOR, Shown
from webhook.channels import CHANNELS
from webhook.incidents.incident import STATUSES, Outcome, Status
from webhook.payload import Problem
from webhook.service import Service
from webhook.severity import SEVERITIES
from webhook.storage import archive_search, store
from webhook.storage.archive_search import ArchiveFilter
from webhook.timestamps import parse_moment
from webhook.untrusted import one_line
from webhook.web import body, heartbeats
from webhook.web.heartbeats import heartbeats_json
from webhook.web.representation import archived_json, incident_json, listed_json

MOST_LISTED = 200
USUALLY_LISTED = 50
ARCHIVE_FILTERS = ("system", "alert", "severity", "since", "until")
LARGEST_ID = 2**63 - 1

NUMBER = f"<int(max={LARGEST_ID}):number>"
KEY = "<key>"
"""The part of a route that names a heartbeat."""

Answer = Response | tuple[Response, int]


class Wrong(Exception):  # noqa: N818  it is the client that errs
    """A request that cannot be understood; the answer lists every problem."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def api(service: Service) -> Blueprint:
    """Return the routes for machines."""
    routes = Blueprint("api", __name__)
    routes.add_url_rule("/v1/alertmanager", "alertmanager", lambda: _alertmanager(service), methods=["POST"])
    routes.add_url_rule("/v1/incidents", "incidents", lambda: _incidents(service))
    routes.add_url_rule("/v1/archive", "archive", lambda: _archive(service))
    routes.add_url_rule(f"/v1/incidents/{NUMBER}", "incident", lambda number: _incident(service, number))
    routes.add_url_rule(
        f"/v1/incidents/{NUMBER}/acknowledge",
        "acknowledge",
        lambda number: _acknowledge(service, number),
        methods=["POST"],
    )
    routes.add_url_rule(
        f"/v1/incidents/{NUMBER}/unacknowledge",
        "unacknowledge",
        lambda number: _unacknowledge(service, number),
        methods=["POST"],
    )
    routes.add_url_rule(
        f"/v1/incidents/{NUMBER}/resolve", "resolve", lambda number: _resolve(service, number), methods=["POST"]
    )
    routes.add_url_rule(
        f"/v1/incidents/{NUMBER}/reopen", "reopen", lambda number: _reopen(service, number), methods=["POST"]
    )
    routes.add_url_rule("/v1/heartbeats", "heartbeats", lambda: jsonify(heartbeats_json(heartbeats.read(service))))
    routes.add_url_rule(f"/v1/heartbeats/{KEY}/forget", "forget", lambda key: _forget(service, key), methods=["POST"])
    routes.add_url_rule("/healthz", "healthz", lambda: jsonify(status="alive"))
    routes.add_url_rule("/readyz", "readyz", lambda: _readyz(service))
    routes.add_url_rule("/metrics", "metrics", lambda: _metrics(service))
    routes.add_url_rule("/openapi.json", "openapi", _openapi)
    return routes


def openapi() -> dict[str, Any]:
    """Return the OpenAPI description of this interface; the channels are those of `CHANNELS`."""
    description: dict[str, Any] = json.loads(resources.files("webhook").joinpath("openapi.json").read_bytes())
    description["components"]["schemas"]["Notification"]["properties"]["channel"]["enum"] = list(CHANNELS)
    return description


def _alertmanager(service: Service) -> Answer:
    payload = body.delivery(request)
    delivered = service.alert_batches.deliver(payload, service.clock(), lambda: still_waits(request))
    service.metrics.delivered(delivered.result)
    service.metrics.unusual(delivered.unknown, delivered.ignored)
    return jsonify(result=delivered.result, incident=delivered.incident_id)


def _incidents(service: Service) -> Answer:
    statuses, limit, before = _query()
    with service.database.read() as connection:
        rows = store.listing(connection, statuses=statuses, limit=limit + 1, before=before)
    shown = rows[:limit]
    next_page = None
    if len(rows) > limit:
        state = request.args.getlist("state") or None
        next_page = url_for("api.incidents", state=state, limit=limit, before=shown[-1].incident.id)
    catalog = service.catalog.current
    return jsonify(incidents=[listed_json(listed, catalog) for listed in shown], next=next_page)


def _archive(service: Service) -> Answer:
    problems: list[Problem] = []
    search = archive_filter(request.args, problems)
    limit = number_of("limit", USUALLY_LISTED, MOST_LISTED, problems)
    before = number_of("before", 0, LARGEST_ID, problems) or None
    if problems:
        raise Wrong(*problems)
    with service.database.read() as connection:
        rows = archive_search.listing(connection, search, limit=limit + 1, before=before)
    shown, next_page = rows[:limit], None
    if len(rows) > limit:
        filters: dict[str, Any] = {name: request.args[name] for name in ARCHIVE_FILTERS if request.args.get(name)}
        next_page = url_for("api.archive", **filters, limit=limit, before=shown[-1].incident_id)
    return jsonify(incidents=[archived_json(line) for line in shown], next=next_page)


def archive_filter(parameters: Mapping[str, str], problems: list[Problem]) -> ArchiveFilter:
    """Return the archive search that `parameters` describe by `ARCHIVE_FILTERS`; add invalid filters to `problems`.

    An empty filter counts as absent.
    """
    severity = parameters.get("severity") or None
    if severity is not None and severity not in SEVERITIES:
        problems.append(Problem(path="severity", message=f"must be one of {', '.join(SEVERITIES)}"))
    return ArchiveFilter(
        system=parameters.get("system") or None,
        alert=parameters.get("alert") or None,
        severity=next((known for known in SEVERITIES if known == severity), None),
        since=_moment("since", parameters, problems),
        until=_moment("until", parameters, problems),
    )


def _moment(name: str, parameters: Mapping[str, str], problems: list[Problem]) -> float | None:
    text = parameters.get(name)
    if not text:
        return None
    try:
        return parse_moment(text, ends=name == "until")
    except ValueError:
        problems.append(Problem(path=name, message="must be a day (2026-11-22) or an RFC 3339 time"))
        return None


def _query() -> tuple[tuple[Status, ...], int, int | None]:
    problems: list[Problem] = []
    states = request.args.getlist("state")
    if any(state not in STATUSES for state in states):
        problems.append(Problem(path="state", message=f"must be one of {', '.join(STATUSES)}"))
    limit = number_of("limit", USUALLY_LISTED, MOST_LISTED, problems)
    before = number_of("before", 0, LARGEST_ID, problems) or None
    if problems:
        raise Wrong(*problems)
    return tuple(status for status in STATUSES if not states or status in states), limit, before


def number_of(name: str, default: int, largest: int, problems: list[Problem]) -> int:
    """Return a number of the query, or `default`; add to `problems` a value that is not from 1 to `largest`."""
    text = request.args.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= largest:
        return int(text)
    problems.append(Problem(path=name, message=f"must be a whole number from 1 to {largest}"))
    return default


def _incident(service: Service, number: int) -> Answer:
    incident_record = service.records.read(number)
    if incident_record is None:
        return jsonify(error=f"there is no incident {number}"), 404
    return jsonify(incident_json(incident_record, service.catalog.current))


def _acknowledge(service: Service, number: int) -> Answer:
    action = _read_action()
    outcome = service.responses.acknowledge(number, action.actor, service.clock(), shown=action.shown)
    return _changed(service, number, outcome, unless_resolved=True)


def _unacknowledge(service: Service, number: int) -> Answer:
    action = _read_action()
    outcome = service.responses.unacknowledge(number, action.actor, service.clock(), shown=action.shown)
    return _changed(service, number, outcome, unless_resolved=True)


def _resolve(service: Service, number: int) -> Answer:
    action = _read_action()
    outcome = service.responses.resolve(number, action.actor, service.clock(), shown=action.shown)
    return _changed(service, number, outcome)


def _reopen(service: Service, number: int) -> Answer:
    action = _read_action()
    outcome = service.responses.reopen(number, action.actor, service.clock(), shown=action.shown)
    if outcome is not None and outcome.incident is not None and outcome.incident.status == "resolved":
        return jsonify(error=f"incident {number} is over: none of its alerts fires any more"), 409
    return _changed(service, number, outcome)


def _forget(service: Service, key: str) -> Answer:
    outcome = service.responses.forget(key, _read_action().actor, service.clock())
    if outcome is None:
        return jsonify(error="there is no heartbeat with this key"), 404
    return jsonify(result="forgotten", heartbeat=key, incident=outcome.incident_id)


def _changed(service: Service, number: int, outcome: Outcome | None, *, unless_resolved: bool = False) -> Answer:
    if outcome is None or outcome.incident is None:
        if service.records.is_archived(number):
            return jsonify(error=f"incident {number} is archived: nothing about it changes any more"), 409
        return jsonify(error=f"there is no incident {number}"), 404
    if unless_resolved and outcome.incident.status == "resolved":
        hint = "; it fires on, and can be reopened" if outcome.incident.fires_on else ""
        return jsonify(error=f"incident {number} is resolved already{hint}"), 409
    if outcome.result == "overtaken":
        problem = f"alerts have joined incident {number} since told_through, and nothing was changed"
        return jsonify(error=f"{problem}: read it again and send its new told_through"), 409
    if outcome.result == "stale":
        problem = f"incident {number} is {outcome.incident.status} now, and nothing was changed"
        return jsonify(error=f"{problem}: read it again and send its new status"), 409
    return jsonify(result=outcome.result, status=outcome.incident.status, incident=number)


@dataclass(frozen=True)
class _Action:
    """Who acts, and what this person has seen of the incident, as far as the body says it."""

    actor: str
    shown: Shown


def _read_action() -> _Action:
    """Return who acts, from a JSON body. A form on another site cannot send JSON, so it cannot act for somebody."""
    if request.mimetype != "application/json":
        raise Wrong(Problem(path="Content-Type", message="must be application/json"))
    try:
        data = json.loads(body.read(request, body.LARGEST_ACTION))
    except (ValueError, RecursionError):
        raise Wrong(Problem(path="$", message="is not JSON")) from None
    actor = data.get("actor") if isinstance(data, dict) else None
    if not isinstance(actor, str) or not one_line(actor := actor.encode(errors="replace").decode()):
        raise Wrong(
            Problem(path="$.actor", message=f"must be the name of who acts, up to {LONGEST_ACTOR} characters are kept")
        )
    told_through = _told_through(data["told_through"]) if "told_through" in data else None
    return _Action(actor, Shown(told_through=told_through, state=_state(data["status"]) if "status" in data else None))


def _told_through(line: object) -> int:
    # JSON has one kind of number: 5.0 is 5.
    if isinstance(line, bool) or not isinstance(line, int | float) or not 0 <= line <= LARGEST_ID or line % 1:
        raise Wrong(Problem(path="$.told_through", message="must be a whole number: the incident's own told_through"))
    return int(line)


def _state(status: object) -> str:
    if status not in STATUSES:
        raise Wrong(
            Problem(path="$.status", message=f"must be one of {', '.join(STATUSES)}: the incident's own status")
        )
    return str(status)


def _readyz(service: Service) -> Answer:
    """Answer whether deliveries can be taken; a broken new catalogue is only a warning, because paging goes on."""
    problem = service.probe.problem()
    problems = [f"store: {problem}"] if problem else []
    warnings = [f"catalogue: {service.catalog.error}"] if service.catalog.error else []
    answer = jsonify(
        status="not ready" if problems else "ready",
        problems=problems,
        warnings=warnings,
        catalog={"alerts": len(service.catalog.current.alerts), "last_load_ok": not warnings},
    )
    return answer, 503 if problems else 200


def _metrics(service: Service) -> Response:
    return Response(service.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _openapi() -> Response:
    return jsonify(openapi())


_SOCKET = "gunicorn.socket"
"""The key of the connection in the WSGI environment. `serving.answering` sets it; another server does not."""


def still_waits(request: Request) -> bool:
    """Return False when the client has closed the connection; True when that cannot be known."""
    connection: socket.socket | None = request.environ.get(_SOCKET)
    if connection is None:
        return True
    try:
        # The plain socket's method: a TLS socket cannot peek, and a closed connection is visible beneath TLS as well.
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
