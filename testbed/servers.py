"""Find both supported generations of the real servers, and start Prometheus and Alertmanager of either on loopback.

`install-servers` installs the generations; `processes.py` runs them. A server keeps its data and its log in the folder
that it is given. `scaling.py` writes the configuration, `pipeline.py` joins the servers.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args
from urllib.parse import urlencode

from testbed import loopback
from testbed.patience import PATIENCE_SECONDS, POLL_SECONDS
from testbed.ports import LOOPBACK, free_port
from testbed.processes import Process
from testbed.standin import NothingCameError

Generation = Literal["oldest", "newest"]
GENERATIONS: tuple[Generation, ...] = get_args(Generation)

SERVERS_FOLDER = Path(__file__).resolve().parent.parent / ".servers"
REQUIRED = ("prometheus", "promtool", "alertmanager", "amtool")

# How often Prometheus scrapes and evaluates, in seconds; `scaling.py` derives its floors from it.
SCRAPE_SECONDS = 1
# Prometheus tells Alertmanager of a firing alert again after this time, so that a restarted Alertmanager learns of it.
RESEND_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The servers of one generation."""

    generation: Generation
    folder: Path

    def tool(self, name: str) -> Path:
        """Return the path of `name`, such as `promtool`; it need not exist."""
        return self.folder / "bin" / name

    @property
    def missing(self) -> tuple[str, ...]:
        """The required programs that are not there."""
        return tuple(name for name in REQUIRED if not self.tool(name).exists())


def find(generation: Generation, folder: Path = SERVERS_FOLDER) -> Servers:
    """Return the servers of `generation`, as `install-servers` laid them out; look at `missing` before use."""
    return Servers(generation=generation, folder=folder / generation)


PROMETHEUS_CONFIG = "prometheus.yml"


def configure(folder: Path, *, targets: Mapping[str, Sequence[str]]) -> None:
    """Write other targets, by job name, for the Prometheus of `folder`; it reads them when it is told to reload."""
    file = folder / PROMETHEUS_CONFIG
    config = json.loads(file.read_text())
    config["scrape_configs"] = _prometheus_config(targets, (), None)["scrape_configs"]
    file.write_text(json.dumps(config, indent=1))


class Prometheus:
    """A Prometheus that scrapes `targets` (job name to `host:port`), evaluates `rules` and tells `alertmanager`."""

    def __init__(
        self,
        servers: Servers,
        folder: Path,
        *,
        targets: Mapping[str, Sequence[str]],
        rules: Sequence[Path] = (),
        alertmanager: str | None = None,
    ) -> None:
        address = f"{LOOPBACK}:{free_port()}"
        self.url = f"http://{address}"
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / PROMETHEUS_CONFIG
        config.write_text(json.dumps(_prometheus_config(targets, rules, alertmanager), indent=1))
        command: list[str | Path] = [
            servers.tool("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            f"--web.external-url={self.url}",
            f"--rules.alert.resend-delay={RESEND_SECONDS}s",
        ]
        name = f"Prometheus ({servers.generation})"
        log = folder / "prometheus.log"
        self.process = Process(name=name, command=command, log=log, health_url=f"{self.url}/-/ready")

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the instant vector of `expr`, as the HTTP API answers it."""
        answer = loopback.get_json(f"{self.url}/api/v1/query?{urlencode({'query': expr})}")
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def alerts(self) -> list[dict[str, Any]]:
        """Return the pending and firing alerts, as the HTTP API answers them."""
        alerts: list[dict[str, Any]] = loopback.get_json(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return alerts

    def rules(self) -> list[dict[str, Any]]:
        """Return every loaded rule, as the HTTP API answers it."""
        groups = loopback.get_json(f"{self.url}/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def await_alert(
        self, predicate: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Return the first pending or firing alert for which `predicate` holds, now or within `seconds`."""
        return await_one(self.alerts, predicate, seconds, "an alert in Prometheus")

    def await_metric(self, expr: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Return the first sample that `expr` has, now or within `seconds`."""
        return await_one(lambda: self.query(expr), lambda _sample: True, seconds, f"a sample of `{expr}`")

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.process.stop()


class Alertmanager:
    """An Alertmanager with the configuration file `config`, alone or in a cluster.

    `cluster` holds its own cluster address first, then the addresses of its peers.
    """

    def __init__(self, servers: Servers, folder: Path, *, config: Path, cluster: Sequence[str] = ()) -> None:
        self.data = folder / "data"
        own, *peers = [*cluster] or [""]
        self.address = f"{LOOPBACK}:{free_port()}"
        self.url = f"http://{self.address}"
        folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [
            servers.tool("alertmanager"),
            f"--config.file={config}",
            f"--storage.path={self.data}",
            f"--web.listen-address={self.address}",
            f"--web.external-url={self.url}",
            f"--cluster.listen-address={own}",
        ]
        if own:
            # Use short times, so that Alertmanager notices within a test that a peer is gone or back.
            command += [f"--cluster.advertise-address={own}", "--cluster.peer-timeout=2s"]
            command += ["--cluster.pushpull-interval=5s", "--cluster.settle-timeout=3s"]
        self._alone, self._joined = command, [*command, *(f"--cluster.peer={peer}" for peer in peers)]
        name = f"Alertmanager ({servers.generation})"
        log = folder / "alertmanager.log"
        self.process = Process(name=name, command=self._joined, log=log, health_url=f"{self.url}/-/ready")

    def leave(self, *, alone: bool) -> None:
        """Start without peers next time, or with all of them again."""
        self.process.command = self._alone if alone else self._joined

    def reload(self) -> None:
        """Make it read its configuration again; raises `OSError` if it refuses the configuration."""
        status, answer = loopback.post_json(f"{self.url}/-/reload", {})
        if status != 200:
            raise OSError(f"Alertmanager refused its configuration with {status}: {answer}")

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that it knows, also silenced and inhibited ones, as the HTTP API (v2) answers them."""
        alerts: list[dict[str, Any]] = loopback.get_json(f"{self.url}/api/v2/alerts")
        return alerts

    def post_alerts(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Post `alerts` as Prometheus would; raises `OSError` if it refuses them."""
        status, answer = loopback.post_json(f"{self.url}/api/v2/alerts", list(alerts))
        if status != 200:
            raise OSError(f"Alertmanager refused the alerts with {status}: {answer}")

    def await_alert(
        self, predicate: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Return the first alert for which `predicate` holds, now or within `seconds`."""
        return await_one(self.alerts, predicate, seconds, "an alert in Alertmanager")

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.process.stop()


def await_one(
    look: Callable[[], list[dict[str, Any]]], predicate: Callable[[dict[str, Any]], bool], seconds: float, awaited: str
) -> dict[str, Any]:
    """Call `look` again and again, and return the first item of its answers for which `predicate` holds.

    Raises `NothingCameError` after `seconds`, with the last answer.
    """
    deadline = time.monotonic() + seconds
    answer: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        with suppress(OSError):
            answer = look()
        for item in answer:
            if predicate(item):
                return item
        time.sleep(POLL_SECONDS)
    raise NothingCameError(f"{awaited} did not come within {seconds:g} s; the last answer was {answer}")


def _prometheus_config(
    targets: Mapping[str, Sequence[str]], rules: Sequence[Path], alertmanager: str | None
) -> dict[str, Any]:
    """Return the configuration, to be written as JSON: that is YAML whose strings cannot be taken for other types."""
    jobs = [{"job_name": job, "static_configs": [{"targets": list(hosts)}]} for job, hosts in targets.items()]
    config: dict[str, Any] = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": jobs,
    }
    if alertmanager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return config
