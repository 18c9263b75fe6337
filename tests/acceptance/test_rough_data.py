"""Tests of realistic data on both Prometheus generations: no generator of this project has made the series.

Each course is written by hand, with the samples that an exporter, a rollout or a slow scrape would leave behind. It
says which alerts fire, and for how many evaluations.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from compiler.cli import main
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance

MINUTE = 2
"""Evaluations, and samples, in a minute."""

HOUSE = """
version: 1
links: {runbook: "https://git.example.com/ops/blob/main/{path}#{anchor}"}
escalation:
  usual: {levels: [oncall], warning: {notify: [email]}, critical: {notify: [email]}}
levels: {oncall: {title: On call, email: [oncall@example.com]}}
teams: {mill: {title: Mill, slack: "#mill"}}
routing:
  webhook: {url: "http://127.0.0.1:9095/v1/alertmanager"}
  fallback: {team: mill, escalation: usual}
signals:
  temperature: {kind: gauge, unit: count, title: Temperature}
  jams: {kind: increase, unit: count, title: Jams}
  report_age: {kind: gauge, unit: seconds, title: Report age}
systems:
  mill:
    team: mill
    runbook: mill.md
    escalation: usual
    selector: job="mill"
    limits:
      temperature: {critical: "> 70", runbook: "#look"}
      jams: {critical: "> 12", for: 1m, runbook: "#look"}
      reject_lost: {critical: when true, for: 1m, runbook: "#look"}
      memory: {critical: "> 90%", runbook: "#look"}
      connection_pool: {critical: "> 90%", runbook: "#look"}
      cpu: {critical: "> 90%", runbook: "#look"}
      error_ratio: {critical: "> 5%", runbook: "#look"}
      latency_p95: {critical: "> 4s", runbook: "#look"}
    metrics:
      latency_p95: {histogram: cut_seconds, per: saw}
      temperature: {gauge: oven_celsius, per: oven}
      jams: {counter: line_jams_total, window: 30m, per: line}
      reject_lost: {counter: rejects_lost_total, window: 20m, active: "> 0", per: line}
      memory: {used: memory_used_bytes, max: memory_limit_bytes, per: pod}
      connection_pool: {used: pool_in_use, max: 60, per: service}
      cpu: {counter: cpu_seconds_total, capacity: cpu_limit_cores, per: pod}
      error_ratio: {errors: 'calls_total{outcome="error"}', requests: calls_total, per: service}
  weather:
    team: mill
    runbook: weather.md
    escalation: usual
    selector: job="weather"
    scrape_interval: 12m
    limits:
      temperature: {critical: "> 35", runbook: "#look"}
      gate_open: {critical: when true, runbook: "#look"}
      report_age: {critical: "> 2h", runbook: "#look"}
      connection_pool: {critical: "> 80%", runbook: "#look"}
    metrics:
      temperature: {gauge: outside_celsius, per: station}
      gate_open: {gauge: gate_open, active: "== 1", per: gate}
      report_age: {since: report_written_timestamp_seconds, per: station}
      connection_pool: {used: modem_lines_in_use, max: modem_lines, per: station}
"""

RUNBOOK = """# Mill

## Alert thresholds

- Temperature: critical above 70.
- Jams: critical above 12.
- Reject lost: critical.
- Memory usage: critical above 90 %.
- Connection pool usage: critical above 90 %.
- CPU usage: critical above 90 %.
- Error ratio: critical above 5 %.
- 95th percentile latency: critical above 4 s.

## Look

Look.

## Metrics missing

Look.
"""

WEATHER = """# Weather

## Alert thresholds

- Temperature: critical above 35.
- Gate open: critical.
- Report age: critical above 2 h.
- Connection pool usage: critical above 80 %.

## Look

Look.

## Metrics missing

