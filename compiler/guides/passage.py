"""A piece of a guide that may state limits, and what it inherits from above; made by `passages`, `tables`, `fences`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import Unit, vocabulary

LONGEST: Final = 4000
"""Characters of the longest text that is read at once; patterns would take long over more."""

NEAR: Final = 400
"""Characters of what stands before a passage that can still name its quantity."""

_SPACES: Final = re.compile(r"\s+")
# A longer text above is a sentence about something, unless a colon says that it leads what follows.
_LABEL_WORDS: Final = 9
_TITLE_WORDS: Final = 3
_END: Final = re.compile(r"[.!?][`*_)\"”]*\s+")
_LINK: Final = re.compile(r"!?\[([^\]]{0,1000})\]\([^)]{0,1000}\)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CODE: Final = re.compile(r"`([^`]*)`")
_COMPARISON: Final = re.compile(r"^[\w\s./-]++[<>]=?\s*+[\d.]++\s*+\S*+$")
_QUERY: Final = re.compile(r"([^<>]*[\w)\]}] ?)((?<![<>])[<>]=? ?[\d.]+)$")
# A line of a log begins with its level or its time.
LOGGED: Final = re.compile(r"\[?(?:(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b|\d{4}-\d\d|\d\d:\d\d)")
"""The beginning of a line of a log."""

_QUANTILE: Final = re.compile(r"(quantile\()0\.(\d\d)")
_ASSIGNMENT: Final = re.compile(r"[=:]|\s--?\w|^--?\w|^\d")
# Characters for private use, one a digit: no pattern takes them for a number.
_BLOTS: Final = {ord("0") + digit: 0xE000 + digit for digit in range(10)}
_DIGITS: Final = {blot: digit for digit, blot in _BLOTS.items()}
_MARKUP: Final = re.compile(
    r"\*{1,3}|(?<!\w)_{1,2}|_{1,2}(?!\w)|^\s*>\s+(?=[A-Za-z*`\[-])|^\s*(?:[-*+]|\d+[.)])\s+|^#+\s*|~~"
)


def _offset(start: tuple[int, int]) -> int:
    return start[0]


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Text without markup; `starts` are pairs of offset and line (from 1), one for each line that it spans.

    `severity` and `target` are what stands above it says; `above` the texts that may name its quantity, nearest first,
    and `beside` what the items before it in its list say: a quantity is often named once in a list. `bare` is set where
    a number without a comparator is a limit (a column named for a severity), `alert` where it is surely feared,
    `listed` in an item of a list, `quiet` in a section of settings, plans or duties; `sign` is the comparator that a
    column's head gives, `for_words` the text that says how long, `unit` that of bare numbers, `cell` the row and the
    column of a table's cell.
    """

    text: str
    starts: tuple[tuple[int, int], ...]
    severity: Severity = NO_SEVERITY
    target: bool = False
    above: tuple[str, ...] = ()
    beside: str = ""
    bare: bool = False
    alert: bool = False
    listed: bool = False
    quiet: bool = False
    sign: str | None = None
    for_words: str = ""
    unit: Unit | None = None
    cell: str = ""

    def line(self, offset: int) -> int:
        """Return the line of a character."""
        return self.starts[bisect_right(self.starts, offset, key=_offset) - 1][1]


