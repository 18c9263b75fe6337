"""Tests of buttons in Slack and changes in PagerDuty: who is trusted, what is done, and that nothing is done twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import NOON, PATIENT, Clock, FakeSender, alert, payload
from tests.webhook.test_api import valid
from tests.webhook.test_cli import serving
from webhook.application.responses import Responses
from webhook.callback_events import pagerduty_change, slack_press
from webhook.incidents.incident import dedup_key
from webhook.senders.contract import PermanentFailure
from webhook.service import Service, build
from webhook.settings import Settings, read_settings
from webhook.storage import taken
from webhook.storage.database import StoreUnavailable
from webhook.timestamps import DAY, iso
from webhook.web.callbacks import LARGEST_BODY
from webhook.web.flask_app import create_app

SLACK_SECRET = "slack-signing-secret"
PAGERDUTY_SECRET = "pagerduty-webhook-secret"
KEY = dedup_key(payload(alert())["groupKey"])

Press = Callable[..., TestResponse]


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    secrets = {
        "TOCSIN_SLACK_SIGNING_SECRET": SLACK_SECRET,
        "TOCSIN_PAGERDUTY_WEBHOOK_SECRET": PAGERDUTY_SECRET,
        "TOCSIN_TOKEN": "bearer-token",
    }
    return read_settings({**environment, **secrets})


@pytest.fixture
def incident(client: FlaskClient) -> int:
    """Return the number of an incident that has just been opened."""
    answer = client.post("/v1/alertmanager", json=payload(alert()), headers={"Authorization": "Bearer bearer-token"})
    return int(answer.get_json()["incident"])


@pytest.fixture
def press(client: FlaskClient, clock: Clock) -> Press:
    """Return a function that presses a button in Slack."""

    def send(
        verb: str = "acknowledge", *, at: float | None = None, secret: str = SLACK_SECRET, **changes: object
    ) -> TestResponse:
        body = urlencode({"payload": json.dumps(interaction(verb, **changes))}).encode()
        return client.post("/slack/interactions", data=body, headers=slack_headers(body, at or clock(), secret))

    return send


@pytest.fixture
def page(client: FlaskClient, clock: Clock) -> Press:
    """Return a function that sends an event of PagerDuty's."""

    def send(
        verb: str = "acknowledged", *, identity: str = "w-1", at: float | None = None, **changes: object
    ) -> TestResponse:
        event = event_of(verb, occurred_at=iso(at if at is not None else clock()), **changes)
        body = json.dumps({"event": event}).encode()
        return client.post("/pagerduty/webhook", data=body, headers=pagerduty_headers(body, identity=identity))

    return send


@pytest.fixture
def shown(client: FlaskClient) -> Callable[[int], dict[str, Any]]:
    """Return a function that shows an incident."""
    headers = {"Authorization": "Bearer bearer-token"}
    return lambda number: client.get(f"/v1/incidents/{number}", headers=headers).get_json()  # type: ignore[no-any-return]


def interaction(verb: str = "acknowledge", **changes: object) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U024BE7LH", "username": "on.call", "name": "on.call", "team_id": "T1"},
        "api_app_id": "A1",
        "actions": [{"type": "button", "action_id": f"tocsin.{verb}", "block_id": "tocsin-1", "value": "1"}],
        **changes,
    }


def pressed_at(at: object, verb: str = "acknowledge", **changes: object) -> dict[str, Any]:
    """Return the arguments of `interaction` for a button that was pressed at that time, on a message one hour older."""
    action = {**interaction(verb)["actions"][0], "action_ts": at}
    place = {"type": "message", "message_ts": f"{NOON - 3_600:.6f}", "channel_id": "C024BE91L"}
    return {"actions": [action], "container": place, **changes}


def slack_headers(body: bytes, at: float, secret: str = SLACK_SECRET) -> dict[str, str]:
    signature = hmac.new(secret.encode(), b"v0:%d:" % at + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Signature": f"v0={signature}",
        "X-Slack-Request-Timestamp": str(int(at)),
        "Content-Type": "application/x-www-form-urlencoded",
    }


def event_of(verb: str = "acknowledged", **changes: object) -> dict[str, Any]:
    return {
        "id": "01DE",
        "event_type": f"incident.{verb}",
        "resource_type": "incident",
        "occurred_at": iso(NOON),
        "agent": {"id": "PUSER", "summary": "On Call", "type": "user_reference"},
        "client": None,
        "data": {"id": "PGR0VU2", "type": "incident", "status": verb, "incident_key": KEY},
        **changes,
    }


def with_data(**changes: object) -> dict[str, Any]:
    data: dict[str, Any] = event_of()["data"]
    return {**data, **changes}


def pagerduty_headers(body: bytes, *, identity: str = "w-1", secret: str = PAGERDUTY_SECRET) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-PagerDuty-Signature": f"v1=00,v1={signature}", "X-Webhook-Id": identity}


# Which requests are trusted.


