"""Work grows with the length of a guide and no faster: ten times the text takes about ten times the calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.importing.imported import import_guides
from tests.compiler.houses import HEAD, RATIO, one_system


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have a current directory of its own."""
    monkeypatch.chdir(tmp_path)


def hosts(count: int) -> str:
    """Return a table with a row a host."""
    rows = "".join(f"| web-{number} | > {number % 40 + 20} % | > 81 % |\n" for number in range(count))
    return f"| Host | Disk usage warning | Disk usage critical |\n|---|---|---|\n{rows}"


def sections(count: int) -> str:
    """Return sections with a sentence and a link each."""
    return "".join(
        f"## Alert {number}\n\nPage when the error ratio of part {number} exceeds {number % 60 + 3} %."
        f" See [another](#alert-{(number + 7) % count}).\n\n"
        for number in range(count)
    )


def sentences(count: int) -> str:
    """Return a paragraph of so many sentences, on one line."""
    return "".join(f"Page when p95 of part {number} is above {number + 300} ms. " for number in range(count))


def story(count: int) -> str:
    """Return a limit in a paragraph that goes on for long."""
    return "Page when the error ratio is above 45 %. " + "People buy here, and parcels come by post. " * count


def items(count: int) -> str:
    """Return a list in which each item has the same words."""
    return "".join(f"- Error ratio of shop {number}: critical above 7 %\n" for number in range(count))


SHAPES: Final = {one.__name__: one for one in (hosts, sections, sentences, story, items)}
_FEW: Final = 40
_TIMES: Final = 10
_MOST: Final = 14
"""Calls of ten times the text over those of the text; where one stage is quadratic they are 30 and more."""


def calls(work: Callable[[], object]) -> int:
    """Return how many functions, built-in ones among them, are called."""
    count = 0

    def counted(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def _imports() -> object:
    return import_guides([Path("runbook.md")], Diagnostics())


def _checks() -> object:
    return list(compile_spec(Path("thresholds.yaml")).diagnostics)


@pytest.mark.parametrize("work", [_imports, _checks], ids=["import", "check"])
@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_as_the_guide_does(shape: str, work: Callable[[], object]) -> None:
    """Ten times the rows, sections, sentences or items."""
    spec = one_system(
        "kind: ratio, unit: ratio", ("error_share", "Error ratio", RATIO), ("other_share", "Other", RATIO)
    )
    Path("thresholds.yaml").write_text(
        HEAD + spec.replace("{one}", "> 7 %").replace("{other}", "> 9 %"), encoding="utf-8"
    )
    counted = []
    # What is made once, such as the words, is made before anything is counted.
    for count in (1, _FEW, _FEW * _TIMES):
        Path("runbook.md").write_text(f"# Shop\n\n{SHAPES[shape](count)}\n\n## Look\n\nLook.\n", encoding="utf-8")
        counted.append(calls(work))
    assert counted[2] < _MOST * counted[1], counted
