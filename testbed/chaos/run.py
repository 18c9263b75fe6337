"""Play the storm: a real Alertmanager posts, receivers misbehave, webhooks are killed. Then wait, and judge.

A seed chooses the disruptions of the webhooks and their moments while the alerts are posted. With one replica the store
is SQLite. With several it is PostgreSQL: one replica is killed for good, one is paused past its lease, and the database
crashes and later is away for some seconds.
"""

import json
import random
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from testbed import loopback
from testbed.chaos import ends, faults, storm, verdict, weather
from testbed.chaos.replica import REPOSITORY, Replica
from testbed.chaos.serve import CLOCK, LEASE_SECONDS, WEATHER
from testbed.chaos.sky import Sky
from testbed.pagerduty import PagerDuty
from testbed.postgresql import PostgreSQL
from testbed.servers import Alertmanager, Servers
from testbed.slack import Slack
from testbed.smtp import Mailbox

CATALOG = REPOSITORY / "generated" / "catalog.json"
DATABASE_AWAY_SECONDS = 4.0
LONGEST_QUIET_SECONDS = 180.0
QUIET_POLL_SECONDS = 1.0
OWN = "Tocsin: Watchdog silent"
"""The title of the incident that Tocsin raises itself, because the storm posts no Watchdog."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the storm is, how often the webhook is killed, and the average seconds between kills (`pace`)."""

    alerts: int = 2_000
    groups: int = 200
    kills: int = 20
    replicas: int = 1
    pace: float = 6.0
    seed: int = 1
    weather: str = ""
    """Names of kinds of weather, separated by commas; `all` means all kinds."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The chosen kinds of weather, in order; raises ValueError for an unknown kind."""
        names = tuple(weather.KINDS) if self.weather == "all" else tuple(filter(None, self.weather.split(",")))
        unknown = [name for name in names if name not in weather.KINDS]
        if unknown:
            raise ValueError(f"no weather is called {', '.join(unknown)}; there are {', '.join(weather.KINDS)}")
        return names


@dataclass(frozen=True, kw_only=True)
class Disruption:
    """Something done to the webhooks; `cuts` is how many sends it may cut off after the message has gone out."""

    report: str
    act: Callable[[], None]
    cuts: int = 1


