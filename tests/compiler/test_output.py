"""Tests of writing the artifacts: all or nothing, only changed files, and no foreign files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler import conventions, output
from compiler.artifacts import Artifact
from tests.compiler.base import SPEC, edit, tocsin

OURS = conventions.header("make rules").encode()
RULES = conventions.rules_path("a")
TESTS = conventions.tests_path("a")


def artifact(path: str, content: bytes) -> Artifact:
    """Return an artifact."""
    return Artifact(path=path, content=content)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of change of every file, including temporary files."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def age(folder: Path) -> None:
    """Make all files old, so that the time shows which files are written anew."""
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))


THREE = [artifact("a.txt", b"new a"), artifact("b/b.txt", b"new b"), artifact("c.txt", b"new c")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with old `a.txt` and `b/b.txt`, no `c.txt`, and the rules and tests of a removed system."""
    for path, content in (("a.txt", b"old a"), ("b/b.txt", b"old b"), (RULES, OURS), (TESTS, OURS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    age(tmp_path)
    return tmp_path


def test_everything_is_brought_to_what_is_wanted(folder: Path) -> None:
    """New files appear, old ones change, files of removed systems disappear, and no temporary file stays."""
    changes = output.write(folder, THREE)
    assert (changes.missing, changes.differing, changes.stale) == (("c.txt",), ("a.txt", "b/b.txt"), (RULES, TESTS))
    assert {path: content for path, (content, _) in state(folder).items()} == {
        "a.txt": b"new a",
        "b/b.txt": b"new b",
        "c.txt": b"new c",
    }
    assert not output.write(folder, THREE)


def test_files_that_are_up_to_date_keep_their_time_of_change(folder: Path) -> None:
    """Prometheus, git and people watch the times, so only files that differ are new."""
    before = state(folder)
    changes = output.write(
        folder, [artifact("a.txt", b"old a"), artifact("b/b.txt", b"new"), artifact(RULES, OURS), artifact(TESTS, OURS)]
    )
    assert len(changes) == 1
    after = state(folder)
    assert (after["a.txt"], after[RULES]) == (before["a.txt"], before[RULES])
    assert after["b/b.txt"][1] > before["b/b.txt"][1]


def test_a_new_file_can_be_read_by_everybody(tmp_path: Path) -> None:
    """Prometheus runs as another user, and a temporary file is readable for its owner only."""
    output.write(tmp_path, THREE)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.txt")} == {0o644}


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_rename_that_fails_leaves_everything_as_it_was(
    failing: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for each of the renames: the files that were already renamed are restored."""
    before = contents(folder)
    rename, done = os.replace, []

    def replace(source: str, target: str, **folders: int) -> None:
        done.append(target)
        if len(done) == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO), target)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="Input/output error"):
        output.write(folder, THREE)
    assert len(done) >= failing
    assert contents(folder) == before


@pytest.mark.parametrize("failing", ["a.txt", "b.txt", "c.txt"])
def test_where_no_file_has_two_names_the_old_one_comes_back_all_the_same(
    failing: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and some shares have no hard links, so the old file is moved aside."""
    before = contents(folder)
    rename = os.replace

    def linkless(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def replace(source: str, target: str, **folders: int) -> None:
        if target == failing and not source.endswith(".old"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), target)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "link", linkless)
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="Input/output error"):
        output.write(folder, THREE)
    assert contents(folder) == before
    monkeypatch.setattr(os, "replace", rename)
    output.write(folder, THREE)
    assert contents(folder) == {"a.txt": b"new a", "b/b.txt": b"new b", "c.txt": b"new c"}


def test_an_interruption_between_two_renames_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C must not leave half of the rules."""
    before = contents(folder)
    rename = os.replace

    def replace(source: str, target: str, **folders: int) -> None:
        if target == "c.txt":
            raise KeyboardInterrupt
        rename(source, target, **folders)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        output.write(folder, THREE)
    assert contents(folder) == before


def test_a_stale_file_that_cannot_be_removed_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removing belongs to the same all or nothing."""
    before = contents(folder)
    unlink = os.unlink

    def refuse(path: str, **folder: int) -> None:
        if path.endswith("rules.yml"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        unlink(path, **folder)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(PermissionError):
        output.write(folder, THREE)
    monkeypatch.undo()
    assert contents(folder) == before


def test_a_full_disk_leaves_everything_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New files are staged beside the old ones.

    If there is no room for all, no file changes and none is left behind.
    """
    before = state(folder)
    chmod, done = os.fchmod, []

    def full(file: int, mode: int) -> None:
        done.append(file)
        if len(done) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        chmod(file, mode)

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        output.write(folder, THREE)
    assert len(done) == 2
    assert state(folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file. Restoring a file may change its time."""
    return {path: content for path, (content, _) in state(folder).items()}


def test_foreign_files_are_kept(folder: Path) -> None:
    """The compiler removes only files with its own header, in the folders where it writes such files."""
    kept = {
        f"{conventions.RULES_FOLDER}/hand-made.rules.yml": b"groups: []\n",
        f"{conventions.RULES_FOLDER}/README.md": OURS,
        f"{conventions.TESTS_FOLDER}/empty.test.yml": b"",
        "other/old.rules.yml": OURS,
    }
    for path, content in kept.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    output.write(folder, THREE)
    assert kept.items() <= contents(folder).items()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=3)),
    st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=3)),
)
def test_a_second_run_changes_nothing(tmp_path: Path, first: dict[str, bytes], second: dict[str, bytes]) -> None:
    """Law: writing is idempotent, and a comparison agrees with it."""
    for content in (first, second):
        artifacts = [artifact(path, text) for path, text in content.items()]
        output.write(tmp_path, artifacts)
        assert not output.compare(tmp_path, artifacts)
        assert not output.write(tmp_path, artifacts)


@pytest.mark.usefixtures("base")
def test_check_is_quiet_when_all_is_up_to_date() -> None:
    """The command exits with 0 and writes nothing."""
    tocsin("compile")
    before = state(Path("generated"))
    result = tocsin("compile", "--check")
    assert (result.exit_code, result.stderr) == (0, "2 systems, 9 alerts with 13 limits → generated: up to date\n")
    assert state(Path("generated")) == before


@pytest.mark.usefixtures("base")
def test_check_names_what_is_missing_out_of_date_or_gone() -> None:
    """The command exits with 1, prints a line for each file and the remedy, and writes nothing."""
    tocsin("compile")
    Path("generated/catalog.json").unlink()
    Path("generated/prometheus/rules/gone.rules.yml").write_bytes(OURS)
    edit(SPEC, "title: The shop", "title: A shop")
    before = state(Path("generated"))
    result = tocsin("compile", "--check")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "generated/catalog.json: missing",
        "generated/prometheus/rules/shop.rules.yml: out of date",
        "generated/prometheus/tests/shop.test.yml: out of date",
        "generated/prometheus/rules/gone.rules.yml: of a system that is gone",
        "run `tocsin compile` and commit generated",
    ]
    assert state(Path("generated")) == before
