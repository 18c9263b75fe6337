"""Tests of the generated files: goldens of the base, and Prometheus's own tool on them and on odd limits."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from compiler import conventions, schema
from compiler.artifacts import yaml_artifact
from compiler.compilation import compile_spec
from compiler.emitters.catalog import _lines
from tests.compiler.base import DATA, LEDGER, ROOT, SHOP, SPEC, compiled, edit, tocsin


def artifacts() -> dict[str, str]:
    """Return the artifacts of the specification in the current directory, by path."""
    return {artifact.path: artifact.content.decode() for artifact in compiled().artifacts}


@pytest.mark.usefixtures("base")
def test_the_base_compiles_to_its_goldens(snapshot: SnapshotAssertion) -> None:
    """Each artifact of each target is a golden. People read its difference, because it is what users get."""
    contents = artifacts()
    assert contents.pop(conventions.CATALOG_SCHEMA_PATH) == schema.text(schema.CATALOG)
    for path, content in contents.items():
        assert content == snapshot(name=path)


def test_the_readme_says_what_each_target_is_for() -> None:
    """Whoever looks at `generated/` finds its files in the README's table."""
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row.split("|")[1])]
    paths = [path.relative_to(ROOT / "generated") for path in (ROOT / "generated").rglob("*") if path.is_file()]
    assert [str(path) for path in paths if not any(path.match(pattern) for pattern in named)] == []


ODD = {
    "as it is": (),
    "a short window": (
        (SPEC, 'selector: job="shop"', 'selector: job="shop"\n    window: 30s\n    scrape_interval: 5s'),
    ),
    "a long window": ((SPEC, 'selector: job="shop"', 'selector: job="shop"\n    window: 2h'),),
    "no traffic floor": ((SPEC, 'selector: job="shop"', 'selector: job="shop"\n    minimum_traffic: off'),),
    "at once": ((SPEC, "for: {warning: 10m, critical: 5m}", "for: 0s"),),
    "within seconds": ((SPEC, "for: {warning: 10m, critical: 5m}", "for: {warning: 90s, critical: 20s}"),),
    "less severe later than more severe": (
        (SPEC, "for: {warning: 10m, critical: 5m}", "for: {warning: 1m, critical: 30m}"),
    ),
    "above nothing": ((SPEC, '"> 150ms"', '"> 0ms"'), (SHOP, "150 ms", "0 ms")),
    "above no share": ((SPEC, '"> 1%"', '"> 0%"'),),
    "below all": ((SPEC, '"< 99.5%"', '"< 100%"'), (LEDGER, "99.5 %", "100 %")),
    "beyond all": ((SPEC, '">= 85 of 100"', '"> 100%"'), (SHOP, "at least 85 of 100", "above 100 %")),
    "many digits": ((SPEC, '"> 1%"', '"> 1.0005%"'), (SPEC, 'critical: "> 5%"', 'critical: "> 5.003%"')),
    # At a full second, `humanizeDuration` shows one second less for a value that is a rounding error below it.
    "minutes": (
        (SPEC, '"> 150ms", critical: "> 200ms"', '"> 3000s", critical: "> 3100s"'),
        (SHOP, "above 150 ms, critical above 200 ms", "above 3000 s, critical above 3100 s"),
    ),
    "a rate": (
        (
            SPEC,
            'latency_p95:     {warning: "> 150ms", critical: "> 200ms"',
            'request_rate:    {warning: "> 100 per second", critical: "> 200/s"',
        ),
        (
            SPEC,
            "latency_p95:     {histogram: http_request_duration_seconds",
            "request_rate:    {counter: http_requests_total",
        ),
        (
            SHOP,
            "95th percentile latency: warning above 150 ms, critical above 200 ms",
            "Request rate: warning above 100 per second, critical above 200 per second",
        ),
    ),
    "bytes": (
        (SPEC, "{kind: gauge, unit: seconds", "{kind: gauge, unit: bytes"),
        (SPEC, 'warning: "> 1h30m"', 'warning: "> 1.5GiB"'),
        (SPEC, "{since: day_started_timestamp_seconds", "{gauge: open_bytes"),
        (SPEC, "closed within 90 minutes", "kept below 1.5 GiB"),
        (LEDGER, "closed within 90 minutes", "kept below 1.5 GiB"),
    ),
    "a state of a counter": (
        (SPEC, 'gauge: checkout_open, active: "== 0", of: all', 'counter: refused_total, active: ">= 7"'),
    ),
    "a state of a share": (
        (SPEC, 'gauge: checkout_open, active: "== 0", of: all', 'used: tills_busy, max: tills, active: ">= 95%"'),
    ),
    "a state of an age": (
        (SPEC, 'gauge: checkout_open, active: "== 0", of: all', 'since: sale_timestamp_seconds, active: "> 5m"'),
    ),
    "a rate by the minute": (
        (SPEC, "{kind: gauge, unit: seconds,", "{kind: rate, unit: per_second,"),
        (SPEC, '"> 1h30m", documented: "should be closed within 90 minutes"', '">= 70 per minute"'),
        (SPEC, "{since: day_started_timestamp_seconds, component: closer}", "{counter: closed_total}"),
        (LEDGER, "The day should be closed within 90 minutes; later, the banks do not take the file.", "Once a day."),
        (LEDGER, "- Backlog: warning", "- Time to close the day: warning at least 70 per minute.\n- Backlog: warning"),
    ),
    "a cache of hits and misses": (
        (
            SPEC,
            '{attempts: \'rpc_total{method!="ping"}\', successes: \'rpc_total{method!="ping",ok="yes"}\', window: 1h}',
            "{hits: hits_total, misses: misses_total, per: cache}",
        ),
    ),
    "a cache of hits and misses by a label": (
        (
            SPEC,
            '{attempts: \'rpc_total{method!="ping"}\', successes: \'rpc_total{method!="ping",ok="yes"}\', window: 1h}',
            "{hits: 'reads_total{result=\"hit\"}', misses: 'reads_total{result=\"miss\"}', per: cache}",
        ),
    ),
    "a state that flaps": ((SPEC, 'active: "== 0", of: all', 'active: "== 0", within: 15m'),),
    "a component by a matcher": ((SPEC, 'selector: job="shop"', 'selector: job="shop",service=~"web|api"'),),
    "a word that YAML reads otherwise": ((SPEC, "title: The shop", 'title: "on: #1, it\'s \\"y\\""'),),
    "another direction": (
        (SPEC, '{warning: ">= 85 of 100"', '{bad: low, warning: "<= 10 of 100"'),
        (SHOP, "at least 85 of 100", "at most 10 of 100"),
    ),
}


