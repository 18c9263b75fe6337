"""Tests of a new user's first hour: they bring a house of their own and make common mistakes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from compiler.channels import SCOPES, in_scope
from tests.compiler.base import DATA, codes, tocsin
from tests.compiler.slips import SLIPS, Slip

BY_NAME = {slip.name: slip for slip in SLIPS}
_FINDING = re.compile(r"^(?P<path>\S+?):(?P<line>\d+):\d+: (?:error|warning)\[[a-z-]+\]", re.MULTILINE)


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a copy of the house."""
    shutil.copytree(DATA / "first_hour", tmp_path / "house")
    monkeypatch.chdir(tmp_path / "house")


def make(slip: Slip) -> tuple[str, int]:
    """Make the mistake, and return the place where the finding must be."""
    changed = ("", 0)
    for path, old, new in slip.edits:
        file = Path(path)
        before, content = file.read_bytes(), new.encode() if isinstance(new, str) else new
        if old is not None:
            assert old.encode() in before, f"{path} does not hold {old!r}"
            content = before.replace(old.encode(), content, 1)
        file.write_bytes(content)
        changed = changed if changed[1] else (path, first_difference(before, content))
    if slip.place is None:
        return changed
    path, text, further = slip.place
    lines = [
        number for number, line in enumerate(Path(path).read_text(encoding="utf-8").split("\n"), 1) if text in line
    ]
    return path, lines[further]


def first_difference(before: bytes, after: bytes) -> int:
    """Return the first line that differs."""
    old, new = before.split(b"\n"), after.split(b"\n")
    return next((number for number, pair in enumerate(zip(old, new, strict=False), 1) if len(set(pair)) > 1), len(new))


def without_channels(text: str) -> str:
    """Return the text without the lists of channels that a key may name, which grow with each channel."""
    for scope in SCOPES:
        text = text.replace(", ".join(f"`{name}`" for name in in_scope(scope)), f"the channels of `{scope}`")
    return text


def test_the_house_is_without_fault() -> None:
    """So every finding in a copy comes from the mistake."""
    assert codes() == []


def test_names_of_slips_are_unique() -> None:
    """No mistake hides another of the same name."""
    assert len(BY_NAME) == len(SLIPS)


@pytest.mark.parametrize("name", [slip.name for slip in SLIPS if slip.findings])
def test_a_mistake_is_one_finding_where_it_was_made(name: str, snapshot: SnapshotAssertion) -> None:
    """The first finding names the cause, in the line that the user has to change. More findings need a reason."""
    slip = BY_NAME[name]
    place = make(slip)
    done = tocsin("check")
    places = [(match["path"], int(match["line"])) for match in _FINDING.finditer(done.stderr)]
    assert without_channels(done.stderr) == snapshot
    assert places[0] == place
    assert len(places) == slip.findings
    assert (len(places) == 1) is not bool(slip.why)
    assert done.exit_code == int(slip.fatal)


@pytest.mark.parametrize("name", [slip.name for slip in SLIPS if not slip.findings])
def test_what_is_no_mistake_is_none(name: str) -> None:
    """YAML and people have several ways to write the same."""
    make(BY_NAME[name])
    assert codes() == []


@pytest.mark.parametrize("name", [slip.name for slip in SLIPS if slip.fatal and slip.findings])
def test_each_error_says_how_to_mend_it(name: str) -> None:
    """A message without a remedy is half a message."""
    make(BY_NAME[name])
    assert "\n  hint: " in tocsin("check").stderr
