"""Matches the catalogue's regular expressions as Alertmanager does: whole values, in linear time. Pure.

Python's own engine backtracks, so a label could keep it busy for hours. Here a pattern is a finite automaton that reads
each character once (Thompson, "Regular expression search algorithm", 1968). The syntax is RE2's (Go, `regexp/syntax`)
without word boundaries, `(?m)` and Unicode classes, which the compiler refuses. `routes` uses this module.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_STATES = 1_000
"""States of one automaton; each character costs at most this number of steps."""
DEEPEST = 50
"""How deep groups may be nested."""
MOST_REMEMBERED = 5_000
"""Transitions of the automaton that are cached for later values."""

_LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """The pattern cannot be used; the message says why."""


def _ranges(*pairs: str) -> Ranges:
    return tuple((ord(pair[0]), ord(pair[-1])) for pair in pairs)


_DIGITS, _LETTERS = _ranges("09"), _ranges("AZ", "az")
_CLASSES: dict[str, Ranges] = {
    "alnum": (*_DIGITS, *_LETTERS),
    "alpha": _LETTERS,
    "ascii": ((0, 0x7F),),
    "blank": _ranges("\t", " "),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGITS,
    "graph": _ranges("!~"),
    "lower": _ranges("az"),
    "print": _ranges(" ~"),
    "punct": _ranges("!/", ":@", "[`", "{~"),
    "space": _ranges("\t\r", " "),
    "upper": _ranges("AZ"),
    "word": (*_DIGITS, *_LETTERS, *_ranges("_")),
    "xdigit": (*_DIGITS, *_ranges("AF", "af")),
}
_PERL: dict[str, Ranges] = {"d": _DIGITS, "w": _CLASSES["word"], "s": _ranges("\t\n", "\f\r", " ")}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REPEAT = re.compile(r"(?:([*+?])|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\})\??")
_GROUP = re.compile(r"\((?:\?P?<[A-Za-z_][A-Za-z0-9_]*>|\?(?P<flags>[isU]*(?:-[isU]+)?)(?P<end>[:)]))?")
_CODE = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_NAMED = re.compile(r"\[:(\^?)([a-z]+):\]")


@dataclass(frozen=True, kw_only=True)
class _Characters:
    """A set of characters as ordered ranges that neither overlap nor touch."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    negated: bool
    ignores_case: bool

    def holds(self, character: str) -> bool:
        forms = {character, character.lower(), character.upper()} if self.ignores_case else {character}
        return any(len(form) == 1 and self._is_in_ranges(ord(form)) for form in forms) != self.negated

    def _is_in_ranges(self, code: int) -> bool:
        place = bisect_right(self.starts, code) - 1
        return place >= 0 and code <= self.ends[place]


def _characters(ranges: Iterable[tuple[int, int]], *, negated: bool = False, ignores_case: bool = False) -> _Characters:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    starts, ends = tuple(pair[0] for pair in merged), tuple(pair[1] for pair in merged)
    return _Characters(starts=starts, ends=ends, negated=negated, ignores_case=ignores_case)


def _complement(ranges: Ranges) -> Ranges:
    plain = _characters(ranges)
    edges = [-1, *(edge for pair in zip(plain.starts, plain.ends, strict=True) for edge in pair), _LAST + 1]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((end + 1, start - 1) for end, start in pairs if end + 1 <= start - 1)


# The nodes of a pattern: characters, an edge (beginning or end of the value), a row, alternatives, or a repetition.
@dataclass(frozen=True)
class _Edge:
    begins: bool


@dataclass(frozen=True)
class _Row:
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Either:
    alternatives: tuple[_Node, ...]


@dataclass(frozen=True)
class _Repeated:
    part: _Node
    least: int
    most: int | None


_Node = _Characters | _Edge | _Row | _Either | _Repeated


