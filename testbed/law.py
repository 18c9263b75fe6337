"""The law of `webhook.incidents.truth` held against a world: deliveries, answers, hands, clocks, replicas, restarts.

The world knows which alerts fire in which cluster; the webhook hears what the Alertmanagers deliver, in any order,
twice or late, and asks servers that may be empty, new, another tenant's, cut off or silent. The real store and the real
rooms decide; only HTTP is left out. After each step: no incident has ended while one of its alerts fires where it was
told of, none was held while one of them fires and is not suppressed there.

What no webhook could know is left out: a cluster whose Alertmanagers all lose their Prometheus without a Watchdog, and
an end that is delivered late although the same firing has begun again.

`python -m testbed.law --steps 1000000` is the long form; tests/webhook/test_law.py runs some hundred steps.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete

from webhook.alertmanagers import Server
from webhook.incidents.incident import Incident, Suppression
from webhook.incidents.truth import Answer, Known, Listed, Placed, Testimony, judge, urls_of
from webhook.ingest import HungUp
from webhook.payload import Payload, parse_payload
from webhook.service import Service, build
from webhook.settings import read_settings
from webhook.storage import store, watchdogs
from webhook.storage.tables import metadata
from webhook.timestamps import iso, parse_rfc3339

BEGIN = 1_795_348_800.0
ALERTS = ("a", "b", "c")
CLUSTERS = ("eu", "us", "unknown")
"""`eu` has two peers and a Watchdog, `us` one server and none, `unknown` is not configured."""
URLS = {"eu": "http://eu-1:9093", "us": "http://us:9093", "unknown": "http://elsewhere:9093"}
PEER = "http://eu-2:9093"
CONFIGURED = (
    Server(name="eu-1", url="http://10.0.0.1", external_urls=frozenset({URLS["eu"], PEER})),
    Server(name="eu-2", url="http://10.0.0.2", external_urls=frozenset({URLS["eu"], PEER})),
    Server(name="us", url="http://10.0.1.1", external_urls=frozenset({URLS["us"]})),
)
WEATHERS = ("well", "away", "new", "learning", "another tenant", "lost")
"""`new` knows of nothing for five minutes, `learning` of its Watchdog alone, `lost` of nothing any more."""
_LEARNT_SECONDS = 300
SUPPRESSIONS: tuple[Suppression | None, ...] = (None, None, "silenced", "inhibited", "muted")


@dataclass
class Firing:
    """What is true of an alert of one cluster."""

    start: str
    ended: float | None = None
    suppression: Suppression | None = None


@dataclass
class World:
    """What is true, and how the servers are."""

    firing: dict[tuple[str, str], Firing] = field(default_factory=dict)
    weather: dict[str, str] = field(default_factory=lambda: {server.name: "well" for server in CONFIGURED})
    started: dict[str, float] = field(default_factory=lambda: {server.name: BEGIN - 86_400 for server in CONFIGURED})
    now: float = BEGIN

    def fires(self, cluster: str, alert: str) -> Firing | None:
        """Return the alert's firing in the cluster, None when it does not fire there."""
        found = self.firing.get((cluster, alert))
        return found if found is not None and found.ended is None else None

    def says(self, server: Server) -> Testimony:
        """Return what the server says now."""
        weather, cluster = self.weather[server.name], server.name.partition("-")[0]
        empty = Testimony(server=server.key, urls=server.external_urls)
        if weather == "away":
            return replace(empty, reason="HTTP 503")
        up = self.now - self.started[server.name]
        empty = replace(empty, alerts=(), up=up, started=self.started[server.name])
        if weather == "another tenant":
            return replace(
                empty, up=1e6, started=BEGIN - 1e6, alerts=(Listed(fingerprint="x", labels={}, suppression=None),)
            )
        if weather == "lost" or (weather == "new" and up < _LEARNT_SECONDS):
            return empty
        knows = weather != "learning" or up >= _LEARNT_SECONDS
        fires = [(alert, found) for alert in ALERTS if knows and (found := self.fires(cluster, alert)) is not None]
        listed = tuple(
            Listed(
                fingerprint=fingerprint(cluster, alert),
                labels=labels(cluster, alert),
                suppression=None if found.suppression == "muted" else found.suppression,
                starts_at=parse_rfc3339(found.start).seconds,
            )
            for alert, found in fires
        )
        placed = tuple(
            Placed(fingerprint=fingerprint(cluster, alert), receiver="t", muted=found.suppression == "muted")
            for alert, found in fires
        )
        dogs = (Listed(fingerprint="dog", labels={}, suppression=None, starts_at=BEGIN),) if cluster == "eu" else ()
        return replace(empty, alerts=listed, placed=placed, watchdogs=dogs)


