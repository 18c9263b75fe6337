"""Starts promtool on generated tests, several at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compiler.artifacts import Artifact
from compiler.promtool.proved import Proved

PROGRAM: Final = "promtool"
_GARBAGE: Final = "400"
"""Go's `GOGC`, in percent, unless somebody has set it: promtool takes a quarter less time, and more memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What promtool said of one test file, whose path is below the output folder: exit status and output.

    `before` is set where it need not be asked again.
    """

    path: str
    status: int
    output: str
    before: bool = False

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.status == 0

    @property
    def failed(self) -> bool:
        """Whether promtool came to an end and found something; else something happened to promtool itself."""
        return self.status == 1


def find(given: Path | None) -> str | None:
    """Return promtool: the `given` one, or the one on the PATH; None where there is none to run."""
    return shutil.which(PROGRAM if given is None else given)


def build(promtool: str) -> str:
    """Return what promtool says of its version, revision and build, and its size; OSError where it cannot be started.

    A script around promtool has the same version, and another size.
    """
    done = subprocess.run([promtool, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the user names it
    return f"{done.stdout}{done.stderr}\n{Path(promtool).stat().st_size} bytes"


def name(build: str) -> str:
    """Return `promtool` with its version, such as `promtool 3.5.3`."""
    found = re.search(r"version ([0-9][0-9.]*[0-9])", build)
    return f"{PROGRAM} {found[1]}" if found else PROGRAM


def run_all(promtool: str, folder: Path, tests: Sequence[Artifact], proved: Proved, jobs: int) -> Iterator[Run]:
    """Yield what promtool says of each test below `folder`, in the order given; the longest are begun first.

    What is `proved` is not run. OSError where promtool cannot be started.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        longest_first = sorted(tests, key=lambda test: -len(test.content))
        running = {test.path: pool.submit(run, promtool, folder, test.path, proved) for test in longest_first}
        for test in tests:
            yield running[test.path].result()


def run(promtool: str, folder: Path, path: str, proved: Proved) -> Run:
    """Return what promtool says of one test below `folder`, or has said; OSError where it cannot be started."""
    key = proved.key(folder / path)
    if proved.knows(key):
        return Run(path=path, status=0, output="", before=True)
    found = _run(promtool, folder, path)
    if found.passed:
        proved.keep(key)
    return found


def _run(promtool: str, folder: Path, path: str) -> Run:
    done = subprocess.run(  # noqa: S603 - the user names it
        [promtool, "test", "rules", str(folder / path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={"GOGC": _GARBAGE, **os.environ},
        check=False,
    )
    return Run(path=path, status=done.returncode, output=done.stdout)
