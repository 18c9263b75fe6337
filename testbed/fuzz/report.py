"""Report a run as a page of text, and save each failure as a folder to look into.

`__main__.py` calls this module with the results of `crew.py`.
"""

import difflib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path

from testbed.fuzz.case import Case, original
from testbed.fuzz.crew import Judged
from testbed.fuzz.judge import FAILURE, Verdict


@dataclass(kw_only=True)
class Tally:
    """Counts verdicts as they come in."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[int]] = field(default_factory=dict)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    asked: int = 0
    unproved: list[int] = field(default_factory=list)

    def add(self, judged: Judged) -> None:
        """Count a verdict."""
        verdict = judged.verdict
        self.outcomes[verdict.outcome] += 1
        self.codes.update(verdict.codes)
        self.asked += verdict.asked
        self.unproved += [judged.index] * verdict.unproved
        self.slowest = nlargest(5, [*self.slowest, (verdict.seconds, judged.index)])
        if verdict.outcome == FAILURE:
            self.failures.setdefault(verdict.signature, []).append(judged.index)

    def text(self, seed: int, seconds: float) -> str:
        """Return the counts; inputs are named by index."""
        return "\n".join(self._lines(seed, seconds))

    def _lines(self, seed: int, seconds: float) -> Iterator[str]:
        yield f"seed {seed}: {self.outcomes.total()} inputs in {seconds:.0f} s"
        yield "  outcomes: " + _counts(self.outcomes)
        yield "  inputs with a finding, by code: " + _counts(self.codes)
        yield f"  shown to promtool and amtool: {self.asked}; generated tests failed for {_shown(self.unproved)}"
        yield "  slowest: " + ", ".join(f"{spent:.2f} s (input {index})" for spent, index in self.slowest)
        for signature, indices in sorted(self.failures.items(), key=lambda failure: -len(failure[1])):
            yield f"  FAILURE {signature}: {_shown(indices)}"


def _shown(indices: Sequence[int]) -> str:
    shown = ", ".join(map(str, indices[:5]))
    return f"{len(indices)} inputs ({shown}{', …' if len(indices) > 5 else ''})" if indices else "none"


def _counts(counter: Mapping[str, int]) -> str:
    ordered = sorted(counter.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{count} {name}" for name, count in ordered) or "none"


def save(folder: Path, case: Case, verdict: Verdict) -> None:
    """Write a case into a folder of its own, with the broken promise and the difference from the original."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    other_facts = f"links {dict(case.links)}, folders {case.folders}, pipes {case.pipes}, blocked {case.blocked}"
    page = f"{verdict.signature}\n{other_facts}\nsteps {case.steps}\n\n{difference(case)}\n\n{verdict.broken}\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "FAILURE.txt").write_text(page, encoding="utf-8", errors="backslashreplace")


def difference(case: Case) -> str:
    """Return how a case differs from its original; bytes that are not ASCII are escaped."""
    original_files = original(case.origin).files
    changed = [
        path for path in sorted({*original_files, *case.files}) if original_files.get(path) != case.files.get(path)
    ]
    return "\n".join(
        line for path in changed for line in _changed(path, original_files.get(path), case.files.get(path))
    )


def _changed(path: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    old, new = (ascii((content or b"").decode("utf-8", "surrogateescape")).split("\\n") for content in (before, after))
    for line in difflib.unified_diff(old, new, path, path, lineterm="", n=0):
        yield line if len(line) <= 500 else f"{line[:500]} … {len(line)} characters"
