"""Tests that the tutorial is true: its commands run in their order, and print what the page shows."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest
import yaml

from compiler.diagnostics import Diagnostics
from compiler.importing.imported import import_guides
from testbed import slack_view
from testbed.ports import LOOPBACK, free_port
from testbed.servers import Servers
from testbed.slack import Message, Slack
from testbed.tutorial import COMMANDS, Shell, Step, fences, shows, steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FOLDER = ROOT / "docs" / "tutorial"
PORTS = ("8000", "9090", "9093", "9095")
TOKEN = "xoxb-your-token"
SECTION = "High error rate"
FINDINGS = " error["
"""The output holds this text if the command ends with status 1."""


class Ports:
    """Free ports in place of the documented ones, which may be in use on this machine."""

    def __init__(self) -> None:
        self.used = {documented: str(free_port()) for documented in PORTS}

    def free(self, text: str) -> str:
        """Return the text with the ports of this test."""
        return _replaced(text, self.used)

    def documented(self, text: str) -> str:
        """Return the text with the ports of the page."""
        return _replaced(text, {used: documented for documented, used in self.used.items()})


def _replaced(text: str, names: dict[str, str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(names)})\b", lambda match: names[match[0]], text)


def prepare(folder: Path, ports: Ports, slack_api_url: str) -> Shell:
    """Return the terminal of a reader who works in a clone of Tocsin; Slack is the stand-in.

    `make` prints what it would do and does nothing: installing needs a network, and has happened on a machine that runs
    tests.
    """
    clone, home, outputs = folder / "tocsin", folder / "home", folder / "outputs"
    for made in (clone / "docs" / "tutorial", home, outputs):
        made.mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name != "docs":
            (clone / path.name).symlink_to(path)
    for path in filter(Path.is_file, FOLDER.iterdir()):
        text = path.read_text(encoding="utf-8")
        (clone / "docs" / "tutorial" / path.name).write_text(ports.free(text), encoding="utf-8")
    environment = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MAKEFLAGS": "--dry-run",
        "TOCSIN_SLACK_API_URL": slack_api_url,
    }
    return Shell(clone, environment, outputs)


def follow(shell: Shell, ports: Ports, step: Step) -> None:
    """Run one command of the page; fail if its status or its output differs from the page."""
    status, output = shell.run(ports.free(step.command))
    printed = ports.documented(output)
    report = f"docs/tutorial.md:{step.line}: `{step.command}` ended with {status} and printed:\n{printed}"
    assert status == (1 if FINDINGS in step.shown else 0), report
    assert not step.shown or shows(step.shown, printed), f"{report}\nand the page shows:\n{step.shown}"


def is_listening(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, int(port))) == 0


def versions(slack: Slack, message: Message) -> list[str]:
    """Return a message as it was posted and as each update changed it, as a reader saw it."""
    calls = [call.arguments for call in slack.calls if call.error is None]
    title = f"Slack · {message.channel}"
    return [
        slack_view.draw(title, "", _blocks(arguments))
        for arguments in calls
        if SECTION in str(arguments) or "ts" in arguments
    ]


def _blocks(arguments: dict[str, object]) -> list[dict[str, object]]:
    groups = [arguments, *arguments.get("attachments", ())]
    return [block for group in groups for block in group.get("blocks", ())]


@pytest.mark.acceptance
def test_the_tutorial_leads_from_a_guide_to_a_page_on_slack(newest_servers: Servers, short_folder: Path) -> None:
    """Each command does and prints what the page says, Slack gets the message shown, and nothing keeps running."""
    ports = Ports()
    *story, kill, wait = steps(PAGE)
    with Slack(TOKEN) as slack, prepare(short_folder, ports, slack.api_url) as shell:
        for step in story:
            follow(shell, ports, step)
        message = slack.await_message(lambda candidate: "RESOLVED" in candidate.words)
        for step in (kill, wait):
            follow(shell, ports, step)
        assert [port for port in ports.used.values() if is_listening(port)] == []
    posted, acknowledged, *_ = versions(slack, message)
    (shown,) = (fence.text for fence in fences(PAGE) if fence.language == "text")
    assert shows(shown.rstrip("\n"), posted), posted
    assert SECTION in posted
    assert "gallery on call" in acknowledged


def test_every_block_of_the_tutorial_is_of_a_kind_that_is_checked() -> None:
    """Commands run, parts of thresholds.yaml and the message are compared; the page shows nothing else."""
    assert {fence.language for fence in fences(PAGE)} == {COMMANDS, "yaml", "text"}
    assert PAGE.count("```") == 2 * len(fences(PAGE))


def test_what_the_tutorial_shows_of_thresholds_yaml_stands_there() -> None:
    """Every YAML block is an unchanged part of the finished file, and together they hold every top-level key."""
    finished = (FOLDER / "thresholds.yaml").read_text(encoding="utf-8")
    shown = [fence.text for fence in fences(PAGE) if fence.language == "yaml"]
    assert [text for text in shown if text not in finished] == []
    keys = set(re.findall(r"^(\w+):", "".join(shown), re.MULTILINE))
    assert keys == set(yaml.safe_load(finished))


def test_the_finished_file_of_the_tutorial_is_the_imported_one_with_its_questions_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every limit is as `tocsin import` wrote it, except the section and the times that the page changes."""
    monkeypatch.chdir(FOLDER)
    begun = yaml.safe_load(import_guides([Path("guide.md")], Diagnostics()).as_yaml())["systems"]["guide"]
    finished = yaml.safe_load((FOLDER / "thresholds.yaml").read_text(encoding="utf-8"))["systems"]["thumbnails"]
    assert begun["limits"]["disk"].pop("runbook") != finished["limits"]["disk"].pop("runbook")
    assert finished["limits"]["error_ratio"].pop("for")
    assert finished["metrics"]["error_ratio"].pop("window")
    assert finished["limits"] == begun["limits"]
    assert {key: set(binding) for key, binding in finished["metrics"].items()} == {
        key: set(binding) for key, binding in begun["metrics"].items()
    }
