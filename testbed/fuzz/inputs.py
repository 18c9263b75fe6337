"""Make a case from seed and index: choose the specification that it is made from, and its damages.

`crew.py` calls this module, which calls the modules of the damages. The same seed and index give the same case on every
machine.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from testbed.fuzz import bytewise, grammar, linewise, markdown, paths
from testbed.fuzz.case import BASE, REAL, Case, original, systems

_REAL: Final = 0.005
"""The share of inputs made from the repository's own specification, which takes twenty times as long."""
_ONE_SYSTEM: Final = 0.08
"""The share of inputs made from a single system of it, which takes three times as long."""
_SPLIT: Final = 0.15
_DAMAGES: Final[tuple[tuple[str, int, Callable[[Case, Random], Case]], ...]] = (
    ("grammar", 35, grammar.damage),
    ("linewise", 25, linewise.damage),
    ("markdown", 18, markdown.damage),
    ("bytewise", 15, bytewise.damage),
    ("paths", 7, paths.damage),
)


def make(seed: int, index: int) -> Case:
    """Return the input of an index."""
    random = Random(f"{seed}:{index}")  # noqa: S311 - repeatable, not secret
    case = original(_origin(random))
    if random.random() < _SPLIT:
        case = replace(paths.split(case, random), steps=("split",))
    names, weights = [name for name, _, _ in _DAMAGES], [weight for _, weight, _ in _DAMAGES]
    for name in random.choices(names, weights, k=random.choice((1, 1, 1, 2, 2, 3))):
        damage = next(function for other_name, _, function in _DAMAGES if other_name == name)
        # If earlier steps removed every file, there is nothing left to damage.
        case = replace(damage(case, random), steps=(*case.steps, name)) if case.files else case
    return case


def _origin(random: Random) -> str:
    drawn = random.random()
    if drawn < _REAL:
        return REAL
    return random.choice(systems()) if drawn < _REAL + _ONE_SYSTEM else BASE