def labels(cluster: str, alert: str) -> dict[str, str]:
    """Return the labels of an alert: `c` has the same in each cluster."""
    own = {} if alert == "c" else {"cluster": cluster}
    return {"alertname": "X", "instance": alert, "severity": "critical", **own}


def fingerprint(cluster: str, alert: str) -> str:
    """Return the fingerprint of an alert."""
    return hashlib.sha256(json.dumps(labels(cluster, alert)).encode()).hexdigest()[:16]


def picture(world: World, cluster: str, url: str) -> dict[str, Any] | None:
    """Return what an Alertmanager of the cluster delivers now, None when there is nothing to tell."""
    told = []
    for alert in ALERTS:
        found = world.firing.get((cluster, alert))
        if found is None or (found.ended is None and found.suppression is not None):
            continue
        told.append(
            {
                "status": "firing" if found.ended is None else "resolved",
                "labels": labels(cluster, alert),
                "annotations": {},
                "startsAt": found.start,
                "endsAt": "0001-01-01T00:00:00Z" if found.ended is None else iso(found.ended),
                "generatorURL": "",
                "fingerprint": fingerprint(cluster, alert),
            }
        )
    return _payload(told, url, cluster) if told else None


def _payload(alerts: list[dict[str, Any]], url: str, cluster: str) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}:{alertname='X'}",
        "truncatedAlerts": 0,
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "receiver": "t",
        "groupLabels": {"alertname": "X", "cluster": cluster},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": url,
        "alerts": alerts,
    }


