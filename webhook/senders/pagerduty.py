"""PagerDuty through the Events API v2. The deduplication key makes sending idempotent: sending twice changes nothing.

https://developer.pagerduty.com/docs/send-alert-event. 202 means accepted. After 400 a retry is useless, after
429 and 5xx it may succeed. Accepted does not mean that PagerDuty calls anybody: a service that is disabled or in
maintenance answers 202 too. With a key of the REST API, the sender looks for PagerDuty's own incident before it reports
success. Without such a key, the sender does not claim that an incident exists.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import structlog

from webhook.incidents.notifications import VERIFIED, Action
from webhook.render.pagerduty import layout
from webhook.secret import Secret
from webhook.senders.contract import Failure, Job, Receipt, TemporaryFailure
from webhook.senders.transport import Answer, Transport
from webhook.settings import Settings
from webhook.untrusted import one_line

ACCEPTED = 202
PAUSES = (1.0, 2.0, 3.0)
"""Seconds before each query for PagerDuty's incident: PagerDuty processes events shortly after it accepts them."""
LOOK_SECONDS = 5.0
"""How long one query may take."""
NO_INCIDENT = "PagerDuty accepted the event and has no incident for it: is its service disabled or in maintenance?"
_VERSION = "application/vnd.pagerduty+json;version=2"
_OPEN = frozenset({"triggered", "acknowledged"})

log = structlog.get_logger("tocsin.pagerduty")

_EVENTS: dict[Action, str] = {
    "open": "trigger",
    "join": "trigger",
    "escalate": "trigger",
    "acknowledge": "acknowledge",
    "resolve": "resolve",
}


class PagerDutySender:
    """Sends to the service that the routing key belongs to. There is one destination."""

    channel = "pagerduty"
    actions: frozenset[Action] = frozenset(_EVENTS)
    shows_state = False

    def __init__(
        self,
        *,
        events_url: str,
        routing_key: Secret,
        api_url: str = "",
        api_key: Secret | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; with `api_key`, `send` verifies every trigger at `api_url`; `wait` sleeps before each query."""
        self._routing_key = routing_key
        secrets = (routing_key,) if api_key is None else (routing_key, api_key)
        self._transport = Transport(events_url, token=None, secrets=secrets)
        self._api = None if api_key is None else Transport(api_url, token=None, secrets=secrets)
        self._api_key = api_key
        self._wait = wait

    def send(self, job: Job) -> Receipt:
        """Trigger, acknowledge or resolve; see `contract.Sender.send`."""
        event: dict[str, Any] = {
            "routing_key": self._routing_key.reveal(),
            "event_action": _EVENTS[job.action],
            "dedup_key": job.dedup_key,
        }
        if event["event_action"] == "trigger":
            event |= layout(job.message)
        self._accepted(self._transport.post("/v2/enqueue", event))
        number = self._verified(job) if event["event_action"] == "trigger" else None
        return Receipt(provider_id=f"{VERIFIED}{number}" if number else job.dedup_key)

    def _accepted(self, answer: Answer) -> None:
        """Raise TemporaryFailure when PagerDuty has not said that it accepts the event."""
        status = answer.data.get("status") if isinstance(answer.data, dict) else None
        if status == "success" or (answer.status == ACCEPTED and status is None):
            return
        answer_text = self._transport.clean(json.dumps(answer.data))
        raise TemporaryFailure(f"PagerDuty has not said that it accepts the event: HTTP {answer.status}: {answer_text}")

    def _verified(self, job: Job) -> str | None:
        """Return the id of PagerDuty's incident, or None when PagerDuty cannot be asked.

        Raises TemporaryFailure when PagerDuty has no incident: the worker sends the event again, and a fallback channel
        is used meanwhile.
        """
        if self._api is None or self._api_key is None:
            return None
        headers = {"Authorization": f"Token token={self._api_key.reveal()}", "Accept": _VERSION}
        query = urlencode({"incident_key": job.dedup_key, "sort_by": "created_at:desc", "limit": 5})
        for pause in PAUSES:
            self._wait(pause)
            try:
                answer = self._api.get(f"incidents?{query}", headers=headers, seconds=LOOK_SECONDS)
            except Failure as failure:
                log.warning("PagerDuty could not be asked about its incident", reason=str(failure))
                return None
            number = _open_incident(answer.data)
            if number is not None:
                return number
        raise TemporaryFailure(NO_INCIDENT)


def _open_incident(data: Any) -> str | None:  # noqa: ANN401  JSON
    """Return the id of the first triggered or acknowledged incident in the list, or None."""
    incidents = data.get("incidents") if isinstance(data, dict) else None
    for incident in incidents if isinstance(incidents, list) else ():
        if isinstance(incident, dict) and incident.get("status") in _OPEN and isinstance(incident.get("id"), str):
            return one_line(incident["id"], 40)
    return None


def configured(settings: Settings) -> PagerDutySender | None:
    """Return the sender, or None if no routing key is set."""
    if settings.pagerduty_routing_key is None:
        return None
    return PagerDutySender(
        events_url=settings.pagerduty_events_url,
        routing_key=settings.pagerduty_routing_key,
        api_url=settings.pagerduty_api_url,
        api_key=settings.pagerduty_api_key,
    )
