"""The command `tocsin`: exit statuses, and what goes to which stream."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler import compilation
from compiler.checks.codes import CODES
from tests.compiler.base import SPEC, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")


def test_compiling_says_what_came_of_it() -> None:
    """How much there is, where it went, and how much of it is new or has changed; on stderr, as it is no data."""
    first, second = tocsin("compile"), tocsin("compile")
    assert (first.exit_code, first.stdout) == (0, "")
    assert first.stderr == "2 systems, 13 alerts → generated: 10 new files\n"
    assert second.stderr == "2 systems, 13 alerts → generated: 0 of 10 files changed\n"


def test_compiling_tells_changed_files_from_new_and_removed_ones() -> None:
    """A system under another name has new files, its old ones go, and the others tell of it."""
    tocsin("compile")
    edit(SPEC, "  ledger:\n    team", "  accounts:\n    team")
    said = tocsin("compile").stderr.partition("generated: ")[2]
    assert re.fullmatch(r"\d of 10 files changed, 2 new, 2 removed\n", said)


def test_places_can_be_chosen() -> None:
    """Paths in the file are relative to the file, wherever the command stands."""
    Path("elsewhere").mkdir()
    for name in (SPEC, "runbooks"):
        Path(name).rename(Path("elsewhere") / name)
    assert tocsin("compile", "--spec", f"elsewhere/{SPEC}", "--out", "out/here").exit_code == 0
    assert Path("out/here/catalog.json").exists()
    assert not Path("generated").exists()


def test_checking_writes_nothing() -> None:
    """`check` says that all is well, or what is not."""
    result = tocsin("check")
    assert (result.exit_code, result.stderr) == (0, "2 systems, 13 alerts: nothing to complain about\n")
    edit(SPEC, "> 150ms", "> 150")
    assert tocsin("check").exit_code == 1
    assert not Path("generated").exists()


@pytest.mark.parametrize("blocked", ["generated", "generated/prometheus", "generated/catalog.json/x"])
@pytest.mark.parametrize("option", [(), ("--check",)])
def test_a_folder_that_cannot_be_used_is_no_finding(blocked: str, option: tuple[str, ...]) -> None:
    """Exit 2, with the path and the reason, and no traceback."""
    path = Path(blocked)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way", encoding="utf-8")
    result = tocsin("compile", *option)
    assert result.exit_code == 2
    assert result.stderr.startswith("cannot read generated" if option else "cannot write generated")
    assert result.stderr.endswith(" a directory; nothing was changed\n")
    assert path.read_text(encoding="utf-8") == "in the way"


@pytest.mark.parametrize("arguments", [("compile", "--no-such"), ("no-such",), ("check", "--format", "xml")])
def test_wrong_usage_is_two(arguments: tuple[str, ...]) -> None:
    """As click has it."""
    assert tocsin(*arguments).exit_code == 2


def test_a_bug_is_two_and_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline must not take a crash for a finding; who reports it needs the traceback."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(compilation, "lower", crash)
    result = tocsin("compile")
    assert result.exit_code == 2
    assert "ZeroDivisionError" in result.stderr
    assert "this is a bug of tocsin" in result.stderr


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    """What is wrong, why it matters, how to mend it, whether it can be silenced: on stdout, in sentences that end."""
    result = tocsin("explain", code)
    assert result.exit_code == 0
    title, *paragraphs = result.stdout.rstrip().split("\n\n")
    assert title == code
    assert len(paragraphs) == 4
    assert all(paragraph.endswith((".", "?")) for paragraph in paragraphs)
    assert max(map(len, result.stdout.split("\n"))) <= 100


def test_an_unknown_code_is_wrong_usage_with_the_nearest_one() -> None:
    """Exit 2 and a way on."""
    result = tocsin("explain", "limit-unti")
    assert result.exit_code == 2
    assert "did you mean `limit-unit`?" in result.stderr
    assert "shows its own in brackets" in tocsin("explain", "zzz").stderr
