"""Lay a case out in a folder, beside a good `generated/` that a failed compilation must not change.

`judge.py` calls this module. The folder is in memory if the machine has a file system in memory, because a run makes
millions of small files.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from click.testing import CliRunner

from compiler import conventions
from compiler.cli import main
from testbed.fuzz.case import ORIGINS, Case, original, systems

OUTPUT: Final = Path(conventions.OUTPUT_PATH)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; tempfile makes the folders in it
Tree = dict[str, bytes | None]
"""The content of a folder: the bytes of each file by path, None for a folder."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A folder for each origin, with the good output of each; `open_workshop` makes it."""

    folder: Path
    good: dict[str, Tree]

    @contextmanager
    def laid_out(self, case: Case) -> Iterator[None]:
        """Lay the case out in the current directory beside its origin's good output; restore that output afterwards."""
        with chdir(self.folder / case.origin):
            _clear()
            _lay_out(case)
            try:
                yield
            finally:
                self._restore(case.origin)

    def before(self, case: Case) -> Tree:
        """Return the content of the output folder before the case is compiled."""
        blocked: Tree = {} if case.blocked is None else {case.blocked: None}
        return {**self.good[case.origin], **blocked}

    def _restore(self, origin: str) -> None:
        good, now = self.good[origin], tree(OUTPUT)
        for path in sorted(now.keys() - good.keys(), reverse=True) + [path for path in good if now.get(path) is None]:
            if path in now and now[path] != good.get(path, b""):
                _remove(OUTPUT / path)
        for path, content in good.items():
            if content is None:
                (OUTPUT / path).mkdir(exist_ok=True)
            elif now.get(path) != content:
                (OUTPUT / path).write_bytes(content)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a temporary folder for workshops, and remove it afterwards with all that dead processes left in it."""
    with TemporaryDirectory(prefix="tocsin-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)


def open_workshop(folder: Path) -> Workshop:
    """Return a workshop in an empty folder; raises RuntimeError if an origin itself does not compile."""
    good: dict[str, Tree] = {}
    for origin in (*ORIGINS, *systems()):
        (folder / origin).mkdir()
        with chdir(folder / origin):
            _lay_out(original(origin))
            result = CliRunner().invoke(main, ["compile"])
            if result.exit_code != 0:
                raise RuntimeError(f"the specification `{origin}` must be right before it is damaged:\n{result.output}")
            good[origin] = tree(OUTPUT)
    return Workshop(folder=folder, good=good)


def tree(folder: Path) -> Tree:
    """Return the content of a folder by relative path; a folder comes before the files in it."""
    contents: Tree = {}
    for path in sorted(folder.rglob("*")):
        contents[path.relative_to(folder).as_posix()] = None if path.is_dir() else path.read_bytes()
    return contents


def _clear() -> None:
    for entry in os.scandir():
        if entry.name != OUTPUT.name:
            _remove(Path(entry.path))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _lay_out(case: Case) -> None:
    for name, content in case.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in case.folders:
        Path(name).mkdir(parents=True, exist_ok=True)
    for name in case.pipes:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(name)
    # Make the links last, so that no file is written through a link.
    for name, target in case.links.items():
        if not os.path.lexists(name):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).symlink_to(target)
    if case.blocked is not None:
        _remove(OUTPUT / case.blocked)
        (OUTPUT / case.blocked).mkdir(parents=True)
