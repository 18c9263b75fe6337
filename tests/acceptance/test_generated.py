"""Tests of the committed output with promtool, amtool and Prometheus, of both supported generations."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import yaml

from compiler.compilation import compile_spec
from compiler.promtool import running
from compiler.promtool.proved import Proved, folder
from testbed.servers import Prometheus, Servers
from tests.compiler.base import ROOT

pytestmark = pytest.mark.acceptance


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)


def plain(query: str) -> str:
    return re.sub(r"\b[0-9](?:\.[0-9]+)?e\+[0-9]+\b", lambda match: format(Decimal(match.group()), "f"), query)


def test_promtool_accepts_every_rule_file(servers: Servers, generated: Path) -> None:
    """`promtool check rules` reports nothing."""
    done = run(servers.tool("promtool"), "check", "rules", *sorted((generated / "prometheus" / "rules").glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_generated_rule_tests_pass(servers: Servers, generated: Path) -> None:
    """`promtool test rules` proves every limit, hold time and text, now or when the same files were last checked."""
    promtool = str(servers.tool("promtool"))
    proved = Proved(folder(), running.build(promtool))
    tests = sorted((generated / "prometheus" / "tests").glob("*.yml"))
    assert tests
    for run_of_file in (running.run(promtool, path.parent, path.name, proved) for path in tests):
        assert run_of_file.passed, run_of_file.output


def test_amtool_accepts_the_configuration(servers: Servers, generated: Path) -> None:
    """`amtool check-config` reports nothing."""
    done = run(servers.tool("amtool"), "check-config", generated / "alertmanager" / "alertmanager.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "Watchdog", "severity": "none"}, "tocsin-watchdog"),
        ({"system": "tocsin", "severity": "critical"}, "tocsin-direct"),
        ({"system": "api-platform", "severity": "emergency"}, "tocsin-emergency"),
        ({"system": "api-platform", "severity": "critical"}, "tocsin-critical"),
        ({"system": "api-platform", "severity": "warning"}, "tocsin-warning"),
        ({"system": "api-platform", "severity": "info"}, "tocsin-info"),
        ({"alertname": "SomebodyElses", "severity": "page"}, "tocsin-default"),
    ],
)
def test_each_severity_reaches_its_receiver(
    servers: Servers, generated: Path, labels: dict[str, str], receiver: str
) -> None:
    """`amtool config routes test` names one receiver; Tocsin's own alerts do not pass through the webhook."""
    config = f"--config.file={generated / 'alertmanager' / 'alertmanager.yml'}"
    pairs = [f"{name}={value}" for name, value in labels.items()]
    done = run(servers.tool("amtool"), "config", "routes", "test", config, f"--verify.receivers={receiver}", *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_prints_every_expression_as_we_emit_it(
    servers: Servers, generated: Path, short_folder: Path
) -> None:
    """Tools that print rules again must show no difference: the API's expression is that of the file, byte for byte.

    Numbers from a million on are the exception: the oldest generation prints them with an exponent, the newest not.
    """
    files = sorted((generated / "prometheus" / "rules").glob("*.yml"))
    emitted = sorted(
        rule["expr"]
        for file in files
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    )
    with Prometheus(servers, short_folder, targets={}, rules=files) as prometheus:
        groups = requests.get(f"{prometheus.url}/api/v1/rules", timeout=300).json()["data"]["groups"]
    printed = sorted(plain(rule["query"]) for group in groups for rule in group["rules"])
    assert printed == emitted


def test_amtool_accepts_options_of_tls(servers: Servers, tmp_path: Path) -> None:
    """The files exist; amtool opens none of them, Alertmanager does when it delivers."""
    shutil.copytree(ROOT / "tests" / "compiler" / "data" / "base", tmp_path / "house")
    spec = tmp_path / "house" / "thresholds.yaml"
    text = spec.read_text(encoding="utf-8")
    before = "url: http://tocsin:9095/v1/alertmanager,"
    assert text.count(before) == 1
    files = {name: tmp_path / name for name in ("ca_file", "cert_file", "key_file")}
    options = "".join(f" {name}: {path}," for name, path in files.items())
    after = f"url: https://tocsin:9095/v1/alertmanager,{options} server_name: tocsin.internal,"
    spec.write_text(text.replace(before, after), encoding="utf-8")
    compilation = compile_spec(spec)
    (config,) = (
        artifact.content for artifact in compilation.artifacts if artifact.path == "alertmanager/alertmanager.yml"
    )
    (tmp_path / "alertmanager.yml").write_bytes(config)
    done = run(servers.tool("amtool"), "check-config", tmp_path / "alertmanager.yml")
    assert done.returncode == 0, done.stdout + done.stderr
