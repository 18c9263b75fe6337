"""A piece of a guide that may state limits, and what it inherits from above; made by `passages`, `tables`, `fences`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

# A longer text above is a sentence about something, unless a colon says that it leads what follows.
_LABEL_WORDS: Final = 9
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_CODE: Final = re.compile(r"`([^`]*)`")
_COMPARISON: Final = re.compile(r"^\s*[\w ./-]+\s*[<>]=?\s*[\d.]+\s*\S*$")
_ASSIGNMENT: Final = re.compile(r"[=:]|\s--?\w|^--?\w|^\d")
_MARKUP: Final = re.compile(
    r"\*{1,3}|(?<!\w)_{1,2}|_{1,2}(?!\w)|^\s*>\s+(?=[A-Za-z*`\[-])|^\s*(?:[-*+]|\d+[.)])\s+|^#+\s*|~~"
)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Text without markup; `starts` are pairs of offset and line (from 1), one for each line that it spans.

    `severity` and `target` are what stands above it says; `above` the texts that may name its quantity, nearest first.
    `bare` is set where a number without a comparator is a limit (a column named for a severity), `sign` the comparator
    that a column's head gives, `hold` the text of a column that says how long, `unit` the base unit of its numbers.
    """

    text: str
    starts: tuple[tuple[int, int], ...]
    severity: str = NO_SEVERITY
    target: bool = False
    above: tuple[str, ...] = ()
    bare: bool = False
    sign: str | None = None
    hold: str = ""
    unit: str | None = None

    def line(self, offset: int) -> int:
        """Return the line of a character."""
        return next(line for start, line in reversed(self.starts) if start <= offset)


@dataclass(kw_only=True)
class Context:
    """What stands above: the headings by their level, and the label of the list that follows."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    label: str = ""

    def enter(self, level: int, words: str) -> None:
        """Begin the section of a heading."""
        self.headings = [*(one for one in self.headings if one[0] < level), (level, words)]
        self.label = ""

    @property
    def above(self) -> tuple[str, ...]:
        """The label and the headings, nearest first."""
        return (*((self.label,) if self.label else ()), *(text for _, text in reversed(self.headings)))


def inherited(above: Sequence[str]) -> tuple[str, bool]:
    """Return the severity that the nearest label or heading gives to all below it, and whether it names targets."""
    known = vocabulary()
    for text in above:
        if len(text.split()) > _LABEL_WORDS and not text.endswith(":"):
            continue
        found = known.severity(text)
        if found != NO_SEVERITY or known.targets.search(text):
            return found, found == NO_SEVERITY
    return NO_SEVERITY, False


def with_siblings(above: tuple[str, ...], beside: str) -> tuple[str, ...]:
    """Return the texts above with what the items before say: a quantity is often named once in a list."""
    if not beside:
        return above
    return (f"{above[0] if above else ''} {beside}".strip(), *above)


def plain(text: str) -> str:
    """Return text without its markup; the digits of code are blotted out, unless the code is a comparison."""
    return _MARKUP.sub("", _CODE.sub(_code, _LINK.sub(r"\1", text))).strip()


def _code(found: re.Match[str]) -> str:
    # A number in an assignment, an option or an output is a setting or a sample.
    inside = found[1]
    if _COMPARISON.search(inside) or not _ASSIGNMENT.search(inside):
        return inside
    return re.sub(r"[0-9]", "#", inside)
