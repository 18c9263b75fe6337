"""What a section of a guide says of all its limits, as in "Severity: P1" and "For: 5m"; used by `passages`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from markdown_it.token import Token

from compiler.guides.passage import LONGEST

_GRADE: Final = re.compile(
    r"\W{0,12}(?:alert )?(?:severity|level|priority|urgency)(?: level)?\W{1,8}(?P<said>\w.{0,40})", re.IGNORECASE
)
_HOLD: Final = re.compile(
    r"\W{0,12}(?:for|duration|hold(?: time)?|pending(?: for)?|sustained(?: for)?)\W{0,4}:\W{0,8}(?P<said>\d.{0,20})",
    re.IGNORECASE,
)


def attributes(tokens: Sequence[Token], lines: Sequence[str]) -> Mapping[int, tuple[str, str]]:
    """Return severity and duration, as they are written, by the line (from 0) of each section's heading.

    Either is empty where the section does not say it, or says it more than once.
    """
    hidden = {
        line for token in tokens if token.type in {"fence", "table_open"} for line in range(*(token.map or (0, 0)))
    }
    starts = [token.map[0] for token in tokens if token.type == "heading_open" and token.map]
    return {
        start: (_only(_GRADE, texts), _only(_HOLD, texts))
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=False)
        for texts in [[lines[line] for line in range(start + 1, end) if line not in hidden]]
    }


def _only(pattern: re.Pattern[str], texts: Sequence[str]) -> str:
    said = list(_said(pattern, texts))
    return said[0] if len(said) == 1 else ""


def _said(pattern: re.Pattern[str], texts: Sequence[str]) -> Iterator[str]:
    return (found["said"] for text in texts if len(text) <= LONGEST and (found := pattern.match(text)))
