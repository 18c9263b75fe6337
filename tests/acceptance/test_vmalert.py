"""Tests that VictoriaMetrics' vmalert passes the generated rule tests and so gives the same alerts as Prometheus."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from compiler import conventions
from testbed.servers import Servers

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
TESTS = sorted((ROOT / conventions.OUTPUT_PATH / conventions.TESTS_FOLDER).glob("*.yml"))
# Enough for the longest file on a busy machine; it only ends a run that hangs.
TIMEOUT_SECONDS = 1800


@pytest.fixture
def vmalert_tool(newest_servers: Servers) -> Path:
    """Return vmalert-tool, which is installed beside the newest generation only; without it, skip, or fail in CI."""
    tool = newest_servers.tool("vmalert-tool")
    if not tool.exists():
        reason = "the newest generation lacks vmalert-tool: run `make servers`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return tool


def unittest(tool: Path, file: Path, folder: Path) -> tuple[bool, str]:
    """Return whether vmalert-tool passes a test file, and its output.

    vmalert puts the name of the rule group on every alert as the label `alertgroup`. Expectations name all labels of
    an alert, and Prometheus has no such label: `--disableAlertgroupLabel` leaves it out, so that one file serves both.
    """
    command = (tool, "unittest", "--disableAlertgroupLabel", f"--files={file}")
    # It keeps its store in the folder for temporary files; each run has one of its own.
    env = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=TIMEOUT_SECONDS, check=False)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name.removesuffix(".test.yml"))
def test_vmalert_tool_passes_the_generated_rule_tests(vmalert_tool: Path, short_folder: Path, file: Path) -> None:
    """Limits, hold times, recovery and texts are the same there, evaluation by evaluation."""
    passed, output = unittest(vmalert_tool, file, short_folder)
    assert passed, output


def test_there_is_a_test_file_for_every_rule_file(generated: Path) -> None:
    """A rule file without a test file is not proved, and the test above would not miss it."""
    rules = (generated / conventions.RULES_FOLDER).glob("*.yml")
    assert {file.name.partition(".")[0] for file in TESTS} == {file.name.partition(".")[0] for file in rules}


def test_vmalert_tool_fails_a_rule_that_does_not_do_what_is_expected(
    vmalert_tool: Path, generated: Path, short_folder: Path
) -> None:
    """Its verdict can be trusted: the same expectations fail with another rule."""
    name = conventions.WATCHDOG_GROUP
    for path in (conventions.rules_path(name), conventions.tests_path(name)):
        copy = short_folder / path
        copy.parent.mkdir(parents=True)
        copy.write_text((generated / path).read_text().replace("vector(1)", "vector(1) > 1"))
    passed, output = unittest(vmalert_tool, short_folder / conventions.tests_path(name), short_folder)
    assert not passed
    assert conventions.WATCHDOG in output
