"""Work out what a storm posts to Alertmanager and what must follow, without asking the webhook.

Groups grow alert by alert. A more severe alert joins some groups; some groups resolve, and some of those fire again.
The storm is built from a catalogue and a seed. `run.py` posts it, `verdict.py` compares the result with it.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from compiler.conventions import SEVERITIES

Fate = Literal["fires", "resolves", "returns"]
FATES: Sequence[Fate] = ("fires", "fires", "fires", "resolves", "returns")
OWN = "TocsinWatchdogSilent"
"""The storm does not post this alert: the webhook raises the same one while no Watchdog comes, and nobody could tell
the two apart."""
MUTABLE = 3
"""One group in `MUTABLE` has a route of its own, which a mute interval can close for a time."""
WATCHDOGS: Sequence[Mapping[str, Any]] = tuple(
    {
        "labels": {"alertname": "Watchdog", "cell": cell},
        "annotations": {"summary": "It always fires."},
        "generatorURL": "http://prometheus.example.com/graph",
    }
    for cell in ("cell-0000", "cell-0001")
)
"""The Watchdogs, which always fire: one in a cell of each cluster."""
# One in `WORSEN` of the groups whose alert has several severities gets a more severe alert at the end.
WORSEN = 2
# The approximate number of batches in which the alerts are posted.
BATCHES = 60


@dataclass(frozen=True, kw_only=True)
class Group:
    """Alerts of one name and one cell; `severities` has the severity of each alert."""

    name: str
    cell: str
    system: str
    policy: str
    severities: tuple[str, ...]
    fate: Fate
    mutable: bool = False

    @property
    def key(self) -> str:
        """Alertmanager's own key of the group, as its route builds it."""
        route = '{}/{mute="yes"}' if self.mutable else "{}"
        return f'{route}:{{alertname="{self.name}", cell="{self.cell}"}}'

    @property
    def dedup_key(self) -> str:
        """PagerDuty's key of the group; it is the same whether Alertmanager or the webhook reports the group."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    @property
    def firing(self) -> int:
        """How many alerts fire when the storm is over."""
        return {"fires": len(self.severities), "resolves": 0, "returns": 1}[self.fate]


Batch = tuple[dict[str, Any], ...]
"""Alerts that are posted together."""


@dataclass(frozen=True, kw_only=True)
class Storm:
    """The groups, and the batches in the order in which they are posted."""

    groups: tuple[Group, ...]
    batches: tuple[Batch, ...]


def build(catalog: Mapping[str, Any], *, groups: int, alerts: int, seed: int) -> Storm:
    """Return a storm of about `alerts` alerts in `groups` groups that begins now."""
    chance = random.Random(seed)  # noqa: S311 - made to be repeatable
    built_groups = tuple(_group(catalog, number, alerts // groups, chance) for number in range(groups))
    began = datetime.now(UTC)
    timed = [pair for group in built_groups for pair in _timed_alerts(group, began, chance)]
    posted = [alert for _, alert in sorted(timed, key=lambda pair: pair[0])]
    return Storm(groups=built_groups, batches=tuple(_batches(posted, max(1, len(posted) // BATCHES))))


def alertmanager_config(urls: Sequence[str], token: str, *, muted: bool = False) -> str:
    """Return a configuration that sends every group to each of `urls`, at once and again a second after a change.

    `muted` says whether a mute interval is on for the groups that have a route of their own.
    """
    always = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    mute: dict[str, Any] = {"matchers": ['mute="yes"'], "receiver": "tocsin"}
    http = {"authorization": {"type": "Bearer", "credentials": token}, "follow_redirects": False}
    hooks = [{"url": url, "send_resolved": True, "http_config": http} for url in urls]
    config = {
        "global": {"resolve_timeout": "1h"},
        "route": {
            "receiver": "tocsin",
            "group_by": ["alertname", "cell"],
            "group_wait": "200ms",
            "group_interval": "1s",
            "repeat_interval": "1h",
            "routes": [mute | ({"mute_time_intervals": ["storm"]} if muted else {})],
        },
        "time_intervals": [{"name": "storm", "time_intervals": always}],
        "receivers": [{"name": "tocsin", "webhook_configs": hooks}],
    }
    return json.dumps(config, indent=1)


def _group(catalog: Mapping[str, Any], number: int, size: int, chance: random.Random) -> Group:
    entry = chance.choice(
        [candidate for candidate in catalog["alerts"] if candidate["severity"] != "info" and candidate["alert"] != OWN]
    )
    more_severe = [
        candidate["severity"]
        for candidate in catalog["alerts"]
        if candidate["alert"] == entry["alert"]
        and SEVERITIES.index(candidate["severity"]) > SEVERITIES.index(entry["severity"])
    ]
    severities = [entry["severity"]] * size
    if more_severe and chance.randrange(WORSEN) == 0:
        severities[-1] = max(more_severe, key=SEVERITIES.index)
    return Group(
        name=entry["alert"],
        cell=f"cell-{number:04}",
        system=entry["system"],
        policy=entry["policy"],
        severities=tuple(severities),
        fate=chance.choice(FATES),
        mutable=number % MUTABLE == 1,
    )


def _timed_alerts(group: Group, began: datetime, chance: random.Random) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield every alert that is posted of the group, each with its moment in the storm (0 to 1).

    At every moment some group is posted for the last time. If that delivery is lost, no later delivery of the group
    makes up for it.
    """
    numbers = range(len(group.severities))
    latest_moment = 1.0 if group.fate == "fires" else 0.6
    yield from ((chance.uniform(0, latest_moment), _alert(group, number, began)) for number in numbers)
    if group.fate != "fires":
        end = chance.uniform(0.65, 1.0 if group.fate == "resolves" else 0.8)
        yield from ((end, _alert(group, number, began, ended=True)) for number in numbers)
    if group.fate == "returns":
        yield chance.uniform(0.85, 1), _alert(group, 0, began + timedelta(seconds=1))


def _alert(group: Group, number: int, started: datetime, *, ended: bool = False) -> dict[str, Any]:
    posted = {
        "labels": {
            "alertname": group.name,
            "cell": group.cell,
            "severity": group.severities[number],
            "system": group.system,
            "instance": f"{group.cell}-{number}",
            **({"mute": "yes"} if group.mutable else {}),
        },
        "annotations": {"value": "0.5", "summary": f"{group.name} in {group.cell}."},
        "startsAt": started.isoformat(),
        "generatorURL": "http://prometheus.example.com/graph",
    }
    # Alertmanager keeps an alert firing until its `endsAt`; this end has passed by the time it is posted.
    return posted | ({"endsAt": (started + timedelta(milliseconds=1)).isoformat()} if ended else {})


def _batches(alerts: Sequence[dict[str, Any]], size: int) -> Iterator[Batch]:
    for start in range(0, len(alerts), size):
        yield tuple(alerts[start : start + size])
