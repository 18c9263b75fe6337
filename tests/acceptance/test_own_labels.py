"""Tests of metrics that carry the labels which rules set themselves: no kind of signal makes one alert of two series.

Prometheus ends the evaluation of a rule whose result has two series that differ only in such labels, and nobody is
paged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from compiler import conventions
from compiler.cli import main
from compiler.signals import kinds
from testbed.servers import Prometheus, Servers, await_one
from testbed.service import Series, Service

pytestmark = pytest.mark.acceptance

SYSTEM: Final = "mill"
OVERWRITTEN: Final = (*conventions.RULE_LABELS, "alertname", "job", "metric")
EVENT_SECONDS: Final = 90.0

# So many a second that a window which has just begun to fill holds enough of them.
COUNTED: Final = {
    "attempts": 10_000.0,
    "count": 5_000.0,
    "counter": 5_000.0,
    "errors": 5_000.0,
    "hits": 5_000.0,
    "idle": 0.1,
    "misses": 5_000.0,
    "reads": 10_000.0,
    "requests": 10_000.0,
    "successes": 1_000.0,
    "total": 50_000.0,
}
LEVELS: Final = {"available": 1.0, "capacity": 10.0, "gauge": 5.0, "max": 10.0, "since": 1.0, "until": 1.0, "used": 9.0}
ACTIVE: Final = {"counter": ">= 1", "gauge": "> 1", "max": "> 50%", "since": "> 1m", "until": "< 1m"}
LIMITS: Final = {
    "count": {"warning": "> 1", "critical": "> 2"},
    "per_second": {"warning": "> 1 per second", "critical": "> 2 per second"},
    "ratio": {"warning": "> 1%", "critical": "> 2%"},
    "seconds": {"warning": "> 1s", "critical": "> 2s"},
    "state": {"critical": "when true"},
}
LOW: Final = {
    "ratio": {"warning": "< 99%", "critical": "< 98%"},
    "seconds": {"warning": "< 2h", "critical": "< 1h"},
}
SILENT: Final = {"warning": "> 5s", "critical": "> 10s"}
"""Limits of signals of kind `silence`; their metrics are scraped each second."""
UNITS: Final = {
    "average": "seconds",
    "gauge": "count",
    "increase": "count",
    "quantile": "seconds",
    "rate": "per_second",
    "utilization": "ratio",
}
QUERIES: Final = {
    "plain": ("count", "{{ level }}"),
    "compared": ("state", "{{ level }} > bool 1"),
    "filtered": ("count", "{{ level }} > 1"),
    "joined": ("count", "{{ level }} and {{ level }} > 1"),
    "either": ("count", "{{ level }} or {{ level }} offset 1s"),
    "rising": ("per_second", "rate({{ total }}[5m])"),
    "ranked": ("count", "topk(2, {{ level }})"),
    "named": ("count", '{__name__=~"named_level|named_other"} and on () {{ level }}'),
    "gone": ("state", 'absent({{ level }} == 77) or absent(nothing{system="a"}) or absent(nothing{system="b"})'),
}


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A signal: its definition, its binding, its limits, and its metrics by input."""

    definition: dict[str, Any]
    binding: dict[str, Any]
    limits: dict[str, str]
    metrics: dict[str, str] = field(default_factory=dict)


def of_kinds() -> Iterator[tuple[str, Watched]]:
    """Yield a signal of each form of each kind."""
    for name, kind in kinds().items():
        for number, form in enumerate(kind.forms if kind.bindable else ()):
            identifier, inputs = f"{name}_{number}", [field.name for field in form]
            metrics = {name_of_input: f"{identifier}_{name_of_input}" for name_of_input in inputs}
            low = {"successes", "until"} & set(inputs) and name != "state"
            unit = "seconds" if {"since", "until"} & set(inputs) and name == "gauge" else UNITS.get(name, kind.unit)
            assert unit is not None
            silent = name == "silence"
            scraped = {"scrape_interval": "1s"} if silent else {}
            active = (
                {"active": next(ACTIVE[activity] for activity in ACTIVE if activity in inputs)}
                if name == "state"
                else {}
            )
            yield (
                identifier,
                Watched(
                    definition={"kind": name, "unit": unit, "title": identifier},
                    binding={**metrics, **active, **scraped, "per": "node"},
                    limits=SILENT if silent else (LOW if low else LIMITS)[unit],
                    metrics=metrics,
                ),
            )


