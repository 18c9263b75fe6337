"""`python -m testbed.chaos`: the storm, in its long form unless told otherwise. Exit 1 when something was lost.

The seed is printed, so that a finding can be looked for again; two runs of a seed post the same alerts and kill in the
same order, but the machine decides what is cut off by it.
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
    for one in fields(Plan):
        parser.add_argument(f"--{one.name}", type=type(one.default), default=one.default, metavar="N")
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
