"""Tests of what a person sees after each kind of mistake in thresholds.yaml or a runbook."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from compiler import reports, schema
from compiler.checks.codes import CODES
from compiler.compilation import compile_spec
from compiler.promtool import findings
from tests.compiler.base import DATA, LEDGER, ROOT, SHOP, SPEC, codes, edit, tocsin
from tests.compiler.mistakes import FIVE_AT_ONCE, MISTAKES

pytestmark = pytest.mark.usefixtures("base")

OF_PROMTOOL = {"test-fails"}
"""Codes that come from running the generated tests with promtool. `test_prove.py` has mistakes for them."""

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def files_below(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of change of each file."""
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mistake_is_shown_at_its_place_and_nothing_is_written(name: str, snapshot: SnapshotAssertion) -> None:
    """The command exits with 1, shows the place with source line and caret, and leaves `generated/` unchanged.

    Unchanged includes the times of change. One mistake is one finding, unless it truly contradicts two places: there
    are no follow-up findings. A warning is shown as well, but does not keep files from being written.
    """
    assert tocsin("compile").exit_code == 0
    before = files_below(Path("generated"))
    for change in BY_NAME[name].edits:
        edit(*change)
    result = tocsin("compile")
    assert (result.exit_code, result.stdout) == (int(BY_NAME[name].fatal), "")
    assert re.sub(r"\d+ of \d+ files changed", "some files changed", result.stderr) == snapshot
    assert tuple(re.findall(r"(?:error|warning)\[([a-z-]+)\]", result.stderr)) == BY_NAME[name].codes
    assert before
    assert (files_below(Path("generated")) == before) is BY_NAME[name].fatal


def test_the_base_is_without_fault() -> None:
    """So every finding in a changed copy comes from the change."""
    assert codes() == []


def test_names_of_mistakes_are_unique() -> None:
    """No mistake hides another of the same name."""
    assert len(BY_NAME) == len(MISTAKES)


def test_every_code_has_a_mistake_that_shows_it() -> None:
    """Without a test that causes a finding, nobody has read its text."""
    shown = {code for mistake in MISTAKES for code in mistake.codes}
    assert shown | OF_PROMTOOL == set(CODES)


