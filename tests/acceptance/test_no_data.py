"""Tests of missing metrics on a real Prometheus of both generations: one alert a source, which says what is wrong.

`tests/acceptance/test_missing.py` tests the cases for which a running Prometheus would take too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import conventions
from testbed.boiler import (
    SYSTEM,
    Exporter,
    await_calm,
    await_evaluations,
    await_firing,
    compile_boiler,
    firing,
    reload,
)
from testbed.servers import Prometheus, Servers, configure
from testbed.standin import Failure

pytestmark = pytest.mark.acceptance

PRESSURE, TEMPERATURE = 'boiler_pressure{vessel="a"}', 'boiler_temperature{vessel="a"}'
WELL = {PRESSURE: 1.0, TEMPERATURE: 20.0}
# More scrapes than the test makes.
ALWAYS = 10_000


@pytest.fixture
def boiler() -> Iterator[Exporter]:
    """Return a boiler that works."""
    with Exporter(WELL) as running:
        yield running


@pytest.fixture
def chimney() -> Iterator[Exporter]:
    """Return the boiler's chimney, which works and is a source of its own."""
    with Exporter({"chimney_draught": 5.0}) as running:
        yield running


@pytest.fixture
def prometheus(servers: Servers, short_folder: Path, boiler: Exporter, chimney: Exporter) -> Iterator[Prometheus]:
    """Return a Prometheus that has seen both sources and in which nothing fires."""
    rules = compile_boiler(short_folder / "boiler", for_seconds="2s")
    targets = {"boiler": [boiler.target], "chimney": [chimney.target]}
    with Prometheus(servers, short_folder / "prometheus", targets=targets, rules=[rules]) as running:
        for metric in ("boiler_pressure", "boiler_temperature", "chimney_draught"):
            running.await_metric(metric)
        # A rule may have been evaluated before the first scrape.
        await_evaluations(running, 3)
        await_calm(running)
        yield running


def firing_labels(prometheus: Prometheus) -> list[tuple[str, ...]]:
    """Return what fires a few evaluations later: signal, severity, source, and the metric or the job."""
    await_evaluations(prometheus, 5)
    labels = ("signal", "severity", "component", "metric", "job")
    return sorted(
        tuple(fired["labels"][label] for label in labels if label in fired["labels"]) for fired in firing(prometheus)
    )


def test_a_target_that_is_down_is_one_critical_alert_a_source(
    prometheus: Prometheus, boiler: Exporter, chimney: Exporter
) -> None:
    """Two signals with three alerts depend on the boiler; one alert fires, and none for each missing metric."""
    boiler.fail(Failure.error(), ALWAYS)
    await_firing(prometheus, signal="metrics_missing")
    assert firing_labels(prometheus) == [("metrics_missing", "critical", "boiler", "boiler")]

    chimney.fail(Failure.close(), ALWAYS)
    await_firing(prometheus, component="chimney")
    assert firing_labels(prometheus) == [
        ("metrics_missing", "critical", "boiler", "boiler"),
        ("metrics_missing", "critical", "chimney", "chimney"),
    ]


def test_a_metric_that_is_gone_from_a_target_that_is_up_is_a_warning_that_names_it(
    prometheus: Prometheus, boiler: Exporter
) -> None:
    """The other metric still exists and is watched; when the first is back, nothing is missing any more."""
    del boiler.samples[PRESSURE]
    await_firing(prometheus, signal="metrics_missing")
    assert firing_labels(prometheus) == [("metrics_missing", "warning", "boiler", "boiler_pressure")]

    boiler.samples[TEMPERATURE] = 100.0
    await_firing(prometheus, signal="temperature")
    boiler.samples |= WELL
    await_calm(prometheus)
    assert firing_labels(prometheus) == []


def test_a_target_that_is_gone_from_discovery_is_critical_and_one_that_never_was_there_is_silent(
    prometheus: Prometheus, servers: Servers, short_folder: Path, chimney: Exporter
) -> None:
    """Prometheus has no `up` of either; the difference is that one of them existed before."""
    configure(short_folder / "prometheus", targets={"boiler": [], "chimney": [chimney.target]})
    reload(prometheus)
    await_firing(prometheus, signal="metrics_missing")
    assert firing_labels(prometheus) == [("metrics_missing", "critical", "boiler", "boiler")]

    rules = short_folder / "boiler" / conventions.OUTPUT_PATH / conventions.rules_path(SYSTEM)
    with Prometheus(servers, short_folder / "shard", targets={"chimney": [chimney.target]}, rules=[rules]) as shard:
        shard.await_metric("chimney_draught", 20)
        await_evaluations(shard, 5)
        assert firing_labels(shard) == []
