"""Write: artifacts → files, all or none; or compare them with the files in place (`--check`).

This is the last stage and the only module that writes files; everything is rendered before it is called. It writes new
content beside the files to be replaced. When all new content is on disk, it renames the new files into place; if a
rename fails, it puts the old files back. It does not touch files that are up to date, so that watchers see only
changes.

A merge request may also choose what lies in the output folder. Below that folder this module follows no link, and reads
and replaces regular files only, even if something changes meanwhile: it opens one folder after the other and reaches
each file from the descriptor of its folder. It reads no more of a file than it would write.
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
"""The suffix of files that may belong to a removed system; only files that begin with our header are touched."""
_MODE: Final = 0o644
"""Readable for all, because Prometheus runs as another user."""
_NEW_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The files that differ from the artifacts; paths are relative to the output folder and sorted."""

    missing: tuple[str, ...]
    differing: tuple[str, ...]
    stale: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.differing or self.stale)

    def __len__(self) -> int:
        return len(self.missing) + len(self.differing) + len(self.stale)


def compare(folder: Path, artifacts: Sequence[Artifact], spec: Path | None = None) -> Changes:
    """Return how the files in `folder` differ from `artifacts`; raises OSError if they cannot be read.

    The user may name any `folder`; but if it is a link, it must not lead out of the folder of `spec`.
    """
    with _Output(folder, spec) as output:
        return _changes(output, artifacts)


def write(folder: Path, artifacts: Sequence[Artifact], spec: Path | None = None) -> Changes:
    """Make the files in `folder` match `artifacts`, and return what had to change; `spec` is as in `compare`.

    Raises OSError if a file cannot be written; all files are then as before.
    """
    with _Output(folder, spec) as output:
        changes = _changes(output, artifacts)
        changed = {*changes.missing, *changes.differing}
        steps: list[_Step] = []
        try:
            for artifact in artifacts:
                if artifact.path in changed:
                    step = _Step(output, artifact.path)
                    # Recorded before it is staged, so that `clear` removes its files if staging fails.
                    steps.append(step)
                    step.stage(artifact.content)
            steps += [_Step(output, path) for path in changes.stale]
            _carry_out(steps)
        finally:
            for step in steps:
                step.clear()
        return changes


def write_file(path: Path, content: bytes) -> None:
    """Write one file at a path that the user typed; raises OSError if that fails or a link leads elsewhere."""
    write(path.parent, [Artifact(path=path.name, content=content)])


