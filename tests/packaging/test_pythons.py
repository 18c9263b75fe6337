"""Tests of every Python that `requires-python` promises: the wheel works, and the compiler's tests pass."""

from __future__ import annotations

import filecmp
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from testbed import pythons
from testbed.pythons import Interpreter

ROOT = Path(__file__).parents[2]
THIS = "{}.{}".format(*sys.version_info)
OTHERS = [version for version in pythons.versions() if version != THIS]
QUICK = ["anchors", "characters", "cli", "document", "quantities", "reports", "resolve", "runbooks", "statements"]
"""The compiler's tests that depend most on the interpreter and take least time; `make pythons` runs all of them."""


def on_this_machine(version: str) -> Interpreter:
    interpreter = pythons.find(version)
    if interpreter is None:
        pytest.skip(
            f"no Python {version} on this machine: neither on the PATH nor where pyenv, uv and the system keep them"
        )
    return interpreter


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_the_supported_versions_begin_where_requires_python_does() -> None:
    """The classifiers name the same versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={pythons.versions()[0]}"


@pytest.mark.parametrize("version", pythons.versions())
def test_the_wheel_compiles_the_house_byte_for_byte(version: str, wheel: Path, tmp_path: Path) -> None:
    """With only requirements/compile.txt installed, `tocsin` starts and writes the committed files."""
    python = pythons.installed(on_this_machine(version), "compile", wheel, tmp_path / "tocsin")
    tocsin, out = python.with_name("tocsin"), tmp_path / "out"
    started = run(tocsin, "--version")
    assert re.fullmatch(r"tocsin.* [0-9.]+\n", started.stdout), started.stderr
    compiled = run(tocsin, "compile", "--out", out)
    assert compiled.returncode == 0, compiled.stderr
    paths = [str(path.relative_to(ROOT / "generated")) for path in (ROOT / "generated").rglob("*.*")]
    same, differing, missing = filecmp.cmpfiles(ROOT / "generated", out, paths, shallow=False)
    assert (sorted(same), differing, missing) == (sorted(paths), [], [])


@pytest.mark.parametrize("version", OTHERS)
def test_the_compiler_s_tests_pass(version: str, wheel: Path, tmp_path: Path) -> None:
    """Only a part of them runs here, which takes seconds; the Python of this run runs all of them anyway."""
    python = pythons.installed(on_this_machine(version), "compile-tests", wheel, tmp_path / "tocsin")
    done = run(*pythons.compiler_test_command(python), *(f"tests/compiler/test_{name}.py" for name in QUICK))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", pythons.versions())
def test_the_webhook_starts(version: str, wheel: Path, tmp_path: Path) -> None:
    """With the packages of `make webhook` the store is opened, migrated and read."""
    python = pythons.installed(on_this_machine(version), "base", wheel, tmp_path / "tocsin")
    store = {"TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'tocsin.db'}"}
    command = [python.with_name("tocsin-webhook"), "incidents", "list"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | store, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_shim_without_an_interpreter_behind_it_is_passed_over(tmp_path: Path) -> None:
    """The shim of pyenv for a version that is not installed says `command not found` and exits with 127."""
    version = "3.99"
    program(tmp_path / "shims", f"python{version}", "echo command not found >&2; exit 127")
    program(tmp_path / "other", f"python{version}", "echo cpython 3.98.1 /nowhere")
    program(tmp_path / "pypy", f"python{version}", f"echo pypy {version}.1 /nowhere")
    right = program(
        tmp_path / ".pyenv" / "versions" / f"{version}.1" / "bin", f"python{version}", f"echo cpython {version}.1 /a b"
    )
    path = os.pathsep.join(str(tmp_path / name) for name in ("shims", "missing", "other", "pypy"))
    interpreter = pythons.find(version, {"HOME": str(tmp_path), "PATH": path})
    assert interpreter == Interpreter(path=right, version=f"{version}.1", prefix="/a b")
    assert (
        pythons.find(version, {"HOME": str(tmp_path), "PATH": str(tmp_path / "shims"), "PYENV_ROOT": "/nowhere"})
        is None
    )


def test_an_environment_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """The error holds the command and its output, not only a traceback."""
    broken = program(tmp_path, "python3.99", "echo no room left >&2; exit 1")
    interpreter = Interpreter(path=broken, version="3.99.0", prefix="/nowhere")
    with pytest.raises(pythons.EnvironmentFailedError, match=r"(?s)python3\.99 -m venv .* ended with 1:.*no room left"):
        pythons.make_environment(interpreter, tmp_path / "new")
