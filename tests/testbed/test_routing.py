import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed import routing
from testbed.fixtures import require
from testbed.routing_cases import inhibition_cases, route_cases
from testbed.servers import GENERATIONS, Servers, find


@pytest.fixture
def own_copy(generated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(generated, tmp_path / "generated")


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / routing.CONFIG
    assert file.read_text().count(old) == 1, f"{old!r} must be there once"
    file.write_text(file.read_text().replace(old, new))


def append(folder: Path, text: str) -> None:
    file = folder / routing.CONFIG
    file.write_text(file.read_text() + text)


def loaded(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    return yaml.safe_load((folder / routing.TESTS).read_text()), yaml.safe_load((folder / routing.CONFIG).read_text())


@pytest.mark.acceptance
def test_a_sound_configuration_has_no_failure(servers: Servers, generated: Path) -> None:
    """What the sample expects is what both generations of amtool and the simulator come to."""
    assert routing.failures(generated, servers) == []


ROUTE = "receiver page, "
SPOILT = {
    "a matcher's value": (
        'severity="critical"\'',
        'severity="major"\'',
        [
            "amtool: SampleErrorRatio critical: expected page, got webhook",
            "amlint: SampleErrorRatio critical: expected page, got webhook",
        ],
    ),
    "a matcher's operator": (
        'severity="critical"\'',
        'severity!="critical"\'',
        [
            f"{tool}: {subject}"
            for tool in ("amtool", "amlint")
            for subject in (
                "SampleErrorRatio critical: expected page, got webhook",
                "SampleErrorRatio warning and 1 more: expected webhook, got page",
                "SomebodyElses without severity: expected webhook, got page",
            )
        ],
    ),
    "a regular expression": (
        'severity="critical"\'',
        'severity=~"crit.*|warn.+"\'',
        [
            f"{tool}: {subject}"
            for tool in ("amtool", "amlint")
            for subject in (
                "SampleErrorRatio warning: expected webhook, got page",
                "SampleLatency warning: expected webhook, got page",
            )
        ],
    ),
    "a continuation": (
        "      receiver: page",
        "      receiver: page\n      continue: true",
        ["route to page, continue: expected nothing, got true"],
    ),
    "a time of all routes": (
        "group_interval: 5m",
        "group_interval: 6m",
        [f"route to {name}, group_interval: expected 5m, got 6m" for name in ("webhook", "page")],
    ),
    "a time of one route": (
        "      receiver: page",
        "      receiver: page\n      repeat_interval: 1d",
        ["route to page, repeat_interval: expected 12h, got 1d"],
    ),
    "a group label": (
        "group_by: [alertname, severity]",
        "group_by: [alertname]",
        [f"route to {name}, group_by: expected alertname, severity, got alertname" for name in ("webhook", "page")],
    ),
    "the resolved notification": (
        "    webhook_configs:\n      - url: http://tocsin.example.com/v1/alertmanager\n        send_resolved: true\n        http_config: {authorization: {credentials_file: /etc/alertmanager/secrets/token}}\n    pager",
        "    webhook_configs:\n      - url: http://tocsin.example.com/v1/alertmanager\n        send_resolved: false\n    pager",
        ["receiver page, webhook_configs, send_resolved: expected true, got false"],
    ),
    "an integration": (
        "    pagerduty_configs:\n      - routing_key_file: /etc/alertmanager/secrets/routing-key\n        severity: critical",
        "    slack_configs: [{api_url_file: /etc/alertmanager/slack, channel: x}]",
        [
            "receiver page, pagerduty_configs: expected {severity: critical}, got nothing",
            "receiver page, slack_configs: expected nothing, got {api_url_file: /etc/alertmanager/slack, channel: x}",
        ],
    ),
}


@pytest.mark.acceptance
@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_spoilt_is_told_with_expected_and_got(oldest_servers: Servers, own_copy: Path, spoilt: str) -> None:
    """Each fault gives exactly these lines; alerts that no matcher tells apart share one line."""
    old, new, lines = SPOILT[spoilt]
    edit(own_copy, old, new)
    assert routing.failures(own_copy, oldest_servers) == lines


@pytest.mark.acceptance
def test_routes_that_are_gone_are_told_by_the_order(oldest_servers: Servers, own_copy: Path) -> None:
    """If the number of routes differs, only their order is compared, not one route with another."""
    edit(own_copy, "    - matchers: ['severity=\"critical\"']\n      receiver: page\n", "    []\n")
    assert "routes in order: expected webhook, page, got webhook" in routing.failures(own_copy, oldest_servers)


@pytest.mark.acceptance
def test_an_inhibition_without_equal_is_noticed_by_the_simulator_alone(oldest_servers: Servers, own_copy: Path) -> None:
    """It silences the same component, another one, and somebody else's alert; amtool sees no inhibition."""
    append(
        own_copy,
        "inhibit_rules: [{source_matchers: ['severity=\"critical\"'], target_matchers: ['severity=\"warning\"']}]\n",
    )
    difference = "while SampleErrorRatio critical fires: expected not suppressed, got suppressed"
    assert routing.failures(own_copy, oldest_servers, simulate=False) == []
    assert set(routing.failures(own_copy, oldest_servers)) == {
        f"amlint: SampleErrorRatio warning {difference}",
        f"amlint: SampleErrorRatio warning (component another, not a) {difference}",
        f"amlint: SampleErrorRatio warning (component a, not another) {difference}",
        f"amlint: SampleErrorRatio warning (signal absent, not error_ratio) {difference}",
        f"amlint: SampleErrorRatio warning (signal error_ratio, not absent) {difference}",
    }


@pytest.mark.acceptance
def test_a_configuration_that_amtool_refuses_fails_in_its_words(oldest_servers: Servers, own_copy: Path) -> None:
    """The simulator accepts what Alertmanager would not load, so amtool decides."""
    edit(own_copy, "- matchers: ['severity=\"critical\"']", "- matchers: ['severity=~\"(\"']")
    failures = routing.failures(own_copy, oldest_servers, simulate=False)
    assert failures[-1].startswith("amtool: expected to accept the configuration, got amtool: error: ")
    assert "missing closing )" in failures[-1]


@pytest.mark.parametrize(("path", "content"), [(routing.TESTS, None), (routing.CONFIG, "{"), (routing.CONFIG, "text")])
def test_what_cannot_be_read_is_one_failure(own_copy: Path, path: Path, content: str | None) -> None:
    """The file is missing, is no YAML, or is something else."""
    file = own_copy / path
    file.unlink() if content is None else file.write_text(content)
    (failure,) = routing.failures(own_copy, find("oldest"))
    assert path.name in failure


def test_alerts_that_no_route_tells_apart_are_asked_about_once(generated: Path) -> None:
    """The case names all of them; if a matcher holds more than words, each alert is a case of its own."""
    expected, config = loaded(generated)
    assert [(case.alerts, case.labels) for case in route_cases(expected, config)] == [
        (("SampleErrorRatio critical",), {"severity": "critical"}),
        (("SampleErrorRatio warning", "SampleLatency warning"), {"severity": "warning"}),
        (("SomebodyElses without severity",), {}),
    ]
    config["route"]["routes"][0]["matchers"] = ['severity=~"c.*"']
    assert len(route_cases(expected, config)) == 4
    config["route"]["routes"][0] = {"receiver": "page", "match": {"severity": "critical"}}
    assert len(route_cases(expected, config)) == 4


def test_every_pair_of_severities_is_asked_alike_and_apart(generated: Path) -> None:
    """For two severities: each silences the other or not; and, in both directions, for each label that differs."""
    expected, config = loaded(generated)
    cases = inhibition_cases(expected, config)
    assert len(cases) == 2 + 2 * 2 * 2 * 2
    assert len({(str(case.firing), str(case.target)) for case in cases}) == len(cases)
    config["inhibit_rules"] = [{"source_matchers": ['signal=~"a.+"'], "target_matchers": ['signal="x"']}]
    assert len(inhibition_cases(expected, config)) == 2 * len(cases)


@pytest.mark.acceptance
def test_the_command_prints_expected_and_got_one_below_the_other(
    own_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is one line a generation when all is well; the simulator's line is printed once."""
    for generation in GENERATIONS:
        require(find(generation))
    assert routing.main([str(own_copy)]) == 0
    assert capsys.readouterr().out == "ok    oldest  routing tests\nok    newest  routing tests\n"
    edit(own_copy, 'severity="critical"\'', 'severity="major"\'')
    assert routing.main([str(own_copy)]) == 1
    assert capsys.readouterr().out == "".join(
        f"FAIL  {source}: SampleErrorRatio critical\n      expected  page\n      got       webhook\n"
        for source in ("oldest  amtool", "oldest  amlint", "newest  amtool")
    )


def test_the_command_wants_a_directory(capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is a usage error."""
    assert routing.main([]) == 1
    assert "usage" in capsys.readouterr().err
