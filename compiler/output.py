"""Write: artifacts → files, all or none; or a comparison with what lies there (`--check`).

The last stage. Everything has been rendered when this is called. New content is first written beside the files that it
replaces; only when all of it is on disk is anything renamed into place, and a rename that fails puts the old content
back. Files that are up to date are left alone, so that whoever watches them sees changes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from compiler import conventions
from compiler.artifacts import Artifact

_OWNED: Final = (f"{conventions.RULES_FOLDER}/*.yml", f"{conventions.TESTS_FOLDER}/*.yml")
"""Where files of systems that are gone are found; only those that begin with our header are touched."""


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


def compare(folder: Path, artifacts: Sequence[Artifact]) -> Changes:
    """Return how the files in `folder` differ from `artifacts`; OSError where they cannot be read."""
    current = {artifact.path: _read(folder / artifact.path) for artifact in artifacts}
    return Changes(
        missing=tuple(sorted(path for path, content in current.items() if content is None)),
        differing=tuple(
            sorted(one.path for one in artifacts if current[one.path] is not None and current[one.path] != one.content)
        ),
        stale=tuple(sorted(_stale(folder, {artifact.path for artifact in artifacts}))),
    )


def write(folder: Path, artifacts: Sequence[Artifact]) -> Changes:
    """Bring `folder` to what `artifacts` say and return what had to change.

    Raises OSError, with everything as it was, where something cannot be written.
    """
    changes = compare(folder, artifacts)
    changed = {*changes.missing, *changes.differing}
    staged: list[tuple[Path, Path]] = []
    try:
        for artifact in artifacts:
            if artifact.path in changed:
                # Not by a comprehension: what has been staged when one fails must be known.
                staged.append((_stage(folder / artifact.path, artifact.content), folder / artifact.path))  # noqa: PERF401
        _replace(staged, [folder / path for path in changes.stale])
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return changes


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _stale(folder: Path, wanted: set[str]) -> Iterable[str]:
    header = conventions.HEADER_START.encode()
    for pattern in _OWNED:
        for path in folder.glob(pattern):
            relative = path.relative_to(folder).as_posix()
            if relative not in wanted and path.read_bytes().startswith(header):
                yield relative


def _stage(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            temporary.chmod(0o644)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return temporary


def _replace(staged: Sequence[tuple[Path, Path]], stale: Sequence[Path]) -> None:
    before = {target: _read(target) for _, target in staged} | {path: _read(path) for path in stale}
    done: list[Path] = []
    try:
        for temporary, target in staged:
            temporary.replace(target)
            done.append(target)
        for path in stale:
            path.unlink()
            done.append(path)
    except BaseException:  # an interruption leaves no half either
        for path in done:
            content = before[path]
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        raise
