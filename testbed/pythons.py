"""`python -m testbed.pythons [VERSION…]`: run the compiler's tests on each supported Python of this machine.

`tests/packaging` uses this module for its tests on each Python. The module looks for interpreters on the
PATH and in the folders of pyenv, uv and the system. Environments lie in `.cache/pythons`, named after the interpreter
and the lock that they were made from, so that only the first run installs anything.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / ".cache" / "pythons"
_CLASSIFIER: Final = re.compile(r"Programming Language :: Python :: (3\.[0-9]+)")
_PROBE: Final = "import sys, venv; print(sys.implementation.name, sys.version.split()[0], sys.base_prefix)"
_PROBE_SECONDS: Final = 60
"""A program named like a Python that does not answer in this time is no Python."""


class EnvironmentFailedError(Exception):
    """An environment could not be made; the message quotes the command and what it printed."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python of this machine."""

    path: Path
    version: str
    """Such as `3.13.0`."""
    prefix: str


def versions() -> tuple[str, ...]:
    """Return the versions that the project supports, such as `3.11`, in the order of its classifiers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(match[1] for match in map(_CLASSIFIER.fullmatch, project["classifiers"]) if match)


def find(version: str, environment: Mapping[str, str] = os.environ) -> Interpreter | None:
    """Return the first interpreter of `version` that starts; pyenv's shims have the name, but often do not start."""
    for path in candidates(version, environment):
        interpreter = probe(path)
        if interpreter is not None and interpreter.version.startswith(f"{version}."):
            return interpreter
    return None


def candidates(version: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that may be an interpreter of `version`, the PATH's first."""
    name, home = f"python{version}", Path(environment.get("HOME", "/"))
    folders = [Path(part) for part in environment.get("PATH", "").split(os.pathsep) if part]
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    folders += sorted(pyenv.glob(f"versions/{version}*/bin"))
    folders += sorted(uv.glob(f"cpython-{version}*/bin"))
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), *sorted(Path("/opt").glob("*/bin"))]
    yield from (folder / name for folder in dict.fromkeys(folders) if os.access(folder / name, os.X_OK))


def probe(path: Path) -> Interpreter | None:
    """Return the interpreter at `path`, None if it does not start, is no CPython, or cannot make an environment."""
    try:
        run = subprocess.run(
            [path, "-I", "-c", _PROBE], check=True, capture_output=True, text=True, timeout=_PROBE_SECONDS
        )
        implementation, version, prefix = run.stdout.strip().split(" ", 2)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(path=path, version=version, prefix=prefix) if implementation == "cpython" else None


def environment(interpreter: Interpreter, lock: str) -> Path:
    """Return the Python of an environment that holds `requirements/<lock>.txt` and nothing else.

    The first call makes the environment, in one process while others wait. Raises `EnvironmentFailedError`.
    """
    requirements = ROOT / "requirements" / f"{lock}.txt"
    identity = f"{interpreter.prefix}\n{interpreter.version}\n".encode() + requirements.read_bytes()
    folder = CACHE / f"{interpreter.version}-{lock}-{hashlib.sha256(identity).hexdigest()[:12]}"
    python, finished_mark = folder / "bin" / "python", folder / "whole"
    with _locked(CACHE / f"{folder.name}.lock"):
        if not finished_mark.exists():
            _forget_older(interpreter.version, lock)
            make_environment(interpreter, folder)
            _starts([python, "-m", "ensurepip"])
            _run([*_pip(python), "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)])
            finished_mark.touch()
    return python


def installed(interpreter: Interpreter, lock: str, wheel: Path, folder: Path) -> Path:
    """Return the Python of a new environment in `folder`: the wheel, and the packages of `requirements/<lock>.txt`."""
    packages_python = environment(interpreter, lock)
    python = make_environment(interpreter, folder)
    (_site(python) / "beside.pth").write_text(f"{_site(packages_python)}\n", encoding="utf-8")
    _run([*_pip(python), "--no-index", str(wheel)])
    return python


def make_environment(interpreter: Interpreter, folder: Path) -> Path:
    """Return the Python of a new environment without a package."""
    _run([str(interpreter.path), "-m", "venv", "--without-pip", str(folder)])
    return folder / "bin" / "python"


def build_wheel(folder: Path) -> Path:
    """Build the wheel that people install into `folder`, with the installed packages, and return it."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def compiler_test_command(python: Path) -> list[str | Path]:
    """Return the command that tests the compiler of the work tree; the caller appends pytest's files and options."""
    return [python, "-m", "pytest", "-p", "no:cacheprovider", "--quiet"]


def _pip(python: Path) -> list[str]:
    """Return the command that installs into the environment of `python`: its own pip, or ours if it has none."""
    own = [str(python), "-m", "pip"]
    ours = [sys.executable, "-W", "ignore", "-m", "pip", "--python", str(python)]
    options = ["--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-compile"]
    return [*(own if _starts([*own, "--version"]) else ours), *options]


def _starts(command: Sequence[str | Path]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _site(python: Path) -> Path:
    (site,) = python.parents[1].glob("lib/python3.*/site-packages")
    return site


def _forget_older(version: str, lock: str) -> None:
    """Remove environments that were made from an earlier lock or were not finished."""
    for folder in CACHE.glob(f"{version}-{lock}-*"):
        if folder.is_dir():
            shutil.rmtree(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; other processes that want it wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if run.returncode:
        raise EnvironmentFailedError(f"{' '.join(command)} ended with {run.returncode}:\n{run.stdout}{run.stderr}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Test each Python of this machine, and return 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m testbed.pythons", description=__doc__)
    parser.add_argument("versions", nargs="*", default=versions(), help="such as 3.13; all supported ones if left out")
    chosen_versions = parser.parse_args(arguments).versions
    with tempfile.TemporaryDirectory() as name:
        wheel = build_wheel(Path(name))
        failed = [version for version in chosen_versions if not _passes(version, wheel, Path(name))]
    print(f"failed on {', '.join(failed)}" if failed else "passed on each that is there")
    return 1 if failed else 0


def _passes(version: str, wheel: Path, folder: Path) -> bool:
    interpreter = find(version)
    if interpreter is None:
        print(f"Python {version}: not on this machine")
        return True
    print(f"Python {interpreter.version}: {interpreter.path}", flush=True)
    python = installed(interpreter, "compile-tests", wheel, folder / version)
    command = [*compiler_test_command(python), "--numprocesses", "2", "tests/compiler"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
