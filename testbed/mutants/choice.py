"""List every mutant of a directory, leave out the equivalent ones, and choose among the rest by a seed.

`rules.py` and `alertmanager.py` make the mutants, `equivalent.py` judges them, `proof.py` runs the chosen ones.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

from testbed.mutants.alertmanager import alertmanager_mutants
from testbed.mutants.directory import ALERTMANAGER, Directory
from testbed.mutants.equivalent import reason_to_exclude
from testbed.mutants.mutant import Mutant
from testbed.mutants.rules import Surroundings, label_values, rule_mutants

LEAST_STEP = 60
"""The least change of a hold, in seconds: by default Prometheus evaluates rules once a minute."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The mutants that a test can notice, in the order of the files, and how many were left out for each reason."""

    mutants: tuple[Mutant, ...]
    excluded: Counter[str]


def listing(directory: Directory) -> Listing:
    """Return every mutant of a directory; the same directory always gives the same mutants."""
    excluded: Counter[str] = Counter()
    kept: dict[str, Mutant] = {}
    for mutant in _all(directory):
        reason = reason_to_exclude(mutant, directory.document(mutant.file))
        if reason:
            excluded[reason] += 1
        else:
            kept.setdefault(mutant.identity, mutant)
    return Listing(mutants=tuple(kept.values()), excluded=excluded)


def choose(mutants: Iterable[Mutant], seed: int, count: int) -> list[Mutant]:
    """Return `count` of the mutants, or all if there are fewer: of each kind in turn, so that rare kinds are tried.

    The seed ranks each mutant of a kind by itself, so an added or removed mutant does not reorder the others.
    """
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(mutants, key=lambda mutant: _rank(mutant, seed)):
        kinds[mutant.kind].append(mutant)
    turns = chain.from_iterable(zip_longest(*(kinds[kind] for kind in sorted(kinds))))
    return [mutant for mutant in turns if mutant is not None][:count]


def _all(directory: Directory) -> Iterator[Mutant]:
    values = label_values(directory.rules.values())
    for file, document in directory.rules.items():
        step = max(directory.evaluation_seconds(file), LEAST_STEP)
        around = Surroundings(file=file, evaluation_seconds=step, values=values)
        yield from rule_mutants(document, around)
    if directory.alertmanager is not None:
        yield from alertmanager_mutants(directory.alertmanager, ALERTMANAGER)


def _rank(mutant: Mutant, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{mutant.identity}".encode()).hexdigest()
