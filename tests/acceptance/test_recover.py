"""Tests of an alert with a recovery limit, on a real Prometheus of both generations: it lasts until its value recovers.

Between the two limits the limit itself is not crossed, so only the memory of what fires can keep the alert.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from testbed.boiler import (
    LIMIT,
    RECOVERY,
    Exporter,
    await_calm,
    await_evaluations,
    await_firing,
    compile_boiler,
    firing,
    reload,
)
from testbed.servers import Prometheus, Servers

pytestmark = pytest.mark.acceptance

HOT, WARM = 'boiler_pressure{vessel="hot"}', 'boiler_pressure{vessel="warm"}'
BETWEEN = (LIMIT + RECOVERY) / 2
LOOKBACK_SECONDS = 10
HOLD_SECONDS = 12

# The usual way to write a recovery limit: the alert's expression asks for the alert itself.
USUAL = f"""\
groups:
- name: usual
  rules:
  - alert: Usual
    expr: boiler_pressure > {LIMIT} or (boiler_pressure >= {RECOVERY} and on (vessel) ALERTS{{alertname="Usual",alertstate="firing"}})
    for: {HOLD_SECONDS}s
"""


@pytest.fixture
def boiler() -> Iterator[Exporter]:
    """Return a boiler with a vessel that the test heats, and one that is never above the limit nor below recovery."""
    with Exporter({HOT: BETWEEN, WARM: BETWEEN}) as running:
        yield running


@pytest.fixture
def rules(short_folder: Path) -> Path:
    """Return the folder whose files Prometheus takes for its rules."""
    folder = short_folder / "rules"
    folder.mkdir()
    return folder


def prometheus_of(servers: Servers, folder: Path, boiler: Exporter) -> Prometheus:
    targets = {"boiler": [boiler.target]}
    return Prometheus(servers, folder / "prometheus", targets=targets, rules=[folder / "rules" / "*.yml"])


def heat(prometheus: Prometheus, boiler: Exporter) -> str:
    """Let the hot vessel's alert fire, then cool it to between the limits; return since when it has been active."""
    boiler.samples[HOT] = LIMIT + 1
    since = str(await_firing(prometheus, signal="pressure")["activeAt"])
    boiler.samples[HOT] = BETWEEN
    prometheus.await_metric(f'{{__name__=~"vessel:.*:max",vessel="hot"}} == {BETWEEN}')
    await_evaluations(prometheus, 3)
    return since


def vessels(prometheus: Prometheus) -> list[str]:
    return [fired["labels"]["vessel"] for fired in firing(prometheus, signal="pressure")]


def test_an_alert_outlasts_a_restart_and_ends_once_its_value_has_recovered(
    servers: Servers, boiler: Exporter, rules: Path, short_folder: Path
) -> None:
    """After a restart the alert waits for its `for` anew, longer than `ALERTS` is remembered, and then fires again.

    The usual emulation beside it does not, so the test can tell the difference.
    """
    shutil.copy(compile_boiler(short_folder / "boiler", for_seconds=f"{HOLD_SECONDS}s"), rules)
    (rules / "usual.yml").write_text(USUAL)
    prometheus = prometheus_of(servers, short_folder, boiler)
    # With the default of five minutes the last `ALERTS` of before the restart would be visible until the test is over.
    prometheus.process.command = [*prometheus.process.command, f"--query.lookback-delta={LOOKBACK_SECONDS}s"]
    with prometheus:
        since = heat(prometheus, boiler)
        await_firing(prometheus, alertname="Usual")
        assert [fired["activeAt"] for fired in firing(prometheus, signal="pressure")] == [since]

        prometheus.process.stop()
        prometheus.process.start()
        await_firing(prometheus, signal="pressure")
        await_evaluations(prometheus, 3)
        assert vessels(prometheus) == ["hot"]
        assert firing(prometheus, alertname="Usual") == []

        boiler.samples[HOT] = RECOVERY - 0.1
        await_calm(prometheus, signal="pressure")
        boiler.samples[HOT] = BETWEEN
        prometheus.await_metric(f'vessel:pressure:max{{vessel="hot"}} == {BETWEEN}')
        await_evaluations(prometheus, 3)
        assert prometheus.query("vessel:pressure:held") == []
        assert not [fired for fired in prometheus.alerts() if fired["labels"].get("signal") == "pressure"]


# What the test renames, step by step: file, group, alert and recordings, alone and all at once.
RENAMES = (
    {"boiler.rules.yml": "stokehold.rules.yml"},
    {"boiler.pressure": "stokehold.pressure"},
    {"BoilerPressure": "BoilerOverpressure"},
    {"vessel:pressure:": "vessel:overpressure:"},
    {
        "stokehold.rules.yml": "furnace.rules.yml",
        "stokehold.pressure": "furnace.pressure",
        "BoilerOverpressure": "FurnacePressure",
        "vessel:overpressure:": "vessel:furnace:",
    },
)


def rename(rules: Path, names: dict[str, str]) -> set[str]:
    """Replace names in the only rule file and in that file's name; return the names of its rules."""
    (file,) = rules.iterdir()
    text, path = file.read_text(), file.name
    file.unlink()
    for old, new in names.items():
        assert old in text + path
        text, path = text.replace(old, new), path.replace(old, new)
    (rules / path).write_text(text)
    return {rule.get("alert") or rule["record"] for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


def test_an_alert_outlasts_every_renaming_of_its_rules(
    servers: Servers, boiler: Exporter, rules: Path, short_folder: Path
) -> None:
    """System, signal and severity identify what fires, not the name of a file, a group, an alert or a recording."""
    shutil.copy(compile_boiler(short_folder / "boiler", for_seconds="2s"), rules)
    with prometheus_of(servers, short_folder, boiler) as prometheus:
        heat(prometheus, boiler)
        for names in RENAMES:
            named = rename(rules, names)
            reload(prometheus)
            assert {rule["name"] for rule in prometheus.rules()} == named
            # Any rule sees what the old rules recorded until it is marked as ended, two evaluations later.
            await_evaluations(prometheus, 3)
            assert await_firing(prometheus, signal="pressure")["labels"]["alertname"] in named
            assert vessels(prometheus) == ["hot"], names

        boiler.samples[HOT] = RECOVERY - 0.1
        await_calm(prometheus, signal="pressure")
