"""Tests of users' own queries with both promtools: no generated test of a valid query fails or passes by chance.

One specification holds many queries, each in a system of its own. Each is proved or untested, as its entry says, and
all generated tests pass.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import requests
import yaml

from compiler import conventions
from compiler.compilation import Compilation, compile_spec
from compiler.promql import parse_selector
from testbed.boiler import Exporter
from testbed.servers import Prometheus, Servers
from testbed.standin import Reply, Request

pytestmark = pytest.mark.acceptance

LIMITS: Final = {
    "bytes": {"warning": "> 2GB", "critical": "> 4GB"},
    "count": {"warning": "> 30", "critical": "> 70"},
    "low": {"warning": "< 30", "critical": "< 12"},
    "per_second": {"warning": "> 30 per second", "critical": "> 70 per second"},
    "ratio": {"warning": "> 85%", "critical": "> 97%"},
    "seconds": {"warning": "> 90s", "critical": "> 3h"},
    "state": {"critical": "when true"},
}


class Query(NamedTuple):
    """A query over `{{ x }}`: the unit of its limits, its metric, its labels, and whether it can be proved."""

    limits: str
    query: str
    metric: str = "kiln_heat"
    per: str | None = "door"
    proved: bool = True
    example: list[dict[str, str]] | None = None


QUERIES: Final = (
    Query("count", "{{ x }}"),
    Query("count", "max by ({{ per }}) ({{ x }})"),
    Query("count", "sum by (door, brick) ({{ x }})"),
    Query("count", "avg without (brick) ({{ x }} * 9 / 5 + 32)"),
    Query("count", "quantile by (door) (0.8, {{ x }})"),
    Query("count", "250 - {{ x }}"),
    Query("count", "-{{ x }}"),
    Query("count", "{{ x }} > 4"),
    Query("count", "clamp({{ x }}, 0, 5000)"),
    Query("count", "avg_over_time({{ x }}[20m])"),
    Query("count", "max_over_time({{ x }}[3h])"),
    Query("count", "quantile_over_time(0.5, {{ x }}[10m])"),
    Query("count", "sort_desc({{ x }})"),
    Query("count", 'label_replace({{ x }}, "wall", "$1", "brick", "(.*)")'),
    Query("count", "increase({{ x }}[10m])", metric="kiln_loads_total"),
    Query("count", "{{ x }}", metric="kiln_queue", per=None),
    Query("count", "sum by (brick) ({{ x }})", metric="kiln_queue", per=None),
    Query("count", "{{ x }}", metric='{"kiln.heat-now",fuel="gas"}'),
    Query("count", "{{ x }}", metric=r"kiln_heat{route=~`/k\d+`}"),
    Query("seconds", "{{ x }}", metric='kiln_seconds{quantile="1"}'),
    Query("count", "max by (door) (kiln_heat{fuel=~`g\\w+`})"),
    Query("low", "{{ x }}", metric="kiln_fuel"),
    Query("low", "min by (door) ({{ x }})", metric="kiln_fuel"),
    Query("low", "100 - {{ x }}", metric="kiln_fuel_used"),
    Query("low", "{{ x }} > 0", metric="kiln_fuel"),
    Query("low", "rate({{ x }}[5m]) * 60", metric="kiln_loads_total"),
    Query("per_second", "sum by (door) (rate({{ x }}[{{ window }}]))", metric="kiln_loads_total"),
    Query("per_second", "irate({{ x }}[5m])", metric='kiln_seconds_bucket{le=~"2|1e6"}'),
    Query("ratio", "1 - {{ x }}", metric="kiln_free_ratio"),
    Query("ratio", "{{ x }} / 100", metric="kiln_load_percent"),
    Query("bytes", "{{ x }} * 1024", metric="kiln_log_kilobytes"),
    Query("seconds", "time() - {{ x }}", metric="kiln_opened_timestamp_seconds"),
    Query("seconds", "(time() - max by (door) ({{ x }})) / 2", metric="kiln_opened_timestamp_seconds"),
    Query("seconds", "{{ x }} / 1000", metric="kiln_delay_milliseconds"),
    Query("state", "{{ x }} == bool 0", metric="up"),
    Query("state", "{{ x }} == 1", metric="kiln_open"),
    Query("state", "{{ x }} != bool 3", metric="kiln_mode"),
    Query("state", "max by (door) ({{ x }} >= bool 900)"),
    Query("state", "time() - {{ x }} > bool 2 * 3600", metric="kiln_opened_timestamp_seconds"),
    Query("state", "{{ x }} - time() < bool 5 * 86400", metric="kiln_licence_timestamp_seconds"),
    Query("state", "rate({{ x }}[10m]) == bool 0", metric="kiln_loads_total"),
    Query("state", "absent({{ x }})", metric='kiln_pulse{shift="late"}', per=None),
    Query("state", "absent({{ x }})", metric='kiln_pulse{shift="late"}', per="shift"),
    Query("state", "absent_over_time({{ x }}[20m])", metric='kiln_pulse{shift=~"late|early"}', per=None),
    Query("state", "max(absent({{ x }} > 2)) == bool 1", metric="kiln_pulse", per=None),
    Query("state", 'absent(kiln_pulse{shift="night"})', per=None),
    Query("count", "{{ x }} offset 5m", proved=False),
    Query("count", "deriv({{ x }}[5m])", proved=False),
    Query("count", "count by (door) ({{ x }})", proved=False),
    Query("count", "{{ x }} > 50", proved=False),
    Query("count", "max_over_time({{ x }}[1h:1m])", proved=False),
    Query("count", "topk by (door) (2, {{ x }})", proved=False),
    Query("count", "{{ x }} and on (door) (kiln_open == 1)", proved=False),
    Query("count", "histogram_quantile(0.9, sum by (door) (rate({{ x }}[5m])))", proved=False),
    Query("count", "{{ x }} - time()", proved=False),
    Query("state", "max by (door) ({{ x }} == bool 1) and on () (hour() >= 6 < 22)", proved=False),
    Query("state", "predict_linear({{ x }}[1h], 7200) < bool 0", proved=False),
    Query("state", "absent({{ x }}) or vector(0)", per=None, proved=False),
    Query("state", "vector(1) unless on () {{ x }}", per=None, proved=False),
    Query(
        "state",
        "vector(1) unless on () {{ x }}",
        per=None,
        example=[{"series": "{{ x }}", "values": "{{ '_' if value else 4 }}x{{ steps }}"}],
    ),
    Query(
        "seconds",
        "time() - {{ x }} and {{ x }} > -1e12",
        metric="kiln_opened_timestamp_seconds",
        example=[{"series": "{{ x }}", "values": "{{ start - value }}+{{ step }}x{{ steps }}"}],
    ),
    Query(
        "state",
        "predict_linear({{ x }}[3h], 7200) < bool 0",
        example=[{"series": "{{ x }}", "values": "{{ 50 - 100 * value }}x{{ steps }}"}],
    ),
)
SIGNALS: Final = {f"query_{number}": query for number, query in enumerate(QUERIES)}


def system_of(name: str) -> str:
    """Return the system that measures a signal."""
    return f"kiln-{name.removeprefix('query_')}"


def specification() -> dict[str, Any]:
    """Return the thresholds.yaml of all queries."""
    tier = {"respond": "4h", "announce": ["slack"], "escalate": "never"}
    limits = {name: {**LIMITS[query.limits], "runbook": "#look"} for name, query in SIGNALS.items()}
    return {
        "version": 1,
        "links": {"runbook": "https://docs.example.com/{path}#{anchor}"},
        "defaults": {"limits": limits},
        "escalation": {"standard": {"levels": ["potters"], "warning": tier, "critical": tier}},
        "levels": {"potters": {"title": "Potters", "email": ["potters@example.com"]}},
        "teams": {"potters": {"title": "Potters", "slack": "#kiln"}},
        "routing": {
            "webhook": {"url": "http://tocsin:9095/v1/alertmanager"},
            "fallback": {"team": "potters", "escalation": "standard"},
        },
        "signals": {name: dict(definition(query)) for name, query in SIGNALS.items()},
        "systems": {
            system_of(name): {
                "team": "potters",
                "runbook": "kiln.md",
                "escalation": "standard",
                "selector": "job='kiln'",
                "limits": {"metrics_missing": "off"},
                "metrics": {name: dict(binding(query))},
            }
            for name, query in SIGNALS.items()
        },
    }


def definition(query: Query) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a signal."""
    yield "query", query.query
    yield "unit", "count" if query.limits == "low" else query.limits
    if query.example is not None:
        yield "example", query.example


