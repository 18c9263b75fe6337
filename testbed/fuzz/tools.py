"""Ask the real promtool and amtool about written files: a file that they refuse is the worst bug of all."""

import re
import subprocess
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testbed.servers import GENERATIONS, Servers, find

_RULES: Final = "prometheus/rules/"
_TESTS: Final = "prometheus/tests/"
_CONFIG: Final = "alertmanager/alertmanager.yml"
_UNEXPECTED: Final = re.compile(r"^\s*(?:exp|got):\[|out of memory", re.MULTILINE)
_SECONDS: Final = 300.0


def installed() -> tuple[Servers, ...]:
    """Return the generations of servers that are complete."""
    return tuple(servers for servers in map(find, GENERATIONS) if not servers.missing)


@dataclass(frozen=True, kw_only=True)
class Objection:
    """An objection of a tool; `unproved` says whether a generated test failed.

    Such a test may be right: if metrics contradict each other, they measure nothing, and the test shows it.
    """

    title: str
    output: str
    unproved: bool


def objections(servers: Servers, folder: Path, changed: Collection[str]) -> list[Objection]:
    """Return the objections of a generation's tools to the `changed` files of an output folder.

    A time-out is no objection: a user's own example may ask for any number of samples.
    """
    refusals = []
    for title, command in _commands(servers, folder, changed):
        with suppress(subprocess.TimeoutExpired):
            result = _run(command)
            output, unproved = (
                result.stdout + result.stderr,
                _UNEXPECTED.search(result.stdout + result.stderr) is not None,
            )
            if result.returncode:
                refusals.append(Objection(title=f"{title} ({servers.generation})", output=output, unproved=unproved))
    return refusals


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=_SECONDS
    )


def _commands(servers: Servers, folder: Path, changed: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    promtool, amtool = str(servers.tool("promtool")), str(servers.tool("amtool"))
    rules = [str(folder / path) for path in changed if path.startswith(_RULES)]
    if rules:
        yield "promtool check rules", [promtool, "check", "rules", *rules]
    for path in changed:
        if path.startswith(_TESTS):
            yield "promtool test rules", [promtool, "test", "rules", str(folder / path)]
    if _CONFIG in changed:
        yield "amtool check-config", [amtool, "check-config", str(folder / _CONFIG)]
