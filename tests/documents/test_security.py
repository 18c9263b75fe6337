"""docs/security.md: each claim names tests that exist, and no route, command, file or channel is without a claim."""

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
"""What each module that reads files is given by others, as the page calls it: nothing where it reads for another one, or
data of the package."""
OPENING: Final = {"open", "read_text", "read_bytes", "load_cert_chain"}


class Claim(NamedTuple):
    """A claim of the page: its name, what it says, and the tests that hold it."""

    name: str
    text: str
    tests: tuple[str, ...]


class Row(NamedTuple):
    """A row of the table of surfaces: its first cell, and the claims of its last."""

    surface: str
    claims: tuple[str, ...]


def section(page: str, title: str) -> str:
    """Return the text below a heading of the second level."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def spans(text: str) -> tuple[str, ...]:
    """Return what stands between backticks."""
    return tuple(re.findall(r"`([^`]+)`", text))


def claims(page: str) -> list[Claim]:
    """Return the items below "Claims"."""
    items = re.split(r"^- ", section(page, "Claims"), flags=re.MULTILINE)[1:]
    found = []
    for item in items:
        parts = re.match(r"\*\*([a-z-]+)\*\*: (.+?)(?:\n  Tests: (.+?))?(?=\n\n|\n*\Z)", item, re.DOTALL)
        assert parts is not None, f"no claim: {item[:80]}"
        found.append(Claim(parts[1], parts[2], spans(parts[3] or "")))
    return found


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
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))


def faults(page: str) -> Iterator[str]:
    """Yield what is wrong between claims, tests and surfaces."""
    known = claims(page)
    names = [claim.name for claim in known]
    yield from (f"`{name}` stands there twice" for name in sorted({one for one in names if names.count(one) > 1}))
    for claim in known:
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
    """Return what a pattern with one group finds in the first column of the table."""
    return [one for row in rows(PAGE) for one in re.findall(pattern, row.surface)]


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
    """A claim without a test, a test that is gone, a surface without a claim."""
    damaged = re.sub(old, new, PAGE, count=1)
    assert damaged != PAGE
    assert any(fault in one for one in faults(damaged))


def test_every_route_is_a_surface() -> None:
    """As the interface's description writes them."""
    app = create_app(cast("Service", SimpleNamespace(settings=None)))
    routes = [
        f"{method} {rule.rule.replace(NUMBER, '{id}').replace(KEY, '{key}')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert sorted(surfaces(r"`([A-Z]+ /[^`]*)`")) == sorted(routes)


def commands(name: str, command: click.Command) -> Iterator[str]:
    """Yield a command, or all below it."""
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            yield from commands(f"{name} {below}", one)
    else:
        yield name


def test_every_command_is_a_surface() -> None:
    """Of both programs, below their groups."""
    there = [*commands("tocsin", compiler), *commands("tocsin-webhook", webhook)]
    assert sorted(surfaces(r"`(tocsin[^`]*)`")) == sorted(there)


def test_every_channel_is_a_surface() -> None:
    """What leaves the process."""
    assert sorted(surfaces(r"channel `([^`]+)`")) == sorted(CHANNELS)


def test_every_kind_of_file_is_a_surface() -> None:
    """A module that begins to read files has to say here whose they are."""
    reading = {"compiler/promtool/proved.py"}  # the user's cache; tests/compiler/test_files.py knows who opens files
    for path in [*(ROOT / "compiler").rglob("*.py"), *(ROOT / "webhook").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        if name.startswith("compiler/"):
            reads = any(isinstance(one, ast.ImportFrom) and one.module == "compiler.input_files" for one in nodes)
        else:
            reads = any(isinstance(one, ast.Call) and _called(one) in OPENING for one in nodes)
        if reads:
            reading.add(name)
    assert reading == set(FILES)
    assert sorted(surfaces(r"file `([^`]+)`")) == sorted(one for kinds in FILES.values() for one in kinds)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "SECURITY.md"])
def test_the_threat_model_is_found(page: str) -> None:
    """From where people begin to read, and from where a vulnerability is reported."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.search(r"\]\((?:docs/)?security\.md", text)
    assert page == "SECURITY.md" or "SECURITY.md)" in text
