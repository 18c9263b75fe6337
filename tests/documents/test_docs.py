"""Tests that the documentation shows what the programs print."""

from __future__ import annotations

import shutil
from pathlib import Path

from compiler.compilation import compile_spec
from compiler.reports import FORMATS

ROOT = Path(__file__).parents[2]
CHORUS_BRIDGE_ERROR_RATIO = 'error_ratio:                    {warning: "> 1%",  critical: "> 5%"'


def test_the_diagnostic_in_the_guide_is_the_one_that_the_compiler_prints(tmp_path: Path) -> None:
    """docs/thresholds.md shows the finding for a limit that was changed in thresholds.yaml and not in the runbook."""
    shutil.copytree(ROOT / "runbooks", tmp_path / "runbooks")
    text = (ROOT / "thresholds.yaml").read_text(encoding="utf-8")
    assert text.count(CHORUS_BRIDGE_ERROR_RATIO) == 1
    damaged = text.replace(CHORUS_BRIDGE_ERROR_RATIO, CHORUS_BRIDGE_ERROR_RATIO.replace("5%", "4%"))
    (tmp_path / "thresholds.yaml").write_text(damaged, encoding="utf-8")
    printed = FORMATS["text"](compile_spec(tmp_path / "thresholds.yaml").diagnostics)
    shown = printed.replace(f"{tmp_path.as_posix()}/", "").removesuffix("\n1 finding")
    assert f"```\n{shown}\n```" in (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