class _Reader:
    """Parses a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.ignores_case = False
        self.dotall = False

    def whole(self) -> _Node:
        node = self._either(0)
        if self.place < len(self.text):
            raise self._error()
        return node

    def _error(self) -> PatternError:
        return PatternError(f"cannot be read from {self.text[self.place :][:40]!r} on")

    def _next(self) -> str:
        return self.text[self.place : self.place + 1]

    def _either(self, depth: int) -> _Node:
        if depth > DEEPEST:
            raise PatternError(f"has more than {DEEPEST} groups within one another")
        flags = self.ignores_case, self.dotall
        alternatives = [self._row(depth)]
        while self._next() == "|":
            self.place += 1
            alternatives.append(self._row(depth))
        self.ignores_case, self.dotall = flags
        return _Either(tuple(alternatives)) if len(alternatives) > 1 else alternatives[0]

    def _row(self, depth: int) -> _Node:
        parts: list[_Node] = []
        while self._next() not in {"", "|", ")"}:
            part = self._atom(depth)
            if part is not None:
                parts.append(self._repeated(part))
        return _Row(tuple(parts))

    def _repeated(self, part: _Node) -> _Node:
        match = _REPEAT.match(self.text, self.place)
        if match is None:
            return part
        self.place = match.end()
        sign, least, comma, most = match.groups()
        if sign:
            return _Repeated(part, int(sign == "+"), 1 if sign == "?" else None)
        highest = int(most) if most else None if comma else int(least)
        if highest is not None and highest < int(least):
            raise PatternError(f"has a repetition that ends before it begins: {match.group()}")
        return _Repeated(part, int(least), highest)

    def _atom(self, depth: int) -> _Node | None:
        character = self._next()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        if character in "*+?{":
            raise self._error()
        self.place += 1
        if character in "^$":
            return _Edge(character == "^")
        if character == ".":
            return _characters(() if self.dotall else _ranges("\n"), negated=True)
        return _characters(_ranges(character), ignores_case=self.ignores_case)

    def _group(self, depth: int) -> _Node | None:
        opening = _GROUP.match(self.text, self.place)
        if opening is None or (self.text.startswith("(?", self.place) and opening.end() == self.place + 1):
            raise self._error()
        self.place = opening.end()
        flags_before = self.ignores_case, self.dotall
        on, _, off = (opening["flags"] or "").partition("-")
        self.ignores_case = ("i" in on or self.ignores_case) and "i" not in off
        self.dotall = ("s" in on or self.dotall) and "s" not in off
        if opening["end"] == ")":
            return None  # the flags hold from here to the end of the enclosing group
        content = self._either(depth + 1)
        self.ignores_case, self.dotall = flags_before
        if self._next() != ")":
            raise PatternError("has a group without an end")
        self.place += 1
        return content

    def _escape(self) -> _Node:
        following = self.text[self.place + 1 : self.place + 2]
        if following in {"A", "z"}:
            self.place += 2
            return _Edge(following == "A")
        ranges = self._escaped()
        return _characters(ranges, ignores_case=self.ignores_case)

    def _escaped(self) -> Ranges:
        """Return the characters for which an escape stands."""
        following = self.text[self.place + 1 : self.place + 2]
        code = _CODE.match(self.text, self.place)
        if code is not None and int(code[1] or code[2], 16) <= _LAST:
            self.place = code.end()
            value = int(code[1] or code[2], 16)
            return ((value, value),)
        if following.lower() in _PERL:
            self.place += 2
            ranges = _PERL[following.lower()]
            return ranges if following.islower() else _complement(ranges)
        plain = _CONTROLS.get(following) or (following if following.isascii() and not following.isalnum() else "")
        if not plain:
            raise self._error()
        self.place += 2
        return _ranges(plain)

    def _set(self) -> _Node:
        self.place += 1
        negated = self._next() == "^"
        self.place += int(negated)
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self._next() != "]":
            if not self._next():
                raise PatternError("has a set without an end")
            ranges += self._member()
            first = False
        self.place += 1
        return _characters(ranges, negated=negated, ignores_case=self.ignores_case)

    def _member(self) -> Ranges:
        named = _NAMED.match(self.text, self.place)
        if named is not None:
            if named[2] not in _CLASSES:
                raise self._error()
            self.place = named.end()
            return _complement(_CLASSES[named[2]]) if named[1] else _CLASSES[named[2]]
        start = self._single()
        if self._next() != "-" or self.text[self.place + 1 : self.place + 2] in {"]", ""} or len(start) > 1:
            return start
        self.place += 1
        end = self._single()
        if len(end) > 1 or end[0][0] < start[0][0] or start[0][0] != start[0][1] or end[0][0] != end[0][1]:
            raise PatternError("has a range in a set that ends before it begins")
        return ((start[0][0], end[0][1]),)

    def _single(self) -> Ranges:
        if self._next() == "\\":
            return self._escaped()
        self.place += 1
        return _ranges(self.text[self.place - 1])


@dataclass
class _Program:
    """The automaton: each state reads a character, or leads on without one."""

    characters: list[_Characters | None] = field(default_factory=list)
    onward: list[list[int]] = field(default_factory=list)
    edges: dict[int, bool] = field(default_factory=dict)
    """The states that can be passed only at the beginning of the value (True), or only at its end (False)."""

    def state(self, onward: Sequence[int], characters: _Characters | None = None) -> int:
        if len(self.onward) >= MOST_STATES:
            raise PatternError("is too large")
        self.characters.append(characters)
        self.onward.append(list(onward))
        return len(self.onward) - 1

    def add(self, node: _Node, after: int) -> int:
        """Add the states of `node`, which lead on to the state `after`; return the first of them."""
        match node:
            case _Characters():
                return self.state([after], node)
            case _Edge(begins=begins):
                number = self.state([after])
                self.edges[number] = begins
                return number
            case _Row(parts=parts):
                for part in reversed(parts):
                    after = self.add(part, after)
                return after
            case _Either(alternatives=alternatives):
                return self.state([self.add(alternative, after) for alternative in alternatives])
            case _Repeated(part=part, least=least, most=most):
                return self._repeat(part, least, most, after)

    def _repeat(self, part: _Node, least: int, most: int | None, after: int) -> int:
        if most is None:
            loop = self.state([after])
            self.onward[loop].insert(0, self.add(part, loop))
            after = loop
        else:
            for _ in range(most - least):
                after = self.state([self.add(part, after), after])
        for _ in range(least):
            first = self.add(part, after)
            if first == after:  # an empty part adds no state, however often it is repeated
                break
            after = first
        return after


@dataclass
class _Place:
    """The set of states in which the automaton can be at one point of a value."""

    states: tuple[int, ...]
    accepts: bool
    moves: dict[str, _Place] = field(default_factory=dict)


class Pattern:
    """A compiled pattern; raises PatternError if the text cannot be used."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._program = _Program()
        self._end = self._program.state([])
        self._first = self._program.add(_Reader(text).whole(), self._end)
        self._forget()

    def __eq__(self, other: object) -> bool:
        """Return whether `other` is the same pattern."""
        return isinstance(other, Pattern) and other.text == self.text

    def __hash__(self) -> int:
        """Return the hash of the text."""
        return hash(self.text)

    def matches(self, value: str) -> bool:
        """Return whether the pattern matches the whole value."""
        place = self._start
        for character in value:
            following = place.moves.get(character)
            place = following if following is not None else self._move(place, character)
            if not place.states:
                return False
        return place.accepts

    def _forget(self) -> None:
        self._places: dict[tuple[int, ...], _Place] = {}
        self._remembered = 0
        self._start = self._place([self._first], begins=True)

    def _move(self, place: _Place, character: str) -> _Place:
        conditions = ((state, self._program.characters[state]) for state in place.states)
        reached = [
            self._program.onward[state][0]
            for state, characters in conditions
            if characters is not None and characters.holds(character)
        ]
        if self._remembered >= MOST_REMEMBERED:
            self._forget()
        following = self._place(reached, begins=False)
        place.moves[character] = following
        self._remembered += 1
        return following

    def _place(self, states: Iterable[int], *, begins: bool) -> _Place:
        reached = self._closure(states, begins=begins, ends=False)
        if begins:  # this place is not cached: later its edges can no longer be passed
            return _Place(states=reached, accepts=self._end in self._closure(states, begins=True, ends=True))
        known = self._places.get(reached)
        if known is None:
            known = _Place(states=reached, accepts=self._end in self._closure(states, begins=False, ends=True))
            self._places[reached] = known
        return known

    def _closure(self, states: Iterable[int], *, begins: bool, ends: bool) -> tuple[int, ...]:
        """Return the states that can be reached without reading a character, in order."""
        closure: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in closure:
                continue
            closure.add(state)
            edge = self._program.edges.get(state)
            passed = edge is None or (begins if edge else ends)
            if passed and self._program.characters[state] is None:
                waiting += self._program.onward[state]
        return tuple(sorted(closure))
