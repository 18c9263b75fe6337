"""`python -m testbed.routing DIRECTORY`: run the generated routing tests against the generated Alertmanager file.

The command reads `alertmanager/routing.test.yml` and `alertmanager/alertmanager.yml` of a generated directory. It
compares the structure itself (`routing_structure.py`). It asks amtool of every installed generation and amlint's
simulator about receivers, and the simulator about inhibitions (`routing_tools.py`). `accept.py` runs it too.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from testbed.routing_cases import Failure, inhibition_cases, route_cases
from testbed.routing_structure import structure_failures
from testbed.routing_tools import amlint_failures, amtool_failures
from testbed.servers import GENERATIONS, Servers, find

TESTS = Path("alertmanager") / "routing.test.yml"
CONFIG = Path("alertmanager") / "alertmanager.yml"


def main(arguments: Sequence[str]) -> int:
    """Run the tests with the amtool of each generation; return 0 if all pass, else 1."""
    if len(arguments) != 1:
        print("usage: python -m testbed.routing DIRECTORY", file=sys.stderr)
        return 1
    generations = [servers for servers in map(find, GENERATIONS) if servers.tool("amtool").exists()]
    if not generations or (len(generations) < len(GENERATIONS) and os.environ.get("CI") == "true"):
        print("a generation of servers is missing: run `make servers`", file=sys.stderr)
        return 1
    # The simulator is the same for every generation.
    outcomes = [
        _print(servers, list(differences(Path(arguments[0]), servers, simulate=not index)))
        for index, servers in enumerate(generations)
    ]
    return 0 if all(outcomes) else 1


def failures(generated: Path, servers: Servers, *, simulate: bool = True) -> list[str]:
    """Return a line for each expectation of the routing tests that `generated` does not meet; empty if all is well.

    amtool is that of `servers`; amlint is asked if `simulate`. A file that cannot be read also gives a line.
    """
    return [str(failure) for failure in differences(generated, servers, simulate=simulate)]


def differences(generated: Path, servers: Servers, *, simulate: bool) -> Iterator[Failure]:
    """Yield the same as `failures` returns, with `expected` and `got` as separate fields."""
    try:
        expected, config = _read(generated / TESTS), _read(generated / CONFIG)
    except (OSError, ValueError) as error:
        yield Failure(subject=str(generated), expected="routing tests and a configuration", got=str(error))
        return
    yield from structure_failures(expected, config)
    routes = route_cases(expected, config)
    yield from amtool_failures(servers.tool("amtool"), generated / CONFIG, routes)
    if simulate:
        yield from amlint_failures(generated / CONFIG, routes, inhibition_cases(expected, config))


def _read(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; raises `OSError` or `ValueError` if there is none."""
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # the fast one of the safe loaders
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path} holds no mapping")  # noqa: TRY004  # the file is wrong, not the caller
    return document


def _print(servers: Servers, failed: Sequence[Failure]) -> bool:
    if not failed:
        print(f"ok    {servers.generation}  routing tests", flush=True)
    for failure in failed:
        print(f"FAIL  {servers.generation}  {failure.subject}")
        print(f"      expected  {failure.expected}")
        print(f"      got       {failure.got}", flush=True)
    return not failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
