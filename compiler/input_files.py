"""The room that opens files for reading: whoever else opens one is refused by a test.

A merge request chooses what lies in a folder, links, pipes and devices among it. So a path is resolved first and must
lie below the folder of thresholds.yaml; it is then opened name by name from that folder without following a link, so
that nothing that changes meanwhile leads elsewhere; only a regular file is read, and no more than so many bytes of it.

`compiler.output` is the room that writes.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import translate
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

MAX_BYTES: Final = 4 * 2**20
"""Of one file; no person writes half as much."""
MAX_MARKDOWN: Final = 2**18
"""Bytes of a runbook or a guide: its sentences are read one by one, and nobody reads half as much at night."""
MAX_LINE: Final = 32 * 2**10
"""Characters of one line of a runbook."""
MAX_BYTES_IN_ALL: Final = 64 * 2**20
"""Of all files of one run: links let one large file stand for many."""
MAX_ENTRIES: Final = 500_000
"""Names of files that one run looks at, in all folders."""
MAX_PATTERN: Final = 1000
"""Characters of a pattern."""
_MOST_NAMES: Final = 2000
"""Names of one folder that a hint may come from."""
_MOST_FOLDERS: Final = 1000
"""Folders in which a file of a given name is looked for."""
FOLDER_FLAGS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class OutsideError(OSError):
    """A link leads out of the folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EXDEV, "a symbolic link leads out of the folder", str(path))