class _Output:
    """The output folder and the folders below it; this class opens each once, and creates it if `create` is set."""

    def __init__(self, folder: Path, spec: Path | None) -> None:
        self._folder = folder
        self._spec = spec
        self._opened: dict[PurePosixPath, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        _refuse_links_out(self._folder, self._spec)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def path_below(self, path: str) -> str:
        return str(self._folder / path)

    def descriptor(self, folder: PurePosixPath, *, create: bool = False) -> int:
        """Return the descriptor of a folder below; raises OSError if a link or a file is in its place."""
        if folder not in self._opened:
            with _errors_with_path(self.path_below(str(folder))):
                opened = self._open(folder, create=create)
            self._opened[folder] = opened
            self._stack.callback(os.close, opened)
        return self._opened[folder]

    def _open(self, folder: PurePosixPath, *, create: bool) -> int:
        if not folder.parts:
            if create:
                self._folder.mkdir(parents=True, exist_ok=True)
            # `_refuse_links_out` has already checked whether the output folder itself is a link.
            return os.open(os.path.realpath(self._folder), FOLDER_FLAGS)
        above = self.descriptor(folder.parent, create=create)
        if create:
            with suppress(FileExistsError):
                os.mkdir(folder.name, dir_fd=above)
        elif stat.S_ISLNK(os.stat(folder.name, dir_fd=above, follow_symlinks=False).st_mode):
            raise _link_error()
        try:
            return os.open(folder.name, FOLDER_FLAGS, dir_fd=above)
        except NotADirectoryError:
            if stat.S_ISLNK(os.stat(folder.name, dir_fd=above, follow_symlinks=False).st_mode):
                raise _link_error() from None
            raise


def _refuse_links_out(folder: Path, spec: Path | None) -> None:
    """Raise OSError if links lead a relative output folder out of the current folder and that of thresholds.yaml.

    A user who types `/srv/rules` or `../rules` names another place on purpose; links must not lead other paths there.
    """
    if folder.is_absolute() or ".." in folder.parts:
        return
    allowed = [Path.cwd(), *([spec.parent] if spec is not None else [])]
    real = os.path.realpath(folder)
    if not any(Path(real).is_relative_to(os.path.realpath(root)) for root in allowed):
        raise OSError(
            errno.EXDEV, "a symbolic link leads out of this folder: name the place itself by --out", str(folder)
        )


class _Step:
    """One file to replace or remove: its folder, its name, and the names of the new and the old file beside it."""

    def __init__(self, output: _Output, path: str) -> None:
        target = PurePosixPath(path)
        self._path = output.path_below(path)
        self._folder = output.descriptor(target.parent, create=True)
        self._name = target.name
        self._new: str | None = None
        self._old: str | None = None

    def stage(self, content: bytes) -> None:
        """Write the new content beside the file."""
        with _errors_with_path(self._path):
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
        """Rename the new file into place, or remove a stale one; the old file is kept beside it."""
        with _errors_with_path(self._path):
            self._keep()
            if self._new is None:
                # `_keep` has already moved the file aside if the file system has no hard links.
                with suppress(FileNotFoundError):
                    os.unlink(self._name, dir_fd=self._folder)
            else:
                os.replace(self._new, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _keep(self) -> None:
        """Give the old file a second name."""
        both_in_folder = {"src_dir_fd": self._folder, "dst_dir_fd": self._folder}
        for number in count():
            name = f".{self._name}.{os.getpid()}-{number}.old"
            try:
                _refuse_irregular(os.stat(self._name, dir_fd=self._folder, follow_symlinks=False))
                os.link(self._name, name, follow_symlinks=False, **both_in_folder)
            except FileNotFoundError:
                return
            except FileExistsError:
                continue
            except OSError as error:
                if error.errno not in _LINKLESS:
                    raise
                os.replace(self._name, name, **both_in_folder)  # noqa: PTH105 - from a descriptor
            self._old = name
            return

    def undo(self) -> None:
        """Put the old file back; if there was none, remove the new one."""
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
        """Remove the new and the old file beside the file."""
        for name in (self._new, self._old):
            if name is not None:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self._folder)


_LINKLESS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
"""Errors of file systems without hard links."""


def _carry_out(steps: Sequence[_Step]) -> None:
    done: list[_Step] = []
    try:
        for step in steps:
            # An interruption may come between any two statements, so the step is recorded before it is carried out.
            done.append(step)
            step.carry_out()
    except BaseException:  # an interruption must not leave half-written output either
        for step in done:
            step.undo()
        raise


def _changes(output: _Output, artifacts: Sequence[Artifact]) -> Changes:
    current = {artifact.path: _is_same(output, artifact) for artifact in artifacts}
    return Changes(
        missing=tuple(sorted(path for path, same in current.items() if same is None)),
        differing=tuple(sorted(path for path, same in current.items() if same is False)),
        stale=tuple(sorted(_stale(output, set(current)))),
    )


def _is_same(output: _Output, artifact: Artifact) -> bool | None:
    """Return whether a file holds the artifact's content; None if there is no file."""
    content = artifact.content
    path = PurePosixPath(artifact.path)
    try:
        folder = output.descriptor(path.parent)
        with _errors_with_path(output.path_below(artifact.path)):
            return _beginning(folder, path.name, len(content) + 1) == content
    except FileNotFoundError:
        return None


def _beginning(folder: int, name: str, length: int) -> bytes:
    """Return the first `length` bytes of a regular file; raises OSError for anything else."""
    _refuse_irregular(os.stat(name, dir_fd=folder, follow_symlinks=False))
    with open(os.open(name, _OLD_FLAGS, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a descriptor
        _refuse_irregular(os.fstat(file.fileno()))
        return file.read(length)


def _refuse_irregular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise _link_error()
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _link_error() -> OSError:
    return OSError(errno.ELOOP, "a symbolic link stands in its place")


def _stale(output: _Output, current: set[str]) -> Iterator[str]:
    header = conventions.HEADER_START.encode()
    for folder in OWNED_FOLDERS:
        try:
            opened = output.descriptor(PurePosixPath(folder))
        except FileNotFoundError:
            continue
        for name in _names(opened):
            path = f"{folder}/{name}"
            if name.endswith(_OWNED_SUFFIX) and path not in current and _begins(opened, name, header):
                yield path


def _names(folder: int) -> list[str]:
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.listdir(descriptor)  # noqa: PTH208 - a descriptor
    finally:
        os.close(descriptor)


def _begins(folder: int, name: str, header: bytes) -> bool:
    """Return whether a file begins with `header`; False for anything but a regular file."""
    try:
        return _beginning(folder, name, len(header)) == header
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENOENT}:
            return False
        raise


@contextmanager
def _errors_with_path(path: str) -> Iterator[None]:
    """Give an OSError the path that people know; system calls relative to a descriptor report a bare name."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
