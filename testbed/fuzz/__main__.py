"""`python -m testbed.fuzz --seed N --count N`: compile damaged specifications; exit 1 if the compiler broke a promise.

The command prints the counts with the seed. It shows each kind of failure once, with as little damage as possible, and
keeps it below `--cases`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from testbed.fuzz.crew import SECONDS, Plan, Shrunk, judged
from testbed.fuzz.inputs import make
from testbed.fuzz.judge import FAILURE, Verdict
from testbed.fuzz.report import Tally, difference, save

_PROGRESS = 5000


def main(arguments: Sequence[str]) -> int:
    """Run the inputs that the arguments choose, print the counts and return the exit status."""
    options = _parser().parse_args(arguments)
    indices = [options.only] if options.only is not None else range(options.start, options.start + options.count)
    plan = Plan(
        seed=options.seed, indices=indices, jobs=options.jobs, ask_every=options.ask_every, seconds=options.seconds
    )
    started, tally, shown = monotonic(), Tally(), set[str]()
    for report in judged(plan):
        if isinstance(report, Shrunk):
            page = f"{difference(report.case)}\n{report.verdict.broken}"
            print(f"  with little damage, input {report.index} is\n{_indented(page)}", flush=True)
            save(options.cases / f"{options.seed}-{report.index}", report.case, report.verdict)
            continue
        tally.add(report)
        if report.verdict.outcome == FAILURE and report.verdict.signature not in shown:
            shown.add(report.verdict.signature)
            _announce(options.seed, report.index, report.verdict, options.cases)
        if tally.outcomes.total() % _PROGRESS == 0:
            print(f"{tally.outcomes.total()} inputs, {tally.outcomes[FAILURE]} failures", flush=True)
    print(tally.text(options.seed, monotonic() - started))
    return 1 if tally.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testbed.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of all inputs")
    parser.add_argument("--count", type=int, default=1000, help="how many inputs")
    parser.add_argument("--start", type=int, default=0, help="the first index")
    parser.add_argument("--only", type=int, help="the one index to try")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument(
        "--ask-every", type=int, default=5, help="each so manieth input that compiles is shown to the tools"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that an input may take")
    parser.add_argument("--cases", type=Path, default=Path("build/fuzz"), help="where failures are kept")
    return parser


def _announce(seed: int, index: int, verdict: Verdict, cases: Path) -> None:
    print(f"FAILURE seed {seed} input {index}: {verdict.signature}", flush=True)
    # Save the whole case: a failure that ends the process cannot be shrunk.
    save(cases / f"{seed}-{index}", make(seed, index), verdict)


def _indented(page: str) -> str:
    lines = page.encode("ascii", "backslashreplace").decode().rstrip().split("\n")
    shown = [*lines[:20], "…", *lines[-20:]] if len(lines) > 40 else lines
    return "\n".join(f"    {line}" for line in shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
