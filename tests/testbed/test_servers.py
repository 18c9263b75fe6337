from pathlib import Path

import pytest

from testbed.pagerduty import PagerDuty
from testbed.scaling import Endpoints, scale_generated
from testbed.scenario import Scenario
from testbed.servers import Alertmanager, Prometheus, Servers
from testbed.service import Service
from testbed.standin import NothingCameError

pytestmark = pytest.mark.acceptance

# Five minutes pass in one second: these tests are about the servers, not about the waiting.
FACTOR = 300


def test_prometheus_loads_scaled_rules_scrapes_and_fires(
    servers: Servers, generated: Path, scenario: Scenario, short_folder: Path
) -> None:
    """The sample's alert is quiet while the service is well and fires when it breaks, in seconds."""
    endpoints = Endpoints(webhook="http://127.0.0.1:1", pagerduty="http://127.0.0.1:1", smarthost="127.0.0.1:1")
    secrets = {"credentials_file": "t", "routing_key_file": "k"}
    scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets, factor=FACTOR)
    with Service(scenario.healthy) as service:
        targets = {"sample": [service.target]}
        with Prometheus(servers, short_folder / "prom", targets=targets, rules=scaled.rules) as prometheus:
            names = {rule["name"] for rule in prometheus.rules()}
            assert names == {"service:sample_errors:ratio_rate5m", "SampleErrorRatio", "SampleWatchdog"}
            prometheus.await_alert(lambda alert: alert["labels"]["alertname"] == "SampleWatchdog")
            assert all(alert["labels"]["alertname"] != "SampleErrorRatio" for alert in prometheus.alerts())
            service.change(scenario.broken)
            fired = prometheus.await_alert(
                lambda alert: alert["labels"]["alertname"] == "SampleErrorRatio" and alert["state"] == "firing"
            )
            assert fired["labels"]["service"] == "a"
            assert prometheus.query('up{job="sample"}')[0]["value"][1] == "1"


def test_alertmanager_loads_the_scaled_configuration_and_takes_alerts(
    servers: Servers, generated: Path, short_folder: Path, pagerduty: PagerDuty
) -> None:
    """Its own PagerDuty integration reaches the stand-in, although the webhook is not there."""
    endpoints = Endpoints(webhook="http://127.0.0.1:1", pagerduty=pagerduty.events_url, smarthost="127.0.0.1:1")
    secrets = {"credentials_file": "t", "routing_key_file": pagerduty.routing_key}
    scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets)
    with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
        alertmanager.post_alerts([{"labels": {"alertname": "SampleErrorRatio", "severity": "critical"}}])
        alertmanager.await_alert(lambda alert: alert["labels"]["severity"] == "critical")
        incident = pagerduty.await_incident(lambda _incident: True)
        assert incident.events[0].came_from == "Alertmanager"
        with pytest.raises(OSError, match="refused the alerts with 400"):
            alertmanager.post_alerts([{"labels": {}}])
        pid = alertmanager.process.pid
    assert alertmanager.process.pid is None
    assert pid is not None


def test_a_wait_for_a_server_says_what_it_answered_last(oldest_servers: Servers, short_folder: Path) -> None:
    """The message of a wait in vain helps to see why."""
    expected = pytest.raises(NothingCameError, match=r"an alert in Prometheus did not come .* last answer was \[\]")
    with Prometheus(oldest_servers, short_folder, targets={}) as prometheus, expected:
        prometheus.await_alert(lambda _alert: True, 0.3)
