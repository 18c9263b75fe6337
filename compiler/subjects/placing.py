"""Decide which number of a sentence a name belongs to: "above 85 % on /data, and above 97 % on /backup".

`scope` uses this module. A name stands before its number or behind it. If a name stands between two numbers, a
punctuation mark or a conjunction decides to which of the two the name belongs. A name before a number also belongs to
the numbers that follow. A name behind a number also belongs to a number of another severity before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from compiler.guides.holds import HOLD
from compiler.guides.statement import Surroundings
from compiler.subjects.naming import ELSEWHERE, Occurrence
from compiler.subjects.words import words

_GLUE: Final = re.compile(
    r"[`\"'”)\s]*+(?:,?\s*+(?:and|or|as well as)\b|[,/&+])\s*+(?:also )?"
    r"(?:(?:in|on|of|for|at|from)\b)?+\s*+(?:(?:the|our)\b)?+[`\"'“(\s]*",
    re.IGNORECASE,
)
_NUMBER_FOLLOWS: Final = re.compile(
    r"[`\"'”)\s]*+[:=(–—-]?\s*+(?:(?:at|is|above|below|over|under|more than|less than|[<>≥≤]=?)\s*+)?\d", re.IGNORECASE
)
_LABEL: Final = re.compile(r"[`\"'”)\]*]*\s*(?:[:=]|[–—→]|[-=]>)")
_BREAKS: Final = (
    re.compile(r"[;.]\s"),
    re.compile(r"[,–—|:]\s|\s-\s|\(|\)"),
    re.compile(r"\b(?:and|or|but|while|whereas)\b"),
)
_LIST: Final = re.compile(
    r"\s*+(?:%|ms|s)?+\s*+(?:/|,?\s*+(?:and|or)|,)?+\s*+(?:above|over|below|under|at|[<>≥≤]=?)?+\s*+", re.IGNORECASE
)
_DIGIT: Final = re.compile(r"(?<![\w#/.-])\d")
_CONTRAST: Final = re.compile(r"\b(?:but|however|except|only|though|although|yet|already|whereas)\b", re.IGNORECASE)
_WHERE: Final = re.compile(r"[`\"'”)]*,? where\b[^,;.\d]{0,30}", re.IGNORECASE)
_IN_ORDER: Final = re.compile(r"\brespectively\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """The number of a statement in its sentence, and the statement's severity."""

    start: int
    end: int
    severity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """What a statement says about its subject: the text around it, and the numbers of its sentence in order.

    Its own number is the one at `index`. `titled` is set if the statement names its signal by the title; then no
    other words have to name the signal.
    """

    around: Surroundings
    marks: tuple[Mark, ...] = (Mark(start=0, end=0, severity=""),)
    index: int = 0
    titled: bool = False


