"""Tests of the wheel that people install, not of the source tree: its contents, and that it works from any folder."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the wheel's content as pip would lay it out."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, module: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", f"import {module} as m; print(m.__file__); m.main()", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_both_programs_and_nothing_else(installed: Path) -> None:
    """Tests, testbed and benchmarks are not in the wheel."""
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {"compiler", "webhook"}


def test_the_installed_compiler_gives_what_is_committed(installed: Path, tmp_path: Path) -> None:
    """Schemas and the vocabulary of signals are in the wheel: the output is the same, byte for byte."""
    out = tmp_path / "out"
    done = run(installed, "compiler.cli", "compile", "--out", str(out), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    paths = [path.relative_to(ROOT / "generated") for path in (ROOT / "generated").rglob("*.*")]
    same, differing, missing = filecmp.cmpfiles(ROOT / "generated", out, map(str, paths), shallow=False)
    assert (sorted(same), differing, missing) == (sorted(map(str, paths)), [], [])


def test_the_installed_compiler_writes_the_schema(installed: Path, tmp_path: Path) -> None:
    """Another house has no clone of this repository: its editors read the schema of the wheel."""
    done = run(installed, "compiler.cli", "schema", "--write", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / ".tocsin" / "thresholds.schema.json").read_bytes()
    assert written == (ROOT / "compiler" / "schema" / "thresholds.schema.json").read_bytes()


def test_the_installed_webhook_finds_its_schema_migrations_and_templates(installed: Path, tmp_path: Path) -> None:
    """A terminal command opens the store, which needs the migrations, and reads the catalogue, which needs the schema."""
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "PYTHONSAFEPATH": "1",
        "TOCSIN_CATALOG": str(ROOT / "generated" / "catalog.json"),
        "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'tocsin.db'}",
    }
    command = [sys.executable, "-c", "import webhook.cli as m; print(m.__file__); m.main()", "incidents", "list"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    for name in ("openapi.json", "schema/alertmanager.schema.json", "templates/incident.html"):
        assert (installed / "webhook" / name).is_file()
