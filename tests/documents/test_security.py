"""Tests of docs/security.md: each claim names existing tests, and each route, command, file and channel has a claim."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NamedTuple, cast

import click
import pytest

from compiler.cli import main as compiler
from webhook.channels import CHANNELS
from webhook.cli import main as webhook
from webhook.service import Service
from webhook.web.api import KEY, NUMBER
from webhook.web.flask_app import create_app

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

FILES: Final = {
    "compiler/source_files.py": ("thresholds.yaml", "include:", "runbook:"),
    "compiler/source_text.py": (),
    "compiler/linked_files.py": ("link of a runbook",),
    "compiler/renewal.py": ("Makefile",),
    "compiler/importing/imported.py": ("guide",),
    "compiler/output.py": ("generated/",),
    "compiler/promtool/proved.py": ("proofs",),
    "webhook/catalog/file.py": ("catalog.json",),
    "webhook/alertmanagers.py": ("TOCSIN_ALERTMANAGERS",),
    "webhook/settings.py": ("…_FILE",),
    "webhook/serving/tls.py": ("TOCSIN_TLS_CERT_FILE",),
    "webhook/storage/engines.py": ("TOCSIN_DATABASE_URL",),
    "webhook/payload.py": (),
    "webhook/web/api.py": (),
    "webhook/web/pages.py": (),
}
"""Names on the page of the files that each module reads from others.

A module has none if it reads for another module, or only data of the package."""
OPENING: Final = {"open", "read_text", "read_bytes", "load_cert_chain"}


class Claim(NamedTuple):
    """A claim of the page: its name, its sentence, and the tests that prove it."""

    name: str
    text: str
    tests: tuple[str, ...]


class Row(NamedTuple):
    """A row of the table of surfaces: its first cell, and the claims of its last."""

    surface: str
    claims: tuple[str, ...]


def section(page: str, title: str) -> str:
    """Return the text below a heading of the second level."""
    match = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert match is not None, title
    return match[1]


def spans(text: str) -> tuple[str, ...]:
    """Return the texts between backticks."""
    return tuple(re.findall(r"`([^`]+)`", text))


def claims(page: str) -> list[Claim]:
    """Return the items below "Claims"."""
    items = re.split(r"^- ", section(page, "Claims"), flags=re.MULTILINE)[1:]
    listed_claims = []
    for item in items:
        parts = re.match(r"\*\*([a-z-]+)\*\*: (.+?)(?:\n  Tests: (.+?))?(?=\n\n|\n*\Z)", item, re.DOTALL)
        assert parts is not None, f"no claim: {item[:80]}"
        listed_claims.append(Claim(parts[1], parts[2], spans(parts[3] or "")))
    return listed_claims


def rows(page: str) -> list[Row]:
    """Return the rows of the table below "Surfaces"."""
    lines = [line for line in section(page, "Surfaces").splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(surface=of_row[0], claims=spans(of_row[-1])) for of_row in cells]


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """Return the names of the tests of a file, without running it."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def faults(page: str) -> Iterator[str]:
    """Yield the faults between claims, tests and surfaces."""
    listed_claims = claims(page)
    names = [claim.name for claim in listed_claims]
    yield from (f"`{name}` stands there twice" for name in sorted({name for name in names if names.count(name) > 1}))
    for claim in listed_claims:
        if not claim.tests:
            yield f"`{claim.name}` names no test"
        for test in claim.tests:
            path, _, name = test.partition("::")
            if not path.startswith("tests/") or name not in names_of_tests(ROOT / path):
                yield f"`{claim.name}` names {test}, which is not there"
    used = {name for row in rows(page) for name in row.claims}
    yield from (f"no surface has the claim `{name}`" for name in names if name not in used)
    yield from (f"there is no claim `{name}`" for name in sorted(used - set(names)))
    yield from (f"{row.surface} has no claim" for row in rows(page) if not row.claims)


