import socket
import sys
from pathlib import Path

import pytest

from testbed import demo
from testbed.patience import PATIENCE_SECONDS
from testbed.pipeline import Pipeline
from testbed.processes import StartError
from testbed.scenario import Scenario
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance

# Five minutes pass in one second: these tests are about the plumbing, not about the waiting.
FACTOR = 300


def test_a_whole_pipeline_pages_merges_resolves_and_survives_its_webhook(
    servers: Servers, generated: Path, scenario: Scenario, short_folder: Path, stub_webhook: Path
) -> None:
    """From metric to page to resolve; while the webhook is down the native page comes, and both share one key."""
    webhook = [sys.executable, stub_webhook]
    with Pipeline(
        servers=servers, generated=generated, scenario=scenario, folder=short_folder, factor=FACTOR, webhook=webhook
    ) as pipeline:
        pipeline.stop_webhook()
        pipeline.break_service()
        native = pipeline.await_pagerduty(lambda incident: incident.status == "triggered")
        assert {event.came_from for event in native.events} == {"Alertmanager"}
        pipeline.start_webhook()
        merged = pipeline.await_pagerduty(lambda i: {event.came_from for event in i.events} == {"Alertmanager", "stub"})
        assert merged is native
        pipeline.await_slack(lambda message: message.words == "firing: critical SampleErrorRatio")
        pipeline.mend_service()
        pipeline.await_pagerduty(lambda incident: incident.status == "resolved")
        message = pipeline.await_slack(lambda message: message.words == "resolved: critical SampleErrorRatio")
        assert message.edits
        assert len(pipeline.pagerduty.incidents) == 1
        processes = (pipeline.webhook, pipeline.alertmanager.process, pipeline.prometheus.process)
        assert all(process.pid for process in processes)
    assert not any(process.pid for process in processes)


def test_a_pipeline_whose_part_does_not_start_leaves_nothing_running(
    oldest_servers: Servers, generated: Path, scenario: Scenario, short_folder: Path
) -> None:
    """What was started before the failure is stopped, and the failure says why in the part's own words."""
    webhook = [sys.executable, "-c", "raise SystemExit('no database')"]
    pipeline = Pipeline(
        servers=oldest_servers, generated=generated, scenario=scenario, folder=short_folder, webhook=webhook
    )
    with pytest.raises(StartError, match=r"(?s)webhook ended at once with status 1.*no database"), pipeline:
        pytest.fail("it started")
    host, _, port = pipeline.mailbox.smarthost.partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)


@pytest.fixture
def sample_pipeline(
    newest_servers: Servers, generated: Path, scenario: Scenario, short_folder: Path, stub_webhook: Path
) -> Pipeline:
    """Return a pipeline of the sample that is not started yet."""
    return Pipeline(
        servers=newest_servers,
        generated=generated,
        scenario=scenario,
        folder=short_folder,
        factor=FACTOR,
        webhook=[sys.executable, stub_webhook],
    )


def test_the_demonstration_tells_its_story_from_break_to_resolve(
    sample_pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step is printed in order, with the message as it was and as it became."""
    alert = {
        "alert": "SampleErrorRatio",
        "severity": "critical",
        "title": "Error ratio",
        "limit": "> 5%",
        "for_seconds": 300,
        "documented": {"path": "runbooks/sample.md", "line": 12},
        "runbook": {"title": "SampleErrorRatio"},
        "tier": {"notify": ["sms"]},
    }
    demo.play(sample_pipeline, alert)
    printed = " ".join(capsys.readouterr().out.split())
    story = [
        "Its limit for error ratio is > 5% (runbooks/sample.md, line 12).",
        sample_pipeline.scenario.story,
        "SampleErrorRatio fires.",
        "firing: critical SampleErrorRatio",
        "one, although Alertmanager and stub both sent it",
        "The service is mended.",
        "resolved: critical SampleErrorRatio",
        "PagerDuty · resolved",
        "Everything is stopped.",
    ]
    places = [printed.find(line) for line in story]
    assert -1 not in places
    assert places == sorted(places)


def test_an_alert_that_the_catalogue_does_not_have_is_told(scenario: Scenario) -> None:
    """The reason is a sentence, not a traceback."""
    with pytest.raises(demo.DemoError, match="the catalogue has no alert of sample, error_ratio, critical"):
        demo.find_alert({"alerts": [], "policies": {}}, scenario)
