"""Write: artifacts → files, all or none; or a comparison with what lies there (`--check`). The room that writes files.

The last stage. Everything has been rendered when this is called. New content is first written beside the files that it
replaces; only when all of it is on disk is anything renamed into place, and a rename that fails puts the old file
back. Files that are up to date are left alone, so that whoever watches them sees changes only.

A merge request chooses what lies in the output folder, too. Below it no link is followed and nothing but regular files
is read or replaced, whatever changes meanwhile: folders are opened name by name, and files are reached from them. Of a
file no more is read than would be written.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Final, Self

from compiler import conventions
from compiler.artifacts import Artifact
from compiler.emitters import OWNED_FOLDERS
from compiler.input_files import FOLDER_FLAGS

_OWNED_SUFFIX: Final = ".yml"
"""Where files of systems that are gone are found; only those that begin with our header are touched."""
_MODE: Final = 0o644
"""Prometheus runs as another user."""
_NEW_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs from the files in place; paths are relative to the output folder, sorted."""

    missing: tuple[str, ...]
    differing: tuple[str, ...]
    stale: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.differing or self.stale)

    def __len__(self) -> int:
        return len(self.missing) + len(self.differing) + len(self.stale)


def compare(folder: Path, artifacts: Sequence[Artifact], spec: Path | None = None) -> Changes:
    """Return how the files in `folder` differ from `artifacts`; OSError where they cannot be read.

    `folder` may lie anywhere, as whoever types it wants; a link in its place may not lead out of the folder of `spec`.
    """
    with _Output(folder, spec) as there:
        return _changes(there, artifacts)


def write(folder: Path, artifacts: Sequence[Artifact], spec: Path | None = None) -> Changes:
    """Bring `folder` to what `artifacts` say and return what had to change; `spec` as in `compare`.

    Raises OSError, with everything as it was, where something cannot be written.
    """
    with _Output(folder, spec) as there:
        changes = _changes(there, artifacts)
        changed = {*changes.missing, *changes.differing}
        steps: list[_Step] = []
        try:
            for artifact in artifacts:
                if artifact.path in changed:
                    step = _Step(there, artifact.path)
                    # It is known before it is staged: what there is when one fails must be cleared away.
                    steps.append(step)
                    step.stage(artifact.content)
            steps += [_Step(there, path) for path in changes.stale]
            _carry_out(steps)
        finally:
            for step in steps:
                step.clear()
        return changes


def write_file(path: Path, content: bytes) -> None:
    """Write one file whose path somebody has typed; OSError where it cannot be, or a link leads elsewhere."""
    write(path.parent, [Artifact(path=path.name, content=content)])


