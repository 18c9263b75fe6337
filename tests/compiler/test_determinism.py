"""Tests that the same input gives the same bytes, whatever the process, its hash seed, its locale or its line ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.compilation import compile_spec
from tests.compiler.base import LEDGER, ROOT, SHOP, SPEC, compiled


def generate(out: Path, seed: str, **environment: str) -> dict[str, bytes]:
    """Return what a separate process generates from the repository's specification."""
    command = [sys.executable, "-m", "compiler.cli", "compile", "--out", str(out)]
    variables = os.environ | {"PYTHONHASHSEED": seed} | environment
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return below(out)


def below(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_processes_generate_the_same_bytes_and_these_are_committed(tmp_path: Path) -> None:
    """Hash seeds, locales and time zones differ. `generated/` is neither stale nor edited by hand."""
    first = generate(tmp_path / "one", "1", LC_ALL="C", TZ="UTC")
    second = generate(tmp_path / "two", "4242", LC_ALL="C.UTF-8", TZ="Asia/Tokyo")
    assert first == second
    committed = below(ROOT / "generated")
    assert {path: committed.get(path) for path in first} == first


@pytest.mark.usefixtures("base")
def test_findings_are_in_the_same_order_in_every_process() -> None:
    """Each hash seed orders sets of text differently."""
    for path in (SPEC, SHOP, LEDGER):
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_text(
            text.replace("> 1", "> 7").replace("error", "eror").replace("team: ", "team: x"), encoding="utf-8"
        )
    shown = set()
    for seed in ("1", "2", "3"):
        variables = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "compiler.cli", "check"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        shown.add(done.stderr)
    assert len(shown) == 1
    assert shown.pop().count("error[") > 5


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_nothing(ends: str) -> None:
    """A file that passed through another system compiles to the same artifacts, with the same line numbers."""
    before = compiled().artifacts
    for path in (SPEC, SHOP, LEDGER):
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ends).encode())
    assert compiled().artifacts == before


@pytest.mark.usefixtures("base")
def test_the_order_of_systems_and_signals_in_the_file_changes_nothing() -> None:
    """People move lines; generated files show only real changes."""
    before = compiled().artifacts
    text = Path(SPEC).read_text(encoding="utf-8")
    head, _, rest = text.partition("  shop:\n")
    shop, _, ledger = rest.partition("  ledger:\n")
    Path(SPEC).write_text(f"{head}  ledger:\n{ledger.rstrip()}\n  shop:\n{shop.rstrip()}\n", encoding="utf-8")
    assert Path(SPEC).read_text(encoding="utf-8") != text
    assert compile_spec(Path(SPEC)).artifacts == before
