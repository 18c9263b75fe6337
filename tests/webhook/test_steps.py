"""Tests of what time does to an incident: escalation, the state in Alertmanager, suppression, resumption.

A test moves the clock by hand; there is one service with fake senders.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.patience import PATIENCE_SECONDS
from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert, at_once
from webhook.incidents.alertmanager_state import Absent, Active, Quiet, Unknown
from webhook.incidents.incident import Suppression
from webhook.senders.contract import PermanentFailure
from webhook.service import Service
from webhook.storage import timers
from webhook.workers.worker import Worker

Post = Callable[..., Any]
Drain = Callable[..., int]
Step = Callable[[], int]
Senders = dict[str, FakeSender]

LEVELS = ("devops", "manager", "cto")


@pytest.fixture
def catalog_path(catalog_path: Path) -> Path:
    """Return the catalogue with all contacts, and with e-mail alone for every severity: the tests ask who is told."""
    data = json.loads(catalog_path.read_text())
    data["levels"] = {
        level: {"title": title, "contacts": {"email": [f"{level}@example.com"], "sms": [], "phone": []}}
        for level, title in zip(LEVELS, ("DevOps team", "Engineering manager", "CTO"), strict=True)
    }
    policy = data["policies"]["standard"]
    policy["levels"] = list(LEVELS)
    for tier in policy["severities"].values():
        tier["notify"] = ["email"]
    catalog_path.write_text(json.dumps(data))
    return catalog_path


def mails(senders: Senders) -> list[tuple[str, str]]:
    return [(action, address.partition("@")[0]) for action, address in senders["email"].sent]


def incident(client: FlaskClient, number: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/v1/incidents/{number}").get_json()
    return answer


def timeline(client: FlaskClient) -> list[tuple[str, str]]:
    return [(line["kind"], line["actor"]) for line in incident(client)["timeline"]]


def acknowledge(client: FlaskClient, action: str = "acknowledge") -> None:
    assert client.post(f"/v1/incidents/1/{action}", json={"actor": "on-call"}).status_code == 200


def test_escalation_says_why(post: Post, senders: Senders, let: Callable[..., None], client: FlaskClient) -> None:
    """Whoever is woken knows at once why; the team's message is updated and calls nobody again."""
    post(alert())
    let()
    let(hours=1)
    message = senders["email"].jobs[-1].message
    assert message.news == "Nobody acknowledged within 1 h; now Engineering manager (level 2 of 3)."
    assert message.problem == "Error ratio is 7.3%, limit > 5%"
    assert message.tier == "L2 Engineering manager"
    assert senders["email"].jobs[-1].first, "the first mail to them answers none"
    assert senders["slack"].sent == [("open", "#ops-platform"), ("update", "#ops-platform")]
    assert timeline(client)[-1] == ("escalated", "Tocsin")
    let(hours=1)
    let(hours=1)
    assert senders["email"].jobs[-1].message.news == "Nobody acknowledged within 1 h; CTO (level 3 of 3) is told again."
    assert not senders["email"].jobs[-1].first