def binding(query: Query) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a binding."""
    if "{{ x }}" in query.query:
        yield "x", query.metric
    if query.per is not None:
        yield "per", query.per


def compiled(folder: Path, spec: dict[str, Any]) -> Compilation:
    """Return the compilation of a specification; write its artifacts below `generated`."""
    (folder / "kiln.md").write_text("# Kiln\n\n## Alert thresholds\n\nNone of its own.\n\n## Look\n\nLook.\n")
    (folder / conventions.SPEC_PATH).write_text(json.dumps(spec, indent=1))
    with chdir(folder):
        compilation = compile_spec(Path(conventions.SPEC_PATH))
    for artifact in compilation.artifacts:
        path = folder / conventions.OUTPUT_PATH / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    return compilation


@pytest.fixture(scope="module")
def kiln(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the compiled specification; queries that cannot be proved give a reason."""
    folder, spec = tmp_path_factory.mktemp("kiln"), specification()
    for name, query in SIGNALS.items():
        if not query.proved:
            spec["signals"][name]["untested"] = "nobody knows"
    assert [str(finding) for finding in compiled(folder, spec).diagnostics] == []
    return folder / conventions.OUTPUT_PATH


def test_each_query_is_proved_or_a_finding(tmp_path: Path) -> None:
    """Without reasons each query that cannot be proved is a finding once, and there are no other findings."""
    untested = [
        (finding.code, finding.message.split("`")[1]) for finding in compiled(tmp_path, specification()).diagnostics
    ]
    assert sorted(untested) == sorted(("untested", name) for name, query in SIGNALS.items() if not query.proved)