def spoken(around: Surroundings, marks: Sequence[Mark], *, titled: bool = False) -> tuple[Spoken, ...]:
    """Return the statement at each of a sentence's numbers; `marks` are in order.

    In a very long sentence, each number has only the text near it, so that the time grows only linearly with the text.
    """
    text = around.sentence
    if len(text) <= _BLOCK * _BLOCKS:
        all_marks = tuple(marks)
        return tuple(
            Spoken(around=around, marks=all_marks, index=index, titled=titled) for index in range(len(all_marks))
        )
    starts = [mark.start for mark in marks]
    statements: list[Spoken] = []
    for block in range(max(len(text), *starts) // _BLOCK + 1):
        begin, end = max(0, (block - 1) * _BLOCK), (block + 2) * _BLOCK
        first, last = bisect_left(starts, begin), bisect_left(starts, end)
        near_marks = tuple(replace(mark, start=mark.start - begin, end=mark.end - begin) for mark in marks[first:last])
        excerpt = replace(around, sentence=text[begin:end])
        numbers = range(bisect_left(starts, block * _BLOCK), bisect_left(starts, (block + 1) * _BLOCK))
        statements += [
            Spoken(around=excerpt, marks=near_marks, index=index - first, titled=titled) for index in numbers
        ]
    return tuple(statements)


_BLOCK: Final = 500
"""Characters; a number in a long sentence has the text of its block, of the one before and of the one behind."""
_BLOCKS: Final = 4
"""The most blocks of a sentence that is read as a whole."""


@dataclass(kw_only=True)
class _Place:
    """The names at one number: those before it and those behind it."""

    leading: list[Occurrence] = field(default_factory=list)
    trailing: list[Occurrence] = field(default_factory=list)

    @property
    def names(self) -> list[Occurrence]:
        return self.leading or self.trailing


def placed(text: str, marks: Sequence[Mark], names: Sequence[Occurrence]) -> list[list[Occurrence]]:
    """Return, for each number of a sentence in order, the names of one dimension that belong to it."""
    groups = _groups(text, marks, names)
    if len(groups) == 1 and (aligned := _in_order(text, marks, groups[0])):
        return aligned
    places = [_Place() for _ in marks]
    for group in groups:
        _place(text, marks, group, places)
    return [
        _names_of(index, text, marks, places) or _contrasted(index, text, marks, places) for index in range(len(marks))
    ]


def _contrasted(index: int, text: str, marks: Sequence[Mark], places: Sequence[_Place]) -> list[Occurrence]:
    """Return what a number is not about: in "above 20 %, but in staging only above 5 %", 20 % is not about staging."""
    behind = next((later for later in range(index + 1, len(marks)) if places[later].names), None)
    if behind is None or marks[behind].severity != marks[index].severity:
        return []
    names = places[behind].names
    between = text[marks[index].end : max(marks[behind].start, names[0].start)]
    if not _CONTRAST.search(between) or _BREAKS[0].search(between) or any(not name.name or name.but for name in names):
        return []
    return [replace(name, but=True) for name in names]


def _groups(text: str, marks: Sequence[Mark], names: Sequence[Occurrence]) -> list[list[Occurrence]]:
    """Return the names grouped into lists: "in production and staging" is a list of two."""
    groups: list[list[Occurrence]] = []
    for name in names:
        if groups and _is_listed(text, marks, groups[-1][-1], name):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _is_listed(text: str, marks: Sequence[Mark], last: Occurrence, name: Occurrence) -> bool:
    if not _GLUE.fullmatch(text[last.end : name.start]) or any(last.end <= mark.start < name.start for mark in marks):
        return False
    # "1 % in production and staging 10 %": the second name begins a new list.
    return not (_NUMBER_FOLLOWS.match(text, name.end) and any(mark.end <= last.start for mark in marks))


def _in_order(text: str, marks: Sequence[Mark], names: Sequence[Occurrence]) -> list[list[Occurrence]] | None:
    """Return a name for each number, if there are as many names as numbers: "85 % and 97 % on /data and /backup"."""
    grades = {mark.severity for mark in marks}
    rows = [[index for index, mark in enumerate(marks) if mark.severity == grade] for grade in grades]
    if len(names) <= 1 or any(len(row) != len(names) for row in rows):
        return None
    is_list = all(
        _LIST.fullmatch(text[marks[first].end : marks[second].start]) for row in rows for first, second in pairwise(row)
    )
    if not is_list and not _IN_ORDER.search(text):
        return None
    return [[names[next(row.index(index) for row in rows if index in row)]] for index in range(len(marks))]


def _place(text: str, marks: Sequence[Mark], group: list[Occurrence], places: Sequence[_Place]) -> None:
    """Add a list of names to the number before it, or to the one behind it."""
    start, end = group[0].start, group[-1].end
    before = max((index for index, mark in enumerate(marks) if mark.start <= start), default=None)
    behind = min((index for index, mark in enumerate(marks) if mark.start >= end), default=None)
    others_lead = any(place.leading for place in places)
    is_exception = behind is not None and _WHERE.fullmatch(text, end, marks[behind].start)
    if behind is not None and is_exception and all(name.but for name in group):
        # "Everywhere except in staging, where 5 % is the limit".
        places[behind].leading += [replace(name, but=False) for name in group if name.name != ELSEWHERE]
    if before is None or (behind is not None and _is_leading(text, marks, group, others_lead=others_lead)):
        if behind is not None:
            places[behind].leading += group
    elif _is_trailing(text, marks[before], group, places[before].trailing):
        places[before].trailing += group


def _is_trailing(text: str, mark: Mark, group: Sequence[Occurrence], earlier: Sequence[Occurrence]) -> bool:
    """Return whether names behind a number belong to it; `earlier` are those that already do."""
    between = text[mark.end : group[0].start]
    # Names in an instruction do not belong to the number; nor do names behind another number.
    if words().actions.search(between) or _DIGIT.search(HOLD.sub("", between)):
        return False
    # "1 % in production; staging gets 10 %": 10 % is no mark, but "staging" belongs to it, not to 1 %.
    if earlier and _is_broken(text[earlier[-1].end : group[0].start]):
        return False
    # A name that no alert has must stand right at the number, or in brackets.
    strange = all(name.strange for name in group)
    return not strange or not (_is_broken(between) and ("(" not in between or _BREAKS[0].search(between)))


def _is_broken(text: str) -> bool:
    return any(pattern.search(text) for pattern in _BREAKS[:2])


def _is_leading(text: str, marks: Sequence[Mark], group: Sequence[Occurrence], *, others_lead: bool) -> bool:
    """Return whether names between two numbers belong to the second; the strongest break on either side decides.

    If both sides have the same break, or none, the names lead if `others_lead`: if other names precede their number.
    """
    if _LABEL.match(text, group[-1].end):
        return True
    low = max(mark.end for mark in marks if mark.start <= group[0].start)
    high = min(mark.start for mark in marks if mark.start >= group[-1].end)
    for pattern in _BREAKS:
        before = bool(pattern.search(text, low, group[0].start))
        behind = bool(pattern.search(text, group[-1].end, high))
        if before != behind:
            return before
        if before and behind:
            return others_lead
    return others_lead


def _names_of(index: int, text: str, marks: Sequence[Mark], places: Sequence[_Place]) -> list[Occurrence]:
    """Return the names of a number: its own, else those of a number before it, else those behind the next one."""
    names = places[index].names
    if names:
        return names
    grade = marks[index].severity
    for before in range(index - 1, -1, -1):
        if places[before].leading:
            return places[before].leading
        if places[before].trailing:
            return places[before].trailing if marks[before].severity != grade else []
    for behind in range(index + 1, len(marks)):
        between = text[marks[index].end : marks[behind].start]
        if marks[behind].severity == grade or _BREAKS[0].search(between) or places[behind].leading:
            return []
        if places[behind].trailing:
            return places[behind].trailing
    return []
