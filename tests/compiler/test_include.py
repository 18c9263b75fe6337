"""Tests of a specification of several files: with `include`, each team owns its own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic
from tests.compiler.base import SPEC, codes, compiled, edit

pytestmark = pytest.mark.usefixtures("base")


def split(include: str = "systems/*.yaml") -> None:
    """Move each system, and the ledger's signal, to a file of its own."""
    text = Path(SPEC).read_text(encoding="utf-8")
    head, _, systems = text.partition("systems:\n")
    shop, _, ledger = systems.partition("  ledger:\n")
    main, _, signals = head.partition("signals:\n")
    Path("systems").mkdir()
    Path("systems/shop.yaml").write_text(f"version: 1\nsystems:\n{shop}", encoding="utf-8")
    Path("systems/ledger.yaml").write_text(
        f"version: 1\nsignals:\n{signals}systems:\n  ledger:\n{ledger}", encoding="utf-8"
    )
    Path(SPEC).write_text(main.replace("version: 1\n", f"version: 1\ninclude: {include}\n"), encoding="utf-8")


def findings() -> list[Diagnostic]:
    """Return the findings, sorted by place."""
    return list(compile_spec(Path(SPEC)).diagnostics)


@pytest.mark.parametrize(
    "include",
    [
        "systems/*.yaml",
        "[systems/shop.yaml, systems/ledger.yaml]",
        '["**/*.yaml"]',
        "[systems/shop.yaml, systems/*.yaml]",
    ],
)
def test_a_split_specification_compiles_to_the_same(include: str) -> None:
    """Files are included by pattern or by name.

    A file that two patterns match, or the main file itself, is read once.
    """
    before = compiled().artifacts
    split(include)
    assert compiled().artifacts == before


def test_a_system_of_two_files_shows_both_places() -> None:
    """If two teams take the same id, the finding shows both places."""
    split()
    edit("systems/shop.yaml", "  shop:\n", "  ledger:\n")
    (duplicate, *_) = (finding for finding in findings() if finding.code == "duplicate-key")
    assert (duplicate.span.path, duplicate.span.line, duplicate.message) == (
        "systems/shop.yaml",
        3,
        "`ledger` is defined in two files",
    )
    assert [note.span.path for note in duplicate.related] == ["systems/ledger.yaml"]


def test_a_signal_of_two_files_shows_both_places() -> None:
    """A second definition would change another team's alerts."""
    split()
    edit("systems/shop.yaml", "systems:\n", "signals:\n  backlog: {kind: gauge, unit: count}\nsystems:\n")
    (finding,) = findings()
    assert (finding.code, finding.span.path, finding.related[0].span.path) == (
        "duplicate-key",
        "systems/shop.yaml",
        "systems/ledger.yaml",
    )


def test_an_included_file_may_hold_signals_and_systems_alone() -> None:
    """Teams, levels and routing belong to the house."""
    split()
    edit("systems/shop.yaml", "systems:\n", "teams: {}\nsystems:\n")
    (finding,) = findings()
    assert (finding.code, finding.span.path, finding.span.line) == ("unknown-key", "systems/shop.yaml", 2)


def test_an_included_file_names_the_version_of_its_format() -> None:
    """Each file can be read by itself."""
    split()
    edit("systems/shop.yaml", "version: 1\n", "")
    (finding,) = findings()
    assert (finding.code, finding.span.path, finding.message) == (
        "missing-key",
        "systems/shop.yaml",
        "the key `version` is missing",
    )


def test_a_mistake_in_an_included_file_is_shown_there() -> None:
    """The place is in the file that a person has to open."""
    split()
    edit("systems/shop.yaml", "> 150ms", "> 150")
    (finding,) = findings()
    assert (finding.code, finding.span.path, finding.span.line) == ("limit-unit", "systems/shop.yaml", 10)


def test_mistakes_in_several_included_files_are_shown_at_once() -> None:
    """This also holds if one file cannot be read at all."""
    split()
    edit("systems/shop.yaml", "    title: The shop", "\ttitle: The shop")
    edit("systems/ledger.yaml", "deliver: direct", "deliver: straight")
    assert [(finding.code, finding.span.path) for finding in findings()] == [
        ("schema", "systems/ledger.yaml"),
        ("syntax", "systems/shop.yaml"),
    ]


def test_an_include_within_an_include_is_refused() -> None:
    """One file says what belongs to the house."""
    split()
    edit("systems/shop.yaml", "version: 1\n", "version: 1\ninclude: more/*.yaml\n")
    assert codes() == ["unknown-key"]


def test_a_specification_without_a_system_is_refused() -> None:
    """A pattern that matches only empty files would remove every alert."""
    split()
    for path in ("systems/shop.yaml", "systems/ledger.yaml"):
        Path(path).write_text("version: 1\n", encoding="utf-8")
    (finding,) = findings()
    assert (finding.code, finding.message) == ("missing-key", "there is no system")


def test_a_runbook_is_found_from_the_folder_of_the_main_file() -> None:
    """The folder of the included file does not matter, so that paths in the catalogue mean one thing."""
    split()
    edit("systems/shop.yaml", "runbooks/shop.md", "../runbooks/shop.md")
    assert codes() == ["path"]
