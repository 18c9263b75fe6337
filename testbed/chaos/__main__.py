"""`python -m testbed.chaos`: play the storm, by default in its long form. Exit 1 if something was lost.

The command prints the seed, so that a finding can be searched for again. Two runs of a seed post the same alerts and
kill in the same order, but which sends a kill cuts off depends on the machine.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

from testbed.chaos.run import Chaos, Plan
from testbed.servers import find


def main() -> None:
    """Play the plan that the arguments describe."""
    parser = argparse.ArgumentParser(prog="python -m testbed.chaos", description=__doc__)
    for option in fields(Plan):
        parser.add_argument(f"--{option.name}", type=type(option.default), default=option.default, metavar="N")
    plan = Plan(**vars(parser.parse_args()))
    servers = find("newest")
    if servers.missing:
        sys.exit(f"the newest generation lacks {', '.join(servers.missing)}: run `make servers`")
    print(plan, flush=True)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as folder,
        Chaos(plan, servers, Path(folder), lambda line: print(line, flush=True)) as chaos,
    ):
        verdict = chaos.play()
    print(verdict)
    print(f"seed {plan.seed}, {time.monotonic() - began:.0f} s: {len(verdict.findings)} findings")
    sys.exit(1 if verdict.findings else 0)


if __name__ == "__main__":
    main()
