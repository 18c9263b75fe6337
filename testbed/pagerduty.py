"""A stand-in for PagerDuty's Events API v2: it validates events, and merges them into incidents by `dedup_key`.

It behaves as https://developer.pagerduty.com/docs/events-api-v2-overview and `…/send-alert-event` document. Both the
webhook and Alertmanager's own integration post here; an incident's log says which of them sent an event.
`pagerduty_limits.py` says what is refused, `standin.py` is the server.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from testbed import box
from testbed.pagerduty_limits import parse
from testbed.patience import PATIENCE_SECONDS
from testbed.standin import Reply, Request, StandIn

Status = Literal["triggered", "acknowledged", "resolved"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One accepted event; `came_from` is its `client`, or the sender's user agent if it names none."""

    action: str
    dedup_key: str
    came_from: str
    body: dict[str, Any]

    @property
    def payload(self) -> dict[str, Any]:
        """The event's `payload`; empty for an acknowledge or a resolve that has none."""
        return self.body.get("payload") or {}


@dataclass(kw_only=True)
class Incident:
    """A PagerDuty incident: all events of one `dedup_key` from the first trigger to the resolve."""

    dedup_key: str
    routing_key: str
    status: Status = "triggered"
    events: list[Event] = field(default_factory=list)

    @property
    def latest(self) -> Event:
        """The latest trigger, which the incident shows."""
        return [event for event in self.events if event.action == "trigger"][-1]

    @property
    def words(self) -> str:
        """All text of the incident, with the addresses of its links."""
        addresses = [link["href"] for link in self.latest.body.get("links") or []]
        return "\n".join([*self._summary(), *self._details(), *addresses, *self._log()])

    def draw(self, most: int | None = None) -> str:
        """Return the incident in a box, as a person would see it, with at most `most` lines of its details."""
        shown = list(self._details())
        if most is not None and len(shown) > most:
            shown = [*shown[:most], f"… {len(shown) - most} more lines"]
        parts = [list(self._summary()), shown, list(self._log())]
        lines = [line for part in parts if part for line in (box.RULE, *part)]
        return box.draw(f"PagerDuty · {self.status}", lines[1:])

    def _summary(self) -> Iterator[str]:
        payload = self.latest.payload
        yield payload["summary"]
        shown = [
            f"{name} {payload[name]}"
            for name in ("severity", "source", "component", "group", "class")
            if payload.get(name)
        ]
        yield " · ".join(shown)

    def _details(self) -> Iterator[str]:
        for name, value in (self.latest.payload.get("custom_details") or {}).items():
            yield from _detail(name, value)
        for link in self.latest.body.get("links") or []:
            yield f"→ {link.get('text') or link['href']}"

    def _log(self) -> Iterator[str]:
        yield f"dedup_key {self.dedup_key}"
        yield from (f"{event.action} from {event.came_from}" for event in self.events)


class PagerDuty(StandIn):
    """One service: `incidents` in the order opened, and `dropped` events that belong to no open incident.

    It takes any well-formed routing key, or only `routing_key` if that is given. While it is `disabled` (or in
    maintenance), it accepts events as always but opens no incident. The REST API lists incidents by their key.
    """

    def __init__(self, routing_key: str | None = None) -> None:
        super().__init__()
        self.routing_key = routing_key
        self.incidents: list[Incident] = []
        self.dropped: list[Event] = []
        self.disabled = False

    @property
    def events_url(self) -> str:
        """The full address for events, as Alertmanager wants it; `url` is the base address without a path."""
        return f"{self.url}/v2/enqueue"

    def open_incident(self, dedup_key: str) -> Incident | None:
        """Return the incident of `dedup_key` that is not resolved, if there is one."""
        return next((i for i in self.incidents if i.dedup_key == dedup_key and i.status != "resolved"), None)

    def await_incident(
        self,
        predicate: Callable[[Incident], bool],
        seconds: float = PATIENCE_SECONDS,
        awaited: str = "a PagerDuty incident",
    ) -> Incident:
        """Return the first incident for which `predicate` holds, now or within `seconds`."""
        return self.await_value(lambda: next(filter(predicate, self.incidents), None), seconds, awaited)

    def summary(self) -> str:
        """Return how many requests came and the incidents' first lines."""
        shown = [f"{i.status}: {i.latest.payload['summary']} ({len(i.events)} events)" for i in self.incidents]
        return f"PagerDuty got {len(self.requests)} requests, holds {shown}"

    def reply(self, request: Request) -> Reply:
        """Return 202 and the event's key, 400 and the event's errors, or 404 for a path outside the Events API."""
        if request.method == "GET" and urlsplit(request.path).path.endswith("/incidents"):
            return self._list(request)
        if request.method != "POST" or not request.path.endswith("/v2/enqueue"):
            return Reply(status=404, body={"status": "not found"})
        body, errors = parse(request.body)
        if not errors and self.routing_key not in {None, body["routing_key"]}:
            errors = ["Invalid routing key"]
        if errors:
            invalid = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return Reply(status=400, body=invalid)
        event = Event(
            action=body["event_action"],
            dedup_key=body.get("dedup_key") or uuid.uuid4().hex,
            came_from=body.get("client") or request.headers.get("user-agent", ""),
            body=body,
        )
        self._take(event)
        return Reply(status=202, body={"status": "success", "message": "Event processed", "dedup_key": event.dedup_key})

    def _list(self, request: Request) -> Reply:
        """Answer as https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents documents."""
        if not request.headers.get("authorization", "").startswith("Token token="):
            return Reply(status=401, body={"error": {"message": "Invalid Authentication Provided"}})
        (key,) = parse_qs(urlsplit(request.path).query)["incident_key"]
        incidents = [
            {"id": f"P{number:06}", "type": "incident", "status": incident.status, "incident_key": key}
            for number, incident in enumerate(self.incidents)
            if incident.dedup_key == key
        ]
        return Reply(status=200, body={"incidents": incidents[::-1], "limit": 25, "offset": 0, "more": False})

    def _take(self, event: Event) -> None:
        incident = self.open_incident(event.dedup_key)
        if incident is None and event.action == "trigger" and not self.disabled:
            incident = Incident(dedup_key=event.dedup_key, routing_key=event.body["routing_key"])
            self.incidents.append(incident)
        if incident is None or incident.routing_key != event.body["routing_key"]:
            self.dropped.append(event)
            return
        incident.events.append(event)
        if event.action == "acknowledge":
            incident.status = "acknowledged"
        elif event.action == "resolve":
            incident.status = "resolved"


def _detail(name: str, value: object) -> Iterator[str]:
    values = value if isinstance(value, list) else [value]
    texts = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in values]
    first, *others = [line for text in texts for line in text.strip().split("\n")] or [""]
    yield f"{name}: {first}"
    yield from (f"    {line}" for line in others)
