"""A small example system, a boiler, for testing one rule at a time: its specification, its exporter and its alerts.

The acceptance tests of recovery and of missing metrics compile it with short times, so that a real Prometheus
(`servers.py`) needs seconds where the generated rules of a real system need minutes.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from compiler import conventions
from compiler.cli import main
from testbed import loopback
from testbed.patience import PATIENCE_SECONDS
from testbed.servers import Prometheus, await_one
from testbed.standin import Reply, Request, StandIn

SYSTEM: Final = "boiler"
LIMIT, RECOVERY = 10.0, 8.0
"""The pressure above which the alert fires, and the pressure below which it has recovered."""

_SPECIFICATION: Final = """\
version: 1

links:
  runbook: https://docs.example.com/{path}#{anchor}

escalation:
  standard:
    levels: [on-call]
    warning:  {respond: 4h,  announce: [slack], escalate: never}
    critical: {respond: 30m, announce: [slack], escalate: never}

levels:
  on-call: {title: On call, email: [on-call@example.com]}

teams:
  stokers: {title: Stokers}

routing:
  webhook: {url: http://tocsin:9095/v1/alertmanager, token_file: /etc/alertmanager/token}
  fallback: {team: stokers, escalation: standard}

signals:
  pressure:    {kind: gauge, unit: count, title: Pressure}
  temperature: {kind: gauge, unit: count, title: Temperature}
  draught:     {kind: gauge, unit: count, title: Draught}

systems:
  boiler:
    team: stokers
    runbook: runbooks/boiler.md
    escalation: standard
    selector: job="boiler"
    limits:
      pressure:        {critical: "> 10", recover: {critical: "< 8"}, for: HOLD, runbook: "#pressure"}
      temperature:     {warning: "> 90", critical: "> 110", for: HOLD, runbook: "#pressure"}
      draught:         {warning: "< 1", for: HOLD, runbook: "#pressure"}
      metrics_missing: {for: HOLD}
    metrics:
      pressure:    {gauge: boiler_pressure, per: vessel, over_time: off}
      temperature: {gauge: boiler_temperature, per: vessel, over_time: off}
      draught:     {gauge: chimney_draught, component: chimney, over_time: off, selector: job="chimney"}
"""

_RUNBOOK: Final = """\
# Boiler

## Alert thresholds

- Pressure: critical above 10.
- Temperature: warning above 90, critical above 110.
- Draught: warning below 1.

## Pressure

Open the valve.

## Metrics missing

Is the target up?
"""


class Exporter(StandIn):
    """Exports `samples`: values by series, written as in the text format; they may change at any time."""

    def __init__(self, samples: Mapping[str, float]) -> None:
        super().__init__()
        self.samples = dict(samples)

    @property
    def target(self) -> str:
        """The address at which Prometheus scrapes it, as `host:port`."""
        return self.url.removeprefix("http://")

    def reply(self, request: Request) -> Reply:
        """Return the samples in Prometheus' text format, version 0.0.4."""
        if request.path != "/metrics":
            return Reply(status=404, body="the metrics are at /metrics\n")
        text = "".join(f"{series} {value!r}\n" for series, value in self.samples.items())
        return Reply(status=200, body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def compile_boiler(folder: Path, *, for_seconds: str) -> Path:
    """Write the boiler's project into `folder` and return its rule file; `for_seconds` is the `for` of every alert."""
    (folder / "runbooks").mkdir(parents=True)
    (folder / "runbooks" / "boiler.md").write_text(_RUNBOOK)
    (folder / conventions.SPEC_PATH).write_text(_SPECIFICATION.replace("HOLD", for_seconds))
    with chdir(folder):
        result = CliRunner().invoke(main, ["compile"])
    if result.exit_code != 0:
        raise ValueError(f"the boiler does not compile:\n{result.stderr}")
    return folder / conventions.OUTPUT_PATH / conventions.rules_path(SYSTEM)


def firing(prometheus: Prometheus, **labels: str) -> list[dict[str, Any]]:
    """Return the alerts with these labels that fire now, as the HTTP API answers them."""
    return [
        alert
        for alert in prometheus.alerts()
        if alert["state"] == "firing" and labels.items() <= alert["labels"].items()
    ]


def await_firing(prometheus: Prometheus, **labels: str) -> dict[str, Any]:
    """Return the first alert with these labels that fires, now or within `PATIENCE_SECONDS`."""
    return await_one(lambda: firing(prometheus, **labels), lambda _: True, PATIENCE_SECONDS, f"an alert of {labels}")


def await_calm(prometheus: Prometheus, **labels: str) -> None:
    """Return once no alert with these labels fires; raises `NothingCameError` after `PATIENCE_SECONDS`."""
    await_one(
        lambda: [{"still": firing(prometheus, **labels)}],
        lambda answer: not answer["still"],
        PATIENCE_SECONDS,
        "the end of it",
    )


def await_evaluations(prometheus: Prometheus, times: int) -> None:
    """Return once every rule has been evaluated `times` more times; raises `NothingCameError` if it is not."""
    for _ in range(times):
        _await_evaluation(prometheus)


def reload(prometheus: Prometheus) -> None:
    """Make Prometheus read its configuration again; return once it uses it."""
    pid, before = prometheus.process.pid, _reloaded(prometheus)
    if pid is None:
        raise ProcessLookupError("Prometheus is not running")
    os.kill(pid, signal.SIGHUP)
    await_one(
        lambda: [{"at": _reloaded(prometheus)}],
        lambda answer: answer["at"] != before,
        PATIENCE_SECONDS,
        "another configuration",
    )


def _await_evaluation(prometheus: Prometheus) -> None:
    before = _evaluations(prometheus)
    await_one(
        lambda: [_evaluations(prometheus)],
        lambda now: all(now[rule] != at for rule, at in before.items()),
        PATIENCE_SECONDS,
        "an evaluation",
    )


def _evaluations(prometheus: Prometheus) -> dict[str, Any]:
    # The query tells rules of one name apart, such as those of two severities.
    return {f"{rule['name']} {rule['query']}": rule["lastEvaluation"] for rule in prometheus.rules()}


def _reloaded(prometheus: Prometheus) -> str:
    """Return the metric of Prometheus that says when it last read a configuration without an error."""
    metrics = loopback.get_text(f"{prometheus.url}/metrics").splitlines()
    (line,) = (line for line in metrics if line.startswith("prometheus_config_last_reload_success_timestamp_seconds "))
    return line
