"""Tests of hostile files, links, pipes and devices: none leads out, holds the compiler up or fills its memory."""

from __future__ import annotations

import ast
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from compiler import conventions, input_files, output
from compiler.artifacts import Artifact
from compiler.input_files import InputFiles, OutsideError
from tests.compiler.base import ROOT, SHOP, SPEC, edit, tocsin

HEADER: Final = conventions.header("make rules").encode()
RULES: Final = f"generated/{conventions.RULES_FOLDER}"
SECRET: Final = "root:x:0:0:the administrator of another machine"


@pytest.fixture
def outside(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder beside the compiled one, with files of several kinds and the rules of another project."""
    del base
    folder = tmp_path_factory.mktemp("outside")
    (folder / "passwd").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "shop.md").write_text(f"# Shop\n\n{SECRET}\n", encoding="utf-8")
    (folder / "team.yaml").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "gone.rules.yml").write_bytes(HEADER)
    return folder


def linked(path: str, target: Path | str) -> None:
    """Replace what lies at a path by a symbolic link."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        place.rename(f"{path}.moved")
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def include(pattern: str) -> None:
    """Make thresholds.yaml include files."""
    edit(SPEC, "version: 1\n", f"version: 1\ninclude: '{pattern}'\n")


# Each function puts something hostile into the compiled folder. Its argument is the other folder.


def a_runbook(outside: Path) -> None:
    """Make the runbook a link to a file."""
    linked(SHOP, outside / "shop.md")


def a_relative_runbook(outside: Path) -> None:
    """Make the link climb by `..`."""
    linked(SHOP, os.path.relpath(outside / "shop.md", Path("runbooks").resolve()))


def a_chain(outside: Path) -> None:
    """Link to a link that leads out."""
    linked("runbooks/second.md", outside / "shop.md")
    linked(SHOP, "second.md")


def a_folder_of_runbooks(outside: Path) -> None:
    """Make the folder of the runbooks the link."""
    linked("runbooks", outside)


def an_include(outside: Path) -> None:
    """Make an included file a link to a file of the system."""
    linked("systems/team.yaml", outside / "passwd")
    include("systems/*.yaml")


def a_folder_of_includes(outside: Path) -> None:
    """Make the folder that a pattern searches a link."""
    linked("systems", outside)
    include("systems/*.yaml")


def a_named_include(outside: Path) -> None:
    """Name a file through the link without a pattern. "Did you mean" would reveal its neighbours."""
    linked("systems", outside)
    include("systems/tem.yaml")


def a_deep_include(outside: Path) -> None:
    """Name a file below a pattern, below the link."""
    linked("systems/here", outside)
    include("systems/*/team.yaml")


def the_specification(outside: Path) -> None:
    """Make thresholds.yaml itself the link."""
    linked(SPEC, outside / "team.yaml")


def a_process(outside: Path) -> None:
    """Link to the environment of the compiler, which is also a file."""
    del outside
    linked(SHOP, "/proc/self/environ")


def a_device(outside: Path) -> None:
    """Link to a device without an end."""
    del outside
    linked(SHOP, "/dev/zero")


def a_pipe(outside: Path) -> None:
    """Make a pipe: a process that opens it waits for a writer for ever."""
    del outside
    Path(SHOP).unlink()
    os.mkfifo(SHOP)


def a_socket(outside: Path) -> None:
    """Make a socket, which cannot be opened at all."""
    del outside
    Path(SHOP).unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(SHOP)


def a_circle(outside: Path) -> None:
    """Link a file to itself."""
    del outside
    linked(SHOP, "shop.md")


def a_hole(outside: Path) -> None:
    """Make a file that takes no room on the disk, but much in memory."""
    del outside
    with Path(SHOP).open("wb") as file:
        file.truncate(2**40)


READ: Final = [
    *(a_runbook, a_relative_runbook, a_chain, a_folder_of_runbooks, an_include, a_folder_of_includes, a_named_include),
    *(a_deep_include, the_specification, a_process, a_device, a_pipe, a_socket, a_circle, a_hole),
]


@pytest.mark.parametrize("hostile", READ, ids=lambda function: function.__name__)
@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_nothing_outside_is_read_shown_or_waited_for(hostile: Callable[[Path], None], form: str, outside: Path) -> None:
    """The command reports a finding without content or names from outside, and writes nothing."""
    hostile(outside)
    result = tocsin("compile", "--format", form)
    assert result.exit_code == 1
    assert "the administrator" not in result.output
    assert "passwd" not in result.output
    assert not Path("generated").exists()


@pytest.mark.parametrize("name", ["GNUmakefile", "Makefile"])
@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/environ", None])
def test_a_makefile_that_is_none_is_passed_over(name: str, target: str | None, outside: Path) -> None:
    """The compiler looks for a makefile by its name alone, and compiles without one."""
    del outside
    if target is None:
        os.mkfifo(name)
    else:
        linked(name, target)
    assert tocsin("compile").exit_code == 0


def test_a_link_of_a_runbook_to_a_pipe_waits_for_nobody(outside: Path) -> None:
    """The compiler also looks at the targets of a runbook's links."""
    del outside
    os.mkfifo("runbooks/other.md")
    text = Path(SHOP).read_text(encoding="utf-8")
    Path(SHOP).write_text(f"{text}\nSee [other](other.md#there).\n", encoding="utf-8")
    assert tocsin("check").exit_code == 0


def test_a_link_that_stays_inside_is_a_file_like_any_other(outside: Path) -> None:
    """Kubernetes mounts files as links to a folder beside them. A folder may also be reached by a link."""
    assert tocsin("compile").exit_code == 0
    Path("..data").mkdir()
    for path in (SPEC, SHOP):
        Path(path).rename(f"..data/{Path(path).name}")
        linked(path, os.path.relpath(Path("..data", Path(path).name), Path(path).parent))
    linked("systems", "..data")
    assert tocsin("compile", "--check").exit_code == 0
    (outside / "here").symlink_to(Path.cwd())
    assert tocsin("compile", "--check", "--spec", str(outside / "here" / SPEC)).exit_code == 0


# Writing files.


def rules_folder(outside: Path) -> None:
    """Make the folder of the rules a link that leads out."""
    linked(RULES, outside)


def tests_folder(outside: Path) -> None:
    """Make the folder of the tests a link that leads out."""
    linked(f"generated/{conventions.TESTS_FOLDER}", outside)


def middle_folder(outside: Path) -> None:
    """Make a folder in the middle of the path a link that leads out."""
    linked("generated/prometheus", outside)


def whole_folder(outside: Path) -> None:
    """Make `generated` a link that leads out."""
    linked("generated", outside)


def inner_folder(outside: Path) -> None:
    """Make the folder of the rules a link to the runbooks."""
    del outside
    linked(RULES, Path("runbooks").resolve())


def catalogue(outside: Path) -> None:
    """Make a generated file a link to a file."""
    linked("generated/catalog.json", outside / "passwd")


def endless(outside: Path) -> None:
    """Make a generated file a link to a device."""
    del outside
    linked("generated/catalog.json", "/dev/zero")


def to_nowhere(outside: Path) -> None:
    """Link to a file that does not exist yet."""
    linked("generated/catalog.json", outside / "new.json")


def pipe(outside: Path) -> None:
    """Make a generated file a pipe."""
    del outside
    Path("generated").mkdir()
    os.mkfifo("generated/catalog.json")


def stale_pipe(outside: Path) -> None:
    """Put a pipe where the compiler looks for files of removed systems."""
    del outside
    Path(RULES).mkdir(parents=True)
    os.mkfifo(f"{RULES}/gone.rules.yml")


def stale_link(outside: Path) -> None:
    """Link to another project's file, which begins with our header."""
    linked(f"{RULES}/gone.rules.yml", outside / "gone.rules.yml")


def folder_for_a_file(outside: Path) -> None:
    """Put a folder in the place of a file."""
    del outside
    Path("generated/catalog.json").mkdir(parents=True)


WRITTEN: Final = [
    *(rules_folder, tests_folder, middle_folder, whole_folder, inner_folder, catalogue, endless, to_nowhere, pipe),
    *(stale_pipe, stale_link, folder_for_a_file),
]
HARMLESS: Final = {stale_pipe, stale_link}
"""The compiler never writes anything but regular files, so it leaves these alone."""


@pytest.mark.parametrize("hostile", WRITTEN, ids=lambda function: function.__name__)
@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["write", "check"])
def test_nothing_outside_is_written_deleted_or_read(
    hostile: Callable[[Path], None], arguments: tuple[str, ...], outside: Path
) -> None:
    """The command exits with 2 and the path, or leaves the pipe or link alone.

    The other folder and the runbooks do not change.
    """
    hostile(outside)
    before = {path: path.read_bytes() for folder in (outside, Path("runbooks")) for path in folder.iterdir()}
    result = tocsin("compile", *arguments)
    if hostile in HARMLESS:
        assert result.exit_code == (1 if arguments else 0)
        assert os.path.lexists(f"{RULES}/gone.rules.yml")
    else:
        assert (result.exit_code, "nothing was changed" in result.stderr) == (2, True)
    assert {path: path.read_bytes() for folder in (outside, Path("runbooks")) for path in folder.iterdir()} == before


