"""Tests of old alert batches: an ended alert arrives with its old start, and Alertmanager is asked first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert
from webhook.incidents.alertmanager_state import NAMES_NOBODY, NOT_CONFIGURED, Absent, Active, Answer, Quiet, Unknown
from webhook.incidents.incident import Incident, Suppression
from webhook.service import Service
from webhook.timestamps import iso

Post = Callable[..., Any]
Let = Callable[..., None]
A = "http://alertmanager.example.com:9093"
B = "http://b.example.com"


def incident(client: FlaskClient, number: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/v1/incidents/{number}").get_json()
    return answer


def mail_actions(senders: dict[str, FakeSender]) -> list[str]:
    return [action for action, _ in senders["email"].sent]


@pytest.fixture
def ended(post: Post, let: Let) -> None:
    """Let an alert fire and end."""
    post(alert(instance="a"))
    let()
    post(alert(instance="a", status="resolved"))
    let()


@pytest.mark.parametrize("minutes", [1, 30, 600])
def test_old_picture_wakes_nobody(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
    minutes: int,
) -> None:
    """Asked twice within a minute, Alertmanager does not list the alert, so nothing happens, however old the end is."""
    let(minutes=minutes)
    alertmanager_state.answer = Absent()
    assert post(alert(instance="a"))["result"] == "doubted"
    let()
    assert alertmanager_state.asked == [1]
    let(seconds=30)
    assert alertmanager_state.asked == [1, 1]
    assert (incident(client)["status"], mail_actions(senders)) == ("resolved", ["open", "resolve"])
    assert "does not list it" in incident(client)["timeline"][-1]["detail"]
    assert client.get("/v1/incidents/2").status_code == 404
    let(hours=2)
    assert alertmanager_state.asked == [1, 1]


@pytest.mark.parametrize("minutes", [1, 30])
def test_alert_that_does_fire_again_is_told_once_asked(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
    minutes: int,
) -> None:
    """Prometheus was away for longer than Alertmanager waits: the alert returns with its old start, and calls."""
    let(minutes=minutes)
    post(alert(instance="a"))
    assert incident(client)["status"] == "resolved"
    let()
    assert alertmanager_state.asked == [1]
    assert (incident(client)["status"], mail_actions(senders)) == ("open", ["open", "resolve", "join"])
    post(alert(instance="a", status="resolved"))
    let()
    assert incident(client)["status"] == "open", "that end is older than the firing that Alertmanager has just listed"
    post(alert(instance="a", status="resolved", ended=iso(2_000_000_000)))
    assert incident(client)["status"] == "resolved"


@pytest.mark.parametrize("reason", [NOT_CONFIGURED, NAMES_NOBODY, "HTTP 503"])
def test_nobody_is_kept_asleep_where_nobody_can_be_asked(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
    reason: str,
) -> None:
    """People are told, with the remark that the alert batch may be old."""
    alertmanager_state.answer = Unknown(reason=reason)
    post(alert(instance="a"))
    let()
    assert mail_actions(senders) == ["open", "resolve", "join"]
    assert f"Whether it still fires is not known ({reason})" in incident(client)["timeline"][-1]["detail"]


def test_alert_that_comes_back_suppressed_is_told_when_it_no_longer_is(
    ended: None, post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, senders: dict[str, FakeSender]
) -> None:
    """Alertmanager then delivers it again."""
    alertmanager_state.answer = Quiet(by="silenced")
    post(alert(instance="a"))
    let()
    let(minutes=2)
    assert mail_actions(senders) == ["open", "resolve"]
    alertmanager_state.answer = Active()
    post(alert(instance="a"))
    let()
    assert mail_actions(senders) == ["open", "resolve", "join"]


def test_old_pictures_are_no_flapping(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
) -> None:
    """Four old batches come within the hour; then one real change is told like a first one."""
    alertmanager_state.answer = Absent()
    for _ in range(4):
        post(alert(instance="a"))
        let()
        let(seconds=31)
    post(alert(instance="a", started=iso(1_795_349_400)))
    let()
    assert incident(client)["timeline"][-1]["kind"] == "reopened"


def test_old_alert_beside_a_new_one_waits_alone(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
) -> None:
    """The new alert calls at once; the ended one joins only if Alertmanager lists it."""
    alertmanager_state.answer = Absent()
    post(alert(instance="a"), alert(instance="b"))
    let()
    assert incident(client)["status"] == "open"
    let(seconds=31)
    alerts = {entry["labels"]["instance"]: entry["firing"] for entry in incident(client)["alerts"]}
    assert alerts == {"a": False, "b": True}


def test_old_alert_is_not_lost_where_the_group_has_another_incident_by_then(  # noqa: PLR0917
    ended: None, post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, clock: Clock, client: FlaskClient
) -> None:
    """The alert joins the open incident."""
    let(minutes=30)
    post(alert(instance="a"))
    alertmanager_state.hook = lambda: alertmanager_state.__setattr__("hook", lambda: None) or post(alert(instance="b"))
    let()
    let(seconds=1)
    assert (incident(client, 1)["status"], incident(client, 2)["status"]) == ("resolved", "open")
    assert {entry["labels"]["instance"] for entry in incident(client, 2)["alerts"] if entry["firing"]} == {"a", "b"}


def test_picture_in_which_nothing_fires_and_an_alert_is_left_out_is_asked_about(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """The missing alert was silenced when it ended; otherwise nobody would ask for an hour."""
    post(alert(instance="a"), alert(instance="b"))
    let()
    alertmanager_state.answer = Absent()
    post(alert(instance="a", status="resolved"))
    let()
    assert alertmanager_state.asked == [1]
    let(seconds=119)
    assert incident(client)["status"] == "open"
    let(seconds=1)
    assert (alertmanager_state.asked, incident(client)["status"]) == ([1, 1], "resolved")


@pytest.mark.parametrize(
    ("answer", "asked_times"), [(Active(), 1), (Quiet(by="silenced"), 1), (Unknown(reason="HTTP 503"), 3)]
)
def test_left_out_alert_that_fires_goes_on(
    *,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    client: FlaskClient,
    senders: dict[str, FakeSender],
    answer: Answer,
    asked_times: int,
) -> None:
    """If it fires or its state is unknown, nothing ends and nobody is told; the question repeats until the answer."""
    post(alert(instance="a"), alert(instance="b"))
    let()
    alertmanager_state.answer = answer
    post(alert(instance="a", status="resolved"))
    let()
    let(minutes=2)
    let(minutes=2)
    assert (len(alertmanager_state.asked), incident(client)["status"], mail_actions(senders)) == (
        asked_times,
        "open",
        ["open"],
    )
    alertmanager_state.answer = Active()
    let(hours=1)
    assert mail_actions(senders) == ["open", "escalate"]


@pytest.mark.parametrize("start", ["2026-11-22T11:40:00Z", "2026-11-22T11:55:00Z"])
def test_end_in_another_cluster_ends_nothing_here(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, start: str
) -> None:
    """The same labels there mean another alert; only its own Alertmanager's end counts, whatever came since."""
    post(alert(instance="a"))
    post(alert(instance="a", started=start), externalURL=B)
    post(alert(instance="a", started=start, status="resolved"), externalURL=B)
    let()
    assert incident(client)["status"] == "open"
    post(alert(instance="a", status="resolved"))
    assert incident(client)["status"] == "resolved"