def test_the_generated_tests_pass_and_look_at_every_alert(servers: Servers, kiln: Path) -> None:
    """For each alert with tests and each severity, at least one test expects that it fires."""
    tests = sorted((kiln / conventions.TESTS_FOLDER).glob("kiln-*.yml"))
    done = subprocess.run(
        [servers.tool("promtool"), "test", "rules", *tests], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fired = {
        (check["alertname"], alert["exp_labels"]["severity"])
        for file in tests
        for test in yaml.safe_load(file.read_text())["tests"]
        for check in test["alert_rule_test"]
        for alert in check["exp_alerts"]
    }
    proved = {name: query for name, query in SIGNALS.items() if query.proved}
    assert fired == {
        (conventions.alert_name(system_of(name), name), severity)
        for name, query in proved.items()
        for severity in LIMITS[query.limits]
    }


def test_prometheus_prints_the_queries_as_they_are_emitted(servers: Servers, kiln: Path, short_folder: Path) -> None:
    """The queries include raw strings, quoted names and aggregations."""
    rules = sorted((kiln / conventions.RULES_FOLDER).glob("kiln-*.yml"))
    emitted = sorted(
        rule["expr"]
        for file in rules
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    )
    with Prometheus(servers, short_folder, targets={}, rules=rules) as prometheus:
        groups = requests.get(f"{prometheus.url}/api/v1/rules", timeout=300).json()["data"]["groups"]
    printed = sorted((rule["query"] for group in groups for rule in group["rules"]), key=plain)
    assert list(map(plain, printed)) == emitted


def plain(query: str) -> str:
    """Return a query with numbers from a million on as they are emitted; the oldest generation prints an exponent."""
    return re.sub(r"\b[0-9](?:\.[0-9]+)?e\+[0-9]+\b", lambda match: format(Decimal(match.group()), "f"), query)


BUCKETS: Final = ("0.5", "2", "30", "1e+06", "+Inf")


def test_matchers_on_buckets_and_quantiles_select_what_each_generation_stores(
    servers: Servers, short_folder: Path, tmp_path: Path
) -> None:
    """Both come from one exporter; before, `le="2"` selected nothing on Prometheus 3."""
    samples = {f'wait_seconds_bucket{{le="{bound}"}}': float(number) for number, bound in enumerate(BUCKETS)}
    samples |= {f'wait_summary{{quantile="{quantile}"}}': 1.0 for quantile in ("0", "0.5", "1")}
    expected_counts = {
        'wait_seconds_bucket{le="2"}': 1,
        'wait_seconds_bucket{le="2.0"}': 1,
        'wait_seconds_bucket{le=~"2|30"}': 2,
        'wait_seconds_bucket{le="1000000"}': 1,
        'wait_seconds_bucket{le!="30"}': 4,
        'wait_seconds_bucket{le!~"2|30|1e6"}': 2,
        'wait_seconds_bucket{le=~"[0-9]+"}': 2,
        'wait_summary{quantile="1"}': 1,
        'wait_summary{quantile!="0"}': 2,
    }
    with (
        _Typed(samples) as exporter,
        Prometheus(servers, short_folder, targets={"wait": [exporter.target]}) as prometheus,
    ):
        prometheus.await_metric('{__name__="wait_summary"}', 45)
        counts = {text: len(prometheus.query(str(parse_selector(text)))) for text in expected_counts}
    assert counts == expected_counts


class _Typed(Exporter):
    """An exporter that declares its series as a histogram and a summary: Prometheus rewrites only such labels."""

    def reply(self, request: Request) -> Reply:
        """Return the samples after their types."""
        scrape = super().reply(request)
        types = "# TYPE wait_seconds histogram\n{}# TYPE wait_summary summary\n{}"
        lines = str(scrape.body).splitlines(keepends=True)
        parts = ("".join(line for line in lines if line.startswith(name)) for name in ("wait_seconds", "wait_summary"))
        return replace(scrape, body=types.format(*parts))