def test_a_file_of_another_size_is_not_read_to_its_end(tmp_path: Path) -> None:
    """The compiler reads no more of a file than it would write."""
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**40)
    changes = output.compare(tmp_path, [Artifact(path="a", content=b"a")])
    assert changes.differing == ("a",)


def test_the_schema_is_written_through_no_link(outside: Path) -> None:
    """`schema --write` writes to a fixed place in the repository."""
    linked(conventions.SCHEMA_PATH, outside / "passwd")
    assert tocsin("schema", "--write").exit_code == 2
    assert SECRET in (outside / "passwd").read_text(encoding="utf-8")


# Races: changes between the check and the opening.


def exchanged(path: Path, target: Path) -> None:
    """Replace a file or a folder by a link."""
    path.rename(path.with_name(f"{path.name}.before"))
    path.symlink_to(target)


@pytest.mark.parametrize("moment", range(3))
@pytest.mark.parametrize("replaced", ["runbooks/shop.md", "runbooks"])
def test_what_becomes_a_link_after_the_look_is_not_followed(
    replaced: str, moment: int, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes before each call in turn: path resolution, opening the folder, opening the file."""
    real = {"realpath": os.path.realpath, "open": os.open, "stat": os.stat}
    done: list[str] = []

    def after(name: str) -> Callable[..., object]:
        def called(*given: object, **named: object) -> object:
            result = real[name](*given, **named)  # type: ignore[operator]
            if not done and len(seen) == moment:
                done.append(name)
                exchanged(Path(replaced), outside / "shop.md" if replaced.endswith(".md") else outside)
            seen.append(name)
            return result

        return called

    files = InputFiles(Path())
    assert files.is_file(Path(SHOP))
    seen: list[str] = []
    for module, name in ((os.path, "realpath"), (os, "open"), (os, "stat")):
        monkeypatch.setattr(module, name, after(name))
    try:
        text = files.read(Path(SHOP)).decode()
    except OSError:
        text = ""
    monkeypatch.undo()
    assert done
    assert SECRET not in text


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size before reading proves nothing."""
    monkeypatch.setattr(input_files, "_refuse_irregular", lambda *_: None)
    (tmp_path / "a").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="larger than"):
        InputFiles(tmp_path).read(tmp_path / "a", most=10)


