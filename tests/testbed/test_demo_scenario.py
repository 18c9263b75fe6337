import json
from pathlib import Path

import yaml

from testbed import demo
from testbed.scenario import read_scenario

GENERATED = Path(__file__).resolve().parents[2] / demo.GENERATED


def test_the_demonstrations_metrics_are_those_that_its_alerts_rules_read() -> None:
    """A binding that is renamed in thresholds.yaml would leave a demonstration in which nothing fires."""
    scenario = read_scenario()
    path = GENERATED / "prometheus" / "rules" / f"{scenario.system}.rules.yml"
    exprs = [rule["expr"] for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    for metric in {series.metric for series in scenario.broken}:
        assert any(metric in expr and f'job="{scenario.job}"' in expr for expr in exprs), metric


def test_the_demonstrations_alert_is_in_the_catalogue_and_pages() -> None:
    """The demonstration shows a page with a runbook section, so the alert's tier must page."""
    alert = demo.find_alert(json.loads((GENERATED / "catalog.json").read_text()), read_scenario())
    assert "pagerduty" in alert["tier"]["announce"]
    assert alert["runbook"]["title"]
