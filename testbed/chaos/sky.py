"""Run the Alertmanagers of a storm with weather: a cluster of two, a cluster of one, and a proxy before each.

`weather` changes them. `run` builds them, and this module posts firing alerts again and again as Prometheus does. The
webhook asks the Alertmanagers through `windows`. The second peer of the cluster of two posts to it through `late`.
"""

import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from testbed.chaos import storm
from testbed.chaos.between import Between
from testbed.chaos.replica import Replica
from testbed.ports import LOOPBACK, free_port
from testbed.servers import Alertmanager, Servers

RESEND_SECONDS = 5.0
TOLD_ENDED_SECONDS = 120.0
"""How long Prometheus goes on telling that an alert ended: fifteen minutes, scaled down."""
OTHER = 5
"""One group in `OTHER` belongs to the other cluster."""

Alert = dict[str, Any]


@dataclass
class Posted:
    """When an alert was posted as firing and as ended, in seconds of this machine's clock; None while it fires."""

    fired_at: float
    ended_at: float | None = None


@dataclass
class Sky:
    """The Alertmanagers that the webhooks depend on, for the time of a `with` block."""

    servers: Servers
    folder: Path
    token: str
    seed: int
    say: Callable[[str], None]
    replicas: list[Replica] = field(default_factory=list)
    clocks: list[Path] = field(default_factory=list)
    """The files that say how far each replica's clock is ahead."""
    first: Alertmanager = field(init=False)
    second: Alertmanager = field(init=False)
    other: Alertmanager = field(init=False)
    windows: dict[str, Between] = field(default_factory=dict)
    late: list[Between] = field(default_factory=list)
    is_muted: bool = False
    posted: dict[tuple[str, str], list[Posted]] = field(default_factory=dict)
    """Each firing, by cell and instance."""
    offsets: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    """For a single replica: each time at which its clock was set, and how many seconds ahead it was from then on."""
    mistaken_resolves: set[int] = field(default_factory=set)
    """The incidents that a person resolved by mistake."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  made to be repeatable
        self._known: dict[str, tuple[Alert, float | None]] = {}
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        gossip = [f"{LOOPBACK}:{free_port()}" for _ in range(2)]
        self.configs = {name: self.folder / f"{name}.yml" for name in ("first", "second", "other")}
        for config in self.configs.values():
            config.write_text(json.dumps({"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}))
        with ExitStack() as stack:
            alertmanagers: dict[str, Alertmanager] = {}
            for name, cluster in (("first", gossip), ("second", gossip[::-1]), ("other", [])):
                alertmanagers[name] = Alertmanager(
                    self.servers, self.folder / name, config=self.configs[name], cluster=tuple(cluster)
                )
                self.windows[name] = stack.enter_context(Between(alertmanagers[name].url))
            self.first, self.second, self.other = (
                alertmanagers["first"],
                alertmanagers["second"],
                alertmanagers["other"],
            )
            self._stack = stack.pop_all()
        entries = [
            {"name": name, "url": self.windows[name].url, "external_urls": urls}
            for name, urls in (
                ("first", [self.first.url, self.second.url]),
                ("second", [self.first.url, self.second.url]),
                ("other", [self.other.url]),
            )
        ]
        self.file.write_text(json.dumps({"alertmanagers": entries}))
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopping.set()
        self._stack.close()

    @property
    def file(self) -> Path:
        """The file that names the Alertmanagers to the webhook."""
        return self.folder / "alertmanagers.yaml"

    def start(self) -> None:
        """Start the Alertmanagers, which post to the replicas."""
        urls = [f"{replica.url}/v1/alertmanager" for replica in self.replicas]
        self.late = [self._stack.enter_context(Between(replica.url)) for replica in self.replicas]
        self._urls = {
            "first": urls,
            "second": [f"{between.url}/v1/alertmanager" for between in self.late],
            "other": urls,
        }
        self.configure()
        for alertmanager in (self.first, self.second, self.other):
            self._stack.enter_context(alertmanager)
        for watchdog in storm.WATCHDOGS:
            self._known[_key(watchdog)] = {**watchdog, "startsAt": datetime.now(UTC).isoformat()}, None
        threading.Thread(target=self._resend, daemon=True).start()

    def configure(self) -> None:
        """Write the present configurations, and make the servers that run read them."""
        for name, config in self.configs.items():
            config.write_text(storm.alertmanager_config(self._urls[name], self.token, muted=self.is_muted))
        for alertmanager in (self.first, self.second, self.other):
            with suppress(OSError):
                alertmanager.reload()

    def post_alerts(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Post the alerts that changed, once to each server of their cluster, and remember them."""
        with self._turn:
            now = time.time()
            self._send([self._changed(dict(alert), now) for alert in alerts])

    def _changed(self, alert: Alert, now: float) -> Alert:
        """Return the alert with the times that Prometheus would post: an end is the present time."""
        ended = "endsAt" in alert
        firings = self.posted.setdefault((alert["labels"]["cell"], alert["labels"]["instance"]), [])
        if ended:
            alert["endsAt"] = datetime.fromtimestamp(now, UTC).isoformat()
        if ended and firings and firings[-1].ended_at is None:
            firings[-1].ended_at = now
        elif not ended and (not firings or firings[-1].ended_at is not None):
            firings.append(Posted(fired_at=now))
            alert["startsAt"] = datetime.fromtimestamp(now, UTC).isoformat()
        elif not ended:
            alert["startsAt"] = self._known[_key(alert)][0]["startsAt"]
        self._known[_key(alert)] = alert, now if ended else None
        return alert

    def set_clock(self, number: int, seconds: float) -> None:
        """Set the clock of a replica `seconds` ahead."""
        self.clocks[number].write_text(f"{seconds}\n")

    def empty(self, alertmanager: Alertmanager) -> None:
        """Restart the Alertmanager without its data."""
        alertmanager.process.kill()
        shutil.rmtree(alertmanager.data, ignore_errors=True)
        alertmanager.process.start()

    def _resend(self) -> None:
        while not self._stopping.wait(RESEND_SECONDS):
            with self._turn:
                now = time.time()
                known = self._known.values()
                self._send([alert for alert, ended in known if ended is None or now - ended < TOLD_ENDED_SECONDS])

    def _send(self, alerts: list[Alert]) -> None:
        alerts_of_other = [alert for alert in alerts if is_others(alert["labels"].get("cell", ""))]
        alerts_of_peers = [alert for alert in alerts if not is_others(alert["labels"].get("cell", ""))]
        for alertmanager, batch in (
            (self.first, alerts_of_peers),
            (self.second, alerts_of_peers),
            (self.other, alerts_of_other),
        ):
            if batch:
                with suppress(OSError):
                    alertmanager.post_alerts(batch)


def _key(alert: Mapping[str, Any]) -> str:
    return json.dumps(alert["labels"], sort_keys=True)


def is_others(cell: str) -> bool:
    """Return whether the cell belongs to the other cluster."""
    return cell.startswith("cell-") and int(cell.removeprefix("cell-")) % OTHER == 0
