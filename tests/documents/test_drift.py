"""Tests that the project's runbooks and limits agree, and that a changed digit of a documented number is found."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler.cli import main
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.resolve import resolve
from compiler.resolve.sentences import of_runbook
from compiler.runbooks import Runbook, parse_runbook
from compiler.source_files import SourceFiles

ROOT = Path(__file__).parents[2]
SPEC = "thresholds.yaml"


@dataclass(frozen=True, kw_only=True)
class Digit:
    """One digit of a documented number: its runbook, and its line and column from 1."""

    path: str
    line: int
    column: int

    def changed(self, text: str) -> str:
        """Return the runbook with the next digit in its place."""
        lines = text.split("\n")
        line, at = lines[self.line - 1], self.column - 1
        lines[self.line - 1] = f"{line[:at]}{(int(line[at]) + 1) % 10}{line[at + 1 :]}"
        return "\n".join(lines)


@cache
def sources() -> tuple[Table, dict[str, Runbook]]:
    """Return the parsed thresholds.yaml and the runbooks by path."""
    files = SourceFiles(ROOT / SPEC, Diagnostics())
    table = files.spec()
    assert table is not None
    return table, files.runbooks(table)


def digits(path: str) -> list[Digit]:
    """Return every digit of every number that a runbook documents."""
    runbook = sources()[1][path]
    spans: set[Span] = {statement.span for statement in (*runbook.statements, *of_runbook(runbook))}
    documented_digits = set()
    for span in spans:
        line = runbook.text.split("\n")[span.line - 1]
        inside = range(span.column - 1, min(span.end_column - 1, len(line)))
        documented_digits |= {
            Digit(path=path, line=span.line, column=at + 1) for at in inside if line[at] in "0123456789"
        }
    return sorted(documented_digits, key=lambda digit: (digit.line, digit.column))


RUNBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "runbooks").glob("*.md"))


@pytest.mark.parametrize("path", RUNBOOKS)
def test_a_changed_digit_of_any_documented_number_is_an_error_at_its_line(path: str) -> None:
    """The test covers each digit of the runbook's limits, in bullets, sentences and tables, waived or not."""
    table, runbooks = sources()
    documented = digits(path)
    assert documented
    for digit in documented:
        text = digit.changed(runbooks[path].text)
        diagnostics = Diagnostics()
        resolve(table, runbooks | {path: parse_runbook(path, text, diagnostics)}, diagnostics)
        places = {
            (span.path, span.line)
            for diagnostic in diagnostics.found
            for span in (diagnostic.span, *(related.span for related in diagnostic.related))
        }
        assert (path, digit.line) in places, f"{digit}: {text.split(chr(10))[digit.line - 1]}"


@pytest.mark.parametrize("path", RUNBOOKS)
def test_the_check_of_the_build_fails_at_the_changed_line(path: str, tmp_path: Path) -> None:
    """`tocsin compile --check`, which `make check` runs, names file and line, and shows the line with a caret."""
    for name in ("runbooks", "generated"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / SPEC, tmp_path)
    digit = digits(path)[-1]
    file = tmp_path / path
    changed = digit.changed(file.read_text(encoding="utf-8"))
    file.write_text(changed, encoding="utf-8")
    result = CliRunner().invoke(
        main, ["compile", "--check", "--spec", str(tmp_path / SPEC), "--out", str(tmp_path / "generated")]
    )
    assert result.exit_code == 1
    shown = re.escape(changed.split("\n")[digit.line - 1])
    assert re.search(rf"{re.escape(file.as_posix())}:{digit.line}:\d+: .*\n +{digit.line} \| {shown}", result.stderr)


def test_every_documented_limit_is_carried_or_waived_with_a_reason() -> None:
    """The project waives only numbers that are no limit of an alert."""
    model = compile_spec(ROOT / SPEC).model
    assert model is not None
    assert [limit for limit in model.documented if not limit.carriers and not limit.waived] == []
    waived = sorted((limit.path, limit.text.split(" of ")[0]) for limit in model.documented if not limit.carriers)
    assert waived == [
        ("runbooks/acgs-pgp.md", "Critical: 2 %"),
        ("runbooks/acgs-pgp.md", "Warning: 10 %"),
        (
            "runbooks/fusion-bitcoin.md",
            "Where does the memory go? mem_fragmentation_ratio well above 1.5 is fragmentation",
        ),
    ]
