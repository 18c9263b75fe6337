"""Tests of groups that come and go, split and merge: to which incident an alert belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert
from webhook.incidents.alertmanager_state import Absent
from webhook.service import Service

Post = Callable[..., Any]
Drain = Callable[..., int]
Senders = dict[str, FakeSender]

WEST, EAST, NORTH = (alert(instance=name) for name in ("west", "east", "north"))


def ended(firing_alert: dict[str, Any]) -> dict[str, Any]:
    return {**firing_alert, "status": "resolved", "endsAt": "2026-11-22T11:58:00Z"}


def firing(client: FlaskClient, number: int) -> set[str]:
    incident = client.get(f"/v1/incidents/{number}").get_json()
    return {entry["labels"]["instance"] for entry in incident["alerts"] if entry["firing"]}


def test_group_that_an_edited_route_splits_keeps_its_incident(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """The route now also groups by instance: the same two alerts arrive as two groups, and nobody is told again."""
    post(WEST, EAST, groupLabels={"alertname": "X"})
    drain()
    job_counts = {name: len(sender.jobs) for name, sender in senders.items()}
    assert post(WEST, groupLabels={"alertname": "X", "instance": "west"}) == {"result": "repeated", "incident": 1}
    assert post(EAST, groupLabels={"alertname": "X", "instance": "east"}) == {"result": "repeated", "incident": 1}
    drain()
    assert {name: len(sender.jobs) for name, sender in senders.items()} == job_counts
    assert post(ended(WEST), groupLabels={"alertname": "X", "instance": "west"})["result"] == "updated"
    assert firing(client, 1) == {"east"}
    assert post(ended(EAST), groupLabels={"alertname": "X", "instance": "east"})["result"] == "resolved"


def test_groups_that_an_edited_route_merges_keep_their_incidents(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient
) -> None:
    """One delivery now covers two incidents: each keeps its alerts, and a new alert joins the one with the most."""
    post(WEST, groupLabels={"instance": "west"})
    post(EAST, groupLabels={"instance": "east"})
    drain()
    pages = len(senders["pagerduty"].jobs)
    assert post(WEST, EAST, NORTH, groupLabels={"alertname": "X"}) == {"result": "updated", "incident": 1}
    assert (firing(client, 1), firing(client, 2)) == ({"west", "north"}, {"east"})
    drain()
    assert len(senders["pagerduty"].jobs) == pages, "the same kind of alert is no news"
    assert post(ended(WEST), ended(EAST), ended(NORTH), groupLabels={"alertname": "X"})["result"] == "resolved"
    assert [client.get(f"/v1/incidents/{number}").get_json()["status"] for number in (1, 2)] == ["resolved"] * 2


def test_alert_of_two_groups_opens_one_incident(post: Post, client: FlaskClient) -> None:
    """Two routes deliver it: it stays in its incident, and only alerts that the incident lacks open another."""
    post(WEST, groupLabels={"instance": "west"})
    post(EAST, groupLabels={"alertname": "X"})
    assert post(WEST, EAST, NORTH, groupLabels={"alertname": "X"}) == {"result": "updated", "incident": 2}
    assert (firing(client, 1), firing(client, 2)) == ({"west"}, {"east", "north"})


def test_alert_that_a_person_has_resolved_opens_nothing_in_another_group(post: Post, client: FlaskClient) -> None:
    """The alert keeps its incident, which fires on, whatever the route is called now."""
    post(WEST, groupLabels={"alertname": "X"})
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    assert post(WEST, groupLabels={"instance": "west"}) == {"result": "repeated", "incident": 1}


def test_group_of_two_teams_is_an_incident_of_each(
    post: Post, client: FlaskClient, drain: Drain, senders: Senders
) -> None:
    """Each team's people are told of their own incident, and the end of one is not the end of the other."""
    group = {"groupLabels": {"cluster": "eu"}}
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    assert post(ours, **group) == {"result": "opened", "incident": 1}
    assert post(ours, theirs, **group)["result"] == "repeated"
    drain()
    first, second = (client.get(f"/v1/incidents/{number}").get_json() for number in (1, 2))
    assert (first["team"], len(first["alerts"])) == ("platform", 1)
    assert (second["team"] != "platform", len(second["alerts"])) == (True, 1)
    assert first["dedup_key"] != second["dedup_key"]
    assert senders["slack"].sent == [("open", "#ops-platform"), ("open", "#ops")]
    ended = {**ours, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}
    post(ended, theirs, **group)
    assert [client.get(f"/v1/incidents/{number}").get_json()["status"] for number in (1, 2)] == ["resolved", "open"]


