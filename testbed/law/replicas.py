"""Run two replicas of the webhook over one store, each with its own clock, and read the store from outside."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from testbed.law.world import World, cluster_of
from webhook.alertmanagers import peers
from webhook.incidents.alertmanager_state import Answer, Known, classify, labels_to_ask_by, urls_of
from webhook.incidents.incident import Incident
from webhook.service import Service, build
from webhook.settings import read_settings
from webhook.storage import store, watchdogs
from webhook.storage.tables import metadata


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert of an incident as the store has it: its start, and the clusters that report it."""

    started: str
    """`several` if the store has more than one firing of it."""
    clusters: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An incident as the store has it, read without the webhook's own code."""

    id: int
    status: str
    fires_on: bool
    doubted: bool
    suppressed_by: str | None
    paged_at: float
    opened_at: float
    truncated: int
    group_labels: Mapping[str, str]
    left_out: tuple[Mapping[str, str], ...] = ()
    """The labels of each group from which Alertmanager left alerts out."""
    firings: frozenset[tuple[str, str]] = frozenset()
    """The fingerprint and start of each of its firings, over or not."""
    open: Mapping[str, Alert] = field(default_factory=dict)
    """By fingerprint: its alerts that have not ended."""
    doubtful: Mapping[str, Alert] = field(default_factory=dict)
    """By fingerprint: its alerts that had ended and were told again with their old start."""

    @property
    def over(self) -> bool:
        """Whether it has ended. If a person resolved it while it fires, it has not ended."""
        return self.status == "resolved" and not self.fires_on


