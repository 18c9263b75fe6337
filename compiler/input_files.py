"""The only module that opens files for reading; a test fails if another module opens one.

A merge request chooses what lies in a folder, and that may include links, pipes and devices. So this module first
resolves a path, which must then lie below the folder of thresholds.yaml. From that folder, it opens one
folder of the path after the other and follows no link, so that a change in the meantime cannot lead elsewhere. It reads
regular files only, and no more than a fixed number of bytes.

`compiler.output` is the module that writes files.
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
"""Bytes of one file; no person writes half as much."""
MAX_MARKDOWN: Final = 2**18
"""Bytes of a runbook or a guide: parsing reads each sentence, and no on-call person reads half as much."""
MAX_LINE: Final = 32 * 2**10
"""Characters of one line of a runbook."""
MAX_BYTES_IN_ALL: Final = 64 * 2**20
"""Bytes of all files of one run: links can make one large file count as many."""
MAX_ENTRIES: Final = 500_000
"""Directory entries that one run looks at, in all folders."""
MAX_PATTERN: Final = 1000
"""Characters of an `include` pattern."""
_MOST_NAMES: Final = 2000
"""Names of one folder that a hint considers."""
_MOST_FOLDERS: Final = 1000
"""Folders that are searched for a file of a given name."""
FOLDER_FLAGS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class OutsideError(OSError):
    """A symbolic link leads out of the folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EXDEV, "a symbolic link leads out of the folder", str(path))


class InputFiles:
    """Opens the files below `folder`, or any file if it is None; one object serves one run and holds its budget."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._bytes_left = MAX_BYTES_IN_ALL
        self._entries_left = MAX_ENTRIES

    @cached_property
    def _root(self) -> Path:
        return Path("/") if self._folder is None else Path(os.path.realpath(self._folder, strict=True))

    def read(self, path: Path, most: int = MAX_BYTES) -> bytes:
        """Return a file's content; raises OSError if it is missing, irregular, too large or outside the folder."""
        with self._opened(path) as (parent, name):
            # Checked before opening as well, because opening a device may have an effect.
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
        """Return whether a path, which need not exist, leads inside; raises OSError for a loop of links."""
        real = Path(os.path.realpath(path, strict=False))
        if real.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        return real.is_relative_to(self._root)

    def exists(self, path: Path) -> bool:
        """Return whether a path inside the folder exists."""
        return self._mode(path) != 0

    def names(self, folder: Path) -> tuple[str, ...]:
        """Return at most `_MOST_NAMES` names of a folder, sorted; raises OSError if it is outside or unreadable."""
        return tuple(sorted(islice((name for name, _ in self._entries(folder)), _MOST_NAMES)))

    def matching(self, pattern: str) -> list[Path]:
        """Return the paths that match a pattern of names, `*`, `?`, `[…]` and `**`, sorted.

        The search follows no link out of the folder. Raises ValueError if the text is no pattern, and OSError if a
        folder that the pattern names cannot be listed.
        """
        assert self._folder is not None  # noqa: S101 - a pattern begins in a folder
        parts = PurePosixPath(pattern).parts
        if not parts or len(pattern) > MAX_PATTERN:
            raise ValueError("it is too long" if parts else "it names no file")
        paths: Iterable[PurePosixPath] = [PurePosixPath()]
        named = True
        for part in parts:
            if part == "**":
                paths, named = dict.fromkeys(below for folder in paths for below in self._folders(folder)), False
            elif "**" in part:
                raise ValueError("`**` stands alone between two slashes")
            elif _MAGIC.search(part):
                fits = re.compile(translate(part)).match
                listed = ((folder, self._listed(folder, named=named)) for folder in paths)
                paths = [folder / name for folder, names in listed for name, _ in names if fits(name)]
                named = False
            else:
                paths = [folder / part for folder in paths if self._has(folder, part, named=named)]
        return sorted(self._folder / path for path in paths)

    def elsewhere(self, name: str) -> PurePosixPath | None:
        """Return the path of a file of this name in some folder below, or None."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, PurePosixPath]:
        by_name: dict[str, PurePosixPath] = {}
        try:
            for folder in islice(self._folders(PurePosixPath(), hidden=False), _MOST_FOLDERS):
                for name, is_folder in self._listed(folder, named=False):
                    if not is_folder:
                        by_name.setdefault(name, folder / name)
        except ValueError:
            # There are too many entries. The files seen so far are enough for a hint.
            pass
        return by_name

    def _folders(self, top: PurePosixPath, *, hidden: bool = True) -> Iterator[PurePosixPath]:
        """Yield a folder and all folders below it, without following links."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                below = sorted(name for name, is_folder in self._listed(folder, named=False) if is_folder)
            except NotADirectoryError:
                continue
            yield folder
            waiting += [folder / name for name in reversed(below) if hidden or not name.startswith(".")]

    def _listed(self, folder: PurePosixPath, *, named: bool) -> list[tuple[str, bool]]:
        """Return the entries of a folder; a folder that cannot be listed counts as empty, unless it is `named`."""
        assert self._folder is not None  # noqa: S101 - see `matching`
        try:
            return list(self._entries(self._folder / folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            if named:
                raise
            return []

    def _has(self, folder: PurePosixPath, name: str, *, named: bool) -> bool:
        """Return whether a folder has an entry of this name; `named` is set if the pattern names the folder."""
        assert self._folder is not None  # noqa: S101 - see `matching`
        try:
            with self._opened(self._folder / folder / name, follow=False) as (parent, last):
                os.stat(last, dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            if named:
                raise
            return False
        return True

    def _entries(self, folder: Path) -> Iterator[tuple[str, bool]]:
        """Yield the name of each entry of a folder, and whether the entry is a folder; a link to a folder is not."""
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
        """Resolve a path's links; yield the descriptor of the folder that holds the file, and the name there."""
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
    """Raise OSError unless `status` is of a regular file of a permitted size; a device or a pipe may never end."""
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > most:
        raise _too_large(most)


def _too_large(most: int, subject: str = "larger") -> OSError:
    return OSError(
        errno.EFBIG, f"{subject} than {most // 2**20} MiB" if most >= 2**20 else f"{subject} than {most // 2**10} KiB"
    )