@pytest.mark.parametrize("path", ["/slack/interactions", "/pagerduty/webhook"])
def test_callback_without_its_secret_does_not_exist(environment: dict[str, str], clock: Clock, path: str) -> None:
    """Any request to it gets a 404, however it is signed: an empty secret would accept everybody."""
    service = build(read_settings(environment), senders={}, clock=clock)
    try:
        body = b"payload={}"
        headers = {**slack_headers(body, NOON, ""), **pagerduty_headers(body, secret="")}
        answer = create_app(service).test_client().post(path, data=body, headers=headers)
    finally:
        service.close()
    assert answer.status_code == 404
    valid("Error", answer.get_json())


@pytest.mark.parametrize("path", ["/slack/interactions", "/pagerduty/webhook"])
def test_callback_that_is_not_signed_is_refused(client: FlaskClient, incident: int, path: str) -> None:
    """The bearer token does not replace the signature."""
    body = urlencode({"payload": json.dumps(interaction())}).encode()
    for headers in (
        {},
        {"Authorization": "Bearer bearer-token"},
        slack_headers(body, NOON, "other"),
        pagerduty_headers(body, secret="other"),
    ):
        answer = client.post(path, data=body, headers=headers)
        assert answer.status_code == 401
        valid("Error", answer.get_json())


def test_press_that_is_older_than_five_minutes_is_refused(press: Press, incident: int, clock: Clock) -> None:
    """Somebody may have recorded the press."""
    assert press(at=clock() - 301).status_code == 401
    assert press(at=clock() + 301).status_code == 401


