"""Run docs/tutorial.md as a reader would: take its commands from the page and run them in one shell.

`tests/documents/test_tutorial.py` uses it. `steps` reads the page, `Shell` is the reader's terminal, `shows` compares
the output with the one that the page shows. In the page, `…` stands for omitted text: the rest of a line, or, alone on
a line, any number of lines.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, cast

from testbed.patience import PATIENCE_SECONDS

PROMPT = "$ "
COMMANDS = "console"
"""The language of fences that hold commands, each behind a prompt, and what they print."""
ELISION = "…"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A block of the page between fences; `line` is the number of its first line, from 1."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command of the page at `line`, and the output that the page shows: empty if it shows none."""

    command: str
    shown: str
    line: int


def fences(page: str) -> tuple[Fence, ...]:
    """Return the fenced blocks of a page, in their order."""
    return tuple(
        Fence(language=match[1], text=match[2], line=page.count("\n", 0, match.start(2)) + 1)
        for match in _FENCE.finditer(page)
    )


def steps(page: str) -> tuple[Step, ...]:
    """Return the commands of a page, in their order."""
    return tuple(step for fence in fences(page) if fence.language == COMMANDS for step in _steps(fence))


def _steps(fence: Fence) -> tuple[Step, ...]:
    lines = fence.text.splitlines()
    starts = [index for index, line in enumerate(lines) if line.startswith(PROMPT)]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {fence.line}: a block of commands begins with `{PROMPT}`")
    return tuple(
        Step(
            command=lines[start].removeprefix(PROMPT),
            shown="\n".join(lines[start + 1 : end]),
            line=fence.line + start,
        )
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    )


def shows(shown: str, printed: str) -> bool:
    """Return whether `printed` is what the page shows; blanks at the ends of lines do not matter."""
    pattern = "".join(_pattern(line.rstrip()) for line in shown.split("\n"))
    cleaned = "\n".join(line.rstrip() for line in printed.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, f"{cleaned}\n") is not None


def _pattern(line: str) -> str:
    if line == ELISION:
        return r"(?:[^\n]*\n)*?"
    return re.escape(line).replace(ELISION, r"[^\n]*") + r"\n"


class Shell:
    """A terminal in `folder` with exactly the environment `env`, for the time of a `with` block.

    At the end, all processes that it started and that still run are killed: they are in the shell's process group.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], outputs: Path) -> None:
        self._outputs = outputs
        self._count = 0
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=dict(env),
            start_new_session=True,
            bufsize=0,
        )
        # Popen opened both pipes. They have no buffer, so the selector sees all output that can be read.
        self._stdin = cast("IO[bytes]", self._bash.stdin)
        self._stdout = cast("IO[bytes]", self._bash.stdout)

    def run(self, command: str, seconds: float = PATIENCE_SECONDS) -> tuple[int, str]:
        """Return the exit status of a command and what it printed; raises `TimeoutError` after `seconds`."""
        self._count += 1
        output = self._outputs / f"{self._count}.txt"
        self._stdin.write(f"{{ {command}\n}} </dev/null >'{output}' 2>&1\necho $?\n".encode())
        status = self._answer(seconds, command)
        return int(status), output.read_text(encoding="utf-8")

    def _answer(self, seconds: float, command: str) -> str:
        """Return the line that the shell writes when a command has ended."""
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as ready:
            ready.register(self._stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not ready.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"`{command}` did not end within {seconds:g} s")
                part = self._stdout.read(64)
                if not part:
                    raise EOFError(f"the shell ended at `{command}`")
                line += part
        return line.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.communicate()
