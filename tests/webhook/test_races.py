"""Two things at the same moment: people and a step that is due, two people, an end and a send that is under way.

Where threads run into each other it is over both stores; where the order matters a stand-in's hook makes it.
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
    return [(action, address.partition("@")[0]) for action, address in senders["email"].said]


def act(client: FlaskClient, verb: str, actor: str = "on-call") -> dict[str, Any]:
    answer = client.post(f"/v1/incidents/1/{verb}", json={"actor": actor})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def timeline(client: FlaskClient) -> list[tuple[str, str]]:
    return [(line["kind"], line["actor"]) for line in client.get("/v1/incidents/1").get_json()["timeline"]]


# Two people.


def test_two_people_who_acknowledge_at_once_are_one_acknowledgement(either: Service, senders: Senders) -> None:
    """One of them has it and both see who; the others hear of it once."""
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
    assert sorted(one["result"] for one in answers) == ["acknowledged", *["unchanged"] * 5]
    assert {one["status"] for one in answers} == {"acknowledged"}
    assert [kind for kind, _ in timeline(client)] == ["opened", "acknowledged"]
    assert timeline(client)[1][1] == client.get("/v1/incidents/1").get_json()["acknowledged_by"]
    assert senders["pagerduty"].said == [("open", "events"), ("acknowledge", "events")]


def test_second_person_who_acknowledges_neither_takes_it_over_nor_puts_its_deadline_off(
    post: Post, senders: Senders, client: FlaskClient, let: Let
) -> None:
    """Whoever came first has promised; an hour after that promise the level is asked again."""
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
    """Of two who have acknowledged the second gives up: nobody may rely on the first without being asked again."""
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
    """The later one says why it calls; the earlier one is ended with its reason."""
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
    found = client.get("/v1/incidents/1").get_json()["notifications"]
    ended = [row["reason"] for row in found if (row["channel"], row["state"]) == ("email", "superseded")]
    assert ended == ["a later call to the same people says it"]


def test_news_whose_time_was_read_before_the_acknowledgement_is_news_all_the_same(
    post: Post, client: FlaskClient, clock: Clock, senders: Senders, let: Callable[..., None]
) -> None:
    """A delivery waits for the incident's lock, or another replica's clock is behind: who took it did not know."""
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
    """Whichever comes first: the step is dropped or was before it. What somebody has taken is never open again."""
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
        found = client.get(f"/v1/incidents/{number}").get_json()
        kinds = [line["kind"] for line in found["timeline"]]
        assert found["status"] == "acknowledged"
        assert kinds in (["opened", "acknowledged"], ["opened", "escalated", "acknowledged"])
        assert found["level"] == kinds.count("escalated") + 1


def test_giving_back_while_alertmanager_is_asked_calls_the_level_once(
    post: Post, senders: Senders, client: FlaskClient, alertmanager_state: FakeAlertmanagerState, let: Let
) -> None:
    """The acknowledgement's time has run out at the moment at which it is given back: one reason, one call."""
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
    """It is open as before, and yet another matter: the first level is asked again, the next an hour after that."""
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
    """On the channel that was sending: beginning, then end, each once; PagerDuty is left with nothing open."""

    def end(_: object) -> None:
        senders[channel].hook = lambda _: None
        post(alert(status="resolved"))

    post(alert())
    senders[channel].hook = end
    while drain():
        pass
    assert [action for action, _ in senders[channel].said] == ["open", "resolve"]


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
    """Whichever comes first: nobody further is told of what is over, and no step is left."""
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
        found = client.get(f"/v1/incidents/{number}").get_json()
        assert found["status"] == "resolved"
        assert found["timeline"][-1]["kind"] == "resolved"
    clock.forward(hours=1)
    assert worker.step_once() is False


# A message that is being written, and news.


def test_alert_that_joins_while_a_message_is_being_written_is_told(
    either: Service, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the message does not say yet, it must not take as said: the later one stays."""
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
    found = [(job.action, job.message.severity) for job in senders["email"].jobs]
    assert found == [("open", "warning"), ("join", "critical")]
