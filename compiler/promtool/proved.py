"""What promtool has passed before: the same tests of the same rules by the same promtool need not run again.

Beside `running`. A file a proof, named by the hash of all that its outcome depends on; nothing is kept of what failed.
Losing it costs time alone, so trouble with it is no error.
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
"""Changes whenever the hash is to mean something else."""
_FOLDER: Final = "proved"


def folder() -> Path:
    """Return where proofs are kept: below the user's cache (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    return base / conventions.PROGRAM / _FOLDER


class Proved:
    """The proofs of one promtool, whose `--version` says what it is; `where` is None where nothing is to be kept."""

    def __init__(self, where: Path | None, version: str) -> None:
        self._where = where
        self._version = version

    def key(self, test: Path) -> str:
        """Return the hash of a test file, the rule files that it names and promtool; OSError as files give it."""
        digest = sha256()
        for part in (_FORM, self._version, *_contents(test)):
            digest.update(sha256(part.encode()).digest())
        return digest.hexdigest()

    def knows(self, key: str) -> bool:
        """Return whether this has been passed."""
        try:
            return self._where is not None and (self._where / key).is_file()
        except OSError:
            return False

    def keep(self, key: str) -> None:
        """Note that this has been passed."""
        if self._where is None:
            return
        try:
            self._where.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._where / key).touch()
        except OSError:
            return


def _contents(test: Path) -> Iterator[str]:
    """Yield the names and the texts of all that a test depends on."""
    text = test.read_text(encoding="utf-8")
    yield text
    # The tests themselves take long to parse; what they are of stands above.
    head, _, _ = text.partition("\nevaluation_interval:")
    for name in yaml.safe_load(head)["rule_files"]:
        yield name
        yield (test.parent / name).read_text(encoding="utf-8")
