"""Tests that run every command of README and docs, in a copy of the house, on loopback, with stand-ins of receivers.

An unknown command fails. Whoever documents a new one makes its input files in `house`, lists its placeholder words in
`PLACEHOLDERS`, and adds a runner for a new program to `RUNNERS`. `test_tutorial` runs the blocks of the tutorial in
their order.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from compiler.promtool import proved
from testbed import loopback
from testbed.fixtures import ROUTING_KEY, SLACK_TOKEN
from testbed.pagerduty import PagerDuty
from testbed.patience import await_that
from testbed.ports import LOOPBACK, free_port
from testbed.processes import Process
from testbed.servers import find
from testbed.shown import OTHER_PROGRAMS, PROGRAMS, SHELLS, Block, Shown, page, read
from testbed.slack import Slack
from testbed.smtp import Mailbox
from tests.webhook.samples import alert, payload

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "decisions").glob("*.md")))
REFERENCE = [path for path in PAGES if path.parent.name != "decisions"]
SHOWN = [shown_command for path in PAGES for shown_command in page(path, ROOT, blocks=path != TUTORIAL)]
COMMANDS = list(
    {(shown_command.variables, shown_command.words): shown_command for shown_command in reversed(SHOWN)}.values()
)[::-1]
"""Each command once, at the first place that shows it."""
LANGUAGES = SHELLS | {"", "json", "markdown", "mermaid", "sql", "text", "yaml"}
"""Languages of fences; a new one may hold commands."""
GUIDES = ("docs/troubleshooting.md", "RUNBOOK.md", "GUIDE.md", "guide.md")
"""Names that pages use for the reader's own guide."""
PLACEHOLDERS = {
    "CODE": "unused-section",
    "COMMAND": "check",
    "ALERT": "ApiPlatformErrorRatio",
    "NAME": "error_ratio",
    "12": "1",
    "SID": f"AC{32 * '0'}",
    "TOKEN": 32 * "0",
}
"""Placeholder words of a command or of a setting, and their values."""
SUBCOMMANDS = {
    "tocsin": ["check", "compile", "explain", "import", "prove", "schema", "signals"],
    "tocsin-webhook": ["serve", "send-test", "incidents", "heartbeats"],
}
BIN = Path(sys.executable).parent
NEEDS_MORE = re.compile(r"Missing argument|required argument|\AUsage: .* COMMAND \[ARGS\](?!(?s:.*)No such command)")
"""Error texts of programs that were called without a required argument."""


