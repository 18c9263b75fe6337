"""Tests that every alert's section in the project's runbooks has the form that a person at night relies on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CATALOG: dict[str, Any] = json.loads((ROOT / "generated" / "catalog.json").read_text(encoding="utf-8"))
SECTIONS = {(a["runbook"]["path"], a["runbook"]["anchor"]): a for a in CATALOG["alerts"]}
PARTS = ("**What it means.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**", "**When to escalate.**")


@pytest.mark.parametrize("section", sorted(SECTIONS), ids="#".join)
def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do(section: tuple[str, str]) -> None:
    """All five parts stand in every section, in one order."""
    markdown = SECTIONS[section]["runbook"]["markdown"]
    places = [markdown.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("alert", CATALOG["alerts"], ids=lambda a: f"{a['alert']}-{a['severity']}")
def test_a_label_that_fills_a_placeholder_is_one_that_the_alert_carries(alert: dict[str, Any]) -> None:
    """A command never waits for a label that the rule's expression has aggregated away."""
    carried = {"system", "component", "severity", "signal", "team", *carried_labels(alert)}
    for command in alert["runbook"]["commands"]:
        for placeholder in command["placeholders"]:
            assert placeholder["label"] is None or placeholder["label"] in carried


def test_every_section_with_a_component_has_a_command_that_its_labels_fill() -> None:
    """Tocsin's own alerts are the exception, because no webhook fills them in."""
    for alert in CATALOG["alerts"]:
        if alert["system"] == "tocsin":
            continue
        placeholders = [p for command in alert["runbook"]["commands"] for p in command["placeholders"]]
        assert any(p["label"] for p in placeholders), alert["alert"]


def carried_labels(alert: dict[str, Any]) -> set[str]:
    """Return the labels of an alert of any severity, as the generated tests state them; Prometheus agrees to these."""
    return set().union(*labels_by_alert(alert["system"]).get(alert["alert"], ()))


@cache
def labels_by_alert(system: str) -> dict[str, list[set[str]]]:
    path = ROOT / "generated" / "prometheus" / "tests" / f"{system}.test.yml"
    label_sets: dict[str, list[set[str]]] = {}
    for test in yaml.load(path.read_bytes(), yaml.CSafeLoader)["tests"]:
        for check in test["alert_rule_test"]:
            label_sets.setdefault(check["alertname"], []).extend(
                set(expected_alert["exp_labels"]) for expected_alert in check["exp_alerts"]
            )
    return label_sets
