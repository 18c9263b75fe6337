"""Run the whole pipeline on this machine: example service, Prometheus, Alertmanager, webhook and stand-in receivers.

Acceptance tests and `demo.py` play a scenario on it. All parts are scaled in time (`scaling.py`), keep their files in
one folder, listen on loopback and stop at the end of the `with` block.
"""

import os
import secrets
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from testbed import scaling
from testbed.pagerduty import Incident, PagerDuty
from testbed.pagerduty_limits import ROUTING_KEY_CHARACTERS
from testbed.patience import PATIENCE_SECONDS
from testbed.ports import LOOPBACK, free_port
from testbed.processes import Process
from testbed.scenario import Scenario
from testbed.servers import Alertmanager, Prometheus, Servers
from testbed.service import Service
from testbed.slack import Message, Slack
from testbed.smtp import Mail, Mailbox

# The jobs under which Prometheus scrapes the pipeline's own parts.
WEBHOOK_JOB = "tocsin-webhook"
ALERTMANAGER_JOB = "alertmanager"


def webhook_command() -> tuple[str | Path, ...]:
    """Return the command that serves the webhook, from the environment that this Python belongs to."""
    return (Path(sys.executable).with_name("tocsin-webhook"), "serve")


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secrets of one pipeline, made anew for each; only its parts know them."""

    token: str = field(default_factory=lambda: secrets.token_hex(16))
    routing_key: str = field(default_factory=lambda: secrets.token_hex(ROUTING_KEY_CHARACTERS // 2))
    slack_bot_token: str = field(default_factory=lambda: f"xoxb-{secrets.token_hex(16)}")
    signing: str = field(default_factory=lambda: secrets.token_hex(16))


class Pipeline:
    """The parts of the pipeline, each an attribute, for the time of a `with` block.

    `generated` is a compiled configuration; Prometheus loads the rules of `systems`. If `systems` is None, it loads
    only the rules of the scenario's system and signal: the one service does not export the metrics of other signals.
    `webhook` is the command that serves the webhook.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        servers: Servers,
        generated: Path,
        scenario: Scenario,
        folder: Path,
        systems: Collection[str] | None = None,
        factor: int = scaling.DEFAULT_FACTOR,
        webhook: Sequence[str | Path] | None = None,
    ) -> None:
        self.servers = servers
        self.generated = generated.resolve()
        self.scenario = scenario
        self.folder = folder
        self.factor = factor
        self.secrets = Secrets()
        self.service = Service(scenario.healthy)
        self.slack = Slack(self.secrets.slack_bot_token)
        self.pagerduty = PagerDuty(self.secrets.routing_key)
        self.mailbox = Mailbox()
        self.webhook_url = f"http://{LOOPBACK}:{free_port()}"
        self._systems = {scenario.system} if systems is None else systems
        self._webhook_command = webhook_command() if webhook is None else webhook
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for standin in (self.service, self.slack, self.pagerduty, self.mailbox):
                stack.enter_context(standin)
            scaled = self._scale()
            self.alertmanager = Alertmanager(self.servers, self.folder / "am", config=scaled.alertmanager)
            self.webhook = self._webhook()
            self.prometheus = Prometheus(
                self.servers,
                self.folder / "prom",
                targets={
                    self.scenario.job: [self.service.target],
                    WEBHOOK_JOB: [self.webhook_url.removeprefix("http://")],
                    ALERTMANAGER_JOB: [self.alertmanager.address],
                },
                rules=scaled.rules,
                alertmanager=self.alertmanager.address,
            )
            for process in (self.webhook, self.alertmanager, self.prometheus):
                stack.enter_context(process)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def break_service(self) -> None:
        """Let the service behave as the scenario's `broken` says."""
        self.service.change(self.scenario.broken)

    def mend_service(self) -> None:
        """Let the service behave as the scenario's `healthy` says."""
        self.service.change(self.scenario.healthy)

    def stop_webhook(self) -> None:
        """Stop only the webhook; its store stays."""
        self.webhook.stop()

    def start_webhook(self) -> None:
        """Start the webhook again, on the same address and store."""
        self.webhook.start()

    def await_slack(self, predicate: Callable[[Message], bool], seconds: float = PATIENCE_SECONDS) -> Message:
        """Return the first Slack message, as it stands, for which `predicate` holds, now or within `seconds`."""
        return self.slack.await_message(predicate, seconds)

    def await_pagerduty(self, predicate: Callable[[Incident], bool], seconds: float = PATIENCE_SECONDS) -> Incident:
        """Return the first PagerDuty incident for which `predicate` holds, now or within `seconds`."""
        return self.pagerduty.await_incident(predicate, seconds)

    def await_mail(self, predicate: Callable[[Mail], bool], seconds: float = PATIENCE_SECONDS) -> Mail:
        """Return the first e-mail for which `predicate` holds, now or within `seconds`."""
        return self.mailbox.await_mail(predicate, seconds)

    def logs(self) -> str:
        """Return the end of every server's log, for the report of a failure."""
        processes = (self.webhook, self.alertmanager.process, self.prometheus.process)
        return "\n".join(f"--- {process.name}\n{process.log_tail()}" for process in processes)

    def _scale(self) -> scaling.Scaled:
        return scaling.scale_generated(
            self.generated,
            self.folder / "config",
            endpoints=scaling.Endpoints(
                webhook=f"{self.webhook_url}/v1/alertmanager",
                pagerduty=self.pagerduty.events_url,
                smarthost=self.mailbox.smarthost,
            ),
            secrets={"credentials_file": self.secrets.token, "routing_key_file": self.secrets.routing_key},
            systems=self._systems,
            signal=self.scenario.signal if self._systems == {self.scenario.system} else None,
            factor=self.factor,
        )

    def _webhook(self) -> Process:
        env = {
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "TOCSIN_ALERTMANAGER_URL": self.alertmanager.url,
            "TOCSIN_CATALOG": str(self.generated / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{self.folder / 'tocsin.db'}",
            "TOCSIN_LISTEN": self.webhook_url.removeprefix("http://"),
            "TOCSIN_PAGERDUTY_EVENTS_URL": self.pagerduty.url,
            "TOCSIN_PAGERDUTY_ROUTING_KEY": self.secrets.routing_key,
            "TOCSIN_PUBLIC_URL": self.webhook_url,
            "TOCSIN_SLACK_API_URL": self.slack.api_url,
            "TOCSIN_SLACK_BOT_TOKEN": self.secrets.slack_bot_token,
            "TOCSIN_SLACK_SIGNING_SECRET": self.secrets.signing,
            "TOCSIN_SMTP_URL": f"{self.mailbox.url}?from=tocsin@example.com",
            "TOCSIN_TOKEN": self.secrets.token,
        }
        ready = f"{self.webhook_url}/readyz"
        log = self.folder / "webhook.log"
        return Process(name="webhook", command=self._webhook_command, log=log, health_url=ready, env=env)