@dataclass(frozen=True, kw_only=True)
class House:
    """A copy of the house in `folder`, and the environment of somebody who works there."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        environment = self.environment | variables
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def serve(self, words: tuple[str, ...], variables: dict[str, str]) -> None:
        """Run a serving command until it answers or says that it works, then stop it."""
        listen = f"{LOOPBACK}:{free_port()}"
        log = self.folder / "serve.log"
        log.unlink(missing_ok=True)
        environment = self.environment | variables | {"TOCSIN_LISTEN": listen}
        command = [BIN / words[0], *words[1:]]
        process = Process(
            name=" ".join(words), command=command, log=log, health_url=f"http://{listen}/healthz", env=environment
        )
        if "--worker-only" not in words:
            with process:
                return
        process.spawn()
        try:
            await_that(lambda: process.has_ended or '"configured"' in log.read_text(), process.log_tail)
            assert not process.has_ended, process.log_tail()
        finally:
            process.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return a house in which every receiver is set up and one incident is open."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("compiler", "docs", "generated", "runbooks"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("testbed", "README.md", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    # The compiler follows no link that leaves the folder.
    for name in ("thresholds.yaml", "Makefile"):
        shutil.copy(ROOT / name, folder)
    for name in GUIDES:
        shutil.copy(ROOT / "docs" / "tutorial" / "guide.md", folder / name)
    with Slack(SLACK_TOKEN) as slack, PagerDuty(ROUTING_KEY) as pagerduty, Mailbox() as mailbox:
        environment = {
            "HOME": str(folder),
            # `make check` has proved these files on this machine; they need not be proved again.
            "XDG_CACHE_HOME": str(proved.folder().parent.parent),
            "LANG": "C.UTF-8",
            "PATH": f"{BIN}:{find('newest').folder / 'bin'}:{os.environ['PATH']}",
            "TOCSIN_CATALOG": str(folder / "generated" / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{folder / 'tocsin.db'}",
            "TOCSIN_SLACK_API_URL": slack.api_url,
            "TOCSIN_PAGERDUTY_EVENTS_URL": pagerduty.url,
        }
        receivers = {
            "TOCSIN_SLACK_BOT_TOKEN": slack.token,
            "TOCSIN_PAGERDUTY_ROUTING_KEY": pagerduty.routing_key or "",
            "TOCSIN_SMTP_URL": f"smtp://{mailbox.smarthost}",
        }
        made = House(folder=folder, environment=environment)
        open_incident(made)
        yield House(folder=folder, environment=environment | receivers)


def open_incident(house: House) -> None:
    """Let the webhook take one alert, without a worker that would send notifications."""
    address = f"{LOOPBACK}:{free_port()}"
    environment = house.environment | {"TOCSIN_LISTEN": address}
    command = [BIN / "tocsin-webhook", "serve", "--no-worker"]
    log = house.folder / "opening.log"
    with Process(name="webhook", command=command, log=log, health_url=f"http://{address}/readyz", env=environment):
        status, answer = loopback.post_json(f"http://{address}/v1/alertmanager", payload(alert()))
    assert status == 200, answer


def run_make(_house: House, shown: Shown) -> None:
    """Print what `make` would do: installing needs a network, and has happened on a machine that runs tests."""
    words = ["--help"] if len(shown.words) == 1 else ["--dry-run", *shown.words[1:]]
    done = subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_module(house: House, shown: Shown) -> None:
    """Run a module of the compiler in the copy; run only the help of a testbed module, since it takes minutes."""
    _, flag, module, *rest = shown.words
    assert flag == "-m"
    words = rest if module.startswith("compiler.") else ["--help"]
    done = house.run("python", "-m", module, *words)
    assert done.returncode == 0, done.stderr


def run_program(house: House, shown: Shown) -> None:
    """Run the program; one without a required argument, such as `tocsin import`, must exist and have a help text."""
    words = [filled_in(word) for word in shown.words]
    if words[:2] == ["tocsin-webhook", "serve"]:
        house.serve(tuple(words), adapted(house, shown))
        return
    done = house.run(*words, **adapted(house, shown))
    if len(words) == 1 or NEEDS_MORE.search(done.stderr):
        done = house.run(*words, "--help")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def run_settings(house: House, shown: Shown) -> None:
    """Start the webhook's command with settings that stand alone; it must accept them."""
    done = house.run("tocsin-webhook", "incidents", "list", **adapted(house, shown))
    assert done.returncode == 0, done.stderr


def adapted(house: House, shown: Shown) -> dict[str, str]:
    """Return the variables of a command with local values; create the file of each secret."""
    variables = {name: filled_in(value) for name, value in shown.variables}
    for file in [name for name in variables if name.endswith("_FILE")]:
        name, path = file.removesuffix("_FILE"), house.folder / file
        path.write_text(f"{house.environment.get(name, 'a-secret-of-the-test')}\n")
        variables |= {name: "", file: str(path)}
    return variables


def filled_in(text: str) -> str:
    """Return a word with the values of its placeholders."""
    return re.sub(rf"\b(?:{'|'.join(PLACEHOLDERS)})\b", lambda word: PLACEHOLDERS[word[0]], text)


RUNNERS: dict[str, Callable[[House, Shown], None]] = {
    "": run_settings,
    "make": run_make,
    "python": run_module,
    "promtool": run_program,
    "tocsin": run_program,
    "tocsin-webhook": run_program,
}


@pytest.mark.acceptance
@pytest.mark.parametrize("shown", COMMANDS, ids=str)
def test_every_command_that_a_page_shows_works(house: House, shown: Shown) -> None:
    """Only the listening address and the files of secrets differ from the page."""
    program = shown.words[0] if shown.words else ""
    assert program in RUNNERS, f"nobody knows how to run this: {shown}"
    if program == "promtool" and find("newest").missing:
        pytest.skip("no promtool: run `make servers`")
    RUNNERS[program](house, shown)


