"""Tests that text in a file or in its name commands neither a terminal nor a log, in any format."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import harmless, reports
from compiler.diagnostics import Diagnostics, Related, Span
from tests.compiler.base import ROOT, SPEC, edit, tocsin

HOSTILE: Final = {
    "a command behind a line feed": "x\n::warning file=a::b",
    "a command behind a carriage return": "x\r::error::b",
    "a command behind both": "x\r\n::set-output name=a::b",
    "a command at the beginning": "::add-mask::b",
    "a command behind blanks": "  ::stop-commands::b",
    "an older command": "x ##[error]b",
    "a command of Azure": "x ##vso[task.setvariable variable=a]b",
    "a percent sign that is one already": "x%0A::error::b",
    "a colour": "x\x1b[31mb",
    "a title of the window": "x\x1b]0;b\x07",
    "a link of the terminal": "x\x1b]8;;http://example.com\x1b\\b",
    "a cursor that goes up": "x\x1b[1A\x1b[2Kb",
    "an eight-bit sequence": "x\x9b31mb",
    "a backspace": "x\x08\x08b",
    "a bell": "x\x07b",
    "another direction": "x\u202eb\u2066c\u200fd",
    "a line separator": "x\u2028::error::b\u2029c\x85d",
    "a form feed": "x\x0c::error::b\x0bc",
    "half a character": "x\ud800b",
    "a comma and a colon": "x,line=1::b",
}
_BAD: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_harmless(text: str, *, commands: int = 0) -> bool:
    """Return whether only so many lines are commands, and no character controls the terminal."""
    lines = re.split(r"[\r\n]", text)
    own = sum(line.lstrip().startswith("::") for line in lines)
    return not _BAD.search(text) and own == commands and "##[" not in text and "##vso[" not in text


def findings_with(text: str) -> Diagnostics:
    """Return findings that hold a text in every part that a finding has."""
    diagnostics = Diagnostics()
    diagnostics.read(text, f"a\n{text.splitlines()[0] if text else ''}\n")
    place = Span(text, 2, 1, 2)
    related = (Related(span=place, message=text),)
    diagnostics.error("syntax", place, text, hint=text, related=related)
    diagnostics.warning("secret", Span(text, 1, 1, 2), f"`{text}`", hint=text)
    return diagnostics


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", sorted(reports.FORMATS))
def test_a_report_of_hostile_text_is_harmless(form: str, name: str) -> None:
    """The text stands in names of files, messages, hints, related places and source lines."""
    text = reports.FORMATS[form](findings_with(HOSTILE[name]))
    assert is_harmless(text, commands=2 if form == "github" else 0), text
    text.encode()


@given(st.text(max_size=60))
def test_any_text_is_harmless_in_every_format(text: str) -> None:
    """Law: this holds for every text."""
    for form, report in reports.FORMATS.items():
        assert is_harmless(report(findings_with(text)), commands=2 if form == "github" else 0)
    assert is_harmless(harmless.terminal(text).replace("\n", "\n "))
    assert "\n" not in harmless.words(text)


@given(
    st.recursive(
        st.text(max_size=20), lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children)
    )
)
def test_json_means_the_same(value: object) -> None:
    """Law: escapes are another spelling."""
    text = harmless.as_json(value, indent=1)
    assert json.loads(text) == value
    assert is_harmless(text)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", [name for name, text in HOSTILE.items() if "/" not in text and "\ud800" not in text])
@pytest.mark.parametrize("form", sorted(reports.FORMATS))
def test_names_of_files_are_harmless(name: str, form: str) -> None:
    """A merge request adds a file of any name, and a pattern includes it."""
    Path("systems").mkdir()
    Path("systems", f"{HOSTILE[name]}.yaml").write_text("version: 1\nsystems: {a: {teem: b}}\n", encoding="utf-8")
    edit(SPEC, "version: 1\n", "version: 1\ninclude: 'systems/*'\n")
    result = tocsin("check", "--format", form)
    assert result.exit_code == 1
    shown = result.output.rstrip("\n")
    assert is_harmless(shown, commands=shown.count("::error file=") if form == "github" else 0), shown


@pytest.mark.parametrize("name", [name for name, text in HOSTILE.items() if "/" not in text and "\ud800" not in text])
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_an_import_is_harmless(name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guides come from other people, and so do their names."""
    monkeypatch.chdir(tmp_path)
    path = f"{HOSTILE[name]}.md"
    line = " ".join(HOSTILE[name].split())
    Path(path).write_text(f"# {line}\n\nPage when the error ratio is above 7 % {line}\n", encoding="utf-8")
    result = tocsin("import", path, "--format", form)
    assert result.exit_code == 0
    assert is_harmless(result.output), result.output


ARGUMENTS: Final = (
    ("explain", "{}"),
    ("explain", "Shop{}"),
    ("explain", "x:{}"),
    ("{}",),
    ("--{}",),
    ("-{}",),
    ("check", "--{}"),
    ("check", "--spec", "{}"),
    ("check", "--format", "{}"),
    ("check", "{}"),
    ("compile", "--{}=1"),
    ("import", "{}"),
    ("import", "--format", "{}", "x.md"),
    ("prove", "--{}"),
    ("prove", "--system", "{}"),
    ("schema", "{}"),
    ("schema", "--{}"),
    ("signals", "{}"),
    ("signals", "a", "{}"),
)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_what_is_wrong_with_an_argument_is_said_harmlessly(arguments: tuple[str, ...], name: str) -> None:
    """These are names of alerts, options, choices, commands and files. A CI job may take them from a merge request."""
    # A command line holds bytes: half a character becomes a byte that is not UTF-8.
    text = HOSTILE[name].replace("\ud800", os.fsdecode(b"\x80"))
    result = tocsin(*(argument.replace("{}", text) for argument in arguments))
    assert result.exit_code in {1, 2}
    assert "this is a bug" not in result.output
    assert is_harmless(result.output.rstrip("\n")), result.output


def test_only_one_module_prints() -> None:
    """Text that another module prints would not have been made harmless."""
    printing = {
        path.relative_to(ROOT / "compiler").as_posix()
        for path in (ROOT / "compiler").rglob("*.py")
        if re.search(
            r"\bclick\.(?:echo|secho)\(|\bprint\(|sys\.std(?:out|err)|traceback\.print", path.read_text("utf-8")
        )
    }
    assert printing <= {"cli/program.py", "checks/__main__.py"}
