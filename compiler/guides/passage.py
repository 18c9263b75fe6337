"""Define a passage: a piece of a guide that may state limits, with the texts above it that apply to it.

`passages`, `tables` and the modules of fences make passages.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import Unit, vocabulary

LONGEST: Final = 4000
"""The most characters of a text that patterns match at once; a longer text would take them long."""

NEAR: Final = 400
"""Characters before a passage in which a word can still name its quantity."""

_SPACES: Final = re.compile(r"\s+")
# A longer text above is an ordinary sentence, unless it ends in a colon.
_LABEL_WORDS: Final = 9
_TITLE_WORDS: Final = 3
_END: Final = re.compile(r"[.!?][`*_)\"”]*\s+")
_LINK: Final = re.compile(r"!?\[([^\]]{0,1000})\]\([^)]{0,1000}\)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CODE: Final = re.compile(r"`([^`]*)`")
_COMPARISON: Final = re.compile(r"^[\w\s./-]++[<>]=?\s*+[\d.]++\s*+\S*+$")
_QUERY: Final = re.compile(r"([^<>]*[\w)\]}] ?)((?<![<>])[<>]=? ?[\d.]+)$")
LOGGED: Final = re.compile(r"\[?(?:(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b|\d{4}-\d\d|\d\d:\d\d)")
"""The beginning of a line of a log: its level or its time."""

_QUANTILE: Final = re.compile(r"(quantile\()0\.(\d\d)")
_ASSIGNMENT: Final = re.compile(r"[=:]|\s--?\w|^--?\w|^\d")
# Characters for private use replace digits, one for each digit. No pattern takes them for a number.
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

    `severity` and `target` come from the titles above it. `above` holds the texts that may name its quantity, nearest
    first. `beside` holds the earlier items of its list, because a list often names its quantity once. `bare` is True if
    a number without a comparator is a limit, as in a column named for a severity. `alert` is True if the number is
    certainly a limit of an alert. `listed` is True in an item of a list, `quiet` in a section of settings, plans or
    duties. `sign` is the comparator in a column's head, `for_words` the text that says how long the limit must be
    crossed, `unit` the unit of numbers without one, and `cell` the row and the column of a table's cell.
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
    """The texts above a place: the headings with their levels, and the label of the list that follows.

    `grades` holds, for each heading, the severity that its section gives to all its limits in a line such as "Severity:
    critical". `for_words` is the duration that the innermost section gives to all its limits.
    """

    headings: list[tuple[int, str]] = field(default_factory=list)
    grades: list[str] = field(default_factory=list)
    label: str = ""
    for_words: str = ""

    def enter(self, level: int, words: str, grade: str, for_words: str) -> None:
        """Begin the section of a heading."""
        self.headings = [*(heading for heading in self.headings if heading[0] < level), (level, words)]
        self.grades = [*self.grades[: len(self.headings) - 1], grade]
        self.label, self.for_words = "", for_words

    @property
    def above(self) -> tuple[str, ...]:
        """The label and the headings, nearest first."""
        return (*((self.label,) if self.label else ()), *(text for _, text in reversed(self.headings)))

    @property
    def titles(self) -> tuple[str, ...]:
        """The texts that may name the severity of the section's limits, nearest first."""
        sections = zip(reversed(self.grades), reversed(self.headings), strict=True)
        # A document's title is only its subject: the limits of a "Ticket shop" are no tickets.
        texts = (
            text
            for grade, (level, words) in sections
            for text in (grade, words if level > 1 or len(words.split()) <= _TITLE_WORDS else "")
        )
        return tuple(text for text in (self.label, *texts) if text)


def is_quiet(titles: Sequence[str]) -> bool:
    """Return whether the nearest heading of a known kind is about settings, plans or duties instead of limits."""
    lexicon = vocabulary()
    for text in titles:
        graded = lexicon.severity(text) != NO_SEVERITY or lexicon.targets.search(text)
        if graded or lexicon.phrases.loud.search(text):
            return False
        if lexicon.phrases.quiet.fullmatch(text):
            return True
    return False


def inherited(above: Sequence[str]) -> tuple[Severity, bool]:
    """Return the severity of the nearest label or heading that names one, and True if it names targets instead."""
    lexicon = vocabulary()
    for text in above:
        if len(text.split()) > _LABEL_WORDS and not text.endswith(":"):
            continue
        severity = lexicon.severities.label(text)
        # "SLO alerts" are alerts, not targets.
        if severity != NO_SEVERITY or (lexicon.targets.search(text) and not lexicon.phrases.breach.search(text)):
            return severity, severity == NO_SEVERITY
    return NO_SEVERITY, False


def apart(name: str) -> str:
    """Return a name with spaces between its words: "HighErrorRate" and "high_error_rate" are high error rates."""
    return _CAMEL.sub(" ", name).replace("_", " ")


def plain(text: str) -> str:
    """Return text without its markup, or nothing if it has more than `LONGEST` characters.

    Characters for private use replace the digits of code, unless the code is a comparison. `restored` puts the digits
    back. `prose` reads a longer text piece by piece.
    """
    if len(text) > LONGEST:
        return ""
    words = _MARKUP.sub("", _CODE.sub(_code, _LINK.sub(r"\1", text)))
    return _SPACES.sub(" ", words).strip()


def prose(line: str) -> str:
    """Return a line of prose without its markup; read a long line piece by piece."""
    if len(line) <= LONGEST:
        return plain(line)
    return " ".join(filter(None, map(plain, _pieces(line))))


def _pieces(line: str) -> Iterator[str]:
    """Yield a long line in pieces; each ends at the end of a sentence, else of a word."""
    start = 0
    while len(line) - start > LONGEST:
        window = line[start : start + LONGEST]
        end = max((match.end() for match in _END.finditer(window)), default=0) or window.rfind(" ") + 1
        # A text without a space is data.
        if not end:
            space = line.find(" ", start + LONGEST)
            end = (len(line) if space < 0 else space + 1) - start
        yield line[start : start + end]
        start += end
    yield line[start:]


def restored(text: str) -> str:
    """Return text with the digits that `plain` has replaced."""
    return text.translate(_DIGITS)


def _code(code: re.Match[str]) -> str:
    # A number in an assignment, an option or an output is a setting or a sample.
    inside = code[1]
    if LOGGED.match(inside):
        return _blotted(inside)
    query = _QUERY.match(inside)
    if query:
        names = _QUANTILE.sub(r"\1p\2 ", query[1])
        # The commas of a query separate no clauses, and its other numbers are no limits.
        return re.sub(r"(?<![a-z0-9])[0-9]+", _blot, names).replace(",", " ") + query[2]
    if _COMPARISON.search(inside) or not _ASSIGNMENT.search(inside):
        return inside
    return _blotted(inside)


def _blot(number: re.Match[str]) -> str:
    return _blotted(number.group())


def _blotted(text: str) -> str:
    return text.translate(_BLOTS)
