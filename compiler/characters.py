"""Classify characters by our own table, because each version of Python has another version of Unicode.

`compiler.runbooks.anchors`, `compiler.artifacts` and `compiler.diagnostics` use it, so that their output is the same on
every Python. The table is `characters.txt`; this module reads it on first use. `testbed.characters` measures the table,
and docs/decisions/0028 says why it exists.
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

KEPT_ON_GITHUB: Final = "g"
OF_A_WORD: Final = "w"
"""Letters, marks, digits and connecting punctuation: Ruby's `\\p{Word}`."""
LETTER_OR_NUMBER: Final = "n"
_CASED: Final = "c"
_IGNORED: Final = "i"

_LINE: Final = re.compile(
    r"(?P<first>[0-9A-F]+)(?:-(?P<last>[0-9A-F]+))?(?P<second>/2)?"
    r" (?:(?P<kinds>[a-z]+)|(?P<distance>[+-][0-9]+)|= (?P<letters>[0-9A-F ]+))"
)
_CAPITAL_SIGMA: Final = "\N{GREEK CAPITAL LETTER SIGMA}"
_FINAL_SIGMA: Final = "\N{GREEK SMALL LETTER FINAL SIGMA}"
UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    r"\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
    r"(?<![#*0-9\xa9\xae\u203c\u2049\u2122-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff][\ufe0e\ufe0f])"
)
"""Characters that are invisible or that move the text; an ordinary space is not among them.

`webhook.untrusted` has the same table; a test compares them.
"""


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The table in a form for look-ups: runs of characters of the same kinds, and the small letters of capitals."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    kinds: tuple[str, ...]
    small: dict[int, str]


class _Kinds(dict[str, str]):
    """The kinds of each character; the dict looks up a character on its first use."""

    def __missing__(self, character: str) -> str:
        table, code = _table(), ord(character)
        place = bisect(table.firsts, code) - 1
        is_listed = place >= 0 and code <= table.lasts[place]
        self[character] = kinds = table.kinds[place] if is_listed else ""
        return kinds


_KINDS: Final = _Kinds()


def is_kind(character: str, kind: str) -> bool:
    """Return whether the character is of this kind, one of the constants above."""
    return kind in _KINDS[character]


def is_printable(text: str) -> bool:
    """Return whether each character is visible as itself; characters of later Unicode versions count as visible."""
    return UNPRINTABLE.search(text) is None


def small_letters(text: str) -> str:
    """Return the text in small letters, converting each character by itself."""
    return text.translate(_table().small)


def lower_case(text: str) -> str:
    """Return the text in small letters by Unicode's rule, in which a sigma at the end of a word has its own form."""
    if _CAPITAL_SIGMA not in text:
        return small_letters(text)
    characters = list(text)
    for place, character in enumerate(characters):
        if character == _CAPITAL_SIGMA and _has_case(text, place, -1) and not _has_case(text, place, 1):
            characters[place] = _FINAL_SIGMA
    return small_letters("".join(characters))


def _has_case(text: str, place: int, step: int) -> bool:
    """Return whether the next character that is not ignored, from `place` in the direction of `step`, has a case."""
    place += step
    while 0 <= place < len(text) and is_kind(text[place], _IGNORED):
        place += step
    return 0 <= place < len(text) and is_kind(text[place], _CASED)


@cache
def _table() -> _Table:
    """Return the table of `characters.txt`."""
    text = resources.files(__package__).joinpath("characters.txt").read_text(encoding="ascii")
    lines = [line for line in map(_LINE.fullmatch, text.splitlines()) if line]
    runs = [line for line in lines if line["kinds"]]
    return _Table(
        firsts=tuple(_first(line) for line in runs),
        lasts=tuple(_last(line) for line in runs),
        kinds=tuple(line["kinds"] for line in runs),
        small={code: letters for line in lines if not line["kinds"] for code, letters in _small(line).items()},
    )


def _small(line: re.Match[str]) -> dict[int, str]:
    if line["letters"]:
        return {_first(line): "".join(chr(int(code, 16)) for code in line["letters"].split())}
    step, distance = 2 if line["second"] else 1, int(line["distance"])
    return {code: chr(code + distance) for code in range(_first(line), _last(line) + 1, step)}


def _first(line: re.Match[str]) -> int:
    return int(line["first"], 16)


def _last(line: re.Match[str]) -> int:
    return int(line["last"] or line["first"], 16)
