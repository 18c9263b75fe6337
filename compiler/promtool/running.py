"""Start promtool on generated tests, several at a time."""

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
"""Go's `GOGC`, in percent, unless the user has set it: with it, promtool takes a quarter less time and more memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The exit status and the output of promtool for one test file, whose path is below the output folder.

    `before` is set if promtool has passed the test before and did not run again.
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
        """Whether promtool finished and found a failure; any other status but 0 means that promtool itself broke."""
        return self.status == 1


def find(path: Path | None) -> str | None:
    """Return promtool: the one at `path`, or the one on the PATH; None if there is none to run."""
    return shutil.which(PROGRAM if path is None else path)


def build(promtool: str) -> str:
    """Return promtool's version, revision and build, and its size; raises OSError if it cannot be started.

    The size distinguishes promtool from a script around it, which has the same version.
    """
    process = subprocess.run([promtool, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the user names it
    return f"{process.stdout}{process.stderr}\n{Path(promtool).stat().st_size} bytes"


def name(build: str) -> str:
    """Return `promtool` with its version, such as `promtool 3.5.3`."""
    version = re.search(r"version ([0-9][0-9.]*[0-9])", build)
    return f"{PROGRAM} {version[1]}" if version else PROGRAM


def run_all(promtool: str, folder: Path, tests: Sequence[Artifact], proved: Proved, jobs: int) -> Iterator[Run]:
    """Yield promtool's run of each test below `folder`, in the order given; the longest tests start first.

    Tests that are `proved` do not run. Raises OSError if promtool cannot be started.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        longest_first = sorted(tests, key=lambda test: -len(test.content))
        running = {test.path: pool.submit(run, promtool, folder, test.path, proved) for test in longest_first}
        for test in tests:
            yield running[test.path].result()


def run(promtool: str, folder: Path, path: str, proved: Proved) -> Run:
    """Return promtool's run of one test below `folder`, or its earlier one; raises OSError if it cannot be started."""
    key = proved.key(folder / path)
    if proved.knows(key):
        return Run(path=path, status=0, output="", before=True)
    result = _run(promtool, folder, path)
    if result.passed:
        proved.keep(key)
    return result


def _run(promtool: str, folder: Path, path: str) -> Run:
    process = subprocess.run(  # noqa: S603 - the user names it
        [promtool, "test", "rules", str(folder / path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={"GOGC": _GARBAGE, **os.environ},
        check=False,
    )
    return Run(path=path, status=process.returncode, output=process.stdout)