def test_every_code_in_the_source_is_explained_and_no_other() -> None:
    """`tocsin explain` knows exactly the codes that users can meet."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "compiler").rglob("*.py")]
    used = {code for tree in trees for code in codes_in(tree)} | set(schema._CODES.values()) | {findings.CODE}
    assert used == set(CODES)


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Yield the literal codes of diagnostics that a module adds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0] if node.args else None
            if name in {"error", "warning", "_stop", "_refuse"} and isinstance(first, ast.Constant):
                yield str(first.value)
            if name == "get" and len(node.args) == 2 and "_CODES" in ast.dump(node.func):
                default = node.args[1]
                assert isinstance(default, ast.Constant)
                yield str(default.value)


def test_five_mistakes_at_once_are_all_shown_sorted_by_place() -> None:
    """Nobody should mend one mistake only to be told of the next."""
    for change in FIVE_AT_ONCE.edits:
        edit(*change)
    places = [line.split(":", 3) for line in tocsin("compile").stderr.splitlines() if "error[" in line]
    lines = [int(line) for _, line, _, _ in places]
    assert len(lines) == 5
    assert lines == sorted(lines)


def test_a_missing_specification_is_a_finding_with_a_way_out(snapshot: SnapshotAssertion) -> None:
    """The commonest first mistakes are the wrong folder and a mistyped path."""
    Path("thresholds.yaml").rename("threshold.yaml")
    result = tocsin("compile")
    assert (result.exit_code, result.stderr) == (1, snapshot)
    elsewhere = tocsin("compile", "--spec", "nowhere/limits.yaml")
    assert (elsewhere.exit_code, elsewhere.stderr) == (1, snapshot)
    assert not Path("generated").exists()


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("limits.yaml", "did you mean `thresholds.yaml`?"),
        ("treshold.yml", "did you mean `thresholds.yaml`?"),
        (
            "runbooks/limits.yaml",
            "run tocsin where thresholds.yaml is, or name it by --spec; `tocsin import --new GUIDE.md` prints a beginning of one",
        ),
        ("nowhere/limits.yaml", "there is no folder `nowhere`"),
    ],
)
def test_a_specification_that_is_not_there_leads_to_the_one_that_is(named: str, hint: str) -> None:
    """The hint names one way to go on, and no list of files."""
    assert f"\n  hint: {hint}\n" in tocsin("check", "--spec", named).stderr


def test_a_folder_in_the_place_of_the_specification_is_a_finding() -> None:
    """The finding names the path and the reason, and there is never a traceback."""
    result = tocsin("compile", "--spec", "runbooks")
    assert result.exit_code == 1
    assert "runbooks is a folder" in result.stderr


def test_a_file_that_has_no_end_is_not_read() -> None:
    """A pipe would keep the program waiting, and a device would fill the memory."""
    Path("runbooks/shop.md").unlink()
    os.mkfifo("runbooks/shop.md")
    result = tocsin("check")
    assert result.exit_code == 1
    assert "cannot read runbooks/shop.md: not a regular file" in result.stderr


@pytest.mark.parametrize("pattern", [".", "x" * 300], ids=["the folder itself", "a name too long"])
def test_an_include_that_nothing_can_be_looked_for_by_is_a_finding(pattern: str) -> None:
    """The library that searches for files raises a different exception for each."""
    edit(SPEC, "version: 1\n", f"version: 1\ninclude: {pattern}\n")
    assert codes() == ["path"]


def test_words_of_a_file_are_shown_without_what_a_terminal_obeys() -> None:
    """A message quotes what stands in the file."""
    edit(SHOP, "Checkout closed: emergency", "Checkout\x1b[2J: emergency")
    result = tocsin("check")
    assert "unwatched-statement" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_place_of_a_wrong_byte_counts_characters(mark: bytes) -> None:
    """A byte order mark before it, or characters of several bytes, do not shift it."""
    Path("runbooks/shop.md").write_bytes(mark + "# Ünder\n\né ".encode() + b"\xff\n")
    result = tocsin("check")
    assert "runbooks/shop.md:3:3: error[encoding]: the byte 0xff is not UTF-8" in result.stderr


TEXTS = {path: (DATA / "base" / path).read_text(encoding="utf-8") for path in (SPEC, SHOP, LEDGER)}
NASTY = st.one_of(
    st.sampled_from(
        [
            "{",
            "}",
            "[",
            "]",
            ":",
            ": ",
            "- ",
            "#",
            '"',
            "'",
            "|",
            ">",
            "%",
            "&a ",
            "*a",
            "!!int ",
            "<<: ",
            "\t",
            "\n",
            "\n  ",
            "---\n",
        ]
    ),
    st.sampled_from(
        [
            "0",
            "-1",
            "1e9",
            "9" * 400,
            "off",
            "null",
            "true",
            '""',
            ".inf",
            "0s",
            "> 0%",
            "< 0",
            "of 0",
            "100%",
            "{{ x }}",
            "{{ 1/0 }}",
            "{%",
        ]
    ),
    st.sampled_from(
        ["## ", "```\n", "===\n", "<b>", "\\", "warning", "critical", "5 %", ";", "[x](y)", "\u2028", "\x00", "é"]
    ),
    st.sampled_from(
        [
            "# tocsin: ignore[contact] x",
            "\n# tocsin: ignore[",
            "<!-- tocsin: ignore[unused-section] x -->",
            "<!-- tocsin:",
            "://a:b@",
            "password=hunter2",
            "rate(x[1m])",
            "maxx(x)",
        ]
    ),
    st.text(max_size=3),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(TEXTS)), st.floats(0, 1), st.integers(0, 12), NASTY), min_size=1, max_size=3
    )
)
def test_no_text_brings_the_program_down(damage: list[tuple[str, float, int, str]]) -> None:
    """Law: any text at any place gives findings or artifacts, and never an exception."""
    texts = dict(TEXTS)
    for path, position, length, new in damage:
        text = texts[path]
        start = int(position * len(text))
        texts[path] = text[:start] + new + text[start + length :]
    for path, text in texts.items():
        Path(path).write_bytes(text.encode("utf-8", "replace"))
    compilation = compile_spec(Path(SPEC))
    assert compilation.diagnostics.failed != bool(compilation.artifacts)
    for render in reports.FORMATS.values():
        render(compilation.diagnostics)
