"""`python -m testbed.law`: the long form of the law's test. Exit 1 with the shortest story that breaks the law."""

import argparse
import sys
import time
from pathlib import Path

from testbed.law.machine import STEPS, play


def main() -> None:
    """Play as many steps as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m testbed.law", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=200, help="how many stories are told of a seed")
    parser.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=True, help="tell the shortest story")
    parser.add_argument("--catalog", type=Path, default=Path("generated/catalog.json"))
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        taken = play(
            steps=arguments.steps,
            first_seed=arguments.seed,
            catalog=arguments.catalog,
            examples=arguments.examples,
            shrink=arguments.shrink,
        )
    except BaseException:
        print(f"{STEPS[0]:,} steps from seed {arguments.seed}, {time.monotonic() - began:.0f} s: stopped", flush=True)
        raise
    print(f"{taken:,} steps from seed {arguments.seed}, {time.monotonic() - began:.0f} s: the law held")
    sys.exit(0)


if __name__ == "__main__":
    main()