def test_signed_callback_needs_no_token_and_any_host_name(client: FlaskClient, incident: int) -> None:
    """Slack has no token of ours, and reaches us by a host name that we do not know."""
    body = urlencode({"payload": json.dumps(interaction())}).encode()
    headers = {**slack_headers(body, NOON), "Host": "tunnel.example.com"}
    assert client.post("/slack/interactions", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/slack/interactions", "/pagerduty/webhook"])
def test_huge_body_is_refused_before_it_is_read_whole(client: FlaskClient, path: str) -> None:
    """Anybody can send such a body, and nobody has signed it."""
    answer = client.post(path, data=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413


# Slack.


def test_button_acknowledges_for_who_pressed_it(press: Press, incident: int, shown: Callable[..., Any]) -> None:
    """The answer comes at once and is empty; the incident and its timeline hold the person's name."""
    answer = press()
    assert (answer.status_code, answer.get_data()) == (200, b"")
    details = shown(incident)
    assert (details["status"], details["acknowledged_by"]) == ("acknowledged", "on.call (Slack)")
    assert [(line["kind"], line["actor"]) for line in details["timeline"]][-1] == ("acknowledged", "on.call (Slack)")


def test_button_resolves(press: Press, incident: int, shown: Callable[..., Any]) -> None:
    """It resolves whether or not the alerts still fire."""
    press("resolve")
    assert (shown(incident)["status"], shown(incident)["resolved_by"]) == ("resolved", "on.call (Slack)")


@pytest.mark.parametrize("send", ["press", "page"])
def test_giving_back_is_handed_on(
    request: pytest.FixtureRequest, incident: int, monkeypatch: pytest.MonkeyPatch, send: str
) -> None:
    """Either provider passes it on, with the person's name."""
    calls: list[tuple[int, str, float]] = []
    monkeypatch.setattr(Responses, "unacknowledge", lambda _, *arguments: calls.append(arguments), raising=False)
    request.getfixturevalue(send)("unacknowledge" if send == "press" else "unacknowledged")
    assert calls == [(incident, {"press": "on.call (Slack)", "page": "On Call (PagerDuty)"}[send], NOON)]


def test_press_that_is_played_again_acts_once(
    press: Press, incident: int, monkeypatch: pytest.MonkeyPatch, shown: Callable[..., Any]
) -> None:
    """A repeat of the signed request within five minutes does nothing, even after somebody gave the incident back."""
    acted: list[int] = []
    acknowledge = Responses.acknowledge
    monkeypatch.setattr(
        Responses,
        "acknowledge",
        lambda *arguments, **keywords: (acted.append(1), acknowledge(*arguments, **keywords))[1],
    )
    assert [press().status_code for _ in range(3)] == [200, 200, 200]
    assert acted == [1]
    assert [line["kind"] for line in shown(incident)["timeline"]] == ["opened", "acknowledged"]


def test_second_press_changes_nothing(press: Press, incident: int, clock: Clock, shown: Callable[..., Any]) -> None:
    """An acknowledgement is idempotent by itself, even if another replica took the first press."""
    press()
    clock.forward(seconds=1)
    press(user={"id": "U2", "name": "late"})
    assert shown(incident)["acknowledged_by"] == "on.call (Slack)"


class AnsweringSender(FakeSender):
    """A sender that remembers its answers."""

    def __init__(self) -> None:
        super().__init__("slack", {"open", "join", "escalate", "update", "resolve"})
        self.answers: queue.Queue[tuple[str, str, str]] = queue.Queue()
        self.buttons: queue.Queue[Sequence[Mapping[str, object]]] = queue.Queue()

    def answer(self, channel: str, user: str, text: str, buttons: Sequence[Mapping[str, object]] = ()) -> None:
        """Remember the answer, or fail if a test asked for it."""
        self.buttons.put(buttons)
        self.answers.put((channel, user, text))
        if self.failures:
            raise self.failures.pop(0)


PLACE = {"channel": {"id": "C024BE91L", "name": "ops"}}


@pytest.fixture
def answering(service: Service, senders: dict[str, FakeSender]) -> AnsweringSender:
    """Put a sender that can answer in the place of Slack's sender, and return it."""
    sender = AnsweringSender()
    senders["slack"] = sender
    assert service.senders["slack"] is sender
    return sender


@pytest.mark.parametrize(
    ("before", "verb", "words"),
    [
        (["acknowledge"], "acknowledge", "is acknowledged already, by on.call (Slack) at 12:00 UTC."),
        (["acknowledge"], "reopen", "there is nothing to reopen"),
        ([], "unacknowledge", "there is nothing to give back"),
        ([], "reopen", "is open already"),
        (["resolve"], "acknowledge", "and it still fires. Reopen it"),
        (["resolve"], "resolve", "and it still fires. Reopen it"),
        (["over"], "acknowledge", "is resolved already, at 12:00 UTC by Alertmanager"),
        (["over"], "unacknowledge", "is resolved already"),
        (["over"], "resolve", "is resolved already"),
        (["over"], "reopen", "none of its alerts fires, so nothing is reopened"),
    ],
)
def test_press_that_changes_nothing_is_answered(
    *,
    press: Press,
    incident: int,
    client: FlaskClient,
    answering: AnsweringSender,
    before: list[str],
    verb: str,
    words: str,
) -> None:
    """Whoever presses sees at once why nothing happens; nobody else sees it."""
    for number, earlier in enumerate(before):
        if earlier == "over":
            ended = payload(alert(status="resolved"))
            client.post("/v1/alertmanager", json=ended, headers={"Authorization": "Bearer bearer-token"})
        else:
            assert press(earlier, response_url=str(number), **PLACE).status_code == 200
    assert press(verb, response_url="https://evil.example.com", **PLACE).status_code == 200
    channel, user, text = answering.answers.get(timeout=PATIENCE_SECONDS)
    assert (channel, user) == ("C024BE91L", "U024BE7LH")
    assert text.startswith(f"Incident {incident} (")
    assert words in text
    assert answering.answers.empty()


@pytest.mark.parametrize(("archive", "words"), [(False, "There is no incident 1"), (True, "Incident 1 is archived")])
def test_press_on_what_is_gone_is_answered(
    *, press: Press, answering: AnsweringSender, monkeypatch: pytest.MonkeyPatch, archive: bool, words: str
) -> None:
    """The message in Slack is older than the incidents that the store keeps."""
    monkeypatch.setattr("webhook.storage.archive.find", lambda _connection, _number: object() if archive else None)
    press(**PLACE)
    assert answering.answers.get(timeout=PATIENCE_SECONDS)[2].startswith(words)


def test_press_that_changes_something_is_answered_by_the_message_itself(
    press: Press, incident: int, answering: AnsweringSender
) -> None:
    """The message is edited; a further sentence would be noise."""
    press("acknowledge", **PLACE)
    press("acknowledge", user={"id": "U2", "name": "late"}, **PLACE)
    assert answering.answers.get(timeout=PATIENCE_SECONDS)[1] == "U2"
    assert answering.answers.empty()


def test_press_whose_answer_fails_is_taken_all_the_same(
    press: Press, incident: int, answering: AnsweringSender
) -> None:
    """Slack may refuse the answer; of many answers at once some are dropped, and the next press is answered again."""
    answering.failures = [PermanentFailure("user_not_in_channel") for _ in range(30)]
    for number in range(30):
        assert press("reopen", response_url=str(number), **PLACE).status_code == 200
        answering.answers.get(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("place", [{}, {"channel": None}, {"channel": {"id": "../x"}}, {"channel": {"id": 7}}])
def test_press_from_nowhere_is_not_answered(
    press: Press, incident: int, answering: AnsweringSender, place: dict[str, object]
) -> None:
    """Slack's ids are letters and digits; an answer goes to no other text."""
    assert press("reopen", **place).status_code == 200
    assert answering.answers.empty()


BY_HAND = {
    "acknowledged": ["acknowledge"],
    "given back": ["acknowledge", "unacknowledge"],
    "resolved": ["resolve"],
    "reopened": ["resolve", "reopen"],
}


@pytest.mark.parametrize("since", BY_HAND)
@pytest.mark.parametrize("verb", ["acknowledge", "unacknowledge", "resolve", "reopen"])
def test_press_that_is_older_than_the_last_change_changes_nothing(
    *,
    press: Press,
    incident: int,
    service: Service,
    clock: Clock,
    answering: AnsweringSender,
    shown: Callable[..., Any],
    verb: str,
    since: str,
) -> None:
    """Somebody else acted before the delayed press arrived; the person is told and may press again."""
    clock.forward(minutes=1)
    made = clock()
    clock.forward(minutes=2)
    for name in BY_HAND[since]:
        getattr(service.responses, name)(incident, "Ada", clock())
    clock.forward(minutes=1)
    before = shown(incident)
    assert press(verb, **pressed_at(f"{made:.6f}", verb)).status_code == 200
    assert shown(incident) == before
    channel, user, text = answering.answers.get(timeout=PATIENCE_SECONDS)
    assert (channel, user) == ("C024BE91L", "U024BE7LH")
    assert text == (
        f"Your press came late: incident {incident} was {since} by Ada at 12:03 UTC, so nothing has changed."
        " Press again if you still mean it."
    )


@pytest.mark.parametrize("held", [True, False])
def test_time_of_the_request_counts_where_a_press_has_none(
    *, press: Press, incident: int, service: Service, clock: Clock, shown: Callable[..., Any], held: bool
) -> None:
    """The signature covers that time, too."""
    made = clock()
    clock.forward(minutes=4)
    service.responses.acknowledge(incident, "Ada", clock())
    service.responses.unacknowledge(incident, "Ada", clock())
    press(at=made if held else clock())
    assert shown(incident)["status"] == ("open" if held else "acknowledged")


def test_press_on_an_old_message_counts(
    *, press: Press, incident: int, service: Service, clock: Clock, shown: Callable[..., Any]
) -> None:
    """The message is hours older than the last change, but the press is newer."""
    clock.forward(hours=3)
    service.responses.acknowledge(incident, "Ada", clock())
    service.responses.unacknowledge(incident, "Ada", clock())
    clock.forward(seconds=1)
    press(**pressed_at(f"{clock():.6f}"))
    assert shown(incident)["acknowledged_by"] == "on.call (Slack)"


@pytest.mark.parametrize("behind", [-120.0, 0.0, 120.0, 240.0])
def test_press_counts_however_slack_s_clock_differs(
    *, press: Press, incident: int, service: Service, clock: Clock, shown: Callable[..., Any], behind: float
) -> None:
    """Earlier presses have shown how far Slack's clock differs."""
    press("unacknowledge", **pressed_at(f"{clock() - behind:.6f}"))
    clock.forward(minutes=10)
    service.responses.acknowledge(incident, "Ada", clock())
    service.responses.unacknowledge(incident, "Ada", clock())
    clock.forward(seconds=1)
    press(**pressed_at(f"{clock() - behind:.6f}"))
    assert shown(incident)["status"] == "acknowledged"


def test_two_presses_in_a_row_both_count_though_the_first_was_written_down_late(
    *, press: Press, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """The store was busy: the second press was made before the first was stored with its time."""
    first, second = f"{clock():.6f}", f"{clock() + 0.5:.6f}"
    clock.forward(seconds=4)
    press("acknowledge", **pressed_at(first))
    press("resolve", **pressed_at(second, "resolve"))
    assert shown(incident)["status"] == "resolved"


def test_merge_in_pagerduty_makes_an_older_press_late(
    *, press: Press, page: Press, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """Whoever merges an incident acknowledges it."""
    made = clock()
    clock.forward(minutes=2)
    page("resolved", data=with_data(resolve_reason=MERGED))
    press("resolve", **pressed_at(f"{made:.6f}", "resolve"))
    assert shown(incident)["status"] == "acknowledged"


@pytest.mark.parametrize("at", ["", "now", "-1", "1e3", "nan", "9" * 40, "1.2.3", "١٢٣", 5, None, {}])
def test_time_of_a_press_that_is_none_is_left_out(at: object) -> None:
    """Then the time of the request counts."""
    body = urlencode({"payload": json.dumps(interaction(**pressed_at(at)))}).encode()
    press = slack_press(body)
    assert press is not None
    assert press.at is None


def test_press_that_could_not_be_stored_can_be_sent_again(
    press: Press, incident: int, monkeypatch: pytest.MonkeyPatch, shown: Callable[..., Any]
) -> None:
    """A press counts as taken only when its action is stored."""

    def fail(*_: object, **_keywords: object) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr(Responses, "acknowledge", fail)
        assert press().status_code == 503
    assert press().status_code == 200
    assert shown(incident)["status"] == "acknowledged"


@pytest.mark.parametrize(
    ("user", "actor"),
    [
        ({"name": "a\nb\x1b[31m\u202e", "id": "U1"}, "a b[31m (Slack)"),
        ({"name": "", "username": "second"}, "second (Slack)"),
        ({"name": 7, "id": "U1"}, "U1 (Slack)"),
        ({"name": "x" * 500}, "x" * 59 + "… (Slack)"),
        ({"name": "\ud800"}, "somebody (Slack)"),
        (None, "somebody (Slack)"),
        ([], "somebody (Slack)"),
    ],
)
def test_name_from_slack_is_cleaned(
    press: Press, incident: int, shown: Callable[..., Any], user: object, actor: str
) -> None:
    """People choose their own names."""
    press(user=user)
    assert shown(incident)["acknowledged_by"] == actor


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": None},
        {"actions": [7]},
        {"actions": [{"action_id": "other.acknowledge", "value": "1"}]},
        {"actions": [{"action_id": "tocsin.delete", "value": "1"}]},
        {"actions": [{"action_id": "tocsin.acknowledge", "value": "1; DROP TABLE incidents"}]},
        {"actions": [{"action_id": "tocsin.acknowledge", "value": "9" * 30}]},
        {"actions": [{"action_id": "tocsin.acknowledge", "value": 1}]},
        {"actions": [{"action_id": "tocsin.acknowledge", "value": "77"}]},
    ],
)
def test_what_is_no_button_of_ours_is_nothing_to_do(
    press: Press, incident: int, shown: Callable[..., Any], changes: dict[str, Any]
) -> None:
    """Slack needs a 2xx for these requests too."""
    assert press(**changes).status_code == 200
    assert shown(incident)["status"] == "open"


@pytest.mark.parametrize(
    "body",
    [b"", b"payload", b"payload=", b"payload={", b"payload=%ff", b"\xff", b"payload=" + b"[" * 100_000, b"a=1&" * 50],
)
def test_body_that_is_not_slack_s_is_a_400(client: FlaskClient, body: bytes) -> None:
    """The answer is 400 even if the body is signed."""
    answer = client.post("/slack/interactions", data=body, headers=slack_headers(body, NOON))
    assert answer.status_code == 400
    valid("Error", answer.get_json())


# PagerDuty.


def test_acknowledgement_in_pagerduty_is_one_here(page: Press, incident: int, shown: Callable[..., Any]) -> None:
    """The key names the incident, and the event names the person."""
    answer = page()
    valid("CallbackTaken", answer.get_json())
    assert (answer.status_code, answer.get_json()) == (200, {"result": "acknowledged"})
    assert shown(incident)["acknowledged_by"] == "On Call (PagerDuty)"


def test_resolve_in_pagerduty_is_one_here(page: Press, incident: int, shown: Callable[..., Any]) -> None:
    """All other channels hear of it."""
    assert page("resolved").get_json() == {"result": "resolved"}
    assert shown(incident)["resolved_by"] == "On Call (PagerDuty)"


MERGED = {
    "type": "merge_resolve_reason",
    "incident": {"id": "Q2", "type": "incident_reference", "summary": "the other one"},
}


def test_merge_in_pagerduty_resolves_nothing(page: Press, incident: int, shown: Callable[..., Any]) -> None:
    """The alerts fire on; the person who merged works on them under another number in PagerDuty."""
    assert page("resolved", data=with_data(resolve_reason=MERGED)).get_json() == {"result": "merged"}
    details = shown(incident)
    assert (details["status"], details["acknowledged_by"]) == ("acknowledged", "On Call (PagerDuty)")
    assert details["timeline"][-1]["detail"] == (
        "merged into “the other one” (Q2) in PagerDuty; its alerts are Alertmanager's to end, so it stays open;"
        " acknowledged, covers 1 alert"
    )


def test_merge_by_nobody_is_a_line_in_the_timeline(page: Press, incident: int, shown: Callable[..., Any]) -> None:
    """A PagerDuty rule merged the incident, so nobody has acknowledged it."""
    assert page("resolved", data=with_data(resolve_reason=MERGED), agent=None).get_json() == {"result": "merged"}
    assert (shown(incident)["status"], shown(incident)["timeline"][-1]["kind"]) == ("open", "merged")


@pytest.mark.parametrize("reason", [None, 5, [], {}, {"type": 7}, {"type": "something_new"}])
def test_resolve_for_any_other_reason_is_a_persons(page: Press, incident: int, reason: object) -> None:
    """The person has resolved it; a reason that Tocsin does not know changes nothing."""
    assert page("resolved", data=with_data(resolve_reason=reason)).get_json() == {"result": "resolved"}


def test_reopening_in_pagerduty_reopens_it_here(
    page: Press, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """It reopens while the alerts fire; an event that is older than the resolve is ignored."""
    early = clock()
    clock.forward(minutes=10)
    page("resolved")
    assert shown(incident)["still_firing"]
    assert page("reopened", identity="early", at=early).get_json() == {"result": "ignored"}
    assert page("reopened", identity="now").get_json() == {"result": "reopened"}
    assert (shown(incident)["status"], shown(incident)["timeline"][-1]["actor"]) == ("open", "On Call (PagerDuty)")


@pytest.mark.parametrize(
    ("verb", "data", "detail"),
    [
        (
            "reassigned",
            {"assignees": [{"id": "P1", "summary": "Ana"}, {"id": "P2", "summary": "Bo\nris"}]},
            "reassigned in PagerDuty to Ana, Bo ris",
        ),
        ("escalated", {"assignees": [{"summary": "Cy"}]}, "escalated in PagerDuty to Cy"),
        ("delegated", {"escalation_policy": {"summary": "Storage"}}, "delegated in PagerDuty to Storage"),
        ("reassigned", {"assignees": {"summary": "x"}}, "reassigned in PagerDuty"),
    ],
)
def test_handing_on_in_pagerduty_is_a_line_in_the_timeline(
    *, page: Press, incident: int, shown: Callable[..., Any], verb: str, data: dict[str, Any], detail: str
) -> None:
    """The assignee in PagerDuty does not change whom Tocsin tells."""
    assert page(verb, data=with_data(**data)).get_json() == {"result": "noted"}
    details = shown(incident)
    assert (details["status"], details["timeline"][-1]["kind"], details["timeline"][-1]["detail"]) == (
        "open",
        "reassigned",
        detail,
    )


@pytest.mark.parametrize("verb", ["acknowledged", "resolved"])
def test_what_pagerduty_told_is_not_told_to_pagerduty(
    page: Press, incident: int, senders: dict[str, FakeSender], drain: Callable[..., int], verb: str
) -> None:
    """Otherwise the two would tell each other for ever; the team's channel does hear of it."""
    drain()
    page(verb)
    drain()
    assert senders["pagerduty"].sent == [("open", "events")]
    assert senders["slack"].sent[-1][0] == ("update" if verb == "acknowledged" else "resolve")


def test_press_in_slack_is_told_to_pagerduty(
    press: Press, incident: int, senders: dict[str, FakeSender], drain: Callable[..., int]
) -> None:
    """The event stops PagerDuty's own escalation."""
    drain()
    press()
    drain()
    assert senders["pagerduty"].sent == [("open", "events"), ("acknowledge", "events")]


def test_event_that_is_sent_again_acts_once(page: Press, incident: int) -> None:
    """PagerDuty repeats an event until it gets a 2xx; the event keeps its id, whatever the unsigned header says."""
    assert [page().get_json()["result"] for _ in range(2)] == ["acknowledged", "repeated"]
    assert page(identity="w-2").get_json() == {"result": "repeated"}


@pytest.mark.parametrize("later_action", ["unacknowledged", "resolved", "reopened"])
@pytest.mark.parametrize("minutes", [6, 60, 47 * 60, 49 * 60, 24 * 60 * 90])
def test_an_event_that_is_played_again_changes_nothing(
    *, page: Press, incident: int, clock: Clock, shown: Callable[..., Any], later_action: str, minutes: int
) -> None:
    """The repeat comes at any later time with another id in its header; it changes nothing, whatever was done since."""
    played = {"at": clock(), "id": "01A"}
    page(**played)
    clock.forward(minutes=minutes / 2)
    page("resolved" if later_action == "reopened" else later_action, identity="w-2", at=clock(), id="01B")
    if later_action == "reopened":
        clock.forward(seconds=30)
        page(later_action, identity="w-3", at=clock(), id="01C")
    clock.forward(minutes=minutes / 2)
    before = shown(incident)["status"]
    assert page(identity="w-4", **played).get_json()["result"] in {"repeated", "ignored"}
    assert shown(incident)["status"] == before


def test_an_event_that_is_older_than_the_last_change_changes_nothing(
    *, page: Press, press: Press, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """An event that was delayed and never arrived before changes nothing either."""
    clock.forward(minutes=1)
    kept_back = clock()
    clock.forward(minutes=10)
    press("acknowledge")
    press("unacknowledge")
    assert page(at=kept_back).get_json() == {"result": "ignored"}
    assert shown(incident)["status"] == "open"
    assert page(identity="w-2", at=clock(), id="01B").get_json() == {"result": "acknowledged"}


def test_event_without_an_id_is_taken(client: FlaskClient, incident: int) -> None:
    """Tocsin then identifies the event by its body."""
    body = json.dumps({"event": event_of()}).encode()
    headers = {name: value for name, value in pagerduty_headers(body).items() if name != "X-Webhook-Id"}
    results = [client.post("/pagerduty/webhook", data=body, headers=headers).get_json()["result"] for _ in range(2)]
    assert results == ["acknowledged", "repeated"]


def test_late_event_of_an_earlier_incident_leaves_the_present_one_alone(
    *, page: Press, press: Press, client: FlaskClient, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """Both incidents have the group's key; PagerDuty may deliver the event after the second incident was opened."""
    press("resolve")
    earlier = clock()
    clock.forward(minutes=10)
    again = payload(alert(started="2026-11-22T12:09:00Z"))
    second = client.post("/v1/alertmanager", json=again, headers={"Authorization": "Bearer bearer-token"}).get_json()
    for verb in ("acknowledged", "resolved"):
        assert page(verb, identity=verb, at=earlier).get_json() == {"result": "ignored"}
    assert shown(second["incident"])["status"] == "open"
    assert page("resolved", identity="now").get_json() == {"result": "resolved"}


Joins = Callable[[], None]


@pytest.fixture
def joins(client: FlaskClient, clock: Clock, incident: int) -> Joins:
    """Return a function that lets another component's alert join the incident."""

    def run() -> None:
        delivery = payload(alert(component="checkout"), alert(component="payments", started=iso(clock())))
        answer = client.post("/v1/alertmanager", json=delivery, headers={"Authorization": "Bearer bearer-token"})
        assert answer.get_json() == {"result": "joined", "incident": incident}

    return run


@pytest.mark.parametrize("verb", ["acknowledged", "resolved"])
def test_hand_from_pagerduty_covers_only_what_was_told_before_it(
    verb: str, *, page: Press, joins: Joins, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """Nobody has seen the alerts that joined before the event arrived; the timeline says that it came late."""
    clock.forward(minutes=1)
    occurred_at = clock()
    clock.forward(minutes=1)
    joins()
    clock.forward(minutes=1)
    assert page(verb, at=occurred_at).get_json() == {"result": "noted"}
    details = shown(incident)
    assert details["status"] == "open"
    assert details["timeline"][-1] == {
        "at": iso(clock()),
        "kind": "late",
        "actor": "On Call (PagerDuty)",
        "detail": f"{verb} in PagerDuty at 12:01 UTC, before what was told at 12:02 UTC: that changes nothing here",
    }
    assert page(verb, identity="again").get_json() == {"result": verb}


def test_merge_by_a_person_takes_nothing_that_came_after_it(
    page: Press, joins: Joins, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """A merge counts as an acknowledgement; a late merge is only a line in the timeline."""
    made = clock()
    clock.forward(minutes=1)
    joins()
    merged = with_data(resolve_reason={"type": "merge_resolve_reason", "incident": {"id": "P2"}})
    assert page("resolved", at=made, data=merged).get_json() == {"result": "noted"}
    assert shown(incident)["status"] == "open"


def test_further_level_makes_no_hand_late(
    page: Press, step: Callable[[], int], incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """The next level is told of the same alerts."""
    clock.forward(minutes=59)
    made = clock()
    clock.forward(minutes=2)
    step()
    assert any(line["kind"] == "escalated" for line in shown(incident)["timeline"])
    assert page("acknowledged", at=made).get_json() == {"result": "acknowledged"}


def test_clock_that_is_behind_is_known_from_earlier_events(
    page: Press, joins: Joins, incident: int, clock: Clock, shown: Callable[..., Any]
) -> None:
    """PagerDuty's clock is two minutes behind ours: an action one minute after a call has a time before the call."""
    skew = 120.0
    assert page("reassigned", identity="first", at=clock() - skew).status_code == 200
    clock.forward(minutes=10)
    joins()
    clock.forward(minutes=1)
    assert page("acknowledged", identity="second", at=clock() - skew).get_json() == {"result": "acknowledged"}


def test_quickest_event_says_most_of_a_clock(either: Service) -> None:
    """A delayed event tells nothing about the clock; after a day the clock may have been set."""
    with either.database.write() as connection:
        assert taken.behind(connection, "pagerduty") is None
        for made_at, came_at, behind in (
            (NOON, NOON + 40, 40.0),
            (NOON + 60, NOON + 62, 2.0),
            (NOON + 90, NOON + 120, 2.0),
            (NOON + 2 * DAY, NOON + 2 * DAY + 9, 9.0),
        ):
            taken.measure(connection, "pagerduty", made_at, came_at)
            assert taken.behind(connection, "pagerduty") == behind
        assert taken.behind(connection, "slack") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"event_type": "incident.triggered"},
        {"event_type": "pagey.ping"},
        {"event_type": None},
        {"data": {}},
        {"data": None},
        {"data": {"incident_key": None}},
        {"data": {"incident_key": "f" * 64}},
        {"data": {"incident_key": KEY[:-1] + "\x00"}},
        {"agent": {"type": "service_reference", "summary": "API platform"}},
        {"agent": {"type": "inbound_integration_reference", "summary": "Events API v2"}},
        {"agent": {"summary": "nobody knows"}},
    ],
)
def test_event_that_no_person_made_to_an_incident_of_ours_is_nothing_to_do(
    page: Press, incident: int, shown: Callable[..., Any], changes: dict[str, Any]
) -> None:
    """Tocsin's own resolve comes back as an event of the integration."""
    answer = page(**changes)
    assert (answer.status_code, answer.get_json()) == (200, {"result": "ignored"})
    assert shown(incident)["status"] == "open"


def test_resolve_that_nobody_signs_for_is_left_alone(page: Press, incident: int, shown: Callable[..., Any]) -> None:
    """PagerDuty resolves by itself after a while, but the alerts still fire. An acknowledgement always has a person."""
    assert page("resolved", agent=None).get_json() == {"result": "ignored"}
    assert page("acknowledged", agent=None, identity="w-2").get_json() == {"result": "acknowledged"}
    assert shown(incident)["acknowledged_by"] == "PagerDuty"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, json.dumps({"event": event_of(occurred_at="soon")}).encode()]
)
def test_body_that_is_not_pagerduty_s_is_a_400(client: FlaskClient, body: bytes) -> None:
    """The answer is 400 even if the body is signed."""
    answer = client.post("/pagerduty/webhook", data=body, headers=pagerduty_headers(body))
    assert answer.status_code == 400
    valid("Error", answer.get_json())


# What both share.


@PATIENT
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["event", "data", "agent", "type", "actions", "user", "event_type", "incident_key"]),
                inner,
            )
        ),
    )
)
def test_no_json_ends_in_anything_but_an_event_or_a_complaint(body: object) -> None:
    """The readers return nothing or raise `ValueError`, whatever the JSON holds."""
    text = json.dumps(body)
    for read, raw in ((slack_press, urlencode({"payload": text})), (pagerduty_change, text)):
        try:
            assert read(raw.encode()) is None  # type: ignore[operator]
        except ValueError:
            continue


