"""One input of the fuzzer, and the specifications that every input begins as.

`inputs.py` damages the specifications, `workshop.py` lays an input out in a folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SPEC: Final = "thresholds.yaml"
ORIGINS: Final = MappingProxyType({"base": ROOT / "tests/compiler/data/base", "real": ROOT})
"""The folders of the specifications: the compact one of the compiler's tests, and the repository's own."""


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
    """Return a specification as it stands in the repository."""
    folder = ORIGINS[origin]
    paths = [folder / SPEC, *sorted((folder / "runbooks").glob("*.md"))]
    return Case(origin=origin, files={path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})
