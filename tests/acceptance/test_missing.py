"""Tests of missing targets and metrics, as they occur in real installations, with promtool of both generations.

`tests/acceptance/test_no_data.py` tests the commonest cases on a running Prometheus.
"""

from __future__ import annotations

import subprocess
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner

from compiler import conventions
from compiler.cli import main
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance

HEAD: Final = """\
version: 1
links: {runbook: "https://docs.example.com/{path}#{anchor}"}
escalation: {usual: {levels: [watch], warning: {respond: 4h}, critical: {respond: 30m}}}
levels: {watch: {title: Watch, email: [watch@example.com]}}
teams: {port: {title: Port}}
routing:
  webhook: {url: "http://tocsin:9095/v1/alertmanager"}
  fallback: {team: port, escalation: usual}
signals:
  tide:  {kind: gauge, unit: count, title: Tide}
  crane: {kind: gauge, unit: count, title: Crane load}
systems:
  harbour:
    team: port
    runbook: harbour.md
    escalation: usual
"""
STATEMENTS: Final = {
    "tide": "Tide: warning above 7",
    "crane": "Crane load: warning above 30",
    "lamp_out": "Lamp out: critical",
}
GUIDE: Final = """\
# Harbour

## Alert thresholds

{statements}

## Look out

Look.

## Metrics missing

Look.
"""
TIDE: Final = """\
    limits: {tide: {warning: "> 7", runbook: "#look-out"}}
    metrics: {tide: {gauge: tide_metres, component: quay}}
"""
BOTH: Final = """\
    limits: {tide: {warning: "> 7", runbook: "#look-out"}, crane: {warning: "> 30", runbook: "#look-out"}}
    metrics: {tide: {gauge: tide_metres, component: quay}, crane: {gauge: crane_tonnes, component: quay}}
"""
LAMP: Final = """\
    limits: {lamp_out: {critical: when true, runbook: "#look-out"}}
    metrics: {lamp_out: {gauge: up, active: "== 0", per: instance}}
"""

NotifiedDestination = tuple[str, str]
"""A severity, and the job or the metric that the alert names."""


def compile_harbour(folder: Path, *stanza: str) -> Path:
    """Write a project of one system into `folder`, compile it, and return the folder of the output."""
    text = "".join(stanza)
    statements = [f"- {statement}." for signal, statement in STATEMENTS.items() if f"{signal}: {{" in text]
    (folder / "harbour.md").write_text(GUIDE.format(statements="\n".join(statements)))
    (folder / "thresholds.yaml").write_text(HEAD + text)
    with chdir(folder):
        done = CliRunner().invoke(main, ["compile"])
    assert done.exit_code == 0, done.stderr
    return folder / conventions.OUTPUT_PATH