def test_memory_of_what_was_taken_is_the_stores_and_bounded(either: Service) -> None:
    """All replicas share the memory; requests that no provider repeats any more are dropped, on both databases."""
    for number, at in ((1, NOON), (2, NOON + taken.KEPT_SECONDS), (2, NOON + taken.KEPT_SECONDS + 1)):
        with either.database.write() as connection:
            taken.take(connection, "slack", str(number), at)
    with either.database.read() as connection:
        known = [taken.is_taken(connection, "slack", number) for number in ("1", "2", "3")]
        assert not taken.is_taken(connection, "pagerduty", "2")
    assert known == [False, True, False]


def test_press_that_is_played_again_at_another_replica_acts_once(
    *, press: Press, client: FlaskClient, incident: int, service: Service, shown: Callable[..., Any]
) -> None:
    """The memory is in the store: a second application over the same store knows the request."""
    press()
    service.responses.unacknowledge(incident, "Ada", service.clock())
    client.application = create_app(service)
    press()
    assert shown(incident)["status"] == "open"


def test_answers_and_logs_hold_no_secret(
    *, press: Press, page: Press, client: FlaskClient, incident: int, caplog: pytest.LogCaptureFixture, service: Service
) -> None:
    """Neither accepted nor refused requests leave a secret in an answer or a log."""
    answers = "".join(
        answer.get_data(as_text=True)
        for answer in (press(), page(), press(secret="other"), client.post("/pagerduty/webhook", data=b"{}"))
    )
    for secret in (SLACK_SECRET, PAGERDUTY_SECRET):
        assert secret not in answers + caplog.text + repr(service.settings)


