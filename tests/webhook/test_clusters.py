"""Tests of clusters that share an external URL: the delivery names the cluster; only its servers end its alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import responses
from flask.testing import FlaskClient
from requests import PreparedRequest

from tests.webhook.samples import NOON, Clock, FakeSender, alert, payload
from webhook.alertmanagers import peers, read_servers
from webhook.incidents.alertmanager_state import Heard
from webhook.render.links import silence
from webhook.service import Service
from webhook.settings import Settings, read_settings
from webhook.storage import watchdogs
from webhook.timestamps import DAY, iso
from webhook.untrusted import of_cluster, plain_address

Let = Callable[..., None]

SHARED = "https://mimir.example.com/alertmanager"
TENANTS = """\
alertmanagers:
  - {name: a, cluster: team-a, url: "http://a", external_url: "https://mimir.example.com/alertmanager", headers: {X-Scope-OrgID: a}}
  - {name: b, cluster: team-b, url: "http://b", external_url: "https://mimir.example.com/alertmanager", headers: {X-Scope-OrgID: b}}
"""


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    path = tmp_path / "alertmanagers.yaml"
    path.write_text(TENANTS)
    return read_settings({**environment, "TOCSIN_ALERTMANAGERS": str(path)})


@pytest.fixture
def alertmanager_state() -> None:
    """Use the real client, so that the Alertmanagers of the file are asked."""
    return


class Tenant:
    """One tenant's Alertmanager: the alerts that it lists, or the status with which it refuses."""

    def __init__(self, name: str, http: responses.RequestsMock, clock: Clock) -> None:
        self.listed: list[dict[str, Any]] = []
        self.status = 200
        self.asked = 0

        def answer(body: Callable[[], object]) -> Callable[[PreparedRequest], tuple[int, dict[str, str], str]]:
            def run(_: PreparedRequest) -> tuple[int, dict[str, str], str]:
                self.asked += 1
                return self.status, {"Date": formatdate(clock(), usegmt=True)}, str(body()).replace("'", '"')

            return run

        http.add_callback(responses.GET, f"http://{name}/api/v2/alerts", answer(lambda: self.listed))
        http.add_callback(responses.GET, f"http://{name}/api/v2/alerts/groups", answer(lambda: "[]"))
        uptime = {"uptime": iso(NOON - DAY)}
        http.add_callback(responses.GET, f"http://{name}/api/v2/status", answer(lambda: uptime))

    def lists(self, *alerts: dict[str, Any]) -> None:
        """Let the Alertmanager list these alerts from now on."""
        self.listed = [
            {
                "fingerprint": entry["fingerprint"],
                "labels": {},
                "startsAt": entry["startsAt"],
                "status": {"silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            }
            for entry in alerts
        ]


@pytest.fixture
def tenants(clock: Clock) -> Iterator[tuple[Tenant, Tenant]]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as http:
        yield Tenant("a", http, clock), Tenant("b", http, clock)


Deliver = Callable[..., dict[str, Any]]


@pytest.fixture
def deliver(client: FlaskClient) -> Deliver:
    """Return a function that posts alerts as a cluster's Alertmanager does; without a cluster to the plain address."""

    def run(cluster: str | None, *alerts: dict[str, Any]) -> dict[str, Any]:
        query = {} if cluster is None else {"cluster": cluster}
        body = payload(*alerts, externalURL=SHARED)
        answer = client.post("/v1/alertmanager", query_string=query, json=body)
        assert answer.status_code == 200
        return answer.get_json()  # type: ignore[no-any-return]

    return run


def shown(client: FlaskClient, number: int = 1) -> dict[str, Any]:
    return client.get(f"/v1/incidents/{number}").get_json()  # type: ignore[no-any-return]


ONE = alert(fingerprint="f1", started="2026-11-22T11:50:00.123Z")
OTHERS = {**ONE, "startsAt": "2026-11-22T11:55:00.456Z"}
ENDED = {**OTHERS, "status": "resolved", "endsAt": "2026-11-22T11:59:00Z"}


def test_tenant_that_does_not_answer_is_not_spoken_for_by_another(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], client: FlaskClient, let: Let, clock: Clock
) -> None:
    """Tenant B has been up for long and has listed its own alert; A's alert fires on."""
    a, b = tenants
    alert_of_b = alert("ApiPlatformErrorRatio", fingerprint="b0", started="2026-11-22T11:00:00.000Z")
    b.lists(alert_of_b)
    deliver("team-b", alert_of_b)
    let(hours=2)
    alert_of_a = {**ONE, "startsAt": iso(clock())}
    a.lists(alert_of_a)
    deliver("team-a", alert_of_a)
    let(minutes=70)
    b.lists()
    a.status = 429
    for _ in range(20):
        let(minutes=10)
    states = {entry["fingerprint"]: entry["firing"] for entry in shown(client)["alerts"]}
    assert states == {"f1": True, "b0": False}, "B speaks for its own alert alone"


def test_end_of_another_tenant_s_alert_of_the_same_labels_is_no_end(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], client: FlaskClient, let: Let
) -> None:
    """Both alerts have the same fingerprint and external URL; each delivery names its cluster."""
    a, _ = tenants
    a.lists(ONE)
    deliver("team-a", ONE)
    deliver("team-b", OTHERS)
    let()
    assert deliver("team-b", ENDED)["result"] != "resolved"
    let(hours=2)
    assert shown(client)["status"] != "resolved"
    assert deliver("team-a", {**ONE, "status": "resolved", "endsAt": iso(NOON + 60)})["result"] == "resolved"


