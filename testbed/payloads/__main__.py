"""`python -m testbed.payloads --seed N --count N`: post mutated deliveries; exit 1 if the webhook broke a promise."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from testbed.payloads.run import Target, post_all


def main() -> None:
    """Post the deliveries that the arguments choose, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m testbed.payloads", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of all payloads")
    parser.add_argument("--count", type=int, default=50_000, help="how many payloads")
    parser.add_argument("--start", type=int, default=0, help="the first index")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-payloads-") as folder, Target(Path(folder)) as target:
        indices = range(chosen.start, chosen.start + chosen.count)
        result = post_all(target, chosen.seed, indices, lambda line: print(line, flush=True))
    for finding in result.findings[:20]:
        print(f"  WRONG: {finding}")
    print(
        f"{chosen.count} deliveries of seed {chosen.seed} in {time.monotonic() - began:.0f} s: {dict(result.statuses)}"
    )
    print(f"messages: {dict(result.messages)}")
    print(f"memory: {result.memory_before} MiB before, {result.memory_peak} MiB at most")
    print(f"{len(result.findings)} findings")
    sys.exit(1 if result.findings else 0)


if __name__ == "__main__":
    main()