@pytest.mark.acceptance
def test_promtool_accepts_odd_rules_and_their_tests_pass(
    promtool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generated tests prove the generated rules, whatever limits, windows and times people write.

    Promtool is slow, so two calls run all folders, and each test runs once. Its output names the folder of a fault.
    """
    known: list[object] = []
    for name, changes in ODD.items():
        shutil.copytree(DATA / "base", tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        for change in changes:
            edit(*change)
        result = tocsin("compile")
        assert result.exit_code == 0, result.stderr
        assert keep_new_tests(known)
    monkeypatch.chdir(tmp_path)
    for action, files in (
        ("check", "*/generated/prometheus/rules/*.yml"),
        ("test", "*/generated/prometheus/tests/*.yml"),
    ):
        paths = sorted(Path().glob(files))
        assert len(paths) >= len(ODD)
        done = subprocess.run([promtool, action, "rules", *paths], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def keep_new_tests(known: list[object]) -> int:
    """Remove the rule tests that are in `known`, add the other ones to it, and return how many these are."""
    number = 0
    for path in Path(f"generated/{conventions.TESTS_FOLDER}").iterdir():
        content = read_yaml(path)
        groups = read_yaml(path.parent / content["rule_files"][0])["groups"]
        rules = {group["rules"][-1]["alert"]: group for group in groups}
        proofs = [
            (test, [rules[name] for name in sorted({check["alertname"] for check in test["alert_rule_test"]})])
            for test in content["tests"]
        ]
        new = [proof for proof in proofs if proof not in known]
        known += new
        number += len(new)
        path.unlink()
        if new:
            path.write_text(json.dumps(content | {"tests": [test for test, _ in new]}), encoding="utf-8")
    return number


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML is what it is
    """Return the parsed content of a file."""
    return yaml.load(path.read_bytes(), yaml.CSafeLoader)


@pytest.mark.usefixtures("base")
def test_every_alert_that_can_be_sampled_is_seen_to_fire_and_not_to() -> None:
    """A rule without a proof is a guess."""
    for group in compiled().groups:
        seen = expected(artifacts()[conventions.tests_path(group.system.id)], group.alerts[0].name)
        assert {alert.limit.severity for alert in group.alerts} == set().union(*seen)
        assert set() in seen


def expected(text: str, name: str) -> list[set[str]]:
    """Return, for each expectation about an alert in a test file, the severities that fire."""
    checks = [check for test in yaml.safe_load(text)["tests"] for check in test["alert_rule_test"]]
    return [
        {alert["exp_labels"]["severity"] for alert in check["exp_alerts"]}
        for check in checks
        if check["alertname"] == name
    ]


@pytest.mark.usefixtures("base")
def test_an_alert_whose_selector_is_too_hard_has_no_test_and_keeps_its_rule() -> None:
    """The compiler makes up no value for a pattern with groups. It warns, and the alert works like any other."""
    edit(SPEC, 'code=~"5.."', 'code=~"(50|51)."')
    compilation = compile_spec(Path(SPEC))
    assert [(finding.code, finding.level) for finding in compilation.diagnostics] == [("untested", "warning")]
    contents = {finding.path: finding.content.decode() for finding in compilation.artifacts}
    assert "ShopErrorRatio" in contents[conventions.rules_path("shop")]
    assert "ShopErrorRatio" not in contents[conventions.tests_path("shop")]


@pytest.mark.usefixtures("base")
def test_a_value_for_which_an_example_does_not_render_has_no_test() -> None:
    """The other values are still tested, and there is no traceback."""
    before = artifacts()[conventions.tests_path("ledger")]
    assert "below" in before
    edit(SPEC, "{{ 100 + value }}x", "{{ 100 + value + 0 / (value - 999.6) }}x")
    text = artifacts()[conventions.tests_path("ledger")]
    assert 'entries_taken{queue="above",region="above"}' in text
    assert 'entries_taken{queue="below",region="below"}' in before
    assert 'entries_taken{queue="below",region="below"}' not in text


@pytest.mark.usefixtures("base")
def test_without_pagerduty_only_the_webhook_is_told() -> None:
    """Only a configured integration is in the configuration."""
    edit(SPEC, "  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}\n", "")
    edit(SPEC, "    deliver: direct\n", "")
    config = yaml.safe_load(artifacts()[conventions.ALERTMANAGER_PATH])
    assert not any("pagerduty_configs" in receiver for receiver in config["receivers"])
    assert all("webhook_configs" in receiver for receiver in config["receivers"])


@pytest.mark.usefixtures("base")
def test_secrets_are_named_by_file_only() -> None:
    """Committed files hold no secret."""
    text = artifacts()[conventions.ALERTMANAGER_PATH]
    assert "credentials_file" in text
    assert "routing_key_file" in text
    assert not {"credentials:", "routing_key:", "password:"} & {word.strip() for word in text.split()}


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        [
            "on",
            "Off",
            "y",
            "1e3",
            "0o17",
            "08:00",
            "012",
            "1_000",
            ".5",
            "~",
            "null",
            "<<",
            "=",
            "2026-11-22",
            "- a",
            "a: b",
            "#x",
            "",
            " x ",
            "5m",
            "no",
            "NaN",
            ".inf",
            "0x1F",
            "a\nb",
            "'",
            "é",
        ]
    ),
)
YAML = st.recursive(
    TEXT | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, min_size=1, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, YAML, min_size=1, max_size=4))
def test_written_yaml_reads_as_the_same_by_yaml_1_1(data: dict[str, object]) -> None:
    """Law: text stays text, even if PyYAML's rules of YAML 1.1 would read a number, a date or a boolean."""
    assert yaml.safe_load(yaml_artifact("x", data, "tocsin compile").content.decode()) == data


def test_what_has_no_place_in_yaml_is_a_bug() -> None:
    """YAML has several ways to write numbers and null, and no emitter needs them."""
    with pytest.raises(TypeError, match="NoneType has no place"):
        yaml_artifact("x", {"key": None}, "tocsin compile")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, st.integers(min_value=0, max_value=4))
def test_written_json_reads_as_the_same_at_any_depth_of_lines(data: object, depth: int) -> None:
    """Law: the place of a line break changes nothing."""
    assert json.loads(_lines(data, depth)) == data
