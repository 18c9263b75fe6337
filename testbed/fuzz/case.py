"""One input of the fuzzer, and the correct specifications that inputs are made from.

`inputs.py` damages the specifications, `workshop.py` lays an input out in a folder.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SPEC: Final = "thresholds.yaml"
BASE: Final = "base"
REAL: Final = "real"
ORIGINS: Final = MappingProxyType({BASE: ROOT / "tests/compiler/data/base", REAL: ROOT})
"""The folders of the specifications: the compact one of the compiler's tests, and the repository's own."""
_SYSTEM: Final = re.compile(r"^  (?P<name>[a-z-]+):\n(?:    .*\n|\n)+(?:  #.*\n)*", re.MULTILINE)
"""The lines of one system in the repository's own specification, and the comment before the next one."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The files of a specification by path, below a folder of their own; `steps` lists the damages.

    `links` are symbolic links with their targets; `folders` and `pipes` replace files. `blocked` is a path below the
    output folder at which a folder lies, so that writing must fail.
    """

    origin: str
    files: Mapping[str, bytes]
    links: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    pipes: tuple[str, ...] = ()
    blocked: str | None = None
    steps: tuple[str, ...] = ()

    def with_file(self, path: str, content: bytes) -> "Case":
        """Return the case with one file replaced or added."""
        return replace(self, files={**self.files, path: content})

    def without_file(self, path: str) -> "Case":
        """Return the case without one file."""
        return replace(self, files={name: content for name, content in self.files.items() if name != path})

    def text(self, path: str) -> str:
        """Return a file as text; `encoded` restores bytes that are not UTF-8."""
        return self.files[path].decode("utf-8", "surrogateescape")

    def runbooks(self) -> list[str]:
        """Return the paths of the Markdown files, sorted."""
        return sorted(path for path in self.files if path.endswith(".md"))


def encoded(text: str) -> bytes:
    """Return the bytes of a text from `Case.text`, also if UTF-8 does not allow its characters (lone surrogates)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


@cache
def original(origin: str) -> Case:
    """Return a specification as it stands in the repository.

    If `origin` names a system, it is the repository's own specification with only that system.
    """
    if origin not in ORIGINS:
        return _one_system(origin)
    folder = ORIGINS[origin]
    paths = [folder / SPEC, *sorted((folder / "runbooks").glob("*.md"))]
    return Case(origin=origin, files={path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


@cache
def systems() -> tuple[str, ...]:
    """Return the names of the systems in the repository's own specification."""
    return tuple(_blocks())


def _one_system(name: str) -> Case:
    whole = original(REAL)
    head = whole.text(SPEC).partition("\nsystems:\n")[0]
    runbook = f"runbooks/{name}.md"
    text = f"{head}\nsystems:\n{_blocks()[name]}"
    return Case(origin=name, files={SPEC: encoded(text), runbook: whole.files[runbook]})


def _blocks() -> dict[str, str]:
    text = original(REAL).text(SPEC).partition("\nsystems:\n")[2]
    return {match["name"]: match[0] for match in _SYSTEM.finditer(text)}