def test_the_pages_show_commands_of_every_kind() -> None:
    """No command of a page is lost: the first ones of a reader are here, and every program has a runner."""
    shown = {" ".join(shown_command.words) for shown_command in COMMANDS}
    assert {"make rules", "make test", "tocsin-webhook serve", "tocsin compile --check", "make demo"} <= shown
    assert PROGRAMS | {""} == set(RUNNERS)
    assert not PROGRAMS & OTHER_PROGRAMS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_block_is_of_a_language_that_is_known_to_hold_commands_or_none(path: Path) -> None:
    """Nobody would run a command in a block of another language."""
    assert {block.language for block in blocks(path)} <= LANGUAGES
    unnamed = "\n".join(block.text for block in blocks(path) if not block.language)
    assert not re.search(rf"^\s*(?:\$ )?(?:{'|'.join(sorted(PROGRAMS | OTHER_PROGRAMS))}) ", unnamed, re.MULTILINE)


def blocks(path: Path) -> tuple[Block, ...]:
    return read(path.read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.name)
def test_every_option_that_a_page_names_exists(path: Path) -> None:
    """It stands alone, as in `--only slack`, or after a subcommand, as in `serve --no-worker`; choices exist too."""
    helps = options()
    for number, line in read(path.read_text(encoding="utf-8"))[1]:
        for span in re.findall(r"`([^`]+)`", line):
            words = span.replace("\\|", "|").split()
            subcommand = [words.pop(0)] if any(words[0] in names for names in SUBCOMMANDS.values()) else []
            if not words or not words[0].startswith("--"):
                continue
            texts = [text for name, text in helps.items() if not subcommand or name == subcommand[0]]
            expected_words = [words[0], *(words[1].split("|") if len(words) > 1 else [])]
            assert any(all(word in text for word in expected_words) for text in texts), f"{path.name}:{number}: {span}"


@cache
def options() -> dict[str, str]:
    """Return the help of each subcommand."""
    return {
        name: subprocess.run([BIN / program, name, "--help"], capture_output=True, text=True, check=True).stdout
        for program, names in SUBCOMMANDS.items()
        for name in names
    }


def test_the_subcommands_are_those_that_there_are() -> None:
    """A new subcommand must be listed."""
    for program, names in SUBCOMMANDS.items():
        text = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True).stdout
        listed = re.findall(r"^  ([a-z-]+) ", text.partition("Commands:\n")[2], re.MULTILINE)
        assert sorted(listed) == sorted(names)


@pytest.mark.acceptance
def test_every_query_that_a_page_shows_is_answered_by_the_store(house: House) -> None:
    """The tables and columns exist."""
    queries = [block.text for path in REFERENCE for block in blocks(path) if block.language == "sql"]
    with sqlite3.connect(house.folder / "tocsin.db") as store:
        for query in queries:
            store.execute(query)


def test_every_example_in_json_is_json() -> None:
    assert all(json.loads(block.text) for path in REFERENCE for block in blocks(path) if block.language == "json")


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("```sh\na \\\n  b  # why\n\nX=1 c 'd e'\n```\n", ["a b", "c d e"]),
        ("```console\n$ a b\nprinted\n$ c\n```\n", ["a b", "c"]),
        ("````markdown\n```sh\na\n```\n````\n", []),
        ("~~~bash\na\n~~~\n", ["a"]),
        ("Say `tocsin new x`, or `curl -s y`; `curl`, `a tocsin`.\n", ["tocsin new x", "curl -s y"]),
    ],
)
def test_commands_are_taken_from_pages(tmp_path: Path, text: str, commands: list[str]) -> None:
    """Blocks with continued lines and comments, text after a prompt, and spans are commands; a nested fence is not."""
    (tmp_path / "page.md").write_text(text)
    assert [" ".join(shown_command.words) for shown_command in page(tmp_path / "page.md", tmp_path)] == commands


def test_a_command_that_nobody_knows_fails(house: House, tmp_path: Path) -> None:
    """No page shows a command that no test runs."""
    (tmp_path / "page.md").write_text("`curl -s http://127.0.0.1` `tocsin frobnicate` `tocsin explain nothing`")
    unknown, *wrong = page(tmp_path / "page.md", tmp_path)
    assert unknown.words[0] not in RUNNERS
    for shown in wrong:
        with pytest.raises(AssertionError):
            run_program(house, shown)