def test_delivery_that_does_not_say_whose_it_is_is_asked_about_nowhere(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], client: FlaskClient, let: Let, senders: dict[str, FakeSender]
) -> None:
    """Neither tenant's silence ends it, nor does the end of another firing that comes to the plain address."""
    deliver(None, ONE)
    deliver(None, OTHERS)
    let()
    assert deliver(None, ENDED)["result"] != "resolved"
    let(hours=2)
    assert shown(client)["status"] == "open"
    assert [tenant.asked for tenant in tenants] == [0, 0]
    messages = " ".join(str(job.message) for job in senders["email"].jobs)
    assert f"several clusters have the external URL {SHARED}" in messages
    assert deliver(None, {**ONE, "status": "resolved", "endsAt": iso(NOON + 60)})["result"] == "resolved"


def test_cluster_that_nobody_has_configured_is_called_by_its_name(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], let: Let, senders: dict[str, FakeSender]
) -> None:
    """An alert of a misspelt cluster is not lost: people hear of it, but no Alertmanager is asked."""
    assert deliver("teem-a\n", ONE)["result"] == "opened"
    let(hours=2)
    assert [tenant.asked for tenant in tenants] == [0, 0]
    messages = " ".join(str(job.message) for job in senders["email"].jobs)
    assert "cluster teem-a is not among the Alertmanagers that are configured" in messages


def test_two_starts_of_one_watchdog_are_both_awaited(service: Service, clock: Clock) -> None:
    """Two clusters share an external URL; no Alertmanager lists both Watchdogs, so none speaks for both clusters."""

    def awaited() -> set[float]:
        with service.database.read() as connection:
            return {watchdog.starts_at for watchdog in watchdogs.awaited(connection)}

    def beat(start: float) -> None:
        with service.database.write() as connection:
            watchdogs.told(connection, [Heard(url="http://am", fingerprint="dog", starts_at=start)], clock())

    beat(1.0)
    beat(2.0)
    assert awaited() == {1.0, 2.0}
    clock.forward(minutes=1)
    beat(1.0)
    beat(3.0)
    assert awaited() == {1.0, 3.0}, "the two that were told last"
    clock.forward(minutes=16)
    beat(3.0)
    assert awaited() == {3.0}, "the other was that of a Prometheus that has been started anew"
    clock.forward(hours=50)
    assert awaited() == {3.0}, "it is not heard any more, and nobody has forgotten it"


def test_clusters_have_what_is_theirs_alone(tmp_path: Path) -> None:
    """Servers of one cluster need not share an address; a URL that two clusters have belongs to neither."""
    path = tmp_path / "alertmanagers.yaml"
    path.write_text(
        "alertmanagers:\n"
        "  - {name: eu-1, cluster: eu, url: 'http://1', external_urls: ['http://eu-1', 'http://chart']}\n"
        "  - {name: eu-2, cluster: eu, url: 'http://2', external_url: 'http://eu-2'}\n"
        "  - {name: us, cluster: us, url: 'http://3', external_url: 'http://chart'}\n"
    )
    servers, problems = read_servers(path)
    assert problems == ()
    assert (
        peers(servers, "http://eu-2")
        == peers(servers, "cluster eu")
        == frozenset({"cluster eu", "http://eu-1", "http://eu-2"})
    )
    assert peers(servers, "cluster us") == frozenset({"cluster us"})
    assert peers(servers, "http://chart") is None


def test_cluster_of_a_delivery_stands_in_no_link() -> None:
    """The external URL in a delivery does not set the cluster either."""
    url = of_cluster("http://am.example.com/#/alerts", "eu")
    assert plain_address(url) == plain_address(plain_address(url)) == "cluster eu"
    assert silence(url, {"a": "b"}) == silence("http://am.example.com", {"a": "b"})
    assert of_cluster(url, "") == "http://am.example.com/"
