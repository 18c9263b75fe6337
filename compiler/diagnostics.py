"""Diagnostics: what is wrong with a user's files, where, and how to mend it.

Every stage imports this module. A user's mistake is a `Diagnostic`, never an exception. A run gathers all diagnostics
and shows them together, sorted by place. `compiler.checks.codes` explains each `code`.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from compiler import harmless
from compiler.characters import is_printable

Level = Literal["error", "warning"]


class Span(NamedTuple):
    """A place in a file: line and columns count from 1; the end column is the first one after the place."""

    path: str
    line: int
    column: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Another place that belongs to a diagnostic, and what stands there."""

    span: Span
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One finding."""

    code: str
    message: str
    span: Span
    hint: str | None = None
    related: tuple[Related, ...] = ()
    level: Level = "error"


@dataclass(kw_only=True)
class Diagnostics:
    """Gathers the findings of one run and the source lines that they point at.

    `suppressed` are the findings that a comment silences, each with the comment's reason. After `most` findings, the
    next one raises `TooManyFindingsError`; the code that sets `most` must catch it.
    """

    most: int | None = None
    found: list[Diagnostic] = field(default_factory=list)
    suppressed: list[tuple[Diagnostic, str]] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict)
    _lines: dict[tuple[str, int], str] = field(default_factory=dict)

    def error(
        self, code: str, span: Span, message: str, *, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        """Add an error."""
        self._add(Diagnostic(code=code, message=message, span=span, hint=hint, related=related))

    def warning(
        self, code: str, span: Span, message: str, *, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        """Add a finding that does not prevent the output from being written."""
        self._add(Diagnostic(code=code, message=message, span=span, hint=hint, related=related, level="warning"))

    def _add(self, finding: Diagnostic) -> None:
        if self.most is not None and len(self.found) >= self.most:
            raise TooManyFindingsError
        self.found.append(finding)

    def read(self, path: str, text: str) -> None:
        """Remember a file's text, so that findings in it can be shown with their line."""
        self.sources[path] = text.split("\n")
        self._lines.clear()

    def line(self, span: Span) -> str | None:
        """Return the source line of a span, or None if it is not known."""
        lines, place = self.sources.get(span.path, []), (span.path, span.line)
        if not 0 < span.line <= len(lines):
            return None
        # Cached, because one line may have many findings, and each look-up searches the line for every secret.
        if place not in self._lines:
            self._lines[place] = self._concealed(lines[span.line - 1])
        return self._lines[place]

    def part(self, span: Span, value: str, start: int, length: int) -> Span:
        """Return the place of `length` characters from `start` of a value, or the value's place if they are not found.

        A value may continue over several lines, folded or not. This method finds no part behind a YAML escape.
        """
        lines = self.sources.get(span.path, [])
        if not length or not 0 < span.line <= len(lines):
            return span
        position = 0
        for number in range(span.line, len(lines) + 1):
            line = lines[number - 1]
            offset = len(line) - len(line.lstrip())
            if number == span.line:
                offset = span.column - 1
                if _BLOCK.match(line, offset):
                    continue
                offset += line[offset : offset + 1] in {"'", '"'}
            shown = line[offset:].rstrip()
            same = _common(shown, value, position)
            if position <= start < position + same:
                column = offset + start - position + 1
                return Span(span.path, number, column, column + min(length, position + same - start))
            position += same
            if same < len(shown) or position >= len(value):
                break
            blank = _BLANK.match(value, position)
            position = blank.end() if blank else position
        return span

    def conceal(self, secret: str, *, before: str = "", behind: str = "") -> None:
        """Hide a secret in all shown lines and messages, wherever it stands between the two texts."""
        self._secrets[f"{before}{secret}{behind}"] = f"{before}{'*' * len(secret)}{behind}"
        self._lines.clear()

    @property
    def may_conceal(self) -> bool:
        """Whether another secret can be hidden; their number is limited, because each is searched for in every text."""
        return len(self._secrets) < _MAX_SECRETS

    def _concealed(self, text: str) -> str:
        """Return a text with one star for each character of a secret."""
        for shown, stars in self._secrets.items():
            text = text.replace(shown, stars)
        return text

    @property
    def failed(self) -> bool:
        """Whether there is an error, so that no output may be written."""
        return any(diagnostic.level == "error" for diagnostic in self.found)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.shown(self.found))

    def excerpt(self) -> tuple[list[Diagnostic], int]:
        """Return the findings that a report shows, and how many more there are; errors take precedence."""
        whole = self.shown(self.found)
        if len(whole) <= MAX_SHOWN:
            return whole, 0
        first = sorted(whole, key=lambda finding: finding.level)[:MAX_SHOWN]
        return sorted(first, key=_order), len(whole) - MAX_SHOWN

    def shown(self, findings: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Return findings ready to be shown: sorted by place, without secrets, duplicates merged into one."""
        merged: dict[Diagnostic, dict[Related, None]] = {}
        for finding in findings:
            merged.setdefault(replace(finding, related=()), {}).update(dict.fromkeys(finding.related))
        whole = (self._ready(finding, tuple(related)) for finding, related in merged.items())
        return sorted(whole, key=_order)

    def _ready(self, finding: Diagnostic, related: tuple[Related, ...]) -> Diagnostic:
        """Return a finding that is ready to be shown, with these related places."""
        hint = None if finding.hint is None else self._words(finding.hint)
        places = tuple(replace(place, message=self._words(place.message)) for place in related)
        return replace(finding, message=self._words(finding.message), hint=hint, related=places)

    def _words(self, text: str) -> str:
        """Return a message without secrets and without characters that a terminal would obey."""
        words = self._concealed(text[: _MAX_WORDS + _LONGEST_SECRET])
        if len(words) > _MAX_WORDS:
            words = f"{words[:_MAX_WORDS]}…"
        return harmless.words(words)


class TooManyFindingsError(Exception):
    """The run has reached its maximum number of findings; the diagnostics hold them."""


MAX_FOUND: Final = 10_000
"""Findings after which a run stops."""
MAX_SHOWN: Final = 500
"""Findings that a report shows; the report also says how many more there are."""


def _order(finding: Diagnostic) -> tuple[Span, str, str]:
    return finding.span, finding.code, finding.message


_MAX_SECRETS: Final = 1000
_MAX_WORDS: Final = 2000
"""Characters of a message or a hint; a quoted text could be as long as a file."""
_LONGEST_SECRET: Final = 20_000
"""Characters of the longest secret that `compiler.checks.secrets` finds.

A cut message is searched this much further, so that a secret at the cut is hidden, too.
"""
_BLANK: Final = re.compile(r"\s*")

_BLOCK: Final = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?$")
"""The indicator of a YAML block scalar, whose text stands on the lines below."""


def _common(first: str, second: str, start: int) -> int:
    """Return how many characters `second` shares, from `start` on, with the beginning of `first`."""
    shorter = min(len(first), len(second) - start)
    return next((index for index in range(shorter) if first[index] != second[start + index]), shorter)


_TAB_WIDTH: Final = 8
_MAX_COLUMNS: Final = 160
_MAX_LOOKED_AT: Final = 2000
_MAX_RELATED: Final = 4
"""Related places that the text format shows: a mistake in shared settings concerns every system."""


def nearest(word: str, known: Iterable[str], *, itself: bool = True) -> str | None:
    """Return the known word that `word` was probably meant to be, or None; `itself` says whether that may be `word`.

    If there are many known words, this function compares only those with the most similar beginnings or ends. It
    compares no long words.
    """
    if len(word) > _LONGEST_WORD:
        return None
    candidates = frozenset(known)
    near = sorted(candidates) if len(candidates) <= _MOST_COMPARED else _neighbours(word, candidates)
    compared = [candidate for candidate in near if len(candidate) <= _LONGEST_WORD and (itself or candidate != word)]
    matches = get_close_matches(word, compared, n=3, cutoff=0.6)
    # Two swapped letters are the most common slip.
    transposed = (match for match in matches if sorted(match) == sorted(word))
    return next(transposed, next(iter(matches), None))


_LONGEST_WORD: Final = 100
"""Characters of the longest word to compare: comparing two words takes time in the product of their lengths."""
_MOST_COMPARED: Final = 48


def _neighbours(word: str, known: frozenset[str]) -> list[str]:
    """Return the neighbours that `word` would have in a list sorted by beginnings, and in a list sorted by ends."""
    neighbours: set[str] = set()
    for step, ordered in zip((1, -1), _ordered(known), strict=True):
        place = bisect(ordered, word[::step])
        adjacent = ordered[max(0, place - _MOST_COMPARED // 4) : place + _MOST_COMPARED // 4]
        neighbours.update(neighbour[::step] for neighbour in adjacent)
    return sorted(neighbours)


@lru_cache(maxsize=64)
def _ordered(known: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the words sorted, and the reversed words sorted."""
    return sorted(known), sorted(word[::-1] for word in known)


def did_you_mean(word: str, known: Iterable[str], *, itself: bool = True) -> str | None:
    """Return a hint that names the nearest known word, or all of them if they are few; see `nearest`."""
    candidates = frozenset(known)
    match = nearest(word, candidates, itself=itself)
    if match is not None:
        return f"did you mean `{match}`?"
    if 0 < len(candidates) <= _MOST_NAMED:
        return "known here: " + ", ".join(f"`{name}`" for name in sorted(candidates) if itself or name != word)
    return None


_MOST_NAMED: Final = 12


def render(diagnostic: Diagnostic, diagnostics: Diagnostics) -> str:
    """Return a diagnostic as text: place, message, the source line with a caret, hint, related places."""
    lines = [f"{_place(diagnostic.span)}: {diagnostic.level}[{diagnostic.code}]: {diagnostic.message}"]
    lines += _excerpt(diagnostic.span, diagnostics)
    for related in diagnostic.related[:_MAX_RELATED]:
        lines.append(f"  {_place(related.span)}: {related.message}")
        lines += _excerpt(related.span, diagnostics)
    if len(diagnostic.related) > _MAX_RELATED:
        lines.append(f"  and {len(diagnostic.related) - _MAX_RELATED} more places")
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def _place(span: Span) -> str:
    return f"{harmless.words(span.path)}:{span.line}:{span.column}"


def _excerpt(span: Span, diagnostics: Diagnostics) -> list[str]:
    source = diagnostics.line(span)
    if source is None:
        return []
    caret_length = max(1, min(span.end_column, len(source) + 1) - span.column)
    # A very long line is cut to the part around the place.
    cut = max(0, span.column - 1 - _MAX_LOOKED_AT) if len(source) > 2 * _MAX_LOOKED_AT else 0
    before = source[cut : span.column - 1].expandtabs(_TAB_WIDTH)
    source = source[cut : cut + 2 * _MAX_LOOKED_AT] if cut or len(source) > 2 * _MAX_LOOKED_AT else source
    shown = source.expandtabs(_TAB_WIDTH)
    start = max(0, len(before) - _MAX_COLUMNS // 2) if len(shown) > _MAX_COLUMNS else 0
    shown = "".join(
        character if is_printable(character) else "\N{REPLACEMENT CHARACTER}"
        for character in shown[start : start + _MAX_COLUMNS]
    )
    gutter = f"{span.line:>5} | "
    caret = " " * (len(before) - start) + "^" * min(caret_length, _MAX_COLUMNS)
    return [f"{gutter}{shown}", f"{' ' * (len(gutter) - 2)}| {caret[:_MAX_COLUMNS]}"]
