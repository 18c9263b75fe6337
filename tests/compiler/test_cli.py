"""Tests of the command `tocsin`: its exit statuses, and what it writes to stdout and stderr."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler import compilation
from compiler.checks.codes import CODES
from tests.compiler.base import ROOT, SHOP, SPEC, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")


def test_compiling_says_what_came_of_it() -> None:
    """The summary says how much there is, where it went, and how much is new or changed.

    It is no data, so it goes to stderr.
    """
    first, second = tocsin("compile"), tocsin("compile")
    assert (first.exit_code, first.stdout) == (0, "")
    *files, counts, unproved = first.stderr.splitlines()
    assert sorted(files) == [f"generated/{path}: new" for path in sorted(generated())]
    assert counts == f"2 systems, 9 alerts with 13 limits → generated: {len(files)} new files"
    assert unproved == "the generated tests have not been run: `tocsin prove` runs them"
    assert second.stderr.splitlines() == [
        f"2 systems, 9 alerts with 13 limits → generated: 0 of {len(files)} files changed",
        unproved,
    ]


def generated() -> list[str]:
    """Return the paths of the generated files."""
    return [path.relative_to("generated").as_posix() for path in Path("generated").rglob("*") if path.is_file()]


def test_many_files_are_listed_in_part() -> None:
    """A hundred systems need not fill the screen: a number tells the rest."""
    text = Path(SPEC).read_text(encoding="utf-8")
    ledger = text[text.index("  ledger:\n") :]
    Path(SPEC).write_text(text + "".join(ledger.replace("  ledger:", f"  ledger-{n}:") for n in range(9)), "utf-8")
    *listed, more, _, _ = tocsin("compile").stderr.splitlines()
    assert len(listed) == 20
    assert more == f"and {len(generated()) - 20} more files"


def test_compiling_tells_changed_files_from_new_and_removed_ones() -> None:
    """A renamed system gets new files, its old files are removed, and files that mention it change."""
    tocsin("compile")
    edit(SPEC, "  ledger:\n    team", "  accounts:\n    team")
    stderr = tocsin("compile").stderr
    assert re.search(rf"generated: \d of {len(generated())} files changed, 2 new, 2 removed\n", stderr)
    assert "generated/prometheus/rules/accounts.rules.yml: new\n" in stderr
    assert "generated/catalog.json: changed\n" in stderr
    assert "generated/prometheus/rules/ledger.rules.yml: removed\n" in stderr


def test_places_can_be_chosen() -> None:
    """Paths in the file are relative to the file, wherever the command is run."""
    Path("elsewhere").mkdir()
    for name in (SPEC, "runbooks"):
        Path(name).rename(Path("elsewhere") / name)
    assert tocsin("compile", "--spec", f"elsewhere/{SPEC}", "--out", "out/here").exit_code == 0
    assert Path("out/here/catalog.json").exists()
    assert not Path("generated").exists()


def test_checking_writes_nothing() -> None:
    """`check` says that nothing is wrong, or what is wrong."""
    result = tocsin("check")
    assert (result.exit_code, result.stderr) == (0, "2 systems, 9 alerts with 13 limits: nothing to complain about\n")
    edit(SPEC, "> 150ms", "> 150")
    assert tocsin("check").exit_code == 1
    assert not Path("generated").exists()


@pytest.mark.parametrize("blocked", ["generated", "generated/prometheus", "generated/catalog.json/x"])
@pytest.mark.parametrize("option", [(), ("--check",)])
def test_a_folder_that_cannot_be_used_is_no_finding(blocked: str, option: tuple[str, ...]) -> None:
    """The command exits with 2, and prints the path and the reason, without a traceback."""
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
    """Click exits with 2."""
    assert tocsin(*arguments).exit_code == 2


def test_a_bug_is_two_and_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline must not take a crash for a finding; a person who reports it needs the traceback."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(compilation, "lower", crash)
    result = tocsin("compile")
    assert result.exit_code == 2
    assert "ZeroDivisionError" in result.stderr
    assert "this is a bug of tocsin" in result.stderr


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    """It prints cause, reason, mend, and whether a comment can silence it: on stdout, in whole sentences."""
    result = tocsin("explain", code)
    assert result.exit_code == 0
    title, *paragraphs = result.stdout.rstrip().split("\n\n")
    assert title == code
    assert len(paragraphs) == 4
    assert all(paragraph.endswith((".", "?")) for paragraph in paragraphs)
    assert max(map(len, result.stdout.split("\n"))) <= 100


def test_an_unknown_code_is_wrong_usage_with_the_nearest_one() -> None:
    """The command exits with 2 and says how to go on."""
    result = tocsin("explain", "limit-unti")
    assert result.exit_code == 2
    assert "did you mean `limit-unit`?" in result.stderr
    assert "shows its code in brackets" in tocsin("explain", "zzz").stderr


def test_where_there_is_a_warning_nobody_is_told_that_there_is_nothing() -> None:
    """The last line agrees with the findings above it."""
    edit(SHOP, "## Checkout closed\n", "## Tills jam\n\n```bash\ntillctl unjam\n```\n\n## Checkout closed\n")
    result = tocsin("check")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-2:] == ["1 finding", "2 systems, 9 alerts with 13 limits: 1 warning, no error"]


def test_the_same_counts_everywhere() -> None:
    """`check`, `compile` and `compile --check` count the same things, and `--coverage` counts the limits alike."""
    counts = {
        tocsin(*command).stderr.splitlines()[-1 - (command == ("compile",))].partition(" limits")[0]
        for command in (("check",), ("compile",), ("compile", "--check"), ("check", "--coverage"))
    }
    assert counts == {"2 systems, 9 alerts with 13"}
    covered = tocsin("check", "--coverage").stdout
    assert sum(map(int, re.findall(r"limits that are stated: +\d+ of (\d+)", covered))) == 13


def test_the_schema_is_printed_or_written() -> None:
    """By default the command writes to the path that the first line of `import --new` names."""
    printed = tocsin("schema")
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert printed.stdout == (ROOT / "compiler" / "schema" / "thresholds.schema.json").read_text(encoding="utf-8")
    for arguments, path in (((), ".tocsin/thresholds.schema.json"), (("editor/limits.json",), "editor/limits.json")):
        written = tocsin("schema", "--write", *arguments)
        assert written.exit_code == 0
        assert written.stdout == f"# yaml-language-server: $schema={path}\n"
        assert Path(path).read_text(encoding="utf-8") == printed.stdout


def test_a_whole_new_file_names_the_schema_that_is_written() -> None:
    """The first line has the form that the language server expects, and the path that `schema --write` prints."""
    first = tocsin("import", "--new", SHOP).stdout.splitlines()[0]
    assert tocsin("schema", "--write").stdout.rstrip() == first


def test_a_schema_that_cannot_be_written_is_no_finding() -> None:
    """The command exits with 2, and prints the path and the reason."""
    Path("taken").write_text("", encoding="utf-8")
    result = tocsin("schema", "--write", "taken/schema.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("cannot write taken")


def test_each_command_is_told_in_one_line() -> None:
    """Users read `--help` first, so no sentence of it is cut off."""
    lines = tocsin("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(lines) >= 6
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)