def surfaces(pattern: str) -> list[str]:
    """Return the matches of a pattern with one group in the first column of the table."""
    return [surface for row in rows(PAGE) for surface in re.findall(pattern, row.surface)]


def test_every_claim_names_tests_that_exist_and_every_surface_has_claims() -> None:
    """The files of the tests are parsed, not run."""
    assert list(faults(PAGE)) == []
    assert len(claims(PAGE)) == len(re.findall(r"^- ", section(PAGE, "Claims"), re.MULTILINE)) > 40


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"(\*\*yaml\*\*: [^\n]+)\n  Tests: [^\n]+", r"\1", "`yaml` names no test"),
        ("::test_reading_needs_a_token", "::test_gone", "tests/webhook/test_access.py::test_gone, which is not there"),
        ("tests/webhook/test_law.py::", "tests/webhook/test_gone.py::", "test_gone.py::test_nothing_ends"),
        ("tests/compiler/test_document.py::", "compiler/document.py::", "compiler/document.py::"),
        (r"(?m)^(\| `GET /`.*\|).*\|$", r"\1 |", "`GET /heartbeats` has no claim"),
        (r"`yaml`, ", "", "no surface has the claim `yaml`"),
        (r"`yaml`, ", "`jaml`, ", "there is no claim `jaml`"),
        (r"\*\*yaml\*\*", "**template**", "`template` stands there twice"),
    ],
)
def test_what_is_missing_is_noticed(old: str, new: str, fault: str) -> None:
    """Examples: a claim without a test, a test that is gone, a surface without a claim."""
    damaged = re.sub(old, new, PAGE, count=1)
    assert damaged != PAGE
    assert any(fault in sentence for sentence in faults(damaged))


def test_every_route_is_a_surface() -> None:
    """The table writes routes as the API's description does."""
    app = create_app(cast("Service", SimpleNamespace(settings=None)))
    routes = [
        f"{method} {rule.rule.replace(NUMBER, '{id}').replace(KEY, '{key}')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert sorted(surfaces(r"`([A-Z]+ /[^`]*)`")) == sorted(routes)


def commands(name: str, command: click.Command) -> Iterator[str]:
    """Yield the name of a command, or of all commands below a group."""
    if isinstance(command, click.Group):
        for below, subcommand in command.commands.items():
            yield from commands(f"{name} {below}", subcommand)
    else:
        yield name


def test_every_command_is_a_surface() -> None:
    """The commands of both programs are listed, also those below groups."""
    command_names = [*commands("tocsin", compiler), *commands("tocsin-webhook", webhook)]
    assert sorted(surfaces(r"`(tocsin[^`]*)`")) == sorted(command_names)


def test_every_channel_is_a_surface() -> None:
    """Channels are what leaves the process."""
    assert sorted(surfaces(r"channel `([^`]+)`")) == sorted(CHANNELS)


def test_every_kind_of_file_is_a_surface() -> None:
    """A module that begins to read files must be listed in `FILES`, with the owner of its files."""
    reading = {"compiler/promtool/proved.py"}  # the user's cache; tests/compiler/test_files.py knows who opens files
    for path in [*(ROOT / "compiler").rglob("*.py"), *(ROOT / "webhook").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        if name.startswith("compiler/"):
            reads = any(isinstance(node, ast.ImportFrom) and node.module == "compiler.input_files" for node in nodes)
        else:
            reads = any(isinstance(node, ast.Call) and _called(node) in OPENING for node in nodes)
        if reads:
            reading.add(name)
    assert reading == set(FILES)
    assert sorted(surfaces(r"file `([^`]+)`")) == sorted(kind for kinds in FILES.values() for kind in kinds)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "SECURITY.md"])
def test_the_threat_model_is_found(page: str) -> None:
    """README links to it, and so does the page on how to report a vulnerability."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.search(r"\]\((?:docs/)?security\.md", text)
    assert page == "SECURITY.md" or "SECURITY.md)" in text