def test_what_is_left_out_of_a_delivery_may_be_any_teams(post: Post, client: FlaskClient) -> None:
    """No owner's incident ends while Alertmanager says that alerts were left out."""
    group = {"groupLabels": {"cluster": "eu"}}
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    post(ours, theirs, **group)
    ended = [
        {**firing_alert, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"} for firing_alert in (ours, theirs)
    ]
    post(*ended, truncatedAlerts=4, **group)
    assert [client.get(f"/v1/incidents/{number}").get_json()["status"] for number in (1, 2)] == ["open", "open"]


def test_whole_picture_without_their_alerts_leaves_nothing_out_of_another_teams_incident(
    post: Post, client: FlaskClient
) -> None:
    """The delivery covers everything that fires in the group; none of the other team's alerts does or is left out."""
    group = {"groupLabels": {"cluster": "eu"}}
    ours, theirs = alert(), alert("UnknownToTheCatalogue")
    post(ours, theirs, truncatedAlerts=4, **group)
    over = {**theirs, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}
    post(ours, over, truncatedAlerts=4, **group)
    assert [client.get(f"/v1/incidents/{number}").get_json()["status"] for number in (1, 2)] == ["open", "open"]
    post(ours, **group)
    assert [client.get(f"/v1/incidents/{number}").get_json()["status"] for number in (1, 2)] == ["open", "resolved"]


def test_new_alert_joins_no_other_teams_incident(
    post: Post, client: FlaskClient, service: Service, drain: Drain, senders: Senders
) -> None:
    """Meanwhile the catalogue gives the name to another team: a firing alert stays, a new one belongs to that team."""
    group = {"groupLabels": {"alertname": "ApiPlatformErrorRatio"}}
    post(WEST, **group)
    drain()
    catalog = service.alert_batches._catalog()
    name = "ApiPlatformErrorRatio"
    reassigned = {key: replace(entry, team="devops") for key, entry in catalog.alerts[name].items()}
    service.alert_batches._catalog = lambda: replace(catalog, alerts={**catalog.alerts, name: reassigned})
    post(WEST, EAST, **group)
    drain()
    first, second = (client.get(f"/v1/incidents/{number}").get_json() for number in (1, 2))
    assert (first["team"], second["team"]) == ("platform", "devops")
    assert (firing(client, 1), firing(client, 2)) == ({"west"}, {"east"})
    assert senders["pagerduty"].sent[-1][0] == "open"


def test_split_group_that_is_truncated_does_not_say_so_of_the_other(post: Post, client: FlaskClient) -> None:
    """The number of missing alerts belongs to the delivered group."""
    post(WEST, groupLabels={"instance": "west"})
    post(EAST, groupLabels={"alertname": "X"})
    post(WEST, EAST, groupLabels={"alertname": "X"}, truncatedAlerts=7)
    counts = [client.get(f"/v1/incidents/{number}").get_json()["truncated_alerts"] for number in (1, 2)]
    assert counts == [0, 7]


def test_group_that_fires_again_soon_reopens_its_incident_and_calls_again(
    post: Post, drain: Drain, senders: Senders, client: FlaskClient, clock: Clock
) -> None:
    """It is one incident and one thread. Whoever was called was told that it is over, so it calls again."""
    post(alert())
    drain()
    client.post("/v1/incidents/1/acknowledge", json={"actor": "on-call"})
    post(alert(status="resolved"))
    drain()
    clock.forward(minutes=4)
    assert post(alert(started="2026-11-22T12:03:30Z")) == {"result": "reopened", "incident": 1}
    drain()
    incident = client.get("/v1/incidents/1").get_json()
    assert (incident["status"], incident["acknowledged_by"], incident["resolved_at"]) == ("open", None, None)
    assert senders["slack"].sent[-2:] == [("update", "#ops-platform"), ("join", "#ops-platform")]
    assert senders["email"].jobs[-1].message.news == "Fires again, 4 min after it was resolved."
    assert senders["pagerduty"].sent[-2:] == [("resolve", "events"), ("join", "events")]


def test_incident_that_a_person_has_resolved_is_reopened_when_it_fires_anew(post: Post, client: FlaskClient) -> None:
    """Alertmanager never said that it was over."""
    post(alert())
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    assert post(alert(started="2026-11-22T12:00:00Z")) == {"result": "reopened", "incident": 1}


def flap(post: Post, drain: Drain, clock: Clock, times: int, first: int = 0) -> list[str]:
    results = []
    for number in range(first, first + times):
        clock.forward(minutes=3)
        results.append(post(alert(started=f"2026-11-22T12:00:{number:02}Z"))["result"])
        drain()
        clock.forward(minutes=3)
        results.append(post(alert(started=f"2026-11-22T12:00:{number:02}Z", status="resolved"))["result"])
        drain()
    return results


def test_flapping_is_told_once_and_not_at_each_turn(
    post: Post, drain: Drain, senders: Senders, clock: Clock, client: FlaskClient
) -> None:
    """Ten firings in an hour cause four kinds of messages: it fires, it is over, it fires again, it flaps."""
    results = flap(post, drain, clock, 10)
    assert results[:6] == ["opened", "resolved", "reopened", "resolved", "reopened", "updated"]
    assert set(results[6:]) == {"updated"}
    assert [action for action, _ in senders["email"].sent] == ["open", "resolve", "join", "resolve", "join"]
    assert senders["email"].jobs[-1].message.news.startswith("Flapping: it has fired 3 times")
    assert [action for action, _ in senders["pagerduty"].sent] == ["open", "resolve", "join", "resolve", "join"]
    assert client.get("/v1/incidents/1").get_json()["status"] == "open"


def test_flapping_incident_is_over_when_it_has_been_quiet(
    *, post: Post, drain: Drain, step: Callable[[], int], senders: Senders, clock: Clock, client: FlaskClient
) -> None:
    """It is over after a quarter of an hour without an alert; the escalation wakes nobody in between."""
    flap(post, drain, clock, 3)
    clock.forward(minutes=14)
    step()
    incident = client.get("/v1/incidents/1").get_json()
    assert incident["status"] == "open"
    assert incident["next_step"].startswith("It comes and goes, and none of its alerts fires now: resolved at ")
    clock.forward(minutes=5)
    step()
    drain()
    incident = client.get("/v1/incidents/1").get_json()
    assert (incident["status"], incident["flapping_since"]) == ("resolved", None)
    assert incident["timeline"][-1]["detail"] == "flapping, and quiet for 15 min"
    assert senders["email"].sent[-1][0] == "resolve"


def test_flapping_incident_that_nobody_takes_is_escalated_while_it_fires(
    *, post: Post, drain: Drain, step: Callable[[], int], senders: Senders, clock: Clock
) -> None:
    """A flapping incident is told less often, but not forgotten."""
    flap(post, drain, clock, 3)
    clock.forward(minutes=3)
    post(alert(started="2026-11-22T12:00:59Z"))
    clock.forward(hours=1)
    step()
    drain()
    assert senders["email"].sent[-1] == ("escalate", "manager@example.com")


X, Y, Z = (alert(instance=name) for name in "xyz")
OF_X, OF_ALL = {"groupLabels": {"instance": "x"}}, {"groupLabels": {"severity": "critical"}}


@pytest.mark.parametrize("ends", [True, False])
def test_what_one_group_has_left_out_is_not_said_to_be_over_by_another(
    post: Callable[..., Any],
    let: Callable[..., None],
    client: FlaskClient,
    alertmanager_state: FakeAlertmanagerState,
    *,
    ends: bool,
) -> None:
    """Two routes deliver one alert; two alerts of the second group were left out and keep the incident open."""
    post(X, **OF_X)
    post(X, **OF_ALL, truncatedAlerts=2)
    if ends:
        post({**X, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}, **OF_X)
    else:
        post(X, **OF_X)
    let()
    incident = client.get("/v1/incidents/1").get_json()
    assert (incident["status"], incident["truncated_alerts"]) == ("open", 2)
    if ends:
        alertmanager_state.answer = Absent()
        for _ in range(150):
            let(minutes=1)
        assert client.get("/v1/incidents/1").get_json()["status"] == "resolved"


def test_whole_picture_of_the_group_that_left_alerts_out_ends_that(
    post: Callable[..., Any], client: FlaskClient
) -> None:
    """It ends even if the delivery has no alert of the incident; the alerts that it has open a new one."""
    post(X, **OF_X)
    post(X, **OF_ALL, truncatedAlerts=2)
    post({**X, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}, **OF_X)
    post(Y, Z, **OF_ALL)
    assert [client.get(f"/v1/incidents/{n}").get_json()["status"] for n in (1, 2)] == ["resolved", "open"]


def test_what_is_left_out_of_a_delivery_that_tells_only_of_other_incidents_alerts_is_kept_by_the_groups_own(
    post: Callable[..., Any], client: FlaskClient
) -> None:
    """The group has an incident; this delivery holds only an alert of another incident, and leaves two out."""
    post(X, **OF_X)
    post(Y, **OF_ALL)
    post(X, **OF_ALL, truncatedAlerts=2)
    post({**Y, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}, X, **OF_ALL, truncatedAlerts=1)
    incident = client.get("/v1/incidents/2").get_json()
    assert (incident["status"], incident["truncated_alerts"]) == ("open", 1)
