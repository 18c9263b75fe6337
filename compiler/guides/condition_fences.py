"""Conditions in a fence of a guide, such as "IF cpu > 90% FOR 5m THEN page", → passages; used by `fences`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from compiler.guides.passage import Passage, inherited, plain

_BEGINS: Final = re.compile(r"\s*(?:[-*•]\s+)?(?:(?:else|or)\s+)?(?:if|when|elsif|elif)\b", re.IGNORECASE)
_ENDS: Final = re.compile(r"\s*+(?:else|end ?if|end|fi)?+\s*+$", re.IGNORECASE)
_THEN: Final = re.compile(r"\bthen\b|→|->|=>", re.IGNORECASE)
_COMPARED: Final = re.compile(r"[<>≥≤]=?\s*\d")
# Braces, semicolons and variables are a program's.
_PROGRAM: Final = re.compile(r"[;{}$|\[\]]")

_Line = tuple[int, str]


def is_conditions(lines: Sequence[str]) -> bool:
    """Return whether the lines of a fence are conditions with what follows from them, and no program."""
    return (
        any(_BEGINS.match(line) and _COMPARED.search(line) for line in lines)
        and any(_THEN.search(line) for line in lines)
        and not any(_PROGRAM.search(line) for line in lines)
    )


def conditions(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield each condition with its consequence, over as many lines as it takes; `first` is the first line's number."""
    for block in _blocks(lines, first):
        severity, target = inherited(above)
        parts = [plain(words) for _, words in block]
        offsets = (sum(len(part) + 1 for part in parts[:index]) for index in range(len(parts)))
        starts = tuple(zip(offsets, (number for number, _ in block), strict=True))
        yield Passage(text=" ".join(parts), starts=starts, severity=severity, target=target, above=above)


def _blocks(lines: Sequence[str], first: int) -> list[list[_Line]]:
    blocks: list[list[_Line]] = []
    inside = False
    for number, line in enumerate(lines, first):
        if _BEGINS.match(line):
            blocks.append([])
            inside = True
        elif _ENDS.match(line):
            inside = False
        if inside:
            blocks[-1].append((number, line))
    return blocks
