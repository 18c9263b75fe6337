"""Measure how fast the webhook takes deliveries on SQLite, and compare it with a sink that only answers 200.

The sink is the same HTTP server without an application. The first comparison posts single alerts, each a group of its
own, over a few connections that stay open; a request counts once it is committed. The second posts a storm through a
real Alertmanager and measures the time until the last alert is delivered. Both servers run in turn within one run, so
that the ratios hold when the machine's speed drifts.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from testbed import loopback
from testbed.chaos import storm
from testbed.ports import LOOPBACK, free_port
from testbed.processes import Process
from testbed.servers import Alertmanager, find

REPOSITORY = Path(__file__).parents[1]
CATALOG = REPOSITORY / "generated" / "catalog.json"
RUNS = 3
REQUESTS = 300
CONNECTIONS = 4
SYNCS = 200
STORM_ALERTS = 5_000
STORM_GROUPS = 100
LONGEST_STORM_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that takes deliveries, and its name in the figures."""

    name: str
    command: tuple[str | Path, ...]


WEBHOOK = Server(
    name="webhook, SQLite", command=(sys.executable, "-c", "from webhook.cli import main; main()", "serve")
)
SINK = Server(name="sink, answers 200", command=(sys.executable, "-m", "benchmarks.sink"))


def main() -> None:
    """Print both comparisons."""
    _compare_singles()
    _compare_storm()


def _compare_singles() -> None:
    print(f"deliver: {REQUESTS} single alerts over {CONNECTIONS} connections, each committed, median of {RUNS} runs")
    rates: dict[str, list[float]] = {SINK.name: [], WEBHOOK.name: []}
    for run in range(RUNS):
        for server in (SINK, WEBHOOK):
            with _running(server) as url:
                rates[server.name].append(_rate(url, run))
    for name, figures in rates.items():
        print(f"  {name:20} {median(figures):7.0f} requests/s", flush=True)
    print(f"  this disk            {_syncs():7.0f} writes/s that wait for the disk; a delivery to one channel is three")
    print(f"  ratio                {median(_ratios(rates)):7.2f}")


def _compare_storm() -> None:
    print(f"storm: {STORM_ALERTS} alerts in {STORM_GROUPS} groups from a real Alertmanager until the last is delivered")
    servers = find("newest")
    if servers.missing:
        print("  Alertmanager of the newest generation is not here: no storm (run `make servers`)")
        return
    seconds: dict[str, list[float]] = {SINK.name: [], WEBHOOK.name: []}
    for _ in range(RUNS):
        for server in (SINK, WEBHOOK):
            with _running(server) as url, tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
                config = Path(folder) / "alertmanager.yml"
                config.write_text(storm.alertmanager_config([f"{url}/v1/alertmanager"], "none"))
                with Alertmanager(servers, Path(folder) / "am", config=config) as alertmanager:
                    seconds[server.name].append(_storm_seconds(alertmanager, url))
    for name, figures in seconds.items():
        print(f"  {name:20} {median(figures):7.2f} s", flush=True)
    print(f"  ratio                {median(_ratios(seconds)):7.2f}")


def _ratios(figures: dict[str, list[float]]) -> Iterator[float]:
    pairs = zip(figures[WEBHOOK.name], figures[SINK.name], strict=True)
    return (ours / theirs for ours, theirs in pairs)


@contextmanager
def _running(server: Server) -> Iterator[str]:
    """Start the server on an empty store and yield its address."""
    address = f"{LOOPBACK}:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(REPOSITORY),
            "TOCSIN_CATALOG": str(CATALOG),
            "TOCSIN_DATABASE_URL": f"sqlite:///{folder}/tocsin.db",
            "TOCSIN_LISTEN": address,
        }
        url = f"http://{address}"
        log = Path(folder) / "log"
        with Process(name=server.name, command=server.command, log=log, health_url=f"{url}/readyz", env=env):
            yield url


def _rate(url: str, run: int) -> float:
    """Return how many requests a second the server answered with 200."""
    bodies = [_delivery(f"{run}-{number}") for number in range(REQUESTS)]
    parts = [bodies[start::CONNECTIONS] for start in range(CONNECTIONS)]
    ready = threading.Barrier(CONNECTIONS + 1)
    with ThreadPoolExecutor(CONNECTIONS) as senders:
        futures = [senders.submit(_send, url, part, ready.wait) for part in parts]
        ready.wait()
        began = time.perf_counter()
        for future in futures:
            future.result()
        return REQUESTS / (time.perf_counter() - began)


def _syncs() -> float:
    """Return how many pages a second the disk can durably write, one after another."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(b"x" * 4_096)
            file.flush()
            os.fdatasync(file.fileno())
        return SYNCS / (time.perf_counter() - began)


def _send(url: str, bodies: list[bytes], wait: Callable[[], int]) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.connect()
    wait()
    for body in bodies:
        connection.request("POST", "/v1/alertmanager", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"answered {response.status}")
    connection.close()


def _storm_seconds(alertmanager: Alertmanager, url: str) -> float:
    """Return the seconds from the first alert posted until the server has taken the last one."""
    started = datetime.now(UTC).isoformat()
    alerts = [_alert(f"cell-{number % STORM_GROUPS}", number, started) for number in range(STORM_ALERTS)]
    began = time.perf_counter()
    for start in range(0, STORM_ALERTS, 500):
        alertmanager.post_alerts(alerts[start : start + 500])
    deadline = time.monotonic() + LONGEST_STORM_SECONDS
    while _count_alerts(url) < STORM_ALERTS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{_count_alerts(url)} of {STORM_ALERTS} alerts after {LONGEST_STORM_SECONDS:g} s")
        time.sleep(0.1)
    return time.perf_counter() - began


def _count_alerts(url: str) -> int:
    """Return how many alerts the server knows; 0 while Alertmanager occupies all its threads."""
    try:
        answer = loopback.get_json(f"{url}/v1/incidents?limit=200")
    except OSError:
        return 0
    return sum(incident["firing"] for incident in answer["incidents"])


def _alert(cell: str, number: int, started: str) -> dict[str, Any]:
    labels = {"alertname": "ApiPlatformErrorRatio", "severity": "critical", "cell": cell, "instance": f"i-{number}"}
    annotations = {"summary": "The error ratio is above 5%.", "description": "x" * 200}
    return {"labels": labels, "annotations": annotations, "startsAt": started, "generatorURL": "http://prometheus/x"}


def _delivery(cell: str) -> bytes:
    alert = _alert(cell, 0, "2026-11-22T12:00:00Z")
    alert |= {"status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "f" * 16}
    group = {"alertname": "ApiPlatformErrorRatio", "cell": cell}
    return json.dumps(
        {
            "version": "4",
            "groupKey": f"{{}}:{json.dumps(group)}",
            "status": "firing",
            "receiver": "tocsin",
            "groupLabels": group,
            "commonLabels": group,
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.com",
            "truncatedAlerts": 0,
            "alerts": [alert],
        }
    ).encode()
