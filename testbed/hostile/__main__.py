"""`python -m testbed.hostile --count N --seed N`: try N hostile inputs of each kind; exit 1 with the faults found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from testbed.hostile import files, mails, markdown

KINDS = {"markdown": markdown.faults, "mails": mails.faults, "files": files.faults}
SHARES = {"markdown": 1.0, "mails": 1.0, "files": 0.1}
"""The share of `--count` for each kind; each input of the kind `files` needs a run of the compiler."""


def main(arguments: Sequence[str]) -> int:
    """Try the inputs, print a line for each kind and each fault, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m testbed.hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, action="append")
    options = parser.parse_args(arguments)
    failed = False
    for kind in options.kind or KINDS:
        count, begun = max(1, round(options.count * SHARES[kind])), time.monotonic()
        faults = list(KINDS[kind](count, options.seed))
        print(f"{kind}: {count:,} from seed {options.seed}, {time.monotonic() - begun:.0f} s: {len(faults)} faults")
        for fault in faults[:20]:
            print(f"  {fault}")
        failed = failed or bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