class Replicas:
    """Two processes over one store; each has a clock of its own, and the world answers for all Alertmanagers."""

    def __init__(self, folder: Path, catalog: Path) -> None:
        shutil.copy(catalog, folder / "catalog.json")
        shutil.copy(catalog.with_name("catalog.schema.json"), folder)
        environment = {
            "TOCSIN_CATALOG": str(folder / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{folder / 'tocsin.db'}",
        }
        self.world = World()
        self.skew = [0.0, 0.0]
        settings_ = replace(read_settings(environment), alertmanagers=CONFIGURED)
        self.services = [
            build(settings_, senders={}, clock=lambda replica=replica: self.now(replica), truth=self)  # type: ignore[misc]
            for replica in range(2)
        ]
        self.workers = [service.worker() for service in self.services]
        self.looks: list[Any] = []

    def now(self, replica: int) -> float:
        """Return the time as the replica has it."""
        return self.world.now + self.skew[replica]

    def ask(self, incident: Incident) -> Answer:
        """Answer as `alertmanager_api` would."""
        urls = set(urls_of(incident))
        said = tuple(self.world.says(server) for server in CONFIGURED if server.external_urls & urls)
        with self.services[0].database.read() as connection:
            known = Known(
                watchdogs=watchdogs.awaited(connection, self.world.now), vouched=store.have_vouched(connection)
            )
        return judge(incident, said, known, self.world.now)

    def begin(self) -> None:
        """Begin a new world over an empty store."""
        self.world, self.skew = World(), [0.0, 0.0]
        with self.services[0].database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
        self.restart(0)
        self.restart(1)

    def restart(self, replica: int) -> None:
        """Let the process end and begin anew: what is in memory is lost."""
        self.workers[replica] = self.services[replica].worker()

    def incidents(self) -> list[Incident]:
        """Return every incident with its episodes."""
        with self.services[0].database.read() as connection:
            found = store.listing(connection, statuses=("open", "acknowledged", "resolved"), limit=1_000)
            whole = (store.incident_by_id(connection, one.incident.id) for one in found)
            return [incident for incident in whole if incident is not None]

    def close(self) -> None:
        """Let go of the store."""
        for service in self.services:
            service.close()


_RUNNING: list[Replicas] = []
STEPS = [0]
"""How many have been taken."""


class Law(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.replicas = _RUNNING[0]
        self.replicas.begin()
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.before: dict[int, Incident] = {}
        self.told: dict[int, set[tuple[str, str]]] = {}
        """By incident: which alert of which cluster was told to fire in it and not to have ended there since."""
        self.deliver_watchdog()

    @property
    def world(self) -> World:
        """What is true."""
        return self.replicas.world

    @rule(cluster=st.sampled_from(CLUSTERS), alert=st.sampled_from(ALERTS), deliver=st.booleans())
    def fire(self, cluster: str, alert: str, deliver: bool) -> None:  # noqa: FBT001
        """Let an alert begin; most are delivered at once."""
        if self.world.fires(cluster, alert) is None:
            self.world.firing[cluster, alert] = Firing(start=f"{iso(self.world.now)[:-1]}.{CLUSTERS.index(cluster)}Z")
        if deliver:
            self.deliver(cluster, 0, keep=False)

    @rule(cluster=st.sampled_from(CLUSTERS), alert=st.sampled_from(ALERTS), deliver=st.booleans())
    def end(self, cluster: str, alert: str, deliver: bool) -> None:  # noqa: FBT001
        """Let an alert end."""
        found = self.world.fires(cluster, alert)
        if found is not None:
            found.ended = self.world.now
            if deliver:
                self.deliver(cluster, 0, keep=False)

    @rule(cluster=st.sampled_from(CLUSTERS), alert=st.sampled_from(ALERTS))
    def resume(self, cluster: str, alert: str) -> None:
        """Let an alert fire again with its old start: Prometheus is heard again. Its end was delivered before."""
        found = self.world.firing.get((cluster, alert))
        if found is None or found.ended is None:
            return
        self.deliver(cluster, 0, keep=False)
        self.kept = [one for one in self.kept if one[0] != cluster]
        self.forward(30)
        found.ended = None

    @rule(cluster=st.sampled_from(CLUSTERS), alert=st.sampled_from(ALERTS), by=st.sampled_from(SUPPRESSIONS))
    def suppress(self, cluster: str, alert: str, by: Suppression | None) -> None:
        """Begin or end a silence, an inhibition or a mute."""
        found = self.world.fires(cluster, alert)
        if found is not None:
            found.suppression = by

    @rule(cluster=st.sampled_from(CLUSTERS), peer=st.integers(0, 1), keep=st.booleans())
    def deliver(self, cluster: str, peer: int, keep: bool) -> None:  # noqa: FBT001
        """Let an Alertmanager tell how it is, or keep that for later."""
        url = PEER if cluster == "eu" and peer else URLS[cluster]
        told = picture(self.world, cluster, url)
        if told is None:
            return
        if keep:
            self.kept.append((cluster, told))
            return
        self._post(told, waits=True)

    @rule(which=st.integers(0, 9), waits=st.booleans())
    def deliver_late(self, which: int, waits: bool) -> None:  # noqa: FBT001
        """Deliver an old picture, perhaps again."""
        if self.kept:
            cluster, told = self.kept[which % len(self.kept)]
            firings = {alert: self.world.firing.get((cluster, alert)) for alert in ALERTS}
            starts = {
                fingerprint(cluster, alert): found.start
                for alert, found in firings.items()
                if found and found.ended is None
            }
            news = [
                one
                for one in told["alerts"]
                if one["status"] == "firing" or starts.get(one["fingerprint"]) != one["startsAt"]
            ]
            self._post({**told, "alerts": news}, waits=waits)

    @rule()
    def deliver_watchdog(self) -> None:
        """Deliver the Watchdog of `eu`."""
        dog = {
            "status": "firing",
            "labels": {"alertname": "Watchdog"},
            "annotations": {},
            "startsAt": iso(BEGIN),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "dog",
        }
        self._post(_payload([dog], URLS["eu"], "eu"), waits=True)

    @rule(cluster=st.sampled_from(CLUSTERS[:2]), weather=st.sampled_from(WEATHERS))
    def change_all(self, cluster: str, weather: str) -> None:
        """Change how the servers of a cluster are, and let them be asked."""
        self.forward(3_600.0)
        for server in CONFIGURED:
            if server.name.startswith(cluster):
                self.change(server, weather)
        for seconds in (1.0, 121.0):
            self.forward(seconds)
            self.work(0, 3)

    @rule(server=st.sampled_from(CONFIGURED), weather=st.sampled_from(WEATHERS))
    def change(self, server: Server, weather: str) -> None:
        """Change how a server is."""
        if weather == "lost" and server.name == "us":
            return
        if weather in {"new", "learning"} or self.world.weather[server.name] == "away":
            self.world.started[server.name] = self.world.now
        self.world.weather[server.name] = weather

    @rule(seconds=st.sampled_from((1.0, 31.0, 60.0, 121.0, 400.0, 900.0, 3_600.0, 4_000.0, 90_000.0)))
    def forward(self, seconds: float) -> None:
        """Let time pass; the Watchdog goes on."""
        self.world.now += seconds
        if seconds > 3_600:
            self.deliver_watchdog()

    @rule(replica=st.integers(0, 1), seconds=st.sampled_from((-180.0, -90.0, 0.0, 90.0, 180.0)))
    def step_clock(self, replica: int, seconds: float) -> None:
        """Set the clock of a replica."""
        self.replicas.skew[replica] = seconds

    @rule(replica=st.integers(0, 1), times=st.integers(1, 3))
    def work(self, replica: int, times: int) -> None:
        """Let a replica do what is due."""
        for _ in range(times):
            if not self.replicas.workers[replica].step_once():
                return
            self.lawful()

    @rule(replica=st.integers(0, 1))
    def ask_twice(self, replica: int) -> None:
        """Let time pass as it does between two questions."""
        for seconds in (3_700.0, 121.0, 121.0):
            self.forward(seconds)
            self.work(replica, 2)

    @rule(replica=st.integers(0, 1))
    def restart(self, replica: int) -> None:
        """Let a process end and begin anew."""
        self.replicas.restart(replica)

    @rule(which=st.integers(0, 9), hand=st.sampled_from(("acknowledge", "unacknowledge", "resolve", "reopen")))
    def lay_a_hand_on(self, which: int, hand: str) -> None:
        """Let a person take an incident or give it back, resolve it or take that back."""
        if self.before:
            number = sorted(self.before)[which % len(self.before)]
            ingest = self.replicas.services[0].ingest
            getattr(ingest, hand)(number, "ana", self.replicas.now(0))

    @precondition(lambda self: self.before)
    @rule(cluster=st.sampled_from(CLUSTERS))
    def flap(self, cluster: str) -> None:
        """Let an alert come and go three times."""
        for _ in range(3):
            self.fire(cluster, "a", deliver=True)
            self.forward(60)
            self.end(cluster, "a", deliver=True)
            self.forward(60)

    def _post(self, told: dict[str, Any], *, waits: bool) -> None:
        if not told["alerts"]:
            return
        told = {**told, "status": "firing" if any(one["status"] == "firing" for one in told["alerts"]) else "resolved"}
        payload: Payload = parse_payload(json.dumps(told).encode())
        service: Service = self.replicas.services[0]
        try:
            service.ingest.deliver(payload, self.replicas.now(0), lambda: waits)
        except HungUp:
            return
        self.lawful()

    @invariant()
    def lawful(self) -> None:
        """Find that no incident has ended, and none is held, against the law."""
        STEPS[0] += 1
        for incident in self.replicas.incidents():
            before = self.before.get(incident.id)
            told = self.told.setdefault(incident.id, set())
            for episode in incident.open_episodes:
                alert = episode.labels["instance"]
                told |= {
                    (cluster, alert) for cluster in CLUSTERS for one in episode.sources if one.url in _urls(cluster)
                }
            if _is_over(incident) and before is not None and not _is_over(before):
                self._has_ended_lawfully(incident, before)
            if incident.held_by is not None and (before is None or before.held_by != incident.held_by):
                self._is_held_lawfully(incident)
            self.before[incident.id] = incident

    def _has_ended_lawfully(self, incident: Incident, before: Incident) -> None:
        for episode in before.open_episodes:
            for cluster in CLUSTERS:
                if not any(one.url in _urls(cluster) for one in episode.sources):
                    continue
                found = self.world.fires(cluster, episode.labels["instance"])
                same = found is not None and parse_rfc3339(found.start).exact == episode.started
                if same:
                    raise AssertionError(f"incident {incident.id} has ended while {cluster} fires: {incident}")

    def _is_held_lawfully(self, incident: Incident) -> None:
        for episode in incident.open_episodes:
            for cluster in CLUSTERS:
                if any(one.url in _urls(cluster) for one in episode.sources):
                    found = self.world.fires(cluster, episode.labels["instance"])
                    active = found is not None and found.suppression is None
                    if active:
                        raise AssertionError(f"incident {incident.id} is held while {cluster} fires: {incident}")


def _is_over(incident: Incident) -> bool:
    """Return whether it has ended; that a person has resolved it while it fires is no end."""
    return incident.status == "resolved" and not incident.fires_on


def _urls(cluster: str) -> tuple[str, ...]:
    return (URLS["eu"], PEER) if cluster == "eu" else (URLS[cluster],)


def play(*, steps: int, first_seed: int, catalog: Path, examples: int = 200, shrink: bool = True) -> int:
    """Run until so many steps have been taken; return how many. Raises AssertionError with the story that broke it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    fast = Path("/dev/shm")  # noqa: S108  memory, where there is some; the store is thrown away
    where = str(fast) if fast.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="tocsin-law-", dir=where) as folder:
        replicas = Replicas(Path(folder), catalog)
        _RUNNING[:] = [replicas]
        STEPS[0], number = 0, first_seed
        options = settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        try:
            while STEPS[0] < steps:
                run_state_machine_as_test(seed(number)(type("Law", (Law,), {})), settings=options)
                number += 1
        finally:
            replicas.close()
            _RUNNING.clear()
    return STEPS[0]


def main() -> None:
    """Play the long form."""
    parser = argparse.ArgumentParser(prog="python -m testbed.law", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--catalog", type=Path, default=Path("generated/catalog.json"))
    arguments = parser.parse_args()
    began = time.monotonic()
    taken = play(steps=arguments.steps, first_seed=arguments.seed, catalog=arguments.catalog)
    print(f"{taken:,} steps from seed {arguments.seed}, {time.monotonic() - began:.0f} s: the law held")
    sys.exit(0)


if __name__ == "__main__":
    main()
