"""Put random links, loops, pipes, devices and holes where files should be, in the house and in its output.

The compiler may not read, show, change or add to the folder beside the house. Each run of the compiler has a limited
time and memory, and ends with artifacts or a finding, never with a traceback.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from testbed.fuzz.case import ORIGINS

SECONDS = 120
MOST_MEMORY = 1_500 * 1_024 * 1_024
"""Bytes of address space of a run."""
SECRET = "canary-7d1f"  # noqa: S105  the text that must not come out
_COMMANDS = (
    ("check",),
    ("compile",),
    ("compile", "--check"),
    ("check", "--format", "json"),
    ("explain",),
    ("signals",),
)


def house(folder: Path) -> None:
    """Lay out a house that compiles, and beside it a folder with the secret in every kind of file."""
    shutil.copytree(ORIGINS["base"], folder / "house")
    outside = folder / "outside"
    (outside / "deep").mkdir(parents=True)
    for name in ("passwd", "shop.md", "team.yaml", "catalog.json", "deep/x.rules.yml"):
        (outside / name).write_text(f"# Shop\n\n{SECRET}: critical above 5 %\n", encoding="utf-8")


def damage(folder: Path, seed: int, number: int) -> list[str]:
    """Put hostile things into the house and its output; return a line for each."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  made to be repeatable
    inside, outside, steps = folder / "house", folder / "outside", []
    for _ in range(chance.randint(1, 3)):
        present = [path for path in inside.rglob("*") if not path.is_symlink()]
        new_places = [
            inside / name for name in ("systems/a.yaml", "Makefile", "runbooks/new.md", "generated/catalog.json")
        ]
        place = chance.choice([*present, *new_places])
        target = chance.choice(
            [*outside.rglob("*"), outside, Path("/dev/zero"), Path("/dev/stdin"), Path("/proc/self/environ")]
        )
        name, act = chance.choice(list(_ACTS.items()))
        if place.exists() or place.is_symlink():
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
        try:
            # An earlier step may have put something else where this step needs a folder.
            place.parent.mkdir(parents=True, exist_ok=True)
            act(place, target)
        except OSError:
            continue
        steps.append(f"{place.relative_to(folder)}: {name} {target.name}")
    if chance.random() < 0.4:
        spec = inside / "thresholds.yaml"
        if spec.is_file() and not spec.is_symlink() and spec.stat().st_size < 1_000_000:
            pattern = chance.choice(("systems/*.yaml", "../outside/*.yaml", "**/*.yaml", "/etc/*", "systems/a.yaml"))
            text = spec.read_text(encoding="utf-8", errors="replace")
            spec.write_text(text.replace("version: 1\n", f"version: 1\ninclude: '{pattern}'\n", 1), encoding="utf-8")
            steps.append(f"include: {pattern}")
    return steps


def _hole(place: Path, _: Path) -> None:
    with place.open("wb") as file:
        file.truncate(2**40)


def _link(place: Path, target: Path) -> None:
    place.symlink_to(target)


def _climbing_link(place: Path, target: Path) -> None:
    place.symlink_to(os.path.relpath(target, place.parent.resolve()))


def _chained_link(place: Path, target: Path) -> None:
    second = place.with_name(f"{place.name}.second")
    second.unlink(missing_ok=True)
    second.symlink_to(target)
    place.symlink_to(second.name)


_ACTS: dict[str, Callable[[Path, Path], None]] = {
    "link to": _link,
    "climbing link to": _climbing_link,
    "chain of links to": _chained_link,
    "link to itself, not": lambda place, _: place.symlink_to(place.name),
    "pipe, not": lambda place, _: os.mkfifo(place),
    "hole, not": _hole,
    "folder, not": lambda place, _: place.mkdir(),
    "link to the house, not": lambda place, _: place.symlink_to("."),
}


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return all files in the folder beside the house, with their times of change and their contents."""
    outside = folder / "outside"
    return {
        str(path.relative_to(outside)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(outside.rglob("*"))
    }


def fault(folder: Path, command: tuple[str, ...]) -> str | None:
    """Run the compiler in the house; return what it did wrong, None if nothing."""
    before = snapshot(folder)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "compiler.cli", *command],
            cwd=folder / "house",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=_limit_memory,
        )
    except subprocess.TimeoutExpired:
        return "does not end"
    output = result.stdout + result.stderr
    if b"Traceback" in output or result.returncode not in {0, 1, 2}:
        return f"ends with {result.returncode}: {output[-300:]!r}"
    if SECRET.encode() in output:
        return "shows what lies outside"
    if snapshot(folder) != before:
        return "changes what lies outside"
    return next((f"{name} holds what lies outside" for name in _leaking_files(folder / "house" / "generated")), None)


def _leaking_files(generated: Path) -> Iterator[str]:
    if generated.is_symlink() or not generated.is_dir():
        return
    for path in generated.rglob("*"):
        if (
            path.is_file()
            and not path.is_symlink()
            and path.stat().st_size < 10**8
            and SECRET.encode() in path.read_bytes()
        ):
            yield path.name


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def faults(number: int, seed: int) -> Iterator[str]:
    """Yield each fault, with the damage to the house."""
    for index in range(number):
        with tempfile.TemporaryDirectory(prefix="tocsin-hostile-") as name:
            folder = Path(name)
            house(folder)
            steps = damage(folder, seed, index)
            command = _COMMANDS[index % len(_COMMANDS)]
            if (problem := fault(folder, command)) is not None:
                yield f"{index}: {' '.join(command)}: {problem}; {steps}"
