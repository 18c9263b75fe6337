"""List the lines of a guide that may hold a limit although `grammar` read none there, each with the reason.

A line counts if it has a number and names a severity, or if one of its numbers has a comparator. `grammar` gives the
reason for each number that it refused. For code, tables and comments the place is the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from compiler.guides.grammar import Read
from compiler.guides.numbers import SIGNED_NUMBER
from compiler.guides.passage import prose
from compiler.guides.passages import CODE, TABLE, places
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

_DIGIT: Final = re.compile(r"(?<![\w.])\d")
# In code a comparator is a sign; `2>&1`, `->` and `<<` are no comparators.
_COMPARED: Final = re.compile(r"(?<![<>=|&\d-])(?:[<>]=?|[≥≤]) ?(?:interval )?['\"]?[\d.]+(?![\d&])")
_PLACEHOLDER: Final = re.compile(r"<[\w.-]+>")
_ITEM: Final = re.compile(r"^\s*(?:#+\s+)?(?:\d+[.)]\s+)?")
_ELSEWHERE: Final = "neither a sentence nor an item"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadLine:
    """A line of a guide that may hold a limit although none was read there, its text, and the reason."""

    path: str
    line: int
    text: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """Return the line as `tocsin import --format json` prints it."""
        return {"path": self.path, "line": self.line, "text": self.text, "reason": self.reason}


def unread_lines(path: str, text: str, read: Read) -> tuple[UnreadLine, ...]:
    """Return the lines of a guide that may hold a limit that was not read, in their order."""
    reasons = dict(_elsewhere(text, read)) | dict(_refused(read))
    lines = text.split("\n")
    return tuple(
        UnreadLine(path=path, line=number, text=" ".join(lines[number - 1].split()), reason=reason)
        for number, reason in sorted(reasons.items())
    )


def _refused(read: Read) -> Iterator[tuple[int, str]]:
    """Yield line and reason of the numbers that are no limits.

    The first reason of a line comes last, so that a dict keeps it.
    """
    stated_lines = {statement.line for statement in read.statements}
    for refused in reversed(read.refused):
        if refused.signed or (refused.graded and refused.line not in stated_lines):
            yield refused.line, refused.reason


def _elsewhere(text: str, read: Read) -> Iterator[tuple[int, str]]:
    """Yield line and reason of the lines that `grammar` does not read, such as those of code."""
    places_by_line = places(text)
    numbers_by_line = Counter(
        [*(statement.line for statement in read.statements), *(refused.line for refused in read.refused)]
    )
    for number, line in enumerate(text.split("\n"), 1):
        place = places_by_line.get(number, _ELSEWHERE)
        words = _PLACEHOLDER.sub("", line) if place == CODE else prose(_ITEM.sub("", line))
        signed = len((_COMPARED if place == CODE else SIGNED_NUMBER).findall(words))
        graded = bool(_DIGIT.search(words)) and vocabulary().severity(words) != NO_SEVERITY
        new = number not in read.lines and number not in numbers_by_line
        if (place == TABLE and signed > numbers_by_line[number]) or (new and (signed or graded)):
            yield number, place
