"""How well `tocsin import` reads guides: its statements beside those that a person wrote down for the same files.

A folder of the corpus holds pairs of `NAME.md`, a guide, and `NAME.json`, what it documents. As an operator would, this
starts the command; `tests/compiler/test_guides.py` holds the score of the seen half to its limits, and
`python -m testbed.guides FOLDER` prints one.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any, Final

DETAILS: Final = ("severity", "signal", "for_seconds", "kind")
_COMMAND: Final = str(Path(sys.executable).with_name("tocsin"))

_Stated = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Counts of statements: documented, read, both (line and value agree), and of these those that are wholly right.

    `right` means that comparator, value and unit agree; `details` counts how often each of `DETAILS` does, too.
    """

    documented: int
    read: int
    found: int
    right: int
    details: Mapping[str, int] = field(default_factory=dict)

    @property
    def recall(self) -> float:
        """The share of the documented statements that were found."""
        return self.found / self.documented

    @property
    def precision(self) -> float:
        """The share of the statements read whose comparator, value and unit are right."""
        return self.right / self.read

    def __str__(self) -> str:
        of_found = ", ".join(f"{name} {count / self.found:.3f}" for name, count in self.details.items())
        return f"{self.documented} documented: recall {self.recall:.3f}, precision {self.precision:.3f}; {of_found}"


def score(folder: Path) -> Score:
    """Return the score of all guides of a folder; raises `CalledProcessError` if the command fails."""
    guides = sorted(folder.glob("*.md"))
    read = _read(guides)
    pairs: list[tuple[_Stated, _Stated]] = []
    documented = 0
    for guide in guides:
        wanted = json.loads(guide.with_suffix(".json").read_text(encoding="utf-8"))["statements"]
        documented += len(wanted)
        pairs += _pairs(wanted, [one for one in read if Path(one["path"]).name == guide.name])
    details = Counter(name for want, got in pairs for name in DETAILS if want[name] == got[name])
    return Score(
        documented=documented,
        read=len(read),
        found=len(pairs),
        right=sum(_same_limit(want, got) and want["comparator"] == got["comparator"] for want, got in pairs),
        details={name: details[name] for name in DETAILS},
    )


def _read(guides: Iterable[Path]) -> Sequence[_Stated]:
    command = [_COMMAND, "import", "--format", "json", *map(str, guides)]
    output = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    statements: Sequence[_Stated] = json.loads(output)["statements"]
    return statements


def _pairs(wanted: Iterable[_Stated], read: Sequence[_Stated]) -> Iterable[tuple[_Stated, _Stated]]:
    """Yield each documented statement with the one that was read for it; none is used twice."""
    left = list(read)
    for want in wanted:
        here = [one for one in left if one["line"] == want["line"] and _same_value(want, one)]
        got = next((one for one in here if _same_limit(want, one)), here[0] if here else None)
        if got is not None:
            left.remove(got)
            yield want, got


def _same_value(want: _Stated, got: _Stated) -> bool:
    return isclose(want["value"], got["value"], rel_tol=1e-6, abs_tol=1e-9)


def _same_limit(want: _Stated, got: _Stated) -> bool:
    return _same_value(want, got) and bool(want["unit"] == got["unit"])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, score(Path(name)), sep=": ")