class _Output:
    """The output folder and the folders below it, each opened once, by its path; made where `made` asks for it."""

    def __init__(self, folder: Path, spec: Path | None) -> None:
        self._folder = folder
        self._spec = spec
        self._opened: dict[PurePosixPath, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        _refuse_led_astray(self._folder, self._spec)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def named(self, path: str) -> str:
        return str(self._folder / path)

    def descriptor(self, folder: PurePosixPath, *, made: bool = False) -> int:
        """Return the descriptor of a folder below; OSError where a link or something else stands in its place."""
        if folder not in self._opened:
            with _of(self.named(str(folder))):
                found = self._open(folder, made=made)
            self._opened[folder] = found
            self._stack.callback(os.close, found)
        return self._opened[folder]

    def _open(self, folder: PurePosixPath, *, made: bool) -> int:
        if not folder.parts:
            if made:
                self._folder.mkdir(parents=True, exist_ok=True)
            # A link in the place of the output folder itself has been looked at.
            return os.open(os.path.realpath(self._folder), FOLDER_FLAGS)
        above = self.descriptor(folder.parent, made=made)
        if made:
            with suppress(FileExistsError):
                os.mkdir(folder.name, dir_fd=above)
        elif stat.S_ISLNK(os.stat(folder.name, dir_fd=above, follow_symlinks=False).st_mode):
            raise _link()
        try:
            return os.open(folder.name, FOLDER_FLAGS, dir_fd=above)
        except NotADirectoryError:
            if stat.S_ISLNK(os.stat(folder.name, dir_fd=above, follow_symlinks=False).st_mode):
                raise _link() from None
            raise


def _refuse_led_astray(folder: Path, spec: Path | None) -> None:
    """Raise OSError where links lead an output folder out of where it is written to lie.

    Whoever types `/srv/rules` or `../rules` means a place elsewhere; who does not has not said that it is a link.
    """
    if folder.is_absolute() or ".." in folder.parts:
        return
    allowed = [Path.cwd(), *([spec.parent] if spec is not None else [])]
    real = os.path.realpath(folder)
    if not any(Path(real).is_relative_to(os.path.realpath(one)) for one in allowed):
        raise OSError(
            errno.EXDEV, "a symbolic link leads out of this folder: name the place itself by --out", str(folder)
        )


class _Step:
    """One file that changes or goes: its folder, its name, and the names of the new and of the old file beside it."""

    def __init__(self, there: _Output, path: str) -> None:
        target = PurePosixPath(path)
        self._path = there.named(path)
        self._folder = there.descriptor(target.parent, made=True)
        self._name = target.name
        self._new: str | None = None
        self._old: str | None = None

    def stage(self, content: bytes) -> None:
        """Write the new content beside the file."""
        with _of(self._path):
            for number in count():
                name = f".{self._name}.{os.getpid()}-{number}"
                try:
                    descriptor = os.open(name, _NEW_FLAGS, 0o600, dir_fd=self._folder)
                except FileExistsError:
                    continue
                self._new = name
                with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                    file.write(content)
                    os.fchmod(file.fileno(), _MODE)
                return

    def carry_out(self) -> None:
        """Put the new file into place, or take a stale one away; the old one is kept beside it."""
        with _of(self._path):
            self._keep()
            if self._new is None:
                # It may have been moved aside already.
                with suppress(FileNotFoundError):
                    os.unlink(self._name, dir_fd=self._folder)
            else:
                os.replace(self._new, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _keep(self) -> None:
        """Give the old file a second name."""
        beside = {"src_dir_fd": self._folder, "dst_dir_fd": self._folder}
        for number in count():
            name = f".{self._name}.{os.getpid()}-{number}.old"
            try:
                _refuse_irregular(os.stat(self._name, dir_fd=self._folder, follow_symlinks=False))
                os.link(self._name, name, follow_symlinks=False, **beside)
            except FileNotFoundError:
                return
            except FileExistsError:
                continue
            except OSError as error:
                if error.errno not in _LINKLESS:
                    raise
                os.replace(self._name, name, **beside)  # noqa: PTH105 - from a descriptor
            self._old = name
            return

    def undo(self) -> None:
        """Put the old file back, or take the new one away where there was none."""
        if self._old is not None:
            os.replace(self._old, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        elif self._new is not None and not self._is_there(self._new):
            os.unlink(self._name, dir_fd=self._folder)

    def _is_there(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def clear(self) -> None:
        """Take away what lies beside the file."""
        for name in (self._new, self._old):
            if name is not None:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self._folder)


_LINKLESS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
"""What a file system says that gives no file two names."""


def _carry_out(steps: Sequence[_Step]) -> None:
    done: list[_Step] = []
    try:
        for step in steps:
            # An interruption may come between any two of these.
            done.append(step)
            step.carry_out()
    except BaseException:  # an interruption leaves no half either
        for step in done:
            step.undo()
        raise


def _changes(there: _Output, artifacts: Sequence[Artifact]) -> Changes:
    current = {one.path: _is_same(there, one) for one in artifacts}
    return Changes(
        missing=tuple(sorted(path for path, same in current.items() if same is None)),
        differing=tuple(sorted(path for path, same in current.items() if same is False)),
        stale=tuple(sorted(_stale(there, set(current)))),
    )


def _is_same(there: _Output, artifact: Artifact) -> bool | None:
    """Return whether a file holds what it should; None where there is none."""
    wanted = artifact.content
    path = PurePosixPath(artifact.path)
    try:
        folder = there.descriptor(path.parent)
        with _of(there.named(artifact.path)):
            return _beginning(folder, path.name, len(wanted) + 1) == wanted
    except FileNotFoundError:
        return None


def _beginning(folder: int, name: str, length: int) -> bytes:
    """Return the first bytes of a regular file; OSError where it is something else."""
    _refuse_irregular(os.stat(name, dir_fd=folder, follow_symlinks=False))
    with open(os.open(name, _OLD_FLAGS, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a descriptor
        _refuse_irregular(os.fstat(file.fileno()))
        return file.read(length)


def _refuse_irregular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise _link()
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _link() -> OSError:
    return OSError(errno.ELOOP, "a symbolic link stands in its place")


def _stale(there: _Output, wanted: set[str]) -> Iterator[str]:
    header = conventions.HEADER_START.encode()
    for folder in OWNED_FOLDERS:
        try:
            opened = there.descriptor(PurePosixPath(folder))
        except FileNotFoundError:
            continue
        for name in _names(opened):
            path = f"{folder}/{name}"
            if name.endswith(_OWNED_SUFFIX) and path not in wanted and _begins(opened, name, header):
                yield path


def _names(folder: int) -> list[str]:
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.listdir(descriptor)  # noqa: PTH208 - a descriptor
    finally:
        os.close(descriptor)


def _begins(folder: int, name: str, header: bytes) -> bool:
    """Return whether a file is one of ours; what is no regular file is none."""
    try:
        return _beginning(folder, name, len(header)) == header
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENOENT}:
            return False
        raise


@contextmanager
def _of(path: str) -> Iterator[None]:
    """Let an OSError name the file by the path that people know; from a descriptor it is a name alone."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
