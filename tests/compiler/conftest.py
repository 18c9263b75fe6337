"""Fixtures of the compiler's tests: a copy of the base specification to change, and the real promtool."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from compiler.checks import rotations
from testbed.servers import GENERATIONS, find
from tests.compiler.base import DATA


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the date, so that findings about the next two years are the same on every day."""
    monkeypatch.setattr(rotations, "today", lambda: datetime(2026, 6, 1, tzinfo=UTC))


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a fresh copy of the base specification the current directory, and return it."""
    folder = tmp_path / "base"
    shutil.copytree(DATA / "base", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(params=GENERATIONS)
def promtool(request: pytest.FixtureRequest) -> Path:
    """Return the promtool of each supported generation. Without the first one, use the promtool on the PATH."""
    tool = find(request.param).tool("promtool")
    on_path = shutil.which("promtool")
    if tool.exists():
        return tool
    if request.param == GENERATIONS[0] and on_path is not None:
        return Path(on_path)
    reason = f"the {request.param} generation lacks promtool: run `make servers`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
