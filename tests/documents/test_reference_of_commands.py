"""Tests that docs/commands.md describes every command with every option, and shows what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from compiler.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
FOR_ALL = PAGE[: PAGE.index("\n## ")]


def test_every_command_has_a_section_and_no_other_is_described() -> None:
    """The sections follow the order in which a new user needs the commands."""
    assert set(re.findall(r"^## (\S+)$", PAGE, re.MULTILINE)) == set(main.commands)


@pytest.mark.parametrize("name", main.commands)
def test_every_option_is_described(name: str) -> None:
    """The option stands in the section of its command, or above all sections."""
    section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            option = max(parameter.opts, key=len)
            assert option in section[1] or option in FOR_ALL, f"{name} {option}"


def test_the_explained_alert_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows the alert's sentence and the runbook's."""
    monkeypatch.chdir(ROOT)
    printed = CliRunner().invoke(main, ["explain", "ChorusBridgeMemory:critical"]).stdout
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (shown,) = (text for language, text in fences if not language)
    assert shown in printed