def test_many_links_to_one_large_file_are_refused_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small repository could otherwise grow into a large one."""
    monkeypatch.setattr(input_files, "MAX_BYTES_IN_ALL", 1000)
    (tmp_path / "a").write_bytes(b"x" * 300)
    files = InputFiles(tmp_path)
    for number in range(3):
        (tmp_path / f"b{number}").symlink_to("a")
        files.read(tmp_path / f"b{number}")
    with pytest.raises(OSError, match="all files together"):
        files.read(tmp_path / "a")


@pytest.mark.parametrize("pattern", ["/".join(["**"] * 200), "/".join(["**", "*"] * 100)])
def test_a_pattern_that_looks_everywhere_again_and_again_ends(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler counts the names that it looks at, whatever the pattern."""
    monkeypatch.setattr(input_files, "MAX_ENTRIES", 2000)
    folder = tmp_path
    for number in range(30):
        folder /= str(number)
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match="goes through more than"):
        InputFiles(tmp_path).matching(pattern)


def test_a_link_out_is_told_from_a_file_that_is_missing(outside: Path) -> None:
    """The two have different remedies."""
    linked("away", outside)
    files = InputFiles(Path())
    with pytest.raises(OutsideError):
        files.read(Path("away/passwd"))
    with pytest.raises(OutsideError):
        files.names(Path("away"))
    with pytest.raises(FileNotFoundError):
        files.read(Path("nowhere"))
    assert not files.exists(Path("away/passwd"))
    assert not files.is_inside(Path("away/passwd"))


# Only two modules touch the files that users name.

OPENING: Final = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "glob", "rglob", "iterdir", "scandir", "listdir"),
    *("unlink", "rename", "mkdir", "rmdir", "symlink_to", "hardlink_to", "chmod", "touch", "NamedTemporaryFile"),
}
ROOMS: Final = {"input_files.py", "output.py"}
OWN: Final = {
    "checks/__main__.py": "the maker's page",
    "listing/__main__.py": "the maker's page",
    "schema/__main__.py": "the maker's schema",
    "schema/nodes.py": "data of the package",
    "signals/__init__.py": "data of the package",
    "guides/vocabulary.py": "data of the package",
    "subjects/words.py": "data of the package",
    "choosing/wording.py": "data of the package",
    "importing/imported.py": "data of the package",
    "characters.py": "data of the package",
    "promtool/proved.py": "the user's cache, and a temporary folder of ours",
}


def test_only_two_rooms_open_what_users_name() -> None:
    """Every other module that opens, lists, makes or removes files is in the table, with the owner of these files."""
    openers = set()
    for path in (ROOT / "compiler").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", "")
                if name in OPENING or getattr(node.func, "id", "") == "open":
                    openers.add(path.relative_to(ROOT / "compiler").as_posix())
    assert openers == ROOMS | set(OWN)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is open")
def test_no_file_stays_open(outside: Path) -> None:
    """Each read and each refusal closes what it has opened."""
    linked("away", outside)
    files, before = InputFiles(Path()), len(list(Path("/proc/self/fd").iterdir()))
    for path in (SHOP, "away/passwd", "nowhere/a", "runbooks", "runbooks/shop.md/a"):
        try:
            files.read(Path(path))
        except OSError:
            continue
    files.matching("**/*.md")
    tocsin("compile")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
