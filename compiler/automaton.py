"""Match users' regular expressions in time linear in the value; Python's own engine may backtrack for ever.

Pure. `compiler.signals.samples.sampling` uses it to make up values that matchers accept, and `compiler.float_labels`
uses it too. A pattern becomes a finite automaton that looks at each character once (Thompson, "Regular expression
search algorithm", 1968). `compiler.patterns` defines the tokens. A pattern that Prometheus and Python read differently,
or that is too large, has no automaton.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

from compiler.patterns import TOKEN

MAX_STATES: Final = 5_000
"""States of an automaton; each repetition of a part adds its own copies."""
MAX_STEPS: Final = 10**6
"""The largest product of the number of states and the number of characters of a value."""
_FLAGS: Final = re.compile(r"\(\?(?P<flags>[is]+)(?P<end>[:)])")
_GROUP: Final = ("(", "(?:", "(?P<")

_Part = tuple[int, int]
"""The first and the last state of a part of the pattern."""


class TooLargeError(ValueError):
    """The pattern has no automaton, or the value is too long for it."""


class Automaton:
    """A pattern's states; a transition consumes one character that its pattern matches, or no character.

    `_empty_steps` are the states that a state reaches without a character. `_steps` is the one step of a state that
    consumes a character, with its target. `_edges` is `^` or `$` for a state that only the beginning or the end of the
    value can pass.
    """

    def __init__(self, pattern: str) -> None:
        self._empty_steps: list[list[int]] = []
        self._steps: list[tuple[re.Pattern[str], int] | None] = []
        self._edges: list[str] = []
        self._flags = ""
        self._place = 0
        self._pattern = pattern
        self._first, self._last = self._alternatives(0)
        if self._place < len(pattern):
            raise TooLargeError("a bracket has no partner")

    def matches(self, value: str) -> bool:
        """Return whether the pattern matches the whole value; raises TooLargeError if that would take long."""
        if len(self._empty_steps) * (len(value) + 1) > MAX_STEPS:
            raise TooLargeError("the value is long")
        states = self._reached([self._first], begins=True, ends=not value)
        for place, character in enumerate(value, 1):
            is_matched: dict[re.Pattern[str], bool] = {}
            following = []
            for state in states:
                if (step := self._steps[state]) is None:
                    continue
                pattern, target = step
                if pattern not in is_matched:
                    is_matched[pattern] = pattern.fullmatch(character) is not None
                if is_matched[pattern]:
                    following.append(target)
            states = self._reached(following, begins=False, ends=place == len(value))
        return self._last in states

    def _reached(self, states: list[int], *, begins: bool, ends: bool) -> set[int]:
        """Return the states and all states that are reachable from them without consuming a character."""
        reached, waiting = set(states), list(states)
        while waiting:
            state = waiting.pop()
            if (self._edges[state] == "^" and not begins) or (self._edges[state] == "$" and not ends):
                continue
            for target in self._empty_steps[state]:
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return reached

    def _state(self, edge: str = "") -> int:
        """Add a state; return its number."""
        if len(self._empty_steps) >= MAX_STATES:
            raise TooLargeError("the pattern is large")
        self._empty_steps.append([])
        self._steps.append(None)
        self._edges.append(edge)
        return len(self._empty_steps) - 1

    def _alternatives(self, depth: int) -> _Part:
        """Read the alternatives of a group, up to its closing bracket."""
        if depth > _DEEPEST:
            raise TooLargeError("the pattern is deep")
        flags = self._flags
        first, last = self._state(), self._state()
        while True:
            start, end = self._sequence(depth)
            self._empty_steps[first].append(start)
            self._empty_steps[end].append(last)
            if self._pattern[self._place : self._place + 1] != "|":
                break
            self._place += 1
        self._flags = flags
        return first, last

    def _sequence(self, depth: int) -> _Part:
        """Read a sequence of parts, up to a bar or a closing bracket."""
        first = last = self._state()
        while self._place < len(self._pattern) and self._pattern[self._place] not in "|)":
            begin = self._place
            part = self._part(depth)
            if part is None:
                continue
            end = self._place
            least, most = self._repetition()
            parts = [part]
            parts += [self._copy(begin, end, depth) for _ in range(1, max(least, most or 0, 1))]
            last = self._chained(last, parts, least, most)
        return first, last

    def _chained(self, last: int, parts: list[_Part], least: int, most: int | None) -> int:
        """Connect the copies of a repeated part to the state before them; return the state after them."""
        end = self._state()
        for number, (start, stop) in enumerate(parts, 1):
            if number > least:
                self._empty_steps[last].append(end)
            if most is None or number <= most:
                self._empty_steps[last].append(start)
            last = stop
            if number == len(parts) and most is None:
                self._empty_steps[stop].append(start)
        self._empty_steps[last].append(end)
        return end

    def _copy(self, begin: int, end: int, depth: int) -> _Part:
        """Read a part again, to get another copy of its states."""
        place_before, self._place = self._place, begin
        part = self._part(depth)
        assert part is not None  # noqa: S101 - the first reading found a part here
        assert self._place == end  # noqa: S101 - see above
        self._place = place_before
        return part

    def _part(self, depth: int) -> _Part | None:
        """Read a character, a set, an anchor or a group; return None for flags alone."""
        if (flags := _FLAGS.match(self._pattern, self._place)) is not None:
            self._place = flags.end()
            if flags["end"] == ")":
                self._flags += flags["flags"]
                return None
            return self._group(depth, self._flags + flags["flags"])
        token = TOKEN.match(self._pattern, self._place)
        if token is None or token["close"] is not None:
            raise TooLargeError("the pattern cannot be read")
        text = token["open"] or token["one"]
        self._place += len(text)
        if token["open"] is not None:
            if not text.startswith(_GROUP) or (text.startswith("(?") and not text.endswith((":", ">"))):
                raise TooLargeError("the pattern has flags")
            return self._group(depth, self._flags)
        return self._single_character(text)

    def _group(self, depth: int, flags: str) -> _Part:
        outer, self._flags = self._flags, flags
        part = self._alternatives(depth + 1)
        self._flags = outer
        if self._pattern[self._place : self._place + 1] != ")":
            raise TooLargeError("a bracket has no partner")
        self._place += 1
        return part

    def _single_character(self, text: str) -> _Part:
        edge = _EDGES.get(text, "")
        start, end = self._state(edge), self._state()
        if edge:
            self._empty_steps[start].append(end)
        elif text in _BORDERS:
            raise TooLargeError("the pattern has borders of words")
        else:
            self._steps[start] = (_character(text, self._flags), end)
        return start, end

    def _repetition(self) -> tuple[int, int | None]:
        """Read how often a part may occur: the least number and the most; None means that there is no most."""
        match = _REPETITION.match(self._pattern, self._place)
        if match is None:
            return 1, 1
        self._place = match.end()
        if match["sign"]:
            return _SIGNS[match["sign"]]
        least = int(match["least"])
        return least, least if match["comma"] is None else int(match["most"]) if match["most"] else None


_DEEPEST: Final = 50
_EDGES: Final = {"^": "^", r"\A": "^", "$": "$", r"\z": "$", r"\Z": "$"}
_BORDERS: Final = frozenset({r"\b", r"\B"})
_REPETITION: Final = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>[0-9]{1,4})(?P<comma>,(?P<most>[0-9]{1,4})?)?\})\??")
_SIGNS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@lru_cache(maxsize=4096)
def _character(text: str, flags: str) -> re.Pattern[str]:
    """Return the pattern of one character: a set, an escape, a dot or the character itself."""
    return re.compile(f"(?{''.join(sorted(set(flags)))}){text}" if flags else text)


def matches(pattern: str, value: str) -> bool:
    """Return whether a pattern matches a whole value; raises TooLargeError without an automaton, or for long work."""
    is_match = _matched(pattern, value)
    if is_match is None:
        raise TooLargeError("the pattern has no automaton, or the value is long")
    return is_match


@lru_cache(maxsize=4096)
def _matched(pattern: str, value: str) -> bool | None:
    """Return what `matches` returns, or None where it raises; cached, because callers repeat the same values."""
    compiled = _compiled(pattern)
    if compiled is None:
        return None
    if len(value) <= _SHORT and len(pattern) <= _SHORT and _is_simple(pattern):
        return compiled.fullmatch(value) is not None
    automaton = _automaton(pattern)
    try:
        return None if automaton is None else automaton.matches(value)
    except TooLargeError:
        return None


_SHORT: Final = 200
_REPEATS: Final = re.compile(r"[*+?{]")
_MOST_REPEATS: Final = 2


@lru_cache(maxsize=4096)
def _is_simple(pattern: str) -> bool:
    """Return whether Python's engine is fast too: few repetitions, none of a group, and at most one group."""
    repeats = len(_REPEATS.findall(pattern.replace("(?:", "(")))
    return repeats <= _MOST_REPEATS and pattern.count("(") <= 1 and re.search(r"\)[*+?{]", pattern) is None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return the compiled pattern, or None if Prometheus and Python read it differently, such as `[[:alpha:]]`."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        try:
            return re.compile(pattern)
        except (re.error, FutureWarning, OverflowError, RecursionError):
            return None


@lru_cache(maxsize=256)
def _automaton(pattern: str) -> Automaton | None:
    try:
        return Automaton(pattern)
    except TooLargeError:
        return None
