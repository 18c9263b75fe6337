"""Tests of the headers of generated files, which name a command that exists in the house."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.base import compiled, tocsin

pytestmark = pytest.mark.usefixtures("base")

COMPILES = "\t.venv/bin/tocsin compile\n"


def headers() -> set[bytes]:
    """Return the commands that the first lines of the generated YAML files name."""
    first_lines = {
        artifact.content.split(b"\n", 1)[0] for artifact in compiled().artifacts if artifact.path.endswith(".yml")
    }
    return {line.rpartition(b"then run ")[2] for line in first_lines}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Makefile", f"rules:\n{COMPILES}"),
        ("Makefile", f".PHONY: rules\n\nrules: .venv/stamp  ## compile\n\t@echo compiling\n{COMPILES}"),
        ("Makefile", f"check rules: deps\n{COMPILES}"),
        ("makefile", f"rules::\n{COMPILES}"),
        ("GNUmakefile", "rules: ; tocsin compile --out out\n"),
    ],
)
def test_where_a_makefile_compiles_it_is_named(name: str, text: str) -> None:
    """People of that house type `make rules`."""
    Path(name).write_text(text, encoding="utf-8")
    assert headers() == {b"`make rules`."}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "test:\n\tpytest\n",
        "rules:\n\techo the rules of the house\n",
        ".PHONY: rules\n",
        f"rules-of-others:\n{COMPILES}",
        f"rules := all\nall:\n{COMPILES}",
        f"# rules:\n{COMPILES}",
        f"rules:\n\techo nothing\n\nall:\n{COMPILES}",
        b"rules:\n\ttocsin compile \xff\n",
    ],
)
def test_elsewhere_the_command_itself_is_named(text: str | bytes | None) -> None:
    """There is no Makefile, another one, or one that nobody can read."""
    if text is not None:
        Path("Makefile").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert headers() == {b"`tocsin compile`."}


def test_what_was_written_under_another_header_is_out_of_date_and_known_as_ours() -> None:
    """The hint names the command of this house, and a file of a removed system is still removed."""
    Path("Makefile").write_text(f"rules:\n{COMPILES}", encoding="utf-8")
    tocsin("compile")
    left = Path("generated/prometheus/rules/gone.rules.yml")
    left.write_bytes(Path("generated/prometheus/rules/shop.rules.yml").read_bytes())
    Path("Makefile").unlink()
    stale = tocsin("compile", "--check")
    assert stale.exit_code == 1
    assert "run `tocsin compile` and commit generated" in stale.stderr
    assert tocsin("compile").exit_code == 0
    assert not left.exists()
