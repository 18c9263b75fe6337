"""Remember what promtool has passed: the same promtool need not run the same tests of the same rules again.

Used by `running`. Each proof is a file, whose name is the hash of all that the outcome depends on; failures are not
kept. A lost proof only costs time, so trouble with these files is no error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import yaml

from compiler import conventions

_FORM: Final = "1"
"""A part of the hash; it changes whenever the hash must mean something else."""
_FOLDER: Final = "proved"


def folder() -> Path:
    """Return the folder of the proofs: below the user's cache (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    return base / conventions.PROGRAM / _FOLDER


class Proved:
    """The proofs of one promtool; `version` is what `running.build` returns, `where` is None if nothing is kept."""

    def __init__(self, where: Path | None, version: str) -> None:
        self._where = where
        self._version = version

    def key(self, test: Path) -> str:
        """Return the hash of a test file, its rule files and promtool; raises OSError if a file cannot be read."""
        digest = sha256()
        for part in (_FORM, self._version, *_contents(test)):
            digest.update(sha256(part.encode()).digest())
        return digest.hexdigest()

    def knows(self, key: str) -> bool:
        """Return whether promtool has passed the test with this key."""
        try:
            return self._where is not None and (self._where / key).is_file()
        except OSError:
            return False

    def keep(self, key: str) -> None:
        """Note that promtool has passed the test with this key."""
        if self._where is None:
            return
        try:
            self._where.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._where / key).touch()
        except OSError:
            return


def _contents(test: Path) -> Iterator[str]:
    """Yield the text of a test, and the names and texts of the files that it depends on."""
    text = test.read_text(encoding="utf-8")
    yield text
    # The tests themselves take long to parse; the names of the rule files stand above them.
    head, _, _ = text.partition("\nevaluation_interval:")
    for name in yaml.safe_load(head)["rule_files"]:
        yield name
        yield (test.parent / name).read_text(encoding="utf-8")
