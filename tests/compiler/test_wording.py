"""Tests of the texts of alerts: our rendering of Prometheus's templates equals Prometheus's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compiler import wording
from tests.compiler.base import SPEC, compiled, edit, tiers

VALUES = {
    "ratio": (0.07, 0.99999, 1e-5, 0.0725, 1.5, 0.123456, 0.0, 1.0),
    "seconds": (
        0.2,
        90.0,
        100000.0,
        0.0,
        1e-5,
        1.5e-6,
        1e-10,
        0.9999,
        1.0,
        5.5,
        12.3456,
        59.9999,
        60.0,
        61.7,
        3600.0,
        86399.0,
        86400.0,
        -90.5,
        -0.2,
    ),
    "bytes": (0.0, 0.5, 1.0, 1023.0, 1024.0, 1500.0, 536870912.0, 1e15, 2.0**90, -4096.0),
    "count": (5.0, 12345.0, 0.00001, 1e6, 99.99, 0.0),
    "per_second": (0.5, 100.0, 123456.0),
}
LABELS = {"a": "one", "b": "t{w}o"}
TEMPLATE = "{{ $labels.a }}/{{ $labels.b }} is at "


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.07, "ratio", "7%"),
        (0.99999, "ratio", "100%"),
        (1e-5, "ratio", "0.001%"),
        (0.2, "seconds", "200ms"),
        (90, "seconds", "1m 30s"),
        (100000, "seconds", "1d 3h 46m 40s"),
        (3600, "seconds", "1h 0m 0s"),
        (1500, "bytes", "1.465kiB"),
        (536870912, "bytes", "512MiB"),
        (12345, "count", "1.234e+04"),
        (100, "per_second", "100 per second"),
    ],
)
def test_a_value_is_humanized(value: float, unit: str, text: str) -> None:
    """A person reads this in `description`, for each unit."""
    assert wording.humanized(value, unit) == text


@pytest.mark.acceptance
def test_values_are_humanized_as_promtool_renders_them(promtool: Path, tmp_path: Path) -> None:
    """The real template functions render every value of the table, and promtool compares the results."""
    rules, checks = [], []
    for unit, values in VALUES.items():
        for index, value in enumerate(values):
            name = f"{unit}_{index}"
            template = f"{TEMPLATE}{wording._HUMANIZED[unit]}, {wording.VALUE}"
            rules.append(rule(name, value, template))
            checks.append(check(name, wording.rendered(template, LABELS, value, unit)))
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "alert_rule_test": checks}],
    }
    file = tmp_path / "test.yml"
    file.write_text(json.dumps(tests), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rule(name: str, value: float, template: str) -> dict[str, Any]:
    """Return a rule that fires with one value."""
    expr = f"vector({value!r})"
    for label, text in LABELS.items():
        expr = f'label_replace({expr}, "{label}", "{text}", "", "")'
    return {"alert": name, "expr": expr, "annotations": {"description": template}}


def check(name: str, description: str) -> dict[str, Any]:
    """Return promtool's expectation about the rule."""
    expected = {"exp_labels": LABELS, "exp_annotations": {"description": description}}
    return {"eval_time": "1m", "alertname": name, "exp_alerts": [expected]}


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("limit", [">= 85 of 100", "≥ 85 of 100", "at least 85 of 100"])
def test_a_share_keeps_its_words_and_loses_its_comparator(limit: str) -> None:
    """People know `85 of 100`. The comparator is told once, in words."""
    edit(SPEC, ">= 85 of 100", limit)
    compilation = compiled()
    (alert,) = next(group for group in compilation.groups if group.name == "shop.connection_pool").alerts
    assert alert.summary == "The shop: Connection pool usage at or above 85 of 100."
    assert tiers(compilation, "shop", "connection_pool")["warning"].text == limit


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("limit", ["above 150 ms", "> 0.15s", ">150ms"])
def test_a_limit_is_said_in_one_form_however_it_is_written(limit: str) -> None:
    """The same limit gives the same sentence."""
    edit(SPEC, "> 150ms", limit)
    compilation = compiled()
    group = next(group for group in compilation.groups if group.name == "shop.latency_p95")
    assert group.alerts[0].summary == "The shop: 95th percentile latency above 150ms."


@pytest.mark.usefixtures("base")
def test_an_alert_that_fires_at_once_names_no_time() -> None:
    """`for 0s` would be noise."""
    edit(SPEC, "for: 2m}", "for: 0s}")
    compilation = compiled()
    (alert,) = next(group for group in compilation.groups if group.name == "shop.checkout_closed").alerts
    assert alert.annotations["description"] == (
        "Checkout closed in The shop."
        ' Emergency as soon as every `checkout_open` is 0, over all of The shop, only where job is "shop".'
    )


@pytest.mark.usefixtures("base")
def test_a_description_has_no_colon_that_yaml_would_read() -> None:
    """Newer Alertmanagers read the values of PagerDuty's `details` as YAML."""
    for group in compiled().groups:
        for alert in group.alerts:
            assert ": " not in alert.annotations["description"]