class Replicas:
    """The two processes of the webhook; `ask` answers for all Alertmanagers."""

    def __init__(self, folder: Path, catalog: Path) -> None:
        shutil.copy(catalog.with_name("catalog.schema.json"), folder)
        # The catalogue holds no alert of this world, and a large catalogue takes seconds to read.
        content = json.loads(catalog.read_text())
        (folder / "catalog.json").write_text(json.dumps(content | {"alerts": content["alerts"][:1]}))
        environment = {
            "TOCSIN_CATALOG": str(folder / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{folder / 'tocsin.db'}",
        }
        self.world = World()
        self.skew = [0.0, 0.0]
        self.asked: Callable[[Incident, float], None] = lambda _incident, _now: None
        """Called with each question before it is answered."""
        self.meanwhile: Callable[[], None] | None = None
        """Called once, after the answer and before the replica acts on it."""
        settings = replace(read_settings(environment), alertmanagers=self.world.servers)
        self.services: list[Service] = [
            build(settings, senders={}, clock=lambda replica=replica: self.now(replica), alertmanager_state=self)  # type: ignore[misc]
            for replica in range(2)
        ]
        self.workers = [service.worker() for service in self.services]
        self._outside = sqlite3.connect(folder / "tocsin.db", isolation_level=None)
        self._stepping = 0

    def now(self, replica: int) -> float:
        """Return the time by the replica's clock."""
        return self.world.now + self.skew[replica]

    def ask(self, incident: Incident) -> Answer:
        """Answer as `alertmanager_api` would: a server with known external URLs is asked only about its own alerts."""
        now = self.now(self._stepping)
        self.asked(incident, now)
        urls = set(urls_of(incident))
        testimonies = tuple(
            self.world.says(server, labels_to_ask_by(incident))
            for server in self.world.servers
            if not server.external_urls or server.external_urls & urls
        )
        with self.services[0].database.read() as connection:
            known = Known(watchdogs=watchdogs.awaited(connection), vouched=store.have_vouched(connection))
        answer = classify(incident, testimonies, known, now)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return answer

    def begin(self, *, us_is_named: bool) -> None:
        """Begin a new world over an empty store."""
        self.world, self.skew = World(us_is_named=us_is_named), [0.0, 0.0]
        servers = self.world.servers
        for replica, service in enumerate(self.services):
            service.alert_batches._peers = lambda url: peers(servers, url)  # noqa: SLF001  as a new process would be set up
            service.alert_batches._can_be_asked = True  # noqa: SLF001
            self.restart(replica)
        for table in reversed(metadata.sorted_tables):
            self._outside.execute(f"DELETE FROM {table.name}")  # noqa: S608  the table names are ours

    def restart(self, replica: int) -> None:
        """Restart the process: it loses what it had in memory."""
        self.workers[replica] = self.services[replica].worker()

    def step(self, replica: int) -> bool:
        """Let the replica handle one timer; return whether there was one."""
        self._stepping = replica
        return self.workers[replica].step_once()

    def next_due(self) -> float | None:
        """Return when the next timer is due, None if there is none."""
        row: tuple[float | None] = self._outside.execute("SELECT min(due_at) FROM timers").fetchone()
        return row[0]

    def due(self, number: int) -> float:
        """Return when the incident's timer is due, infinity if it has none."""
        row = self._outside.execute("SELECT due_at FROM timers WHERE incident_id = ?", (number,)).fetchone()
        return float("inf") if row is None else float(row[0])

    def confirms(self, number: int) -> bool:
        """Return whether the incident's timer only asks Alertmanager once more, and takes no step."""
        query = "SELECT kind FROM timers WHERE incident_id = ?"
        return bool(self._outside.execute(query, (number,)).fetchone() == ("verify",))

    def kept(self) -> dict[int, Kept]:
        """Return every incident by its number."""
        alerts: dict[int, tuple[dict[str, Alert], dict[str, Alert]]] = {}
        firings: dict[int, set[tuple[str, str]]] = {}
        for number, fingerprint, start in self._outside.execute(
            "SELECT incident_id, fingerprint, started FROM firings"
        ):
            firings.setdefault(number, set()).add((fingerprint, start))
        for number, fingerprint, start, ended_at, refired_at, sources in self._outside.execute(
            "SELECT incident_id, fingerprint, started, ended_at, refired_at, sources FROM firings"
            " WHERE ended_at IS NULL OR refired_at IS NOT NULL"
        ):
            alerts_of_incident = alerts.setdefault(number, ({}, {}))[ended_at is not None and refired_at is not None]
            alert, earlier_alert = (
                Alert(started=start, clusters=_clusters(sources)),
                alerts_of_incident.get(fingerprint),
            )
            several = earlier_alert and Alert(started="several", clusters=alert.clusters | earlier_alert.clusters)
            alerts_of_incident[fingerprint] = several or alert
        return {
            row[0]: Kept(
                id=row[0],
                status=row[1],
                fires_on=row[1] == "resolved" and row[2] is not None,
                doubted=row[3] is not None,
                suppressed_by=row[4],
                paged_at=row[5],
                opened_at=row[6],
                truncated=row[7],
                group_labels=_labels(row[8]),
                left_out=tuple(_labels(json.dumps(group["group_labels"])) for group in json.loads(row[9])),
                firings=frozenset(firings.get(row[0], ())),
                open=alerts[row[0]][0] if row[0] in alerts else {},
                doubtful=alerts[row[0]][1] if row[0] in alerts else {},
            )
            for row in self._outside.execute(
                "SELECT id, status, firing_at, doubted_at, suppressed_by, paged_at, opened_at, truncated, group_labels,"
                " left_out FROM incidents"
            )
        }

    def last_line(self, number: int) -> str:
        """Return the last line of the incident's timeline."""
        query = "SELECT detail FROM timeline WHERE incident_id = ? ORDER BY id DESC LIMIT 1"
        return str(self._outside.execute(query, (number,)).fetchone()[0])

    def close(self) -> None:
        """Close the store."""
        self._outside.close()
        for service in self.services:
            service.close()


@lru_cache(maxsize=4_096)
def _clusters(sources: str) -> frozenset[str]:
    return frozenset(cluster_of(source["url"]) for source in json.loads(sources))


@lru_cache(maxsize=4_096)
def _labels(text: str) -> Mapping[str, str]:
    labels: dict[str, str] = json.loads(text)
    return labels
