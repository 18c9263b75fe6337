"""Score how well `tocsin import` reads guides, against the statements that a person wrote down for the same files.

A folder of the corpus holds pairs of `NAME.md`, a guide, and `NAME.json`, the statements that it documents. This module
starts the command as an operator would. `tests/compiler/test_guides.py` requires a minimum score of the half `seen`;
`python -m testbed.guides FOLDER` prints the score of a folder.
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
    """Counts of statements: documented, read, found (line and value agree) and right.

    A found statement is right if its comparator, value and unit agree; `details` counts how often each of `DETAILS`
    agrees.
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
        """The share of the read statements whose comparator, value and unit are right."""
        return self.right / self.read

    def __str__(self) -> str:
        shares = ", ".join(f"{name} {count / self.found:.3f}" for name, count in self.details.items())
        return f"{self.documented} documented: recall {self.recall:.3f}, precision {self.precision:.3f}; {shares}"


def score(folder: Path) -> Score:
    """Return the score of all guides of a folder; raises `CalledProcessError` if the command fails."""
    guides = sorted(folder.glob("*.md"))
    read = _read(guides)
    pairs: list[tuple[_Stated, _Stated]] = []
    documented = 0
    for guide in guides:
        statements = json.loads(guide.with_suffix(".json").read_text(encoding="utf-8"))["statements"]
        documented += len(statements)
        pairs += _pairs(statements, [statement for statement in read if Path(statement["path"]).name == guide.name])
    details = Counter(name for expected, actual in pairs for name in DETAILS if expected[name] == actual[name])
    return Score(
        documented=documented,
        read=len(read),
        found=len(pairs),
        right=sum(
            _same_limit(expected, actual) and expected["comparator"] == actual["comparator"]
            for expected, actual in pairs
        ),
        details={name: details[name] for name in DETAILS},
    )


def _read(guides: Iterable[Path]) -> Sequence[_Stated]:
    command = [_COMMAND, "import", "--format", "json", *map(str, guides)]
    output = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    statements: Sequence[_Stated] = json.loads(output)["statements"]
    return statements


def _pairs(documented: Iterable[_Stated], read: Sequence[_Stated]) -> Iterable[tuple[_Stated, _Stated]]:
    """Yield each documented statement with the statement that was read for it; none is used twice."""
    unmatched = list(read)
    for expected in documented:
        candidates = [
            candidate
            for candidate in unmatched
            if candidate["line"] == expected["line"] and _same_value(expected, candidate)
        ]
        match = next(
            (candidate for candidate in candidates if _same_limit(expected, candidate)),
            candidates[0] if candidates else None,
        )
        if match is not None:
            unmatched.remove(match)
            yield expected, match


def _same_value(expected: _Stated, actual: _Stated) -> bool:
    return isclose(expected["value"], actual["value"], rel_tol=1e-6, abs_tol=1e-9)


def _same_limit(expected: _Stated, actual: _Stated) -> bool:
    return _same_value(expected, actual) and bool(expected["unit"] == actual["unit"])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, score(Path(name)), sep=": ")
