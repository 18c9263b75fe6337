"""`python -m testbed.accept generated`: check that every generation of promtool and amtool accepts a directory.

The tools read rules, rule tests and configuration as they are; `routing.py` runs the routing tests. The command prints
one line for each check, and the tool's own words if it objects. It does not repeat rule tests that the same promtool
has passed before. Exit status 0 if all tools accept, 1 if one does not or if a generation of servers is missing.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from compiler.promtool import running
from compiler.promtool.proved import Proved, folder
from testbed import routing
from testbed.servers import GENERATIONS, Servers, find


@dataclass(frozen=True, kw_only=True)
class Check:
    """One run of a tool; `ask` returns whether the tool accepts, and its output."""

    generation: str
    title: str
    ask: Callable[[], tuple[bool, str]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a check; `output` is what the tool said."""

    check: Check
    accepted: bool
    seconds: float
    output: str


def main(arguments: Sequence[str]) -> int:
    """Run every check and print it; return the exit status."""
    if len(arguments) != 1:
        print("usage: python -m testbed.accept DIRECTORY", file=sys.stderr)
        return 1
    generated = Path(arguments[0])
    complete = [servers for servers in map(find, GENERATIONS) if _is_complete(servers)]
    planned = [check for servers in complete for check in checks(servers, generated)]
    if not complete or (len(complete) < len(GENERATIONS) and os.environ.get("CI") == "true"):
        print("a generation of servers is missing: run `make servers`", file=sys.stderr)
        return 1
    if not rule_files(generated):
        print(f"{generated}/prometheus/rules holds no rule file", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outcomes = [_print(outcome) for outcome in pool.map(run, planned)]
    return 0 if all(outcome.accepted for outcome in outcomes) else 1


def rule_files(generated: Path) -> list[Path]:
    """Return the rule files of a generated directory, sorted."""
    return sorted((generated / "prometheus" / "rules").glob("*.yml"))


def checks(servers: Servers, generated: Path) -> Iterator[Check]:
    """Yield the checks of `generated` by the tools of one generation: first one for each test file, largest first."""
    promtool, amtool = servers.tool("promtool"), servers.tool("amtool")
    proved = Proved(folder(), running.build(str(promtool)))
    for path in sorted((generated / "prometheus" / "tests").glob("*.yml"), key=lambda path: -path.stat().st_size):
        ask = partial(_proof, str(promtool), path, proved)
        yield Check(generation=servers.generation, title=f"promtool test rules {path.name}", ask=ask)
    rules = rule_files(generated)
    yield _check(servers, f"promtool check rules ({len(rules)} files)", promtool, "check", "rules", *rules)
    config = generated / routing.CONFIG
    yield _check(servers, f"amtool check-config {config.name}", amtool, "check-config", config)
    title = f"amtool config routes test, and the simulator, {routing.TESTS.name}"
    yield Check(generation=servers.generation, title=title, ask=partial(_routing, generated, servers))


def run(check: Check) -> Outcome:
    """Run the check and return its outcome."""
    started = time.monotonic()
    accepted, output = check.ask()
    return Outcome(check=check, accepted=accepted, seconds=time.monotonic() - started, output=output)


def _check(servers: Servers, title: str, *command: str | Path) -> Check:
    return Check(generation=servers.generation, title=title, ask=partial(_run, command))


def _run(command: Sequence[str | Path]) -> tuple[bool, str]:
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False
    )
    return result.returncode == 0, result.stdout


def _proof(promtool: str, path: Path, proved: Proved) -> tuple[bool, str]:
    proof = running.run(promtool, path.parent, path.name, proved)
    return proof.passed, proof.output


def _routing(generated: Path, servers: Servers) -> tuple[bool, str]:
    failures = routing.failures(generated, servers)
    return not failures, "\n".join(failures)


def _is_complete(servers: Servers) -> bool:
    if servers.missing:
        print(f"skip  {servers.generation}  it lacks {', '.join(servers.missing)}")
    return not servers.missing


def _print(outcome: Outcome) -> Outcome:
    verdict = "ok  " if outcome.accepted else "FAIL"
    print(f"{verdict}  {outcome.check.generation}  {outcome.check.title}  {outcome.seconds:.1f} s", flush=True)
    if not outcome.accepted:
        print("\n".join(f"      {line}" for line in outcome.output.splitlines()))
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
