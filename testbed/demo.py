"""`make demo`: break an example service, show the page that a person would get, mend the service, show the resolve.

Prometheus, Alertmanager and the webhook are real and run with the generated configuration, only faster (`scaling.py`);
the service and the receivers are stand-ins. `demo.yaml` says what the service exports; the catalogue holds the alert.
Exit status 0; 1 with the reason if something does not come; 130 after a Ctrl-C.
"""

import json
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed import box
from testbed.durations import ScalingError
from testbed.pagerduty import Incident
from testbed.pipeline import Pipeline
from testbed.processes import StartError
from testbed.scenario import Scenario, read_scenario
from testbed.servers import GENERATIONS, Servers, find
from testbed.slack import Message
from testbed.standin import NothingCameError

GENERATED = Path("generated")
# How many lines to show of the page and the e-mail; Slack shows the same in full.
SHOWN_LINES = 16
# The exit status of an interrupted program, as shells report it.
INTERRUPTED = 130


class DemoError(RuntimeError):
    """The demonstration cannot be given; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Narrator:
    """Prints the story to standard output, each step with the seconds since the start."""

    started: float = field(default_factory=time.monotonic)

    def step(self, text: str) -> None:
        """Print one step of the story."""
        clock = f"[{time.monotonic() - self.started:3.0f} s] "
        print("\n" + textwrap.fill(clock + text, box.WIDTH, subsequent_indent=" " * len(clock)), flush=True)

    def show(self, view: str) -> None:
        """Print what a person sees."""
        print(view, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Give the demonstration; return the exit status."""
    if arguments:
        print("usage: python -m testbed.demo", file=sys.stderr)
        return 1
    # A plain SIGTERM would leave the servers behind.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        scenario = read_scenario()
        alert = find_alert(_read_catalog(GENERATED / "catalog.json"), scenario)
        servers = _servers()
        with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
            play(Pipeline(servers=servers, generated=GENERATED, scenario=scenario, folder=Path(folder)), alert)
    except (DemoError, NothingCameError, ScalingError, StartError) as error:
        print(f"\nthe demonstration failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; everything is stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


def find_alert(catalog: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return the catalogue's alert that the scenario should raise; raises `DemoError` if there is none."""
    sought = {"system": scenario.system, "signal": scenario.signal, "severity": scenario.severity}
    for alert in catalog["alerts"]:
        if sought.items() <= alert.items():
            return dict(alert, tier=catalog["policies"][alert["policy"]]["severities"][alert["severity"]])
    raise DemoError(f"the catalogue has no alert of {scenario.system}, {scenario.signal}, {scenario.severity}")


def play(pipeline: Pipeline, alert: dict[str, Any]) -> None:
    """Start the pipeline, tell the story and stop everything; raises `DemoError` if something did not come.

    `alert` is an alert of the catalogue with its `tier`, as `find_alert` returns it.
    """
    narrator = Narrator()
    narrator.step(
        f"Starting an example {pipeline.scenario.system} service, Prometheus, Alertmanager and the webhook "
        f"on this machine. What takes {pipeline.factor} s in earnest takes 1 s here."
    )
    with pipeline:
        try:
            _tell(narrator, pipeline, alert)
        except NothingCameError as error:
            raise DemoError(f"{error}\n{pipeline.logs()}") from error
    narrator.step("Everything is stopped.")


def _tell(narrator: Narrator, pipeline: Pipeline, alert: dict[str, Any]) -> None:
    pipeline.prometheus.await_metric(pipeline.scenario.healthy[0].metric)
    narrator.step(f"The service is well. Its limit for {alert['title'].lower()} is {alert['limit']}{_source(alert)}.")
    pipeline.break_service()
    narrator.step(pipeline.scenario.story)
    _await_state(pipeline, alert, "pending")
    narrator.step(f"Prometheus sees it. The alert waits {_minutes(alert['for_seconds'])}, scaled, before it fires.")
    _await_state(pipeline, alert, "firing")
    narrator.step(f"{alert['alert']} fires. Alertmanager delivers it to the webhook, and pages on its own as well.")
    message = pipeline.await_slack(lambda message: is_about(message, alert))
    narrator.step("This is what the team sees in Slack:")
    narrator.show(message.draw())
    _show_page(narrator, pipeline, alert)
    pipeline.mend_service()
    narrator.step("The service is mended.")
    resolved = pipeline.await_pagerduty(lambda incident: _is_page(incident, alert) and incident.status == "resolved")
    edited = pipeline.await_slack(
        lambda candidate: candidate.ts == message.ts and "resolved" in candidate.words.lower()
    )
    narrator.step("The same Slack message now says so, and the page is resolved:")
    narrator.show(edited.draw())
    narrator.show(resolved.draw(most=0))


def _show_page(narrator: Narrator, pipeline: Pipeline, alert: dict[str, Any]) -> None:
    """Show the page and the e-mail, as far as the alert's tier sends them."""
    incident = pipeline.await_pagerduty(lambda incident: _is_page(incident, alert) and len(_senders(incident)) > 1)
    narrator.step(f"This is the page: one, although {' and '.join(sorted(_senders(incident)))} both sent it.")
    narrator.show(incident.draw(most=SHOWN_LINES))
    if "email" in alert["tier"]["notify"]:
        mail = pipeline.await_mail(lambda mail: alert["runbook"]["title"] in mail.text)
        narrator.step("And this is the e-mail:")
        narrator.show(mail.draw(most=SHOWN_LINES))


def is_about(message: Message, alert: dict[str, Any]) -> bool:
    """Return whether a Slack message is about `alert`: it has its severity and its runbook section."""
    return alert["severity"] in message.words.lower() and alert["runbook"]["title"] in message.words


def _is_page(incident: Incident, alert: dict[str, Any]) -> bool:
    return any(alert["runbook"]["title"] in json.dumps(event.body, ensure_ascii=False) for event in incident.events)


def _senders(incident: Incident) -> set[str]:
    return {event.came_from for event in incident.events}


def _await_state(pipeline: Pipeline, alert: dict[str, Any], state: str) -> None:
    labels = {"alertname": alert["alert"], "severity": alert["severity"]}
    # An alert without a `for` is never pending.
    states = {state, "firing"}
    pipeline.prometheus.await_alert(
        lambda active: labels.items() <= active["labels"].items() and active["state"] in states, 60
    )


def _source(alert: dict[str, Any]) -> str:
    documented = alert["documented"]
    return f" ({documented['path']}, line {documented['line']})" if documented else " (the house default)"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _read_catalog(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise DemoError(f"there is no {path}: run `make rules`")
    catalog: dict[str, Any] = json.loads(path.read_text())
    return catalog


def _servers() -> Servers:
    complete = [servers for servers in map(find, reversed(GENERATIONS)) if not servers.missing]
    if not complete:
        raise DemoError("Prometheus and Alertmanager are not here: run `make servers`, or install them")
    return complete[0]


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