Look.
"""


@dataclass(frozen=True, kw_only=True)
class Rough:
    """A course: its series, how often they are scraped, and how often an alert fires until the end."""

    series: dict[str, str]
    alert: str
    fires: int
    """Evaluations within the last half hour."""
    minutes: int = 90
    interval: str = "30s"


def rollout(metric: str, labels: str, value: int, pods: int) -> dict[str, str]:
    """Return the gauges of pods that are replaced one a minute, from the sixtieth minute on."""
    series = {}
    for number in range(pods):
        last = (60 + number) * MINUTE
        series[f'{metric}{{{labels},pod="old-{number}"}}'] = f"{value}x{last} stale"
        series[f'{metric}{{{labels},pod="new-{number}"}}'] = f"_x{last + 1} {value}x200"
    return series


def cuts(quick: int, all_cuts: int) -> dict[str, str]:
    """Return a histogram of two buckets, the larger of which ends at a second; the numbers are cuts a sample."""
    metric = 'cut_seconds_bucket{job="mill",saw="big"'
    return {
        f'{metric},le="0.5"}}': f"0+{quick}x400",
        f'{metric},le="1"}}': f"0+{quick}x400",
        f'{metric},le="+Inf"}}': f"0+{all_cuts}x400",
        'cut_seconds_count{job="mill",saw="big"}': f"0+{all_cuts}x400",
    }


LIMITS = 'memory_limit_bytes{job="mill",pod="web-1"'
ROUGH = {
    "pods that are replaced are not counted twice": Rough(
        series=rollout("pool_in_use", 'job="mill",service="web"', 4, 12), alert="MillConnectionPool", fires=0
    ),
    "a pool that is full stays full while its pods are replaced": Rough(
        series=rollout("pool_in_use", 'job="mill",service="web"', 5, 12), alert="MillConnectionPool", fires=60
    ),
    "the exporter of limits is replaced, with a minute in between": Rough(
        series={
            'memory_used_bytes{job="mill",pod="web-1"}': "940x400",
            f'{LIMITS},instance="a"}}': "1000x120 stale",
            f'{LIMITS},instance="b"}}': "_x123 1000x300",
        },
        alert="MillMemory",
        fires=60,
    ),
    "two replicas tell the limit of one pod": Rough(
        series={
            'cpu_seconds_total{job="mill",pod="web-1"}': "0+28.5x400",
            'cpu_limit_cores{job="mill",pod="web-1",instance="a"}': "1x120 stale",
            'cpu_limit_cores{job="mill",pod="web-1",instance="b"}': "_x121 1x300",
        },
        alert="MillCpu",
        fires=60,
    ),
    "a sensor that says NaN now and then": Rough(
        series={'oven_celsius{job="mill",oven="left"}': " ".join(["74 74 74 NaN"] * 100)},
        alert="MillTemperature",
        fires=60,
    ),
    "a pod that says NaN for ever does not hide the others": Rough(
        series={
            'pool_in_use{job="mill",service="web",pod="a"}': "57x400",
            'pool_in_use{job="mill",service="web",pod="b"}': " ".join(["NaN"] * 400),
        },
        alert="MillConnectionPool",
        fires=60,
    ),
    "every fourth scrape fails": Rough(
        series={'oven_celsius{job="mill",oven="left"}': " ".join(["74 74 74 stale"] * 100)},
        alert="MillTemperature",
        fires=60,
    ),
    "twelve jams are not more than twelve": Rough(
        series={'line_jams_total{job="mill",line="a"}': "300x130 301 302 303 304 305 306 307 308 309 310 311 312x100"},
        alert="MillJams",
        fires=0,
    ),
    "thirteen jams are": Rough(
        series={
            'line_jams_total{job="mill",line="a"}': "300x130 301 302 303 304 305 306 307 308 309 310 311 312 313x100"
        },
        alert="MillJams",
        fires=36,
    ),
    "a counter is born with its first event": Rough(
        series={
            'rejects_lost_total{job="mill",instance="a:1",line="a"}': "_x150 1x60",
            'up{job="mill",instance="a:1"}': "1x400",
        },
        alert="MillRejectLost",
        fires=29,
    ),
    "a counter is away for eight minutes": Rough(
        series={
            'rejects_lost_total{job="mill",instance="c:1",line="a"}': "412x118 stale _x15 412x80",
            'up{job="mill",instance="c:1"}': "1x400",
        },
        alert="MillRejectLost",
        fires=0,
    ),
    "a counter is away for longer than the window": Rough(
        series={
            'rejects_lost_total{job="mill",instance="d:1",line="b"}': "35x90 stale _x55 35x80",
            'up{job="mill",instance="d:1"}': "1x400",
        },
        alert="MillRejectLost",
        fires=0,
    ),
    "a counter that was away begins anew": Rough(
        series={
            'rejects_lost_total{job="mill",instance="e:1",line="c"}': "31x90 stale _x55 3x80",
            'up{job="mill",instance="e:1"}': "1x400",
        },
        alert="MillRejectLost",
        fires=32,
    ),
    "a new exporter tells of what was long ago": Rough(
        series={
            'rejects_lost_total{job="mill",instance="b:1",line="a"}': "_x150 37x60",
            'up{job="mill",instance="b:1"}': "_x150 1x60",
        },
        alert="MillRejectLost",
        fires=0,
    ),
    "a process that begins anew loses none of its trouble": Rough(
        series={
            'calls_total{job="mill",service="web",outcome="error"}': "0+60x130 0+60x60",
            'calls_total{job="mill",service="web",outcome="ok"}': "0+540x130 0+540x60",
        },
        alert="MillErrorRatio",
        fires=60,
    ),
    "a limit beyond the last bucket, and what lies beyond it": Rough(
        series=cuts(90, 100), alert="MillLatencyP95", fires=60
    ),
    "a limit beyond the last bucket, and what lies in it": Rough(series=cuts(96, 100), alert="MillLatencyP95", fires=0),
    "a gauge that is scraped every twelve minutes": Rough(
        series={'outside_celsius{job="weather",station="hill"}': "41x20"},
        alert="WeatherTemperature",
        fires=60,
        interval="12m",
        minutes=200,
    ),
    "a state that is scraped every twelve minutes": Rough(
        series={'gate_open{job="weather",gate="north"}': "1x20"},
        alert="WeatherGateOpen",
        fires=60,
        interval="12m",
        minutes=200,
    ),
    "a point in time that is scraped every twelve minutes": Rough(
        series={'report_written_timestamp_seconds{job="weather",station="hill"}': "60x20"},
        alert="WeatherReportAge",
        fires=60,
        interval="12m",
        minutes=200,
    ),
    "a share that is scraped every twelve minutes": Rough(
        series={
            'modem_lines_in_use{job="weather",station="hill"}': "9x20",
            'modem_lines{job="weather",station="hill"}': "10x20",
        },
        alert="WeatherConnectionPool",
        fires=60,
        interval="12m",
        minutes=200,
    ),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a compiled house."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "thresholds.yaml").write_text(HOUSE)
    (folder / "mill.md").write_text(RUNBOOK)
    (folder / "weather.md").write_text(WEATHER)
    spec, out = folder / "thresholds.yaml", folder / "generated"
    done = CliRunner().invoke(main, ["compile", "--spec", str(spec), "--out", str(out)])
    assert done.exit_code == 0, done.output
    return folder


def written(rough: Rough) -> dict[str, object]:
    """Return a course in promtool's format."""
    fires = [{"value": rough.fires}] if rough.fires else []
    firing = f'ALERTS{{alertname="{rough.alert}",alertstate="firing"}}'
    return {
        "interval": rough.interval,
        "input_series": [{"series": series, "values": values} for series, values in rough.series.items()],
        "promql_expr_test": [
            {
                "expr": f"sum(count_over_time({firing}[{30 * 60 - 1}s]))",
                "eval_time": f"{rough.minutes}m",
                "exp_samples": fires,
            }
        ],
    }


@pytest.mark.parametrize("name", ROUGH)
def test_an_alert_does_what_it_says_on_real_data(servers: Servers, house: Path, name: str) -> None:
    """Both generations count the evaluations of half an hour: an alert that flaps fires in fewer."""
    rules = sorted(str(path) for path in (house / "generated" / "prometheus" / "rules").glob("*.yml"))
    test = house / f"{servers.generation}.test.yml"
    content = {"rule_files": rules, "evaluation_interval": "30s", "tests": [written(ROUGH[name])]}
    test.write_text(yaml.safe_dump(content))
    command = [servers.tool("promtool"), "test", "rules", test]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_generated_tests_of_the_same_house_pass(servers: Servers, house: Path) -> None:
    """A metric that comes every twelve minutes is tested with a sample every twelve minutes."""
    tests = sorted((house / "generated" / "prometheus" / "tests").glob("*.yml"))
    command = [servers.tool("promtool"), "test", "rules", *tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    slow = (house / "generated" / "prometheus" / "tests" / "weather.test.yml").read_text()
    assert re.search(r"35\.3 _x11 35\.3", slow)