@dataclass(kw_only=True)
class Context:
    """What stands above: the headings by their level, and the label of the list that follows.

    `grades` are what the section of each heading says of all its limits, in lines such as "Severity: critical";
    `for_words` is what the innermost one says of their duration.
    """

    headings: list[tuple[int, str]] = field(default_factory=list)
    grades: list[str] = field(default_factory=list)
    label: str = ""
    for_words: str = ""

    def enter(self, level: int, words: str, grade: str, for_words: str) -> None:
        """Begin the section of a heading."""
        self.headings = [*(one for one in self.headings if one[0] < level), (level, words)]
        self.grades = [*self.grades[: len(self.headings) - 1], grade]
        self.label, self.for_words = "", for_words

    @property
    def above(self) -> tuple[str, ...]:
        """The label and the headings, nearest first."""
        return (*((self.label,) if self.label else ()), *(text for _, text in reversed(self.headings)))

    @property
    def titles(self) -> tuple[str, ...]:
        """What may tell how grave the section's limits are, nearest first."""
        sections = zip(reversed(self.grades), reversed(self.headings), strict=True)
        # A document's title is what it is about: all of a "Ticket shop" is no ticket.
        texts = (
            text
            for grade, (level, words) in sections
            for text in (grade, words if level > 1 or len(words.split()) <= _TITLE_WORDS else "")
        )
        return tuple(text for text in (self.label, *texts) if text)


def is_quiet(titles: Sequence[str]) -> bool:
    """Return whether the nearest heading that tells so is about settings, plans or duties, and not about limits."""
    known = vocabulary()
    for text in titles:
        graded = known.severity(text) != NO_SEVERITY or known.targets.search(text)
        if graded or known.phrases.loud.search(text):
            return False
        if known.phrases.quiet.fullmatch(text):
            return True
    return False


def inherited(above: Sequence[str]) -> tuple[Severity, bool]:
    """Return the severity that the nearest label or heading gives to all below it, and whether it names targets."""
    known = vocabulary()
    for text in above:
        if len(text.split()) > _LABEL_WORDS and not text.endswith(":"):
            continue
        found = known.severities.label(text)
        # "SLO alerts" are alerts.
        if found != NO_SEVERITY or (known.targets.search(text) and not known.phrases.breach.search(text)):
            return found, found == NO_SEVERITY
    return NO_SEVERITY, False


def apart(name: str) -> str:
    """Return a name with its words apart: "HighErrorRate" and "high_error_rate" are high error rates."""
    return _CAMEL.sub(" ", name).replace("_", " ")


def plain(text: str) -> str:
    """Return text without its markup; the digits of code are blotted out, unless the code is a comparison.

    `restored` brings them back.

    Nothing is left of a text of more than `LONGEST` characters, of which `prose` takes the sentences.
    """
    if len(text) > LONGEST:
        return ""
    words = _MARKUP.sub("", _CODE.sub(_code, _LINK.sub(r"\1", text)))
    return _SPACES.sub(" ", words).strip()


def prose(line: str) -> str:
    """Return a line of prose without its markup; a long one is read piece by piece."""
    if len(line) <= LONGEST:
        return plain(line)
    return " ".join(filter(None, map(plain, _pieces(line))))


def _pieces(line: str) -> Iterator[str]:
    """Yield a long line in pieces that end where sentences end, else where words do."""
    start = 0
    while len(line) - start > LONGEST:
        window = line[start : start + LONGEST]
        end = max((found.end() for found in _END.finditer(window)), default=0) or window.rfind(" ") + 1
        # What has no space is data.
        if not end:
            space = line.find(" ", start + LONGEST)
            end = (len(line) if space < 0 else space + 1) - start
        yield line[start : start + end]
        start += end
    yield line[start:]


def restored(text: str) -> str:
    """Return text with the digits that `plain` has blotted out."""
    return text.translate(_DIGITS)


def _code(found: re.Match[str]) -> str:
    # A number in an assignment, an option or an output is a setting or a sample.
    inside = found[1]
    if LOGGED.match(inside):
        return _blotted(inside)
    query = _QUERY.match(inside)
    if query:
        names = _QUANTILE.sub(r"\1p\2 ", query[1])
        # Its commas part no clauses, and its other numbers are no limits.
        return re.sub(r"(?<![a-z0-9])[0-9]+", _blot, names).replace(",", " ") + query[2]
    if _COMPARISON.search(inside) or not _ASSIGNMENT.search(inside):
        return inside
    return _blotted(inside)


def _blot(found: re.Match[str]) -> str:
    return _blotted(found.group())


def _blotted(text: str) -> str:
    return text.translate(_BLOTS)
