"""Tests of dimensions: rules, routes and catalogue keep labels from outside of a system, such as its cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from compiler import conventions
from tests.compiler.base import SPEC, compiled, edit, watched

pytestmark = pytest.mark.usefixtures("base")


def declare(*labels: str) -> None:
    """Declare these dimensions in the specification."""
    edit(SPEC, "defaults:\n", f"dimensions: [{', '.join(labels)}]\n\ndefaults:\n")


def artifact(path: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return one parsed artifact."""
    (selected,) = (candidate for candidate in compiled().artifacts if candidate.path == path)
    return yaml.safe_load(selected.content)


def rules(system: str) -> dict[str, str]:
    """Return a system's expressions by the name of the alert, with its severity, or of the recording."""
    groups = artifact(conventions.rules_path(system))["groups"]
    return {
        f"{rule.get('alert') or rule['record']} {rule['labels'].get('severity', '')}".strip(): rule["expr"]
        for group in groups
        for rule in group["rules"]
    }


def test_every_rule_keeps_a_declared_dimension() -> None:
    """Aggregations, vector matching, recordings and metrics-missing rules keep it.

    The system still names the component.
    """
    declare("planet", "cluster")
    before = {name for name in rules("shop") if name.startswith("Shop")}
    kept = rules("shop")
    assert {name for name in kept if name.startswith("Shop")} == before
    assert all("planet, cluster" in expr or "planet_cluster" in expr for expr in kept.values())
    assert "planet_cluster:metrics_missing:present" in kept
    backlog = rules("ledger")["LedgerBacklog warning"]
    assert backlog == 'planet_cluster_region_queue:backlog:query{system="ledger"} > 1000'
    pool = watched(compiled(), "shop", "connection_pool")
    assert (pool.bound.binding.per, pool.component) == (("planet", "cluster", "service"), None)
    assert watched(compiled(), "ledger", "closing_time").component == "closer"


def test_a_dimension_that_tells_components_apart_too_is_kept_once() -> None:
    """It is part of the component then."""
    declare("region")
    binding = watched(compiled(), "ledger", "backlog").bound.binding
    assert (binding.per, binding.component_labels) == (("region", "queue"), ("region", "queue"))


def test_routes_group_by_declared_dimensions_and_inhibitions_compare_the_usual_ones_too() -> None:
    """This holds whether or not the file names group labels. A label that no alert has changes nothing."""
    usual = list(conventions.USUAL_DIMENSIONS)
    config = artifact(conventions.ALERTMANAGER_PATH)
    assert config["route"]["group_by"] == ["alertname", "severity"]
    assert [rule["equal"] for rule in config["inhibit_rules"]] == [["alertname", "system", "component", *usual]] * 2

    declare("planet", "cluster")
    config = artifact(conventions.ALERTMANAGER_PATH)
    assert config["route"]["group_by"] == ["alertname", "severity", "planet", "cluster"]
    others = [label for label in usual if label != "cluster"]
    assert config["inhibit_rules"][0]["equal"] == ["alertname", "system", "component", "planet", "cluster", *others]
    edit(SPEC, "routing:\n", "routing:\n  group_by: [alertname, severity, cluster]\n")
    assert artifact(conventions.ALERTMANAGER_PATH)["route"]["group_by"] == [
        "alertname",
        "severity",
        "cluster",
        "planet",
    ]


def test_alertmanagers_own_page_names_a_declared_dimension() -> None:
    """That page comes first, and may be all that somebody sees."""
    declare("planet")
    receivers = artifact(conventions.ALERTMANAGER_PATH)["receivers"]
    titles = [config["description"] for receiver in receivers for config in receiver.get("pagerduty_configs", ())]
    assert titles
    assert all(title.endswith("{{ with .CommonLabels.planet }} (planet {{ . }}){{ end }}") for title in titles)


def test_the_catalogue_names_the_dimensions() -> None:
    """Declared dimensions come first. The webhook shows them."""
    assert artifact(conventions.CATALOG_PATH)["dimensions"] == list(conventions.USUAL_DIMENSIONS)
    declare("planet")
    (catalogue,) = (artifact for artifact in compiled().artifacts if artifact.path == conventions.CATALOG_PATH)
    assert json.loads(catalogue.content)["dimensions"] == ["planet", *conventions.USUAL_DIMENSIONS]


def test_a_query_that_does_not_ask_for_per_is_left_as_it_is() -> None:
    """A finding says which dimension the query loses. The generated test must not expect that label."""
    declare("cluster")
    edit(
        SPEC,
        "query: sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})",
        "query: sum by (region, queue) ({{ taken }}) - sum by (region, queue) ({{ done }})"
        "  # tocsin: ignore[lost-label] Prometheus adds the cluster",
    )
    assert watched(compiled(), "ledger", "backlog").bound.binding.per == ("region", "queue")


def test_generated_tests_hold_trouble_in_one_cluster_apart_from_another() -> None:
    """The same component in another cluster stays silent; so do missing metrics elsewhere."""
    declare("planet")
    tests = artifact(conventions.tests_path("shop"))["tests"]
    pool = [
        input_series
        for test in tests
        for input_series in test["input_series"]
        if input_series["series"].startswith("pool_in_use{")
    ]
    fired = [
        alert["exp_labels"]
        for test in tests
        for check in test["alert_rule_test"]
        if check["alertname"] == "ShopConnectionPool"
        for alert in check["exp_alerts"]
    ]
    services = {(labels["planet"], labels["service"]) for labels in fired}
    assert any(
        f'service="{service}"' in line["series"] and f'planet="{planet}"' not in line["series"]
        for line in pool
        for planet, service in services
    )
    (missing,) = (test for test in tests if test["name"] == "ShopMetricsMissing: limits")
    (check,) = missing["alert_rule_test"]
    planets = {alert["exp_labels"]["planet"] for alert in check["exp_alerts"]}
    assert {"target gone", "metrics gone"} < planets
    assert "all there" not in planets
