"""Clusters that share an external URL: whose an alert is, told by the delivery, and who may be believed of its end."""

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
    """Let the Alertmanagers of the file be asked."""
    return


class Tenant:
    """One tenant's Alertmanager: what it lists, or the status with which it refuses."""

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
        """Let it list these alerts from now on."""
        self.listed = [
            {
                "fingerprint": one["fingerprint"],
                "labels": {},
                "startsAt": one["startsAt"],
                "status": {"silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            }
            for one in alerts
        ]


@pytest.fixture
def tenants(clock: Clock) -> Iterator[tuple[Tenant, Tenant]]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as http:
        yield Tenant("a", http, clock), Tenant("b", http, clock)


Deliver = Callable[..., dict[str, Any]]


@pytest.fixture
def deliver(client: FlaskClient) -> Deliver:
    """Return a function that posts alerts as the Alertmanager of a cluster does; of none it is on the plain address."""

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
    """Tenant B has been up for long and has listed an alert of its own; A's burns on."""
    a, b = tenants
    other = alert("ApiPlatformErrorRatio", fingerprint="b0", started="2026-11-22T11:00:00.000Z")
    b.lists(other)
    deliver("team-b", other)
    let(hours=2)
    mine = {**ONE, "startsAt": iso(clock())}
    a.lists(mine)
    deliver("team-a", mine)
    let(minutes=70)
    b.lists()
    a.status = 429
    for _ in range(20):
        let(minutes=10)
    states = {one["fingerprint"]: one["firing"] for one in shown(client)["alerts"]}
    assert states == {"f1": True, "b0": False}, "B speaks for its own alert alone"


def test_end_of_another_tenant_s_alert_of_the_same_labels_is_no_end(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], client: FlaskClient, let: Let
) -> None:
    """Both have one fingerprint and one external URL; each delivery says whose it is."""
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
    """Neither tenant's silence ends it, nor an end on the plain address of a firing that it is not."""
    deliver(None, ONE)
    deliver(None, OTHERS)
    let()
    assert deliver(None, ENDED)["result"] != "resolved"
    let(hours=2)
    assert shown(client)["status"] == "open"
    assert [one.asked for one in tenants] == [0, 0]
    said = " ".join(str(job.message) for job in senders["email"].jobs)
    assert f"several clusters have the external URL {SHARED}" in said
    assert deliver(None, {**ONE, "status": "resolved", "endsAt": iso(NOON + 60)})["result"] == "resolved"


def test_cluster_that_nobody_has_configured_is_called_by_its_name(
    deliver: Deliver, tenants: tuple[Tenant, Tenant], let: Let, senders: dict[str, FakeSender]
) -> None:
    """A misspelt name drops no alert: it is told, and asked about nowhere."""
    assert deliver("teem-a\n", ONE)["result"] == "opened"
    let(hours=2)
    assert [one.asked for one in tenants] == [0, 0]
    said = " ".join(str(job.message) for job in senders["email"].jobs)
    assert "cluster teem-a is not among the Alertmanagers that are configured" in said


def test_two_starts_of_one_watchdog_are_both_awaited(service: Service, clock: Clock) -> None:
    """Two clusters with one external URL: no Alertmanager lists both, so none of them speaks for the other's alerts."""

    def awaited() -> set[float]:
        with service.database.read() as connection:
            return {one.starts_at for one in watchdogs.awaited(connection)}

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
    """Peers of a cluster need not share an address; a URL that two clusters have is neither's."""
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
    """Nor does what a delivery's own external URL says there count."""
    url = of_cluster("http://am.example.com/#/alerts", "eu")
    assert plain_address(url) == plain_address(plain_address(url)) == "cluster eu"
    assert silence(url, {"a": "b"}) == silence("http://am.example.com", {"a": "b"})
    assert of_cluster(url, "") == "http://am.example.com/"
