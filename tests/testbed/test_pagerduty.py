from typing import Any

import pytest
import requests

from testbed.fixtures import ROUTING_KEY
from testbed.pagerduty import PagerDuty
from testbed.patience import PATIENCE_SECONDS


def _event(action: str = "trigger", **changes: object) -> dict[str, Any]:
    payload = {"summary": "Errors", "source": "bridge", "severity": "critical"}
    return {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": "k", "payload": payload, **changes}


def _send(pagerduty: PagerDuty, body: object, agent: str = "test") -> requests.Response:
    return requests.post(pagerduty.events_url, json=body, headers={"User-Agent": agent}, timeout=PATIENCE_SECONDS)


def test_events_of_one_key_merge_into_one_incident_that_tells_where_each_came_from(pagerduty: PagerDuty) -> None:
    """Two senders with one `dedup_key` page once; the log names both."""
    accepted = _send(pagerduty, _event(client="Tocsin"))
    assert (accepted.status_code, accepted.json()["dedup_key"]) == (202, "k")
    _send(pagerduty, _event(), agent="Alertmanager/0.25.0")
    [incident] = pagerduty.incidents
    assert [event.came_from for event in incident.events] == ["Tocsin", "Alertmanager/0.25.0"]
    assert incident.status == "triggered"


def test_acknowledge_and_resolve_move_the_incident_and_a_later_trigger_opens_another(pagerduty: PagerDuty) -> None:
    """A resolved incident is not opened again."""
    states = []
    for action in ("trigger", "acknowledge", "resolve"):
        _send(pagerduty, _event(action))
        states.append(pagerduty.incidents[0].status)
    _send(pagerduty, _event())
    assert states == ["triggered", "acknowledged", "resolved"]
    assert [incident.status for incident in pagerduty.incidents] == ["resolved", "triggered"]


def test_a_resolve_of_nothing_is_accepted_and_dropped(pagerduty: PagerDuty) -> None:
    """PagerDuty answers 202 and does nothing."""
    assert _send(pagerduty, _event("resolve")).status_code == 202
    assert not pagerduty.incidents
    assert [event.action for event in pagerduty.dropped] == ["resolve"]


def test_a_trigger_without_a_key_gets_one(pagerduty: PagerDuty) -> None:
    """The answer carries the key to resolve with."""
    key = _send(pagerduty, _event(dedup_key=None)).json()["dedup_key"]
    assert pagerduty.incidents[0].dedup_key == key


PAYLOAD = {"summary": "s", "source": "a", "severity": "info"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (_event(routing_key="short"), "Length of 'routing_key' is incorrect (should be 32 characters)"),
        (_event(routing_key="f" * 32), "Invalid routing key"),
        (_event("page"), "'event_action' is invalid (must be one of the following: trigger, acknowledge, resolve)"),
        (_event(dedup_key="x" * 256), "'dedup_key' is too long (maximum is 255 characters)"),
        (_event("resolve", dedup_key=None), "'dedup_key' is missing or blank"),
        (_event(payload=None), "'payload' is missing or blank"),
        (_event(payload={**PAYLOAD, "source": ""}), "'payload.source' is missing or blank"),
        (
            _event(payload={**PAYLOAD, "summary": "x" * 1025}),
            "'payload.summary' is too long (maximum is 1024 characters)",
        ),
        (
            _event(payload={**PAYLOAD, "severity": "emergency"}),
            "'payload.severity' is invalid (must be one of the following: critical, error, warning, info)",
        ),
        (_event(payload={**PAYLOAD, "links": []}), "'payload.links' belongs to the top level"),
        (_event(links=[{"text": "no address"}]), "'links' must be a list of objects with 'href'"),
        (["no", "object"], "Event is not an object"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_an_invalid_event_is_a_400_that_says_why(pagerduty: PagerDuty, body: object, error: str) -> None:
    """What the documentation forbids is refused, and leaves no incident."""
    answer = _send(pagerduty, body)
    assert (answer.status_code, answer.json()["errors"]) == (400, [error])
    assert not pagerduty.incidents


def test_values_at_the_limits_are_taken(pagerduty: PagerDuty) -> None:
    """The longest permitted key and summary are no error."""
    body = _event(dedup_key="x" * 255, payload={**PAYLOAD, "summary": "x" * 1024})
    assert _send(pagerduty, body).status_code == 202


def test_an_event_over_512_kb_is_refused(pagerduty: PagerDuty) -> None:
    """The whole body counts."""
    assert _send(pagerduty, _event(padding="x" * 512 * 1024)).status_code == 400


def test_an_incident_is_drawn_with_its_details_links_and_log(pagerduty: PagerDuty) -> None:
    """A person sees what is wrong, where to look and who said so."""
    details = {"runbook": "Look at the pods.\nThen restart.", "limit": "> 5%"}
    links = [{"href": "https://example.com/r", "text": "Runbook"}]
    _send(pagerduty, _event(payload={**PAYLOAD, "custom_details": details}, links=links, client="Tocsin"))
    [incident] = pagerduty.incidents
    for expected in (
        "runbook: Look at the pods.",
        "limit: > 5%",
        "→ Runbook",
        "https://example.com/r",
        "trigger from Tocsin",
    ):
        assert expected in incident.words
    assert {len(line) for line in incident.draw().splitlines()} == {78}


def test_an_incidents_long_details_can_be_drawn_in_part(pagerduty: PagerDuty) -> None:
    """What is left out is counted, and the log of who sent what is always there."""
    details = {f"d{number}": "x" for number in range(9)}
    _send(pagerduty, _event(payload={**PAYLOAD, "custom_details": details}, client="Tocsin"))
    drawn = pagerduty.incidents[0].draw(most=4)
    assert ("d3: x" in drawn, "d4: x" in drawn, "… 5 more lines" in drawn) == (True, False, True)
    assert "trigger from Tocsin" in drawn