def of_queries() -> Iterator[tuple[str, Watched]]:
    """Yield a signal for each of the project's own queries."""
    for identifier, (unit, query) in QUERIES.items():
        metrics = {name: f"{identifier}_{name}" for name in ("level", "total") if f"{{{{ {name} }}}}" in query}
        per = {} if identifier == "gone" else {"per": "node"}
        definition = {
            "query": query,
            "unit": unit,
            "title": identifier,
            "untested": "what matters is that it evaluates",
        }
        yield identifier, Watched(definition=definition, binding=metrics | per, limits=LIMITS[unit], metrics=metrics)


SIGNALS: Final = dict((*of_kinds(), *of_queries()))


def specification() -> dict[str, Any]:
    """Return the thresholds.yaml of all signals; limits of the house need no sentence."""
    limits = {name: {**watched.limits, "runbook": "#look", "for": "0s"} for name, watched in SIGNALS.items()}
    tier = {"respond": "4h", "announce": ["slack"], "escalate": "never"}
    return {
        "version": 1,
        "links": {"runbook": "https://docs.example.com/{path}#{anchor}"},
        "defaults": {"limits": limits},
        "escalation": {"standard": {"levels": ["millers"], "warning": tier, "critical": tier}},
        "levels": {"millers": {"title": "Millers", "email": ["millers@example.com"]}},
        "teams": {"millers": {"title": "Millers", "slack": "#mill"}},
        "routing": {
            "webhook": {"url": "http://tocsin:9095/v1/alertmanager"},
            "fallback": {"team": "millers", "escalation": "standard"},
        },
        "signals": {name: watched.definition for name, watched in SIGNALS.items()},
        "systems": {
            SYSTEM: {
                "team": "millers",
                "runbook": "mill.md",
                "escalation": "standard",
                "limits": {"metrics_missing": "off"},
                "metrics": {name: watched.binding for name, watched in SIGNALS.items()},
            }
        },
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the compiled specification."""
    folder = tmp_path_factory.mktemp("mill")
    (folder / "mill.md").write_text("# Mill\n\n## Alert thresholds\n\nNone of its own.\n\n## Look\n\nLook.\n")
    (folder / conventions.SPEC_PATH).write_text(json.dumps(specification(), indent=1))
    with chdir(folder):
        done = CliRunner().invoke(main, ["compile"])
    assert done.exit_code == 0, done.stderr
    return folder / conventions.OUTPUT_PATH


def series() -> Iterator[Series]:
    """Yield each metric twice; the two series differ only in labels that the rules set."""
    for twin in ("a", "b"):
        labels = {**dict.fromkeys(OVERWRITTEN, twin), "node": "one"}
        for watched in SIGNALS.values():
            for name, metric in watched.metrics.items():
                if name == "histogram":
                    yield Series(metric=metric, kind="histogram", labels=labels, rate=5_000.0, spread={5.0: 1.0})
                elif name in COUNTED:
                    rate = 0.0 if watched.limits is SILENT else COUNTED[name]
                    yield Series(metric=metric, kind="counter", labels=labels, rate=rate)
                else:
                    yield Series(metric=metric, kind="gauge", labels=labels, value=LEVELS.get(name, 5.0))
        yield Series(metric="named_other", kind="gauge", labels=labels, value=5.0)


def test_no_rule_fails_to_evaluate_and_every_alert_comes(servers: Servers, project: Path, short_folder: Path) -> None:
    """The rules cover every form of every kind, and queries that keep all labels, on a real Prometheus."""
    rules = project / conventions.rules_path(SYSTEM)
    expected = {
        (conventions.alert_name(SYSTEM, name), severity) for name in SIGNALS for severity in SIGNALS[name].limits
    }
    with (
        Service(series()) as mill,
        Prometheus(servers, short_folder, targets={"mill": [mill.target]}, rules=[rules]) as prometheus,
    ):
        prometheus.await_metric("up == 1", EVENT_SECONDS)

        def missing() -> list[set[tuple[str, str]]]:
            fired_names = {(fired["labels"]["alertname"], fired["labels"]["severity"]) for fired in prometheus.alerts()}
            return [expected - fired_names]

        await_one(missing, lambda absent: not absent, EVENT_SECONDS, "every alert")
        assert [rule.get("lastError") for rule in prometheus.rules() if rule["health"] != "ok"] == []
        fired_names = [(fired["labels"]["alertname"], fired["labels"]["severity"]) for fired in prometheus.alerts()]
        assert sorted(fired_names) == sorted(expected)
