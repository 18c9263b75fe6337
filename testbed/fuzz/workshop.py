"""The folder that a case is laid out in, with a good `generated/` beside it that failures must leave alone.

Between `inputs.py` and `judge.py`. The folder is in memory where the machine has such a place: a run makes millions of
small files.
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
from testbed.fuzz.case import ORIGINS, Case, original

OUTPUT: Final = Path(conventions.OUTPUT_PATH)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where Linux has its file system in memory; folders in it are made safely
Tree = dict[str, bytes | None]
"""What a folder holds: content by path, None for a folder."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A folder for each origin, each with its good output; made by `opened`."""

    folder: Path
    good: dict[str, Tree]

    @contextmanager
    def laid_out(self, case: Case) -> Iterator[None]:
        """Have the case in the current directory, above the good output of its origin, which is put back afterwards."""
        with chdir(self.folder / case.origin):
            _clear()
            _lay_out(case)
            try:
                yield
            finally:
                self._restore(case.origin)

    def before(self, case: Case) -> Tree:
        """Return what the output folder holds before the case is compiled."""
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
def place() -> Iterator[Path]:
    """Yield a temporary folder for workshops, which is removed afterwards with all that dead processes left in it."""
    with TemporaryDirectory(prefix="tocsin-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)


def opened(folder: Path) -> Workshop:
    """Return a workshop in a folder that is empty; RuntimeError where an origin itself does not compile."""
    good: dict[str, Tree] = {}
    for origin in ORIGINS:
        (folder / origin).mkdir()
        with chdir(folder / origin):
            _lay_out(original(origin))
            result = CliRunner().invoke(main, ["compile"])
            if result.exit_code != 0:
                raise RuntimeError(f"the specification `{origin}` must be right before it is damaged:\n{result.output}")
            good[origin] = tree(OUTPUT)
    return Workshop(folder=folder, good=good)


def tree(folder: Path) -> Tree:
    """Return what a folder holds, paths relative to it, a folder before what lies in it."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        found[path.relative_to(folder).as_posix()] = None if path.is_dir() else path.read_bytes()
    return found


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
    # Last, so that no file is written through a link.
    for name, target in case.links.items():
        if not os.path.lexists(name):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).symlink_to(target)
    if case.blocked is not None:
        _remove(OUTPUT / case.blocked)
        (OUTPUT / case.blocked).mkdir(parents=True)
