"""The contract of kinds: a new kind is one file, whether it looks back for long or has no steady value."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from compiler.conventions import alert_name
from compiler.listing import of_kind
from compiler.listing.written import binding_line, definition_line, limits_line
from compiler.signals import kinds
from tests.compiler.base import ROOT
from tests.compiler.houses import HEAD, SYSTEM, TAIL

KINDS: Final = Path(__file__).parent / "kinds"


def write_house(signal: str, limits: str, metrics: str, statements: str) -> None:
    """Write a house with one system, whose only limits are those of `signal`, into the current directory."""
    system = f"  shop:\n    title: Shop\n{SYSTEM}    limits:\n      {limits}\n    metrics:\n      {metrics}\n"
    Path("thresholds.yaml").write_text(f"{HEAD}signals:\n  {signal}\nsystems:\n{system}", encoding="utf-8")
    Path("runbook.md").write_text(f"# Shop\n\n## Alert thresholds\n\n{statements}{TAIL}", encoding="utf-8")


def run(root: Path, *arguments: str) -> str:
    """Return what a module of the compiler below `root` prints when it is run in the current directory."""
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def proved(root: Path, promtool: Path) -> bool:
    """Compile the house in the current directory and run its tests; return whether there are any of a shop's alert."""
    run(root, "compiler.cli", "compile")
    run(root, "compiler.cli", "prove", "--promtool", str(promtool))
    tests = Path("generated/prometheus/tests").glob("shop*.test.yml")
    return any("alertname: ShopQueue" in test.read_text(encoding="utf-8") for test in tests)


@pytest.mark.parametrize("kind", ["peak", "jump"])
def test_new_kind_is_one_file(kind: str, promtool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its alerts are proved by the real promtool, although their tests take more than six hours."""
    shutil.copytree(ROOT / "compiler", tmp_path / "compiler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(KINDS / f"{kind}.py", tmp_path / "compiler" / "signals")
    monkeypatch.chdir(tmp_path)
    run(tmp_path, "compiler.schema")
    write_house(
        f"queue: {{title: Queue, kind: {kind}, unit: count}}",
        'queue: {warning: "> 100", critical: "> 200", for: 4m, runbook: "#look"}',
        "queue: {gauge: queue_length, window: 6h}",
        "- Queue: warning > 100, critical > 200\n",
    )
    assert proved(tmp_path, promtool)


@pytest.mark.parametrize(
    ("signal", "metrics", "wait"),
    [
        ("kind: gauge, unit: count", "{gauge: queue_length}", "6h30m"),
        ("kind: increase, unit: count", "{counter: queued_total, window: 6h}", "10m"),
    ],
    ids=["long wait", "long window"],
)
def test_alert_of_many_hours_is_proved(  # noqa: PLR0917
    signal: str, metrics: str, wait: str, promtool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test of more than six hours is evaluated seldom, so its times lie where the engine evaluates."""
    monkeypatch.chdir(tmp_path)
    write_house(
        f"queue: {{title: Queue, {signal}}}",
        f'queue: {{warning: "> 100", critical: "> 200", for: {wait}, runbook: "#look"}}',
        f"queue: {metrics}",
        "- Queue: warning > 100, critical > 200\n",
    )
    assert proved(ROOT, promtool)


def test_every_kind_proves_the_example_that_is_shown_for_it(
    promtool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alerts of `tocsin signals KIND` fire when their generated tests say so, with both severities."""
    monkeypatch.chdir(tmp_path)
    entries = [of_kind(name) for name, kind in kinds().items() if kind.bindable]
    definitions = "\n  ".join(definition_line(entry) for entry in entries if entry.definition)
    limits = "\n    ".join(limits_line(entry).replace("#section-of-the-runbook", "#look") for entry in entries)
    bindings = "\n      ".join(binding_line(entry, entry.forms[0]) for entry in entries)
    # No runbook need state the limits of a whole house.
    write_house(f"{definitions}\ndefaults:\n  limits:\n    {limits}", "{}", bindings, "")
    run(ROOT, "compiler.cli", "compile")
    run(ROOT, "compiler.cli", "prove", "--promtool", str(promtool))
    fires = {
        (check["alertname"], alert["exp_labels"]["severity"])
        for path in Path("generated/prometheus/tests").iterdir()
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for check in test["alert_rule_test"]
        for alert in check["exp_alerts"]
    }
    expected = {(alert_name("shop", entry.signal.id), severity) for entry in entries for severity in entry.limits}
    assert expected - fires == set()