def promtool(servers: Servers, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Return the completed run of promtool."""
    command = [servers.tool("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)


def assert_told(
    servers: Servers,
    generated: Path,
    series: dict[str, str],
    expected_by_time: dict[str, list[NotifiedDestination]],
    *,
    step: str = "1m",
) -> None:
    """Fail unless the alert on missing metrics has exactly these labels at each time; samples come every `step`."""
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": _ASKED,
                "eval_time": at,
                "exp_samples": [_sample(*destination) for destination in sorted(expected)],
            }
            for at, expected in expected_by_time.items()
        ],
    }
    rules = sorted(str(path) for path in (generated / conventions.RULES_FOLDER).glob("harbour*.yml"))
    content = {"rule_files": rules, "evaluation_interval": "1m", "tests": [test]}
    file = generated.parent / "own.test.yml"
    file.write_text(yaml.safe_dump(content))
    done = promtool(servers, "test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


_ASKED: Final = 'sum by (severity, who) (label_join(ALERTS{signal="metrics_missing",alertstate="firing"}, "who", "", "job", "metric"))'


def _sample(severity: str, source: str) -> dict[str, Any]:
    return {"labels": f'{{severity="{severity}",who="{source}"}}', "value": 1}


def assert_proved(servers: Servers, generated: Path) -> None:
    """Fail unless the generated tests pass."""
    done = promtool(servers, "test", "rules", *sorted((generated / conventions.TESTS_FOLDER).glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_where_up_is_all_that_is_watched_a_target_that_is_gone_is_missed(servers: Servers, tmp_path: Path) -> None:
    """A target that is down is told by another alert, whose metric is `up` itself."""
    generated = compile_harbour(tmp_path, '    selector: job="lamps"\n', LAMP)
    assert_proved(servers, generated)
    series = {
        'up{job="lamps",instance="north"}': "1x20 0x60",
        'up{job="lanterns",instance="south"}': "1x20 stale",
    }
    assert_told(servers, generated, series, {"60m": []})
    assert_told(
        servers, generated, {'up{job="lamps",instance="north"}': "1x20 stale"}, {"60m": [("critical", "lamps")]}
    )


def test_one_job_of_two_that_is_gone_or_down_is_missed(servers: Servers, tmp_path: Path) -> None:
    """The job is missed though the other is up; a job without watched metrics may come and go."""
    generated = compile_harbour(tmp_path, '    selector: namespace="harbour"\n', BOTH)
    assert_proved(servers, generated)
    well = {
        'up{namespace="harbour",job="gauges"}': "1x90",
        'tide_metres{namespace="harbour",job="gauges"}': "3x90",
        'crane_tonnes{namespace="harbour",job="gauges"}': "3x90",
    }
    for up in ("1x20 0x70", "1x20 stale"):
        cranes = {
            'up{namespace="harbour",job="cranes"}': up,
            'crane_tonnes{namespace="harbour",job="cranes"}': "9x20 stale",
        }
        assert_told(servers, generated, well | cranes, {"15m": [], "60m": [("critical", "cranes")]})
        assert_told(servers, generated, well | {'up{namespace="harbour",job="canteen"}': up}, {"60m": []})
    alone = dict(list(well.items())[:2]) | cranes
    assert_told(servers, generated, alone, {"60m": [("critical", "cranes"), ("warning", "crane_tonnes")]})


def test_a_job_of_which_only_up_is_watched_is_missed_when_it_is_gone(servers: Servers, tmp_path: Path) -> None:
    """Its `up` is a watched metric too."""
    stanza = BOTH.replace("limits: {", 'limits: {lamp_out: {critical: when true, runbook: "#look-out"}, ').replace(
        "metrics: {", 'metrics: {lamp_out: {gauge: up, active: "== 0", per: job}, '
    )
    generated = compile_harbour(tmp_path, '    selector: namespace="harbour"\n', stanza)
    assert_proved(servers, generated)
    series = {
        'up{namespace="harbour",job="gauges"}': "1x90",
        'tide_metres{namespace="harbour",job="gauges"}': "3x90",
        'crane_tonnes{namespace="harbour",job="gauges"}': "3x90",
    }
    without_canteen = series | {'up{namespace="harbour",job="canteen"}': "1x20 stale"}
    assert_told(servers, generated, without_canteen, {"60m": [("critical", "canteen")]})
    canteen_down = series | {'up{namespace="harbour",job="canteen"}': "1x20 0x70"}
    assert_told(servers, generated, canteen_down, {"60m": []})


def test_a_label_that_no_target_has_is_never_a_target_that_is_down(servers: Servers, tmp_path: Path) -> None:
    """Then the targets are unknown: only a metric that existed before can be missed."""
    generated = compile_harbour(tmp_path, '    selector: deployment="quay"\n', BOTH)
    assert_proved(servers, generated)
    up = {'up{job="quay",namespace="port"}': "1x90"}
    tide = 'tide_metres{job="quay",deployment="quay"}'
    assert_told(servers, generated, up | {tide: "3x90"}, {"60m": []})
    assert_told(servers, generated, up | {tide: "3x20 stale"}, {"60m": [("warning", "quaytide_metres")]})


@pytest.mark.parametrize("targets", ["", "    targets: off\n", '    targets: job="quays"\n'])
def test_a_shard_that_has_none_of_the_targets_stays_silent(servers: Servers, tmp_path: Path, targets: str) -> None:
    """Another shard has them, with the same rules."""
    generated = compile_harbour(tmp_path, '    selector: job="quay"\n', targets, BOTH)
    assert_proved(servers, generated)
    assert_told(servers, generated, {'up{job="ferries"}': "1x90"}, {"60m": []})


def test_targets_that_the_file_names_matter_whatever_comes_from_them(servers: Servers, tmp_path: Path) -> None:
    """The metrics have another job than the exporter that passes them on."""
    generated = compile_harbour(tmp_path, '    selector: app="quay"\n    targets: job=~"push.*"\n', TIDE)
    assert_proved(servers, generated)
    series = {'tide_metres{app="quay",job="buoys"}': "3x90", 'up{job="pushgateway"}': "1x20 0x70"}
    assert_told(servers, generated, series, {"15m": [], "60m": [("critical", "pushgateway")]})


def test_metrics_that_are_scraped_seldom_are_there_between_two_scrapes(servers: Servers, tmp_path: Path) -> None:
    """An engine forgets a sample after five minutes; a scrape that fails says so at once."""
    generated = compile_harbour(
        tmp_path, '    selector: job="satellite"\n    scrape_interval: 15m\n    window: 1h\n', TIDE
    )
    assert_proved(servers, generated)
    tide = 'tide_metres{job="satellite"}'
    well = {'up{job="satellite"}': "1x40", tide: "3x40"}
    assert_told(servers, generated, well, {"3h7m": [], "4h44m": [], "8h14m": []}, step="15m")
    down = {'up{job="satellite"}': "1x12 0x20", tide: "3x12 stale"}
    assert_told(servers, generated, down, {"3h10m": [], "5h": [("critical", "satellite")]}, step="15m")
    without = {'up{job="satellite"}': "1x40", tide: "3x12 stale"}
    assert_told(servers, generated, without, {"3h10m": [], "5h": [("warning", "tide_metres")]}, step="15m")


def test_what_is_gone_is_forgotten_after_a_day(servers: Servers, tmp_path: Path) -> None:
    """A job that somebody removed must not page for ever."""
    generated = compile_harbour(tmp_path, '    selector: namespace="harbour"\n', BOTH)
    series = {
        'up{namespace="harbour",job="gauges"}': "1x30 stale",
        'tide_metres{namespace="harbour",job="gauges"}': "3x30 stale",
        'crane_tonnes{namespace="harbour",job="gauges"}': "3x30 stale",
    }
    expected_by_time = {"2h": [("critical", "gauges")], "24h": [("critical", "gauges")], "25h": []}
    assert_told(servers, generated, series, expected_by_time)


def test_a_metric_that_a_running_target_never_had_is_missed_for_ever(servers: Servers, tmp_path: Path) -> None:
    """The metric may be misspelt."""
    generated = compile_harbour(tmp_path, '    selector: job="gauges"\n', BOTH)
    series = {'up{job="gauges"}': "1x1800", 'tide_metres{job="gauges"}': "3x1800"}
    expected = [("warning", "crane_tonnes")]
    assert_told(servers, generated, series, {"1h": expected, "29h": expected})