@pytest.mark.acceptance
def test_real_server_takes_signed_callbacks(environment: dict[str, str]) -> None:
    """The requests go through gunicorn and need no bearer token: in one piece, in chunks, and too large."""
    secrets = {
        "SLACK_SIGNING_SECRET": SLACK_SECRET,
        "PAGERDUTY_WEBHOOK_SECRET": PAGERDUTY_SECRET,
        "TOKEN": "bearer-token",
    }
    with serving({**environment, **{f"TOCSIN_{name}": value for name, value in secrets.items()}}) as (url, _):
        bearer = {"Authorization": "Bearer bearer-token"}
        requests.post(f"{url}/v1/alertmanager", json=payload(alert()), headers=bearer, timeout=PATIENCE_SECONDS)
        body = urlencode({"payload": json.dumps(interaction())}).encode()
        press = requests.post(
            f"{url}/slack/interactions", data=body, headers=slack_headers(body, time.time()), timeout=PATIENCE_SECONDS
        )
        assert (press.status_code, press.content) == (200, b"")
        event = json.dumps({"event": event_of("resolved", occurred_at=iso(time.time() + 2))}).encode()
        headers = pagerduty_headers(event)
        change = requests.post(
            f"{url}/pagerduty/webhook", data=iter([event[:50], event[50:]]), headers=headers, timeout=PATIENCE_SECONDS
        )
        assert change.json() == {"result": "resolved"}
        large = requests.post(f"{url}/slack/interactions", data=b"x" * (LARGEST_BODY + 1), timeout=PATIENCE_SECONDS)
        assert large.status_code == 413
        details = requests.get(f"{url}/v1/incidents/1", headers=bearer, timeout=PATIENCE_SECONDS).json()
        assert [line["actor"] for line in details["timeline"]] == [
            "Alertmanager",
            "on.call (Slack)",
            "On Call (PagerDuty)",
        ]
