"""Tests of simultaneous events: people and a due step, two people, an end and a send that is under way.

Tests with several threads run on both stores; where the order matters, a stand-in's hook sets it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert, at_once, payload
from webhook.incidents.notifications import Claim
from webhook.service import Service
from webhook.storage.notifications import ordering
from webhook.web.flask_app import create_app

Post = Callable[..., Any]
Drain = Callable[..., int]
Let = Callable[..., None]
Senders = dict[str, FakeSender]


def mails(senders: Senders) -> list[tuple[str, str]]:
    return [(action, address.partition("@")[0]) for action, address in senders["email"].sent]


def act(client: FlaskClient, verb: str, actor: str = "on-call") -> dict[str, Any]:
    answer = client.post(f"/v1/incidents/1/{verb}", json={"actor": actor})
    assert answer.status_code == 200
    answered: dict[str, Any] = answer.get_json()
    return answered


def timeline(client: FlaskClient) -> list[tuple[str, str]]:
    return [(line["kind"], line["actor"]) for line in client.get("/v1/incidents/1").get_json()["timeline"]]


# Two people.


def test_two_people_who_acknowledge_at_once_are_one_acknowledgement(either: Service, senders: Senders) -> None:
    """One of them has it and all see who; the other channels hear of it once."""
    app = create_app(either)  # not in each thread: Python 3.11 cannot always compile in two at once
    client = app.test_client()
    client.post("/v1/alertmanager", json=payload(alert()))
    worker = either.worker()
    while worker.run_once("pagerduty"):
        pass
    answers: list[dict[str, Any]] = []
    people = [f"person {number}" for number in range(6)]

    def press(actor: str) -> None:
        answers.append(act(app.test_client(), "acknowledge", actor))

    at_once(*(partial(press, actor) for actor in people))
    while worker.run_once("pagerduty"):
        pass
    assert sorted(answer["result"] for answer in answers) == ["acknowledged", *["unchanged"] * 5]
    assert {answer["status"] for answer in answers} == {"acknowledged"}
    assert [kind for kind, _ in timeline(client)] == ["opened", "acknowledged"]
    assert timeline(client)[1][1] == client.get("/v1/incidents/1").get_json()["acknowledged_by"]
    assert senders["pagerduty"].sent == [("open", "events"), ("acknowledge", "events")]


def test_second_person_who_acknowledges_neither_takes_it_over_nor_puts_its_deadline_off(
    post: Post, senders: Senders, client: FlaskClient, let: Let
) -> None:
    """The first person has promised; an hour after that promise the level is asked again."""
    post(alert())
    let()
    act(client, "acknowledge", "first")
    let(minutes=50)
    assert act(client, "acknowledge", "second")["result"] == "unchanged"
    assert client.get("/v1/incidents/1").get_json()["acknowledged_by"] == "first"
    let(minutes=10)
    assert mails(senders) == [("open", "devops"), ("escalate", "devops")]
    assert senders["email"].jobs[-1].message.news.startswith("Acknowledged by first 1 h ago")


def test_person_may_give_back_what_another_has_taken_and_it_is_said_who(
    post: Post, senders: Senders, client: FlaskClient, let: Let
) -> None:
    """Two people acknowledged and the second gives it back: the level is asked again; nobody relies on the first."""
    post(alert())
    let()
    act(client, "acknowledge", "first")
    act(client, "acknowledge", "second")
    act(client, "unacknowledge", "second")
    let()
    assert mails(senders) == [("open", "devops"), ("escalate", "devops")]
    assert senders["email"].jobs[-1].message.news.startswith("second has given it back")
    assert timeline(client)[1:] == [("acknowledged", "first"), ("unacknowledged", "second")]


def test_call_that_waits_while_the_incident_is_taken_and_given_back_is_made_once(
    post: Post, senders: Senders, client: FlaskClient, *, clock: Clock, step: Callable[[], int], let: Let
) -> None:
    """The later call says why it is made; the earlier one ends with its reason."""
    post(alert())
    let()
    clock.forward(hours=1)
    step()
    act(client, "acknowledge")
    act(client, "unacknowledge")
    let()
    level_two = [(action, to) for action, to in mails(senders) if action == "escalate" and to != "devops"]
    assert len(level_two) == len(set(level_two)) == 1
    assert senders["email"].jobs[-1].message.news.startswith("on-call has given it back")
    rows = client.get("/v1/incidents/1").get_json()["notifications"]
    ended = [row["reason"] for row in rows if (row["channel"], row["state"]) == ("email", "superseded")]
    assert ended == ["a later call to the same people says it"]


def test_news_whose_time_was_read_before_the_acknowledgement_is_news_all_the_same(
    post: Post, client: FlaskClient, clock: Clock, senders: Senders, let: Callable[..., None]
) -> None:
    """A delivery waits for the incident's lock, or a replica's clock is behind; the person did not know the news."""
    post(alert())
    let()
    clock.forward(minutes=1)
    act(client, "acknowledge")
    clock.forward(seconds=-1)
    assert post(alert(), alert("ApiPlatformCircuitBreaker", "critical"))["result"] == "joined"
    let()
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"
    assert mails(senders)[-1][0] == "join"


# A person and a step that is due.


def test_acknowledgement_and_the_due_step_at_once_leave_it_acknowledged(either: Service, clock: Clock) -> None:
    """The step runs before the acknowledgement or is dropped; an acknowledged incident never becomes open again."""
    app = create_app(either)  # not in each thread: Python 3.11 cannot always compile in two at once
    client = app.test_client()
    for number in range(1, 9):
        client.post("/v1/alertmanager", json=payload(alert(n=str(number)), groupLabels={"n": str(number)}))
    clock.forward(hours=1)
    steps = [either.worker() for _ in range(2)]

    def work(number: int) -> None:
        while steps[number].step_once():
            pass

    def take() -> None:
        for number in range(1, 9):
            app.test_client().post(f"/v1/incidents/{number}/acknowledge", json={"actor": "on-call"})

    at_once(partial(work, 0), take, partial(work, 1))
    for number in range(1, 9):
        incident = client.get(f"/v1/incidents/{number}").get_json()
        kinds = [line["kind"] for line in incident["timeline"]]
        assert incident["status"] == "acknowledged"
        assert kinds in (["opened", "acknowledged"], ["opened", "escalated", "acknowledged"])
        assert incident["level"] == kinds.count("escalated") + 1


def test_giving_back_while_alertmanager_is_asked_calls_the_level_once(
    post: Post, senders: Senders, client: FlaskClient, alertmanager_state: FakeAlertmanagerState, let: Let
) -> None:
    """The acknowledgement runs out at the moment when it is given back: there is one reason and one call."""
    post(alert())
    let()
    act(client, "acknowledge")

    def give_back() -> None:
        alertmanager_state.hook = lambda: None
        act(client, "unacknowledge")

    alertmanager_state.hook = give_back
    let(hours=1)
    assert mails(senders) == [("open", "devops"), ("escalate", "devops")]
    assert senders["email"].jobs[-1].message.news.startswith("on-call has given it back")


def test_acknowledged_and_given_back_while_alertmanager_is_asked_is_not_escalated_as_well(
    post: Post, senders: Senders, client: FlaskClient, alertmanager_state: FakeAlertmanagerState, let: Let
) -> None:
    """The incident is open as before, but for another reason: the first level is asked, the next an hour later."""
    post(alert())
    let()

    def take_and_give_back() -> None:
        alertmanager_state.hook = lambda: None
        act(client, "acknowledge")
        act(client, "unacknowledge")

    alertmanager_state.hook = take_and_give_back
    let(hours=1)
    assert mails(senders) == [("open", "devops"), ("escalate", "devops")]
    let(minutes=59)
    assert len(mails(senders)) == 2
    let(minutes=1)
    assert mails(senders)[2:] == [("escalate", "manager")]


# An end and a send that is under way.


@pytest.mark.parametrize("channel", ["slack", "pagerduty", "email"])
def test_end_that_comes_while_the_first_message_is_sent_follows_it(
    channel: str, post: Post, senders: Senders, drain: Drain
) -> None:
    """The channel that was sending tells the beginning, then the end, each once; PagerDuty keeps no open incident."""

    def end(_: object) -> None:
        senders[channel].hook = lambda _: None
        post(alert(status="resolved"))

    post(alert())
    senders[channel].hook = end
    while drain():
        pass
    assert [action for action, _ in senders[channel].sent] == ["open", "resolve"]


def test_end_that_comes_while_the_next_level_is_told_reaches_that_level(
    post: Post, senders: Senders, client: FlaskClient, let: Let
) -> None:
    """Whoever was woken by the escalation learns that it is over, and is not woken again."""

    def end(job: Any) -> None:  # noqa: ANN401
        if job.action == "escalate":
            senders["email"].hook = lambda _: None
            post(alert(status="resolved"))

    post(alert())
    let()
    senders["email"].hook = end
    let(hours=1)
    assert mails(senders)[:2] == [("open", "devops"), ("escalate", "manager")]
    assert sorted(mails(senders)[2:]) == [("resolve", "devops"), ("resolve", "manager")]
    let(hours=24)
    assert len(mails(senders)) == 4
    assert [kind for kind, _ in timeline(client)] == ["opened", "escalated", "resolved"]


def test_end_and_the_due_step_at_once_leave_it_over(either: Service, clock: Clock) -> None:
    """Whichever comes first: nobody further is told of a resolved incident, and no step is left."""
    app = create_app(either)  # not in each thread: Python 3.11 cannot always compile in two at once
    client = app.test_client()
    for number in range(1, 9):
        client.post("/v1/alertmanager", json=payload(alert(n=str(number)), groupLabels={"n": str(number)}))
    clock.forward(hours=1)
    worker = either.worker()

    def end() -> None:
        for number in range(1, 9):
            body = payload(alert(n=str(number), status="resolved"), groupLabels={"n": str(number)})
            app.test_client().post("/v1/alertmanager", json=body)

    def work() -> None:
        while worker.step_once():
            pass

    at_once(work, end)
    for number in range(1, 9):
        incident = client.get(f"/v1/incidents/{number}").get_json()
        assert incident["status"] == "resolved"
        assert incident["timeline"][-1]["kind"] == "resolved"
    clock.forward(hours=1)
    assert worker.step_once() is False


# A message that is being written, and news.


def test_alert_that_joins_while_a_message_is_being_written_is_told(
    either: Service, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message must not supersede an alert that it does not tell yet; the later message stays."""
    client = create_app(either).test_client()
    first, second = alert("ApiPlatformConnectionPool", "warning"), alert()
    group = {"groupLabels": {"alertname": "all"}}
    assert client.post("/v1/alertmanager", json=payload(first, **group)).status_code == 200
    ask, news = ordering.any_sent, [second]

    def meanwhile(connection: Connection, claimed: Claim) -> bool:
        if news:
            client.post("/v1/alertmanager", json=payload(first, news.pop(), **group))
        return ask(connection, claimed)

    monkeypatch.setattr(ordering, "any_sent", meanwhile)
    worker = either.worker()
    while worker.run_once("email"):
        pass
    mails = [(job.action, job.message.severity) for job in senders["email"].jobs]
    assert mails == [("open", "warning"), ("join", "critical")]