class Chaos:
    """All servers, receivers and webhooks of the storm, for the time of a `with` block."""

    def __init__(self, plan: Plan, servers: Servers, folder: Path, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.catalog: dict[str, Any] = json.loads(CATALOG.read_text())
        self.slack = Slack("xoxb-" + secrets.token_hex(16))
        self.pagerduty = PagerDuty(secrets.token_hex(16))
        self.mailbox = Mailbox()
        self.faults = faults.Faults(plan.seed)
        self.disruptions = 0
        self._servers = servers
        self._folder = folder
        self._say = say
        self._chance = random.Random(plan.seed)  # noqa: S311 - made to be repeatable
        self._token = secrets.token_hex(16)
        self._postgresql = PostgreSQL() if plan.replicas > 1 else None
        self._stack = ExitStack()
        self._sky: Sky | None = None
        self.weather_events: list[str] = []
        """A sentence for each thing that the weather did."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that authorise a request to the webhook."""
        return {"Authorization": f"Bearer {self._token}"}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for standin in (self.slack, self.pagerduty, self.mailbox):
                stack.enter_context(standin)
            if self._postgresql is not None:
                stack.enter_context(self._postgresql)
            settings = self._settings()
            if self.plan.kinds:
                self._sky = Sky(self._servers, self._folder, self._token, self.plan.seed, self._say)
                stack.enter_context(self._sky)
                settings |= self._settings_under(self._sky)
            self.replicas = [self._replica(number, settings) for number in range(self.plan.replicas)]
            for replica in self.replicas:
                stack.enter_context(replica.process)
            self.post_alerts = self._open_sky(self._sky) if self._sky else self._start_lone_alertmanager(stack)
            self._stack = stack.pop_all()
        self.slack.chance = self.faults.of(faults.SLACK)
        self.pagerduty.chance = self.faults.of(faults.PAGERDUTY)
        self.mailbox.chance = self.faults.of(faults.MAIL)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def play(self) -> verdict.Verdict:
        """Play the storm and return the verdict."""
        plan = self.plan
        posted_storm = storm.build(self.catalog, groups=plan.groups, alerts=plan.alerts, seed=plan.seed)
        with ThreadPoolExecutor(2) as executor:
            alerts_done = executor.submit(self._post, posted_storm, plan.kills * plan.pace)
            weather_done = executor.submit(self._play_weather, plan.kills * plan.pace)
            for disruption in self._disruptions():
                time.sleep(self._chance.uniform(0.1, 2 * plan.pace))
                self._revive()
                disruption.act()
                self.disruptions += disruption.cuts
                self._say(f"  {disruption.report}")
            alerts_done.result()
            weather_done.result()
        self._say(f"  the storm is over, after {self.faults.count} failures of receivers; quiet now")
        self.faults.stop()
        url = self._settle(posted_storm)
        return self._judge(posted_storm, url)

    def _judge(self, posted_storm: storm.Storm, url: str) -> verdict.Verdict:
        receivers = verdict.Receivers(slack=self.slack, pagerduty=self.pagerduty, mailbox=self.mailbox)
        incidents = self._incidents_at_rest(url)
        logs = "\n".join(replica.log.read_text(errors="replace") for replica in self.replicas)
        judged = verdict.judge(
            posted_storm, self.catalog, incidents, receivers, disruptions=self.disruptions, logs=logs
        )
        if self._sky is None:
            return judged
        counts = {**judged.counts, **dict.fromkeys((f"weather: {event}" for event in self.weather_events), 1)}
        return verdict.Verdict(findings=(*judged.findings, *ends.findings(incidents, self._sky)), counts=counts)

    def _incidents_at_rest(self, url: str) -> list[dict[str, Any]]:
        """Return every incident at a moment when no message waits: firing incidents escalate again and again."""
        deadline = time.monotonic() + LONGEST_QUIET_SECONDS
        while True:
            incidents = verdict.incidents(url, self.headers)
            waits = any(row["state"] == "waiting" for incident in incidents for row in incident["notifications"])
            if self._sky is None or not waits or time.monotonic() > deadline:
                return incidents
            time.sleep(QUIET_POLL_SECONDS)

    def _replica(self, number: int, settings: dict[str, str]) -> Replica:
        own_settings = {}
        if self._sky is not None:
            clock = self._folder / f"clock-{number}"
            clock.write_text("0\n")
            self._sky.clocks.append(clock)
            own_settings = {CLOCK: str(clock), WEATHER: "1"}
        return Replica(f"webhook-{number}", self._folder, settings | own_settings)

    def _settings_under(self, sky: Sky) -> dict[str, str]:
        """Return the additional settings of a webhook under this sky."""
        catalog = self._folder / "catalog.json"
        self.catalog = faster(self.catalog)
        catalog.write_text(json.dumps(self.catalog))
        shutil.copy(CATALOG.with_name("catalog.schema.json"), self._folder)
        return {"TOCSIN_ALERTMANAGERS": str(sky.file), "TOCSIN_CATALOG": str(catalog)}

    def _open_sky(self, sky: Sky) -> Callable[[storm.Batch], None]:
        sky.replicas = self.replicas
        sky.start()
        return sky.post_alerts

    def _start_lone_alertmanager(self, stack: ExitStack) -> Callable[[storm.Batch], None]:
        config = self._folder / "alertmanager.yml"
        urls = [f"{replica.url}/v1/alertmanager" for replica in self.replicas]
        config.write_text(storm.alertmanager_config(urls, self._token))
        alertmanager = Alertmanager(self._servers, self._folder / "am", config=config)
        stack.enter_context(alertmanager)
        return alertmanager.post_alerts

    def _play_weather(self, seconds: float) -> None:
        """Let the kinds of weather follow each other within about `seconds`, in an order chosen by the seed."""
        sky, kinds = self._sky, list(self.plan.kinds)
        if sky is None:
            return
        sky.chance.shuffle(kinds)
        for kind in kinds:
            time.sleep(sky.chance.uniform(0, seconds / (4 * len(kinds))))
            self.weather_events.append(f"{kind}: {weather.KINDS[kind](sky, self.headers)}")
            self._say(f"  {self.weather_events[-1]}")

    def _disruptions(self) -> list[Disruption]:
        if self._postgresql is None:
            return [self._kill(number, self.replicas[0]) for number in range(self.plan.kills)]
        first, second, *others = self.replicas
        disruptions = [self._kill(number, self._chance.choice(others)) for number in range(self.plan.kills)]
        # Pausing a replica cuts off all of its sends at once; losing the database cuts off the sends of all replicas.
        other_disruptions = [
            Disruption(report=f"{first.name} killed for good", act=first.process.kill),
            Disruption(report=f"{second.name} paused past its lease", act=lambda: self._pause(second)),
            Disruption(
                report="the database has crashed and is back", act=self._crash_database, cuts=len(self.replicas)
            ),
            Disruption(report="the database was away", act=self._take_database_away, cuts=len(self.replicas)),
        ]
        for disruption in other_disruptions:
            disruptions.insert(self._chance.randint(0, len(disruptions)), disruption)
        return disruptions

    def _kill(self, number: int, replica: Replica) -> Disruption:
        if number % 2 == 0:
            return Disruption(report=f"{replica.name} killed", act=replica.kill_whole)
        return Disruption(report=f"serving process of {replica.name} killed", act=replica.kill_serving)

    def _revive(self) -> None:
        """Act as the supervisor: start every process again that ended by itself, and report it."""
        for replica in self.replicas:
            if replica.revive():
                self._say(f"  {replica.name} had ended by itself")

    def _pause(self, replica: Replica) -> None:
        replica.pause()
        time.sleep(1.5 * LEASE_SECONDS)
        replica.resume()

    def _crash_database(self) -> None:
        if self._postgresql is not None:
            self._postgresql.kill()
            self._postgresql.start()

    def _take_database_away(self) -> None:
        if self._postgresql is not None:
            self._postgresql.stop()
            time.sleep(DATABASE_AWAY_SECONDS)
            self._postgresql.start()

    def _post(self, posted_storm: storm.Storm, seconds: float) -> None:
        """Post the storm's batches, evenly over `seconds`."""
        for batch in posted_storm.batches:
            self.post_alerts(batch)
            time.sleep(seconds / len(posted_storm.batches))

    def _settle(self, posted_storm: storm.Storm) -> str:
        """Wait until a webhook knows all firing alerts and no message waits; return its address.

        The wait ends after `LONGEST_QUIET_SECONDS`; raises TimeoutError if no webhook answers for as long again.
        """
        deadline = time.monotonic() + LONGEST_QUIET_SECONDS
        expected = (
            sum(group.firing > 0 for group in posted_storm.groups),
            sum(group.firing for group in posted_storm.groups),
        )
        while True:
            self._revive()
            for replica in self.replicas:
                with suppress(OSError, ValueError):
                    known, waiting = self._firing_counts(replica.url), self._waiting(replica.url)
                    if (known, waiting) == (expected, 0):
                        return replica.url
                    if time.monotonic() > deadline:
                        self._say(f"  not quiet yet: {known} of {expected} incidents and alerts fire, {waiting:g} wait")
                        return replica.url
            if time.monotonic() > deadline + LONGEST_QUIET_SECONDS:
                raise TimeoutError("no webhook answers any more")
            time.sleep(QUIET_POLL_SECONDS)

    def _firing_counts(self, url: str) -> tuple[int, int]:
        # Leave out the incident that Tocsin raises about itself: the storm did not post it.
        unresolved = [
            incident
            for incident in verdict.listed(url, self.headers)
            if incident["status"] != "resolved" and incident["title"] != OWN
        ]
        return len(unresolved), sum(incident["firing"] for incident in unresolved)

    def _waiting(self, url: str) -> float:
        lines = loopback.get_text(f"{url}/metrics").splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("tocsin_outbox_waiting{"))

    def _settings(self) -> dict[str, str]:
        database = self._postgresql.url if self._postgresql else f"sqlite:///{self._folder / 'tocsin.db'}"
        return {
            "TOCSIN_CATALOG": str(CATALOG),
            "TOCSIN_DATABASE_URL": database,
            "TOCSIN_PAGERDUTY_EVENTS_URL": self.pagerduty.url,
            "TOCSIN_PAGERDUTY_ROUTING_KEY": self.pagerduty.routing_key or "",
            "TOCSIN_SLACK_API_URL": self.slack.api_url,
            "TOCSIN_SLACK_BOT_TOKEN": self.slack.token,
            "TOCSIN_SMTP_URL": f"{self.mailbox.url}?from=tocsin@example.com",
            "TOCSIN_TOKEN": self._token,
        }


def faster(catalog: dict[str, Any]) -> dict[str, Any]:
    """Return the catalogue with policies whose levels follow each other after a minute."""
    spans = {"escalate_seconds": 60, "respond_seconds": 30, "still_firing_seconds": 60}
    policies = {
        name: policy
        | {
            "severities": {
                severity: tier
                | {key: value for key, value in spans.items() if tier.get(key) is not None}
                | {"still_firing_seconds": spans["still_firing_seconds"]}
                for severity, tier in policy["severities"].items()
            }
        }
        for name, policy in catalog["policies"].items()
    }
    return catalog | {"policies": policies}
