"""`python -m testbed.mutants generated`: break the generated files one place at a time and run their tests.

The command prints each mutant that no test noticed, then the counts by kind. Exit status 0 if none survived, 1 if one
did, 2 if nothing could be tested: no tools, no rules, or tests that fail on the unbroken files.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed import routing
from testbed.mutants.choice import Listing, choose, listing
from testbed.mutants.directory import read_directory
from testbed.mutants.mutant import Mutant
from testbed.mutants.proof import Proof, Verdict
from testbed.servers import GENERATIONS, find

DEFAULT_COUNT = 400
DEFAULT_SEED = 1

BEYOND = {
    "number": "a number that is no limit stands in a user's own query, which is proved as far as its example goes",
    "range": "over steady values a shorter range gives the same",
    "string": "arguments of functions are told from their labels by no test",
}
"""Kinds of mutants that the generated tests do not promise to notice, and why."""

Judge = Callable[[Mutant], Verdict]


def main(arguments: Sequence[str]) -> int:
    """Run the check and print it; return the exit status."""
    options = _parser().parse_args(arguments)
    servers = find(options.generation)
    directory = read_directory(options.directory)
    if servers.missing or not directory.rules:
        reason = f"{options.directory} holds no rule file" if not directory.rules else "no servers: run `make servers`"
        print(reason, file=sys.stderr)
        return 2
    proof = Proof(directory=directory, servers=servers, routing=routing.failures)
    complaints = proof.complaints()
    if complaints:
        print("the tests fail on the directory as it is:", *complaints, sep="\n", file=sys.stderr)
        return 2
    listed = listing(directory)
    kinds = set(options.kind or {mutant.kind for mutant in listed.mutants} - set(BEYOND))
    candidates = [mutant for mutant in listed.mutants if mutant.kind in kinds]
    chosen = choose(candidates, options.seed, len(candidates) if options.all else options.count)
    if not chosen:
        print(
            "no such mutants; there are:",
            *sorted({mutant.kind for mutant in listed.mutants}),
            sep="\n",
            file=sys.stderr,
        )
        return 2
    print(f"seed {options.seed}: {len(chosen)} of {len(candidates)} mutants, promtool and amtool {options.generation}")
    return report(chosen, listed, proof.judge)


def report(chosen: Sequence[Mutant], listed: Listing, judge: Judge) -> int:
    """Judge the mutants in parallel, print survivors as they come and counts at the end; return the exit status."""
    started = time.monotonic()
    counts: Counter[tuple[str, Verdict]] = Counter()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for mutant, verdict in zip(chosen, pool.map(judge, chosen), strict=True):
            counts[mutant.kind, verdict] += 1
            if verdict is Verdict.SURVIVED:
                print(f"SURVIVED  {mutant.kind}\n{_shown(mutant)}", flush=True)
    for kind, reason in BEYOND.items():
        print(f"not tried unless asked for by --kind: {kind}, because {reason}")
    for reason, number in listed.excluded.items():
        print(f"left out: {number}, because {reason}")
    _print_table(counts, sorted({mutant.kind for mutant in chosen}))
    survivors = _total(counts, Verdict.SURVIVED)
    print(f"{len(chosen)} mutants, {survivors} survived, {time.monotonic() - started:.0f} s")
    return 1 if survivors else 0


def _shown(mutant: Mutant) -> str:
    return f"  {mutant.file}\n  {mutant.place}\n  - {mutant.before}\n  + {mutant.after}"


def _print_table(counts: Counter[tuple[str, Verdict]], kinds: Iterable[str]) -> None:
    print(f"{'kind':32}", *(f"{verdict.value:>9}" for verdict in Verdict))
    for kind in kinds:
        print(f"{kind:32}", *(f"{counts[kind, verdict]:9}" for verdict in Verdict))
    print(f"{'all':32}", *(f"{_total(counts, verdict):9}" for verdict in Verdict))


def _total(counts: Counter[tuple[str, Verdict]], verdict: Verdict) -> int:
    return sum(number for (_kind, counted_verdict), number in counts.items() if counted_verdict is verdict)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testbed.mutants", description=__doc__)
    parser.add_argument("directory", type=Path, help="a directory that `tocsin compile` has written")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="chooses the mutants (default: %(default)s)")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="how many to try (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="try every mutant there is")
    parser.add_argument("--kind", action="append", help="only mutants of this kind; can be repeated")
    parser.add_argument(
        "--generation", choices=GENERATIONS, default="newest", help="whose tools (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