def test_acknowledging_stops_the_escalation_until_its_time_has_passed(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """After an acknowledgement nobody is asked; after the tier's time the same level is asked, then the next."""
    post(alert())
    let()
    let(minutes=50)
    acknowledge(client)
    let(minutes=59)
    assert mails(senders) == [("open", "devops")]
    let(minutes=1)
    assert mails(senders)[1:] == [("escalate", "devops")]
    assert senders["email"].jobs[-1].message.news == (
        "Acknowledged by on-call 1 h ago and not resolved; DevOps team (level 1 of 3) is asked again."
    )
    assert (incident(client)["status"], timeline(client)[-1]) == ("open", ("resumed", "Tocsin"))
    let(hours=1)
    assert mails(senders)[2:] == [("escalate", "manager")]


def test_giving_back_asks_the_same_level_again_at_once(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """Nobody works on it any more, so the question cannot wait for the next level's time."""
    post(alert())
    let()
    let(hours=1)
    acknowledge(client)
    let(minutes=10)
    acknowledge(client, "unacknowledge")
    let()
    assert mails(senders) == [("open", "devops"), ("escalate", "manager"), ("escalate", "manager")]
    assert senders["email"].jobs[-1].message.news == (
        "on-call has given it back; Engineering manager (level 2 of 3) is asked again."
    )
    let(minutes=59)
    assert len(mails(senders)) == 3
    let(minutes=1)
    assert mails(senders)[3:] == [("escalate", "cto")]


def test_giving_back_what_nobody_has_taken_changes_nothing(post: Post, client: FlaskClient) -> None:
    """It may be a double click, or a late one."""
    post(alert())
    answer = client.post("/v1/incidents/1/unacknowledge", json={"actor": "on-call"})
    assert answer.get_json() == {"result": "unchanged", "status": "open", "incident": 1}
    post(alert(status="resolved"))
    assert client.post("/v1/incidents/1/unacknowledge", json={"actor": "on-call"}).status_code == 409


def test_higher_severity_begins_at_the_first_level_with_its_own_time(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """A warning that somebody acknowledged becomes an emergency, which nobody has acknowledged."""
    group = {"alertname": "ApiPlatformErrorRatio"}
    post(alert(severity="warning"), groupLabels=group)
    let()
    let(hours=8)
    acknowledge(client)
    post(alert(severity="warning"), alert(severity="emergency"), groupLabels=group)
    let()
    details = incident(client)
    assert (details["status"], details["level"], details["acknowledged_by"]) == ("open", 1, None)
    assert mails(senders)[2:] == [("join", "devops")]
    let(minutes=15)
    assert mails(senders)[3:] == [("escalate", "manager")]


def test_news_after_an_escalation_reaches_everybody_who_was_asked(
    post: Post, senders: Senders, let: Callable[..., None]
) -> None:
    """Both levels are involved by now, and the time of the level begins again."""
    group = {"system": "api-platform"}
    first, second = alert(), alert("ApiPlatformConnectionPool", annotations={"value": "0.97"})
    post(first, groupLabels=group)
    let()
    let(hours=1)
    let(minutes=30)
    post(first, second, groupLabels=group)
    let()
    assert mails(senders)[2:] == [("join", "devops"), ("join", "manager")]
    let(minutes=59)
    assert len(mails(senders)) == 4
    let(minutes=1)
    assert mails(senders)[4:] == [("escalate", "cto")]


def test_repeat_does_not_put_the_escalation_off(post: Post, senders: Senders, let: Callable[..., None]) -> None:
    """Alertmanager repeats itself; the level's time runs from the page."""
    post(alert())
    let()
    for _ in range(6):
        let(minutes=9)
        post(alert())
    let(minutes=6)
    assert mails(senders)[-1] == ("escalate", "manager")


def test_resolve_stops_the_escalation(post: Post, senders: Senders, let: Callable[..., None]) -> None:
    """Nobody is woken for a resolved incident."""
    post(alert())
    let()
    post(alert(status="resolved"))
    let(hours=24)
    assert mails(senders) == [("open", "devops"), ("resolve", "devops")]


def test_alerts_that_are_gone_resolve_the_incident_instead_of_waking_the_next_level(
    post: Post,
    senders: Senders,
    client: FlaskClient,
    alertmanager_state: FakeAlertmanagerState,
    let: Callable[..., None],
) -> None:
    """A silence hid the end, so Alertmanager tells nobody of it. It is asked twice before the end counts."""
    post(alert())
    let()
    alertmanager_state.answer = Absent()
    let(hours=1)
    assert incident(client)["status"] == "open", "absent once may be a replica that has just started"
    let(minutes=2)
    details = incident(client)
    assert (details["status"], details["resolved_by"]) == ("resolved", "Alertmanager")
    assert details["timeline"][-1]["detail"] == (
        "Alertmanager, asked twice 2 min apart, no longer lists any of its alerts; it never sent their end"
    )
    assert mails(senders) == [("open", "devops"), ("resolve", "devops")]
    assert [entry["ended_by"] for entry in details["alerts"]] == ["alertmanager"]


def test_alerts_that_come_back_between_the_two_questions_are_escalated(
    post: Post, senders: Senders, alertmanager_state: FakeAlertmanagerState, let: Callable[..., None]
) -> None:
    """A missing alert delays the next level by minutes and never for good; the next time counts anew."""
    post(alert())
    let()
    alertmanager_state.answer = Absent()
    let(hours=1)
    alertmanager_state.answer = Active()
    let(minutes=2)
    assert mails(senders)[1:] == [("escalate", "manager")]
    alertmanager_state.answer = Absent()
    let(hours=1)
    assert mails(senders)[2:] == []


@pytest.mark.parametrize("by", ["silenced", "inhibited", "muted"])
def test_suppressed_alerts_hold_the_escalation_and_it_is_said_once(
    *,
    by: Suppression,
    post: Post,
    senders: Senders,
    client: FlaskClient,
    alertmanager_state: FakeAlertmanagerState,
    let: Callable[..., None],
) -> None:
    """Somebody knows of it: nobody further is woken while that lasts, and the next level is told when it ends."""
    post(alert())
    let()
    alertmanager_state.answer = Quiet(by=by)
    let(hours=1)
    for _ in range(30):
        let(minutes=1)
    details = incident(client)
    assert (details["status"], details["suppressed_by"], details["suppressed_since"]) == (
        "open",
        by,
        "2026-11-22T13:00:00Z",
    )
    assert [line["kind"] for line in details["timeline"]] == ["opened", by]
    assert (
        details["next_step"]
        == f"Nobody further is told: every alert that fires is {by} in Alertmanager, since 13:00 UTC."
    )
    assert mails(senders) == [("open", "devops")]
    alertmanager_state.answer = Active()
    let(minutes=1)
    assert mails(senders)[1:] == [("escalate", "manager")]
    assert incident(client)["suppressed_since"] is None


@pytest.mark.parametrize("reason", ["no answer in time", "TOCSIN_ALERTMANAGER_URL is not set"])
def test_escalation_goes_on_when_alertmanager_cannot_be_asked_and_says_so(
    reason: str, post: Post, senders: Senders, alertmanager_state: FakeAlertmanagerState, let: Callable[..., None]
) -> None:
    """An unknown state wakes somebody; the message says that it is unknown, so that they look first."""
    post(alert())
    let()
    alertmanager_state.answer = Unknown(reason=reason)
    let(hours=1)
    assert senders["email"].jobs[-1].message.news == (
        "Nobody acknowledged within 1 h; now Engineering manager (level 2 of 3)."
        f" Whether it still fires is not known ({reason})."
    )


def test_incident_that_nobody_escalates_still_ends_when_its_alerts_are_gone(
    post: Post, client: FlaskClient, alertmanager_state: FakeAlertmanagerState, let: Callable[..., None]
) -> None:
    """Incidents of severity info are checked now and then; otherwise a silenced end would leave them open for ever."""
    post(alert(severity="info"))
    let(hours=1)
    assert incident(client)["status"] == "open"
    alertmanager_state.answer = Absent()
    let(hours=1)
    let(minutes=2)
    assert incident(client)["status"] == "resolved"


def test_acknowledgement_while_alertmanager_is_asked_stops_the_step(
    post: Post,
    senders: Senders,
    client: FlaskClient,
    alertmanager_state: FakeAlertmanagerState,
    let: Callable[..., None],
) -> None:
    """The answer comes late, so an acknowledgement in the meantime counts."""
    post(alert())
    let()
    alertmanager_state.hook = lambda: acknowledge(client)
    let(hours=1)
    assert mails(senders) == [("open", "devops")]
    assert incident(client)["status"] == "acknowledged"


def test_alert_that_joins_while_alertmanager_is_asked_is_not_resolved_with_the_others(
    post: Post, client: FlaskClient, alertmanager_state: FakeAlertmanagerState, let: Callable[..., None]
) -> None:
    """The answer was about other alerts than those that fire now."""
    first, second = alert(instance="a"), alert(instance="b")
    post(first)
    alertmanager_state.answer = Absent()
    let(hours=1)

    def join() -> None:
        alertmanager_state.hook = lambda: None
        alertmanager_state.answer = Active()
        post(first, second)

    asked_before = len(alertmanager_state.asked)
    alertmanager_state.hook = join
    alertmanager_state.answer = Absent()
    let(minutes=2)
    assert incident(client)["status"] == "open"
    assert len(alertmanager_state.asked) == asked_before + 2, "it is asked again about all of them"


def test_acknowledgement_between_claim_and_send_keeps_the_next_level_asleep(
    *, post: Post, service: Service, senders: Senders, client: FlaskClient, clock: Clock, step: Step, drain: Drain
) -> None:
    """The row exists already; it is checked again before it is sent, and says why it was not sent."""
    post(alert())
    drain()
    clock.forward(hours=1)
    step()
    acknowledge(client)
    drain()
    assert mails(senders) == [("open", "devops")]
    row = next(
        notification for notification in incident(client)["notifications"] if notification["action"] == "escalate"
    )
    assert (row["state"], row["reason"]) == ("superseded", "the incident was acknowledged before this could be sent")


def test_acknowledgement_while_a_send_is_in_flight_corrects_what_was_said(
    post: Post, senders: Senders, client: FlaskClient, drain: Drain
) -> None:
    """The message was sent as open; an edit follows that says who acknowledged."""

    def take_it(_: object) -> None:
        senders["slack"].hook = lambda _: None
        acknowledge(client)

    post(alert())
    senders["slack"].hook = take_it
    drain("slack")
    assert [(job.action, job.message.status) for job in senders["slack"].jobs] == [
        ("open", "open"),
        ("update", "acknowledged"),
    ]


def test_level_without_a_contact_is_passed_over_at_once_and_with_the_reason(
    *, post: Post, senders: Senders, client: FlaskClient, service: Service, catalog_path: Path, let: Callable[..., None]
) -> None:
    """An hour's wait for nobody helps nobody; the next level's message says why it is told."""
    change_contacts(service, catalog_path, "devops", [])
    post(alert())
    let()
    assert mails(senders) == [("escalate", "manager")]
    assert senders["email"].jobs[0].message.news == (
        "DevOps team cannot be reached (DevOps team has no email contact); now Engineering manager (level 2 of 3)."
    )
    assert timeline(client) == [("opened", "Alertmanager"), ("escalated", "Tocsin")]


def test_level_in_the_middle_without_a_contact_is_passed_over(
    post: Post, senders: Senders, service: Service, catalog_path: Path, let: Callable[..., None]
) -> None:
    """The third level is told at the second level's time."""
    change_contacts(service, catalog_path, "manager", [])
    post(alert())
    let()
    let(hours=1)
    assert mails(senders)[1:] == [("escalate", "cto")]
    assert senders["email"].jobs[-1].message.news == (
        "Nobody acknowledged within 1 h; Engineering manager cannot be reached (Engineering manager has no email"
        " contact); now CTO (level 3 of 3)."
    )


def test_last_level_without_a_contact_leaves_the_highest_that_can_be_reached(
    post: Post, senders: Senders, service: Service, catalog_path: Path, let: Callable[..., None]
) -> None:
    """Somebody is asked again at each time, never nobody."""
    change_contacts(service, catalog_path, "cto", [])
    post(alert())
    let()
    for _ in range(3):
        let(hours=1)
    assert mails(senders)[1:] == [("escalate", "manager")] * 3


def test_level_whose_messages_have_all_failed_is_not_waited_for(
    post: Post, senders: Senders, let: Callable[..., None]
) -> None:
    """The mail server has refused the address for good: the next level is told now, not in an hour."""
    senders["email"].failures = [PermanentFailure("SMTP 550: no such user")]
    post(alert())
    let()
    let()
    assert mails(senders) == [("escalate", "manager")]
    assert senders["email"].jobs[0].message.news == (
        "DevOps team cannot be reached (email failed: SMTP 550: no such user); now Engineering manager (level 2 of 3)."
    )


def test_levels_that_all_refuse_are_not_called_in_a_circle(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """Once the last level is reached, the tier's time counts again."""
    senders["email"].failures = [PermanentFailure("refused")] * 100
    post(alert())
    for _ in range(10):
        let()
    assert len([row for row in incident(client)["notifications"] if row["channel"] == "email"]) == 3
    let(hours=1)
    assert len([row for row in incident(client)["notifications"] if row["channel"] == "email"]) == 4


def test_house_that_can_reach_nobody_by_name_still_shows_how_far_it_has_come(
    *, post: Post, senders: Senders, service: Service, client: FlaskClient, catalog_path: Path, let: Callable[..., None]
) -> None:
    """Only Slack is set up: the levels pass at their times, the channel shows them, and the log has an entry."""
    for level in LEVELS:
        change_contacts(service, catalog_path, level, [])
    post(alert())
    let()
    assert incident(client)["level"] == 1, "nobody further up can be reached either: no reason to hurry"
    for level in (2, 3, 3):
        let(hours=1)
        assert incident(client)["level"] == level
        assert senders["slack"].jobs[-1].message.tier.startswith(f"L{level} ")
    reasons = {row["reason"] for row in incident(client)["notifications"] if row["state"] == "unconfigured"}
    assert reasons == {
        "DevOps team has no email contact",
        "Engineering manager has no email contact",
        "CTO has no email contact",
    }


def test_metrics_tell_of_escalations_and_of_how_late_they_are(
    *, post: Post, client: FlaskClient, clock: Clock, step: Step
) -> None:
    """A worker that has stopped shows itself by overdue timers."""
    post(alert())
    clock.forward(hours=1, minutes=5)
    assert b"tocsin_timers_overdue_seconds 300.0" in client.get("/metrics").data
    assert b"tocsin_timers_overdue 1.0" in client.get("/metrics").data
    step()
    metrics = client.get("/metrics").data
    assert b"tocsin_timers_overdue_seconds 0.0" in metrics
    assert b'tocsin_steps_total{result="escalated",severity="critical"} 1.0' in metrics
    assert b'tocsin_escalations_total{level="2"} 1.0' in metrics


def test_killed_worker_s_step_comes_back_when_its_lease_has_run_out(
    *,
    post: Post,
    service: Service,
    senders: Senders,
    alertmanager_state: FakeAlertmanagerState,
    clock: Clock,
    let: Callable[..., None],
) -> None:
    """Due times are rows: a process that died while it asked has lost nothing."""

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    post(alert())
    let()
    alertmanager_state.hook = die
    clock.forward(hours=1)
    with pytest.raises(Killed):
        service.worker().step_once()
    alertmanager_state.hook = lambda: None
    let(seconds=59)
    assert mails(senders) == [("open", "devops")]
    let(seconds=2)
    assert mails(senders)[1:] == [("escalate", "manager")]


def test_longer_interval_in_a_new_catalogue_holds_for_incidents_that_are_open(
    post: Post, senders: Senders, service: Service, catalog_path: Path, let: Callable[..., None]
) -> None:
    """The timer was set under the old catalogue; it is computed anew before anybody is called."""
    post(alert())
    let()
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["severities"]["critical"]["escalate_seconds"] = 7_200
    catalog_path.write_text(json.dumps(data))
    assert service.catalog.refresh()
    let(hours=1)
    assert mails(senders) == [("open", "devops")]
    let(hours=1)
    assert mails(senders)[1:] == [("escalate", "manager")]


def test_replicas_take_each_timer_once(post: Post, service: Service, senders: Senders, clock: Clock) -> None:
    """A claim is a lease: the second worker gets nothing, and has nothing to give back."""
    post(alert())
    clock.forward(hours=1)
    with service.database.write() as connection:
        first = timers.claim(connection, token="a", now=clock(), until=clock() + 60)
        assert first is not None
        assert timers.claim(connection, token="b", now=clock(), until=clock() + 60) is None
        clock.forward(seconds=61)
        second = timers.claim(connection, token="b", now=clock(), until=clock() + 60)
        assert second is not None
        assert not timers.postpone(connection, first, kind="escalate", due_at=0)
        assert timers.held(connection, second)


def test_workers_at_once_tell_each_level_once(post: Post, service: Service, clock: Clock, client: FlaskClient) -> None:
    """Twenty incidents are due at the same moment, and four workers take them."""
    for number in range(20):
        post(alert(instance=str(number)), groupLabels={"n": str(number)})
    clock.forward(hours=1)
    workers = [service.worker() for _ in range(4)]

    def work(worker: Worker) -> None:
        while worker.step_once():
            pass

    at_once(*(partial(work, worker) for worker in workers))
    incidents = [incident(client, number) for number in range(1, 21)]
    assert [details["level"] for details in incidents] == [2] * 20
    assert [[line["kind"] for line in details["timeline"]] for details in incidents] == [["opened", "escalated"]] * 20


def test_worker_that_runs_escalates_by_itself(*, post: Post, service: Service, clock: Clock, senders: Senders) -> None:
    """Its own threads take the timers; their commits wake the threads that send."""
    escalated = threading.Event()
    senders["email"].hook = lambda job: escalated.set() if job.action == "escalate" else None
    post(alert())
    clock.forward(hours=1)
    worker = service.worker()
    worker.start()
    try:
        assert escalated.wait(timeout=PATIENCE_SECONDS)
    finally:
        worker.stop()


def change_contacts(service: Service, path: Path, level: str, addresses: list[str]) -> None:
    data = json.loads(path.read_text())
    data["levels"][level]["contacts"]["email"] = addresses
    path.write_text(json.dumps(data))
    assert service.catalog.refresh()


def resolve(client: FlaskClient, action: str = "resolve", actor: str = "on-call") -> None:
    assert client.post(f"/v1/incidents/1/{action}", json={"actor": actor}).status_code == 200


def test_what_is_resolved_by_hand_is_told_again_if_it_fires_on(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """It is told after the policy's time, an hour by default, to the first level; PagerDuty gets the same key."""
    post(alert())
    let()
    let(hours=1)
    resolve(client)
    let()
    assert senders["pagerduty"].sent == [("open", "events"), ("resolve", "events")]
    assert senders["slack"].jobs[-1].message.word == "RESOLVED BY HAND, STILL FIRING"
    assert senders["slack"].jobs[-1].message.next_step == (
        "It is told again at 14:00 UTC if it still fires then; anybody can reopen it now."
    )
    mails_before = len(senders["email"].sent)
    let(minutes=59)
    assert (incident(client)["status"], len(senders["email"].sent)) == ("resolved", mails_before)
    let(minutes=1)
    details = incident(client)
    assert (details["status"], details["level"], details["paged_at"]) == ("open", 1, "2026-11-22T14:00:00Z")
    assert mails(senders)[mails_before:] == [("join", "devops")]
    assert senders["email"].jobs[-1].message.news == (
        "Resolved by on-call 1 h ago, and it still fires; DevOps team (level 1 of 3) is told again."
    )
    assert senders["pagerduty"].jobs[-1].dedup_key == senders["pagerduty"].jobs[0].dedup_key
    assert senders["pagerduty"].sent[-1] == ("join", "events")
    let(hours=1)
    assert mails(senders)[-1] == ("escalate", "manager"), "its escalation has begun anew"


def test_time_until_it_is_told_again_is_the_policys(
    catalog_path: Path, post: Post, client: FlaskClient, let: Callable[..., None], service: Service
) -> None:
    """Each tier may have its own."""
    data = json.loads(catalog_path.read_text())
    data["policies"]["standard"]["severities"]["critical"]["still_firing_seconds"] = 600
    catalog_path.write_text(json.dumps(data))
    service.catalog.refresh()
    post(alert())
    resolve(client)
    let(minutes=9)
    assert incident(client)["still_firing"]
    let(minutes=1)
    assert incident(client)["status"] == "open"


def test_end_that_alertmanager_tells_drops_the_second_telling(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """The end is told once, and nothing after it."""
    post(alert())
    let()
    resolve(client)
    let()
    post(alert(status="resolved"))
    let()
    assert senders["slack"].jobs[-1].message.word == "RESOLVED"
    mails_before = len(senders["email"].sent)
    let(hours=2)
    details = incident(client)
    assert (details["status"], details["still_firing"], len(senders["email"].sent)) == ("resolved", False, mails_before)
    assert timeline(client)[-1] == ("resolved", "Alertmanager")


def test_what_is_silenced_is_not_told_again_until_it_is_not(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """Alertmanager tells nobody of it either, but that is no end."""
    post(alert())
    resolve(client)
    alertmanager_state.answer = Quiet(by="silenced")
    let(hours=1)
    let(hours=3)
    assert incident(client)["still_firing"]
    alertmanager_state.answer = Active()
    let(minutes=1)
    assert incident(client)["status"] == "open"


def test_what_alertmanager_lists_no_more_is_over_and_not_told_again(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """Alertmanager is asked twice, as for any incident."""
    post(alert())
    resolve(client)
    alertmanager_state.answer = Absent()
    let(hours=1)
    assert incident(client)["still_firing"]
    let(minutes=2)
    details = incident(client)
    assert (details["status"], details["still_firing"], details["resolved_by"]) == ("resolved", False, "Alertmanager")


def test_delivery_between_two_empty_lists_counts_more_than_they_do(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """Alertmanager has delivered the alert since the first empty list."""
    post(alert())
    resolve(client)
    alertmanager_state.answer = Absent()
    let(hours=1)
    let(minutes=1)
    post(alert())
    let(minutes=1)
    assert incident(client)["still_firing"]


def test_delivery_between_two_empty_lists_counts_for_open_incidents_too(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """A repeat says that the alert fires: only two empty lists after it end the incident."""
    post(alert())
    alertmanager_state.answer = Absent()
    let(hours=1)
    let(minutes=1)
    post(alert())
    let(minutes=1)
    assert incident(client)["status"] == "open"
    let(minutes=1)
    assert incident(client)["status"] == "open", "the first list after the repeat was a minute before"
    let(minutes=1)
    assert incident(client)["status"] == "resolved"


def test_repeat_that_comes_while_alertmanager_is_asked_is_newer_than_its_answer(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """The step that asked is dropped, and Alertmanager is asked again."""
    post(alert())
    alertmanager_state.answer = Absent()
    let(hours=1)

    def repeat_once() -> None:
        alertmanager_state.hook = lambda: None
        post(alert())

    alertmanager_state.hook = repeat_once
    let(minutes=2)
    assert incident(client)["status"] == "open"
    let(minutes=2)
    assert incident(client)["status"] == "resolved"


def test_what_nobody_can_be_asked_about_is_told_again_after_a_resolve_by_hand(
    post: Post, client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """An unknown state never holds a page back: no repeat is waited for, and the message says why."""
    post(alert())
    resolve(client)
    alertmanager_state.answer = Unknown(reason="TOCSIN_ALERTMANAGER_URL is not set")
    let(minutes=59)
    assert incident(client)["still_firing"]
    let(minutes=1)
    assert incident(client)["status"] == "open"
    assert incident(client)["timeline"][-1]["detail"].endswith(
        "Whether it still fires is not known (TOCSIN_ALERTMANAGER_URL is not set)."
    )


def test_silent_watchdog_that_a_person_has_resolved_is_told_again(
    client: FlaskClient, service: Service, let: Callable[..., None], clock: Clock
) -> None:
    """Only the Watchdog shows that alerts arrive."""
    worker = service.worker()
    for _ in range(40):
        clock.forward(minutes=1)
        worker.watch_once()
    assert incident(client)["title"] == "Tocsin: Watchdog silent"
    resolve(client)
    for _ in range(30):
        clock.forward(minutes=1)
        worker.watch_once()
    assert incident(client)["still_firing"]
    assert client.get("/v1/incidents/2").status_code == 404, "it is one story"
    let(minutes=31)
    assert incident(client)["status"] == "open"


def test_another_component_is_called_although_the_first_is_taken(
    post: Post, senders: Senders, client: FlaskClient, let: Callable[..., None]
) -> None:
    """The message has the names of the system and the component; the timeline says what the acknowledgement covered."""
    first, second = alert(component="checkout"), alert(component="payments", annotations={"value": "0.97"})
    post(first)
    let()
    acknowledge(client)
    let(minutes=15)
    assert post(first, second)["result"] == "joined"
    let()
    assert senders["email"].jobs[-1].message.news == (
        "New in this incident: API platform, payments: Error ratio is 97%, limit > 5%"
    )
    assert (incident(client)["status"], mails(senders)[-1]) == ("open", ("join", "devops"))
    assert senders["pagerduty"].sent[-1] == ("join", "events")
    details = [line["detail"] for line in incident(client)["timeline"]]
    assert details[1:] == ["covers 1 alert (checkout)", "1 alert joined, which on-call has not acknowledged"]
    let(hours=1)
    assert mails(senders)[-1] == ("escalate", "manager")


def test_fifty_components_that_fail_together_are_a_few_calls(
    post: Post, senders: Senders, let: Callable[..., None]
) -> None:
    """Even if each alert is delivered by itself there are five calls: the first, three more, and one for the rest."""
    alerts: list[dict[str, Any]] = []
    for number in range(50):
        alerts.append(alert(component=f"part-{number}"))
        post(*alerts)
        let(seconds=1)
    assert mails(senders) == [("open", "devops"), *([("join", "devops")] * 3)]
    let(minutes=5)
    assert mails(senders)[4:] == [("join", "devops")]
    let(minutes=5)
    assert len(mails(senders)) == 5