class InputFiles:
    """The files below `folder`, or any where it is None; one object serves one run, and has its budget."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._bytes_left = MAX_BYTES_IN_ALL
        self._entries_left = MAX_ENTRIES

    @cached_property
    def _root(self) -> Path:
        return Path("/") if self._folder is None else Path(os.path.realpath(self._folder, strict=True))

    def read(self, path: Path, most: int = MAX_BYTES) -> bytes:
        """Return what a file holds; OSError where it is missing, no regular file, too large, or lies outside."""
        with self._opened(path) as (parent, name):
            # Before it is opened, too: to open a device may do something.
            _refuse_irregular(os.stat(name, dir_fd=parent, follow_symlinks=False), most)
            with open(os.open(name, _FILE_FLAGS, dir_fd=parent), "rb") as file:  # noqa: PTH123 - a descriptor
                _refuse_irregular(os.fstat(file.fileno()), most)
                content = file.read(most + 1)
        if len(content) > most:
            raise _too_large(most)
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise _too_large(MAX_BYTES_IN_ALL, "all files together are larger")
        return content

    def is_file(self, path: Path) -> bool:
        """Return whether a path leads to a regular file inside."""
        return stat.S_ISREG(self._mode(path))

    def is_folder(self, path: Path) -> bool:
        """Return whether a path leads to a folder inside."""
        return stat.S_ISDIR(self._mode(path))

    def is_inside(self, path: Path) -> bool:
        """Return whether a path, which need not exist, leads to a place inside; OSError for links in a circle."""
        real = Path(os.path.realpath(path, strict=False))
        if real.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        return real.is_relative_to(self._root)

    def exists(self, path: Path) -> bool:
        """Return whether there is anything at a path inside."""
        return self._mode(path) != 0

    def names(self, folder: Path) -> tuple[str, ...]:
        """Return some names of a folder, sorted; OSError where it cannot be listed, or lies outside."""
        return tuple(sorted(islice((name for name, _ in self._entries(folder)), _MOST_NAMES)))

    def matching(self, pattern: str) -> list[Path]:
        """Return what a pattern of names, `*`, `?`, `[…]` and `**` means, sorted; no link leads out of the folder.

        ValueError where it is no pattern, OSError where a folder that it names cannot be looked into.
        """
        assert self._folder is not None  # noqa: S101 - a pattern begins in a folder
        parts = PurePosixPath(pattern).parts
        if not parts or len(pattern) > MAX_PATTERN:
            raise ValueError("it is too long" if parts else "it names no file")
        found: Iterable[PurePosixPath] = [PurePosixPath()]
        certain = True
        for part in parts:
            if part == "**":
                found, certain = dict.fromkeys(below for one in found for below in self._folders(one)), False
            elif "**" in part:
                raise ValueError("`**` stands alone between two slashes")
            elif _MAGIC.search(part):
                fits = re.compile(translate(part)).match
                listed = ((one, self._listed(one, certain=certain)) for one in found)
                found = [one / name for one, names in listed for name, _ in names if fits(name)]
                certain = False
            else:
                found = [one / part for one in found if self._has(one, part, certain=certain)]
        return sorted(self._folder / one for one in found)

    def elsewhere(self, name: str) -> PurePosixPath | None:
        """Return the path of a file of that name in a folder below."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, PurePosixPath]:
        found: dict[str, PurePosixPath] = {}
        try:
            for folder in islice(self._folders(PurePosixPath(), hidden=False), _MOST_FOLDERS):
                for name, is_folder in self._listed(folder, certain=False):
                    if not is_folder:
                        found.setdefault(name, folder / name)
        except ValueError:
            # There are too many: what was met first is enough for a hint.
            pass
        return found

    def _folders(self, top: PurePosixPath, *, hidden: bool = True) -> Iterator[PurePosixPath]:
        """Yield a folder and all below it, no links among them."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                below = sorted(name for name, is_folder in self._listed(folder, certain=False) if is_folder)
            except NotADirectoryError:
                continue
            yield folder
            waiting += [folder / name for name in reversed(below) if hidden or not name.startswith(".")]

    def _listed(self, folder: PurePosixPath, *, certain: bool) -> list[tuple[str, bool]]:
        """Return the entries of a folder; where the pattern has not named it itself, what cannot be listed is empty."""
        assert self._folder is not None  # noqa: S101 - see `matching`
        try:
            return list(self._entries(self._folder / folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            if certain:
                raise
            return []

    def _has(self, folder: PurePosixPath, name: str, *, certain: bool) -> bool:
        assert self._folder is not None  # noqa: S101 - see `matching`
        try:
            with self._opened(self._folder / folder / name, follow=False) as (parent, last):
                os.stat(last, dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            if certain:
                raise
            return False
        return True

    def _entries(self, folder: Path) -> Iterator[tuple[str, bool]]:
        """Yield the name of each entry of a folder, and whether it is a folder itself, and no link to one."""
        with self._opened(folder) as (parent, name):
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            try:
                with os.scandir(descriptor) as entries:
                    for entry in entries:
                        self._entries_left -= 1
                        if self._entries_left < 0:
                            raise ValueError(f"it goes through more than {MAX_ENTRIES} files")
                        yield entry.name, entry.is_dir(follow_symlinks=False)
            finally:
                os.close(descriptor)

    def _mode(self, path: Path) -> int:
        try:
            with self._opened(path) as (parent, name):
                return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except (OSError, ValueError):
            return 0

    @contextmanager
    def _opened(self, path: Path, *, follow: bool = True) -> Iterator[tuple[int, str]]:
        """Yield the descriptor of the folder that a path leads to once its links are resolved, and its name there."""
        real = Path(os.path.realpath(path, strict=True) if follow else os.path.realpath(path.parent, strict=True))
        real = real if follow else real / path.name
        if not real.is_relative_to(self._root):
            raise OutsideError(path)
        names = real.relative_to(self._root).parts
        descriptor = os.open(self._root, FOLDER_FLAGS)
        try:
            for name in names[:-1]:
                above, descriptor = descriptor, os.open(name, FOLDER_FLAGS, dir_fd=descriptor)
                os.close(above)
            yield descriptor, names[-1] if names else "."
        finally:
            os.close(descriptor)


_MAGIC: Final = re.compile(r"[*?\[]")


def _refuse_irregular(status: os.stat_result, most: int) -> None:
    """Raise OSError for what is no regular file, or too large a one: a device or a pipe may never end."""
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > most:
        raise _too_large(most)


def _too_large(most: int, what: str = "larger") -> OSError:
    return OSError(
        errno.EFBIG, f"{what} than {most // 2**20} MiB" if most >= 2**20 else f"{what} than {most // 2**10} KiB"
    )