def test_end_here_waits_for_the_other_cluster(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """The alert ends when both clusters' Alertmanagers say so."""
    post(alert(instance="a"))
    post(alert(instance="a", started="2026-11-22T11:55:00Z"), externalURL=B)
    post(alert(instance="a", status="resolved"))
    let()
    assert incident(client)["status"] == "open"
    post(alert(instance="a", started="2026-11-22T11:55:00Z", status="resolved"), externalURL=B)
    assert incident(client)["status"] == "resolved"


def test_peer_s_word_is_as_good(post: Post, client: FlaskClient) -> None:
    """The same start to the nanosecond is the same firing, so any peer of a cluster may report its end."""
    post(alert(instance="a"))
    post(alert(instance="a"), externalURL=B)
    post(alert(instance="a", status="resolved"), externalURL=f"{B}/")
    assert incident(client)["status"] == "resolved"


def test_flapping_incident_of_which_alerts_were_left_out_is_asked_about(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, service: Service
) -> None:
    """After a quiet time the listed alerts are over, but alerts that were never listed may fire."""
    for minute in range(3):
        post(alert(instance="a", started=iso(1_795_348_800 + 60 * minute)), truncatedAlerts=2 if minute == 2 else 0)
        end = iso(1_795_348_830 + 60 * minute)
        let(seconds=30)
        post(
            alert(instance="a", started=iso(1_795_348_800 + 60 * minute), status="resolved", ended=end),
            truncatedAlerts=2 if minute == 2 else 0,
        )
        let(seconds=30)
    assert incident(client)["status"] == "open"
    let(minutes=20)
    assert alertmanager_state.asked
    assert incident(client)["status"] == "open"


def test_end_of_a_later_firing_ends_the_one_that_was_told_again(  # noqa: PLR0917
    ended: None, post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState, clock: Clock
) -> None:
    """An alert has one firing at a time: the end of the later also ends the earlier one, even if told again since."""
    alertmanager_state.answer = Active()
    post(alert(instance="a"))
    let()
    assert incident(client)["status"] == "open"
    post(alert(instance="a", status="resolved", started=iso(clock.now - 3), ended=iso(clock.now - 2)))
    assert incident(client)["status"] == "resolved"


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_later_firing_settles_the_doubt_about_an_earlier_one(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    client: FlaskClient,
    clock: Clock,
    status: str,
) -> None:
    """An Alertmanager knows one firing of an alert; once it reports a later one, the earlier batch was old."""
    alertmanager_state.answer = Absent()
    assert post(alert(instance="a"))["result"] == "doubted"
    post(alert(instance="a", status=status, started=iso(clock.now - 3)))
    assert incident(client)["status"] == ("open" if status == "firing" else "resolved")
    let(seconds=30)
    assert alertmanager_state.asked == ([] if status == "resolved" else [1]), "of the earlier one nobody is asked"
    assert [line["detail"] for line in incident(client)["timeline"] if "old start" in line["detail"]] == []


def test_later_firing_in_another_cluster_settles_no_doubt(
    ended: None, post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, clock: Clock
) -> None:
    """The other cluster's Alertmanager does not know the alert here, so ours is asked."""
    alertmanager_state.answer = Absent()
    post(alert(instance="a"))
    post(alert(instance="a", status="resolved", started=iso(clock.now - 3)), externalURL=B)
    let()
    assert alertmanager_state.asked == [1]


def test_what_was_asked_of_a_doubt_says_nothing_of_the_rest(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient, clock: Clock
) -> None:
    """The doubt ends between two answers; that nothing is listed any more is then a new question."""
    post(alert(instance="a"), truncatedAlerts=1)
    post(alert(instance="a", status="resolved"), truncatedAlerts=1)
    alertmanager_state.answer = Absent()
    post(alert(instance="a"), truncatedAlerts=1)
    let()
    let(seconds=1)
    post(alert(instance="a", status="resolved", started=iso(clock.now - 3)), truncatedAlerts=1)
    asked_before = len(alertmanager_state.asked)
    let(seconds=119)
    assert (len(alertmanager_state.asked) > asked_before, incident(client)["status"]) == (True, "open")
    let(minutes=4)
    assert incident(client)["status"] == "resolved"


@pytest.mark.parametrize("by", ["silenced", "inhibited", "muted"])
def test_doubt_about_one_alert_holds_no_step_of_another(  # noqa: PLR0917
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
    by: Suppression,
) -> None:
    """The alert in doubt is suppressed when Alertmanager is asked: it stays in doubt, and the other steps go on."""
    post(alert(instance="a"), alert(instance="b"))
    let()
    post(alert(instance="a"), alert(instance="b", status="resolved"))
    post(alert(instance="a"), alert(instance="b"))
    asked_instances: list[tuple[str, ...]] = []

    def ask(incident: Incident) -> Answer:
        asked_instances.append(tuple(firing.labels["instance"] for firing in incident.open_firings))
        return Quiet(by=by) if asked_instances[-1] == ("b",) else Active()

    alertmanager_state.ask = ask  # type: ignore[method-assign]
    for _ in range(70):
        let(minutes=1)
    assert ("a",) in asked_instances, "its steps are taken"
    assert len(asked_instances) > 50, "and the doubt is asked about as often"
    details = [line["detail"] for line in incident(client)["timeline"] if line["kind"] == "escalated"]
    assert details, "nobody acknowledged it"
    assert incident(client)["level"] > 0


def test_incident_with_a_doubt_does_not_end_by_its_other_alerts(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, client: FlaskClient
) -> None:
    """No open alert is listed any more, but the alert in doubt is silenced, and nobody knows of its end."""
    post(alert(instance="a"), alert(instance="b"))
    post(alert(instance="a"), alert(instance="b", status="resolved"))
    post(alert(instance="a"), alert(instance="b"))
    asks = lambda incident: (  # noqa: E731
        Quiet(by="silenced") if [firing.labels["instance"] for firing in incident.open_firings] == ["b"] else Absent()
    )
    alertmanager_state.ask = asks  # type: ignore[method-assign]
    for _ in range(90):
        let(minutes=1)
    assert incident(client)["status"] == "open"
    alertmanager_state.ask = lambda _: Absent()  # type: ignore[method-assign]
    for _ in range(15):
        let(minutes=1)
    assert incident(client)["status"] == "resolved"


def test_end_that_is_told_once_more_is_asked_about_alone(
    ended: None, post: Post, client: FlaskClient, let: Let, alertmanager_state: FakeAlertmanagerState
) -> None:
    """A late batch made the alert fire while nobody could be asked; Alertmanager says whether batch or end was late."""
    alertmanager_state.answer = Unknown(reason="HTTP 503")
    post(alert(instance="a"))
    let()
    assert incident(client)["status"] == "open"
    alertmanager_state.answer = Absent()
    post(alert(instance="a", status="resolved", ended="2026-11-22T11:55:00Z"))
    assert incident(client)["status"] == "open"
    let()
    let(seconds=30)
    assert incident(client)["status"] == "resolved"


def test_alert_that_is_silenced_when_it_is_asked_about_is_told_when_it_no_longer_is(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
) -> None:
    """Alertmanager itself would deliver it only after its repeat interval."""
    alertmanager_state.answer = Quiet(by="silenced")
    post(alert(instance="a"))
    let()
    for _ in range(30):
        let(minutes=1)
    assert (incident(client)["status"], mail_actions(senders)) == ("resolved", ["open", "resolve"])
    alertmanager_state.answer = Active()
    let(minutes=1)
    assert (incident(client)["status"], mail_actions(senders)) == ("open", ["open", "resolve", "join"])


@pytest.mark.parametrize("ends", [(A, B), (B, A)])
def test_end_of_an_older_firing_is_not_waited_for_twice(
    post: Post, let: Let, client: FlaskClient, ends: list[str]
) -> None:
    """The end of A's firing arrives when B's has begun; B's own end is then the end of all."""
    later = {"started": "2026-11-22T11:56:00Z", "ended": "2026-11-22T11:59:30Z"}
    post(alert(instance="a"), externalURL=A)
    post(alert(instance="a", started=later["started"]), externalURL=B)
    let()
    for url in ends:
        times = {} if url == A else later
        over = {"ended": "2026-11-22T11:55:00Z"} | times
        post(alert(instance="a", status="resolved", **over), externalURL=url)
    assert incident(client)["status"] == "resolved"


def test_old_picture_of_what_fires_in_another_incident_since_opens_nothing_beside_it(
    post: Post, let: Let, alertmanager_state: FakeAlertmanagerState, senders: dict[str, FakeSender], client: FlaskClient
) -> None:
    """Two routes deliver one alert: it ended in one group's incident and fires anew in the other's, only there."""
    first, second = {"groupLabels": {"route": "1"}}, {"groupLabels": {"route": "2"}}
    post(alert(instance="a"), alert(instance="b"), **first)
    post(alert(instance="b", status="resolved"), **first)
    let()
    post(alert(instance="b"), **first)
    assert incident(client)["status"] == "open"
    post(alert(instance="b", started="2026-11-22T11:59:00Z"), **second)
    # Alertmanager lists the alert, but not its start.
    alertmanager_state.answer = Active()
    let()
    let(seconds=30)
    firing = [
        entry["started_at"]
        for entry in (*incident(client)["alerts"], *incident(client, 2)["alerts"])
        if entry["firing"]
    ]
    assert firing == ["2026-11-22T11:50:00Z", "2026-11-22T11:59:00Z"]
    assert "it stands in another incident" in incident(client)["timeline"][-1]["detail"]


def test_end_of_a_later_firing_settles_an_old_picture_of_a_long_time_ago(  # noqa: PLR0917
    ended: None,
    post: Post,
    let: Let,
    alertmanager_state: FakeAlertmanagerState,
    senders: dict[str, FakeSender],
    client: FlaskClient,
) -> None:
    """The incident has been over for hours; the old alert does not fire, whether or not Alertmanager answers."""
    let(hours=6)
    alertmanager_state.answer = Unknown(reason="HTTP 503")
    post(alert(instance="a"))
    later = {"started": "2026-11-22T16:00:00Z", "ended": "2026-11-22T16:05:00Z"}
    post(alert(instance="a", status="resolved", **later))
    let()
    assert (incident(client)["status"], mail_actions(senders)) == ("resolved", ["open", "resolve"])


def test_alert_that_fires_again_in_one_incident_is_not_opened_in_another(
    post: Post, let: Let, client: FlaskClient
) -> None:
    """Two routes deliver it, and each of their incidents has its own firing alert."""
    first, second = {"groupLabels": {"route": "1"}}, {"groupLabels": {"route": "2"}}
    post(alert(instance="a"), alert(instance="b"), **first)
    post(alert(instance="b", status="resolved"), **first)
    post(alert(instance="c"), **second)
    let()
    post(alert(instance="b"), **first)
    post(alert(instance="b"), alert(instance="c"), **second)
    let()
    let(seconds=30)
    firing = [
        entry["fingerprint"] for number in (1, 2) for entry in incident(client, number)["alerts"] if entry["firing"]
    ]
    assert len(firing) == len(set(firing)) == 3
    post(alert(instance="b", status="resolved", ended=iso(2_000_000_000)), **second)
    still_firing = [entry for number in (1, 2) for entry in incident(client, number)["alerts"] if entry["firing"]]
    assert len(still_firing) == 2
