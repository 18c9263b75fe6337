"""Parse: the lines of a YAML file as a person sees them: indentation, key, open quotation marks.

Pure. `compiler.layout` and `compiler.slips` use it to explain parser errors; what a file means never depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

QUOTES: Final = "\"'"
# The quantifiers are possessive, so that a long line of blanks or dashes causes no backtracking.
_KEY: Final = re.compile(
    r" *+(?P<dash>(?:- ++)*+)(?P<key>(?:\"[^\"]*+\"|'[^']*+') *+|[^\s#\"'{}\[\],&*!|>%@`][^:#]*+):(?P<rest>\s.*|)\Z"
)
_BLOCK_TEXT: Final = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that holds more than a comment; `number` counts from 1, `indent` is in spaces.

    `key` is None if the line has none. `value` is the text after the colon, or else the whole line, without a comment.
    """

    number: int
    text: str
    indent: int
    key: str | None
    value: str
    dashed: bool

    @property
    def parent(self) -> bool:
        """Whether the key's value is in the lines below."""
        return self.key is not None and not self.value


def lines(texts: Sequence[str]) -> Iterator[Line]:
    """Yield the lines with content, except those inside brackets and block scalars."""
    block: int | None = None
    depth = 0
    for number, text in enumerate(texts, 1):
        stripped = text.strip(" ")
        if not stripped or stripped.startswith("#") or stripped in {"---", "..."}:
            continue
        indent = len(text) - len(text.lstrip(" "))
        if block is not None and indent > block:
            continue
        block = None
        inside = depth > 0
        depth = max(0, depth + scan(text).opened)
        if inside:
            continue
        parsed = line(number, text)
        if _BLOCK_TEXT.match(parsed.value):
            block = indent
        yield parsed


def line(number: int, text: str) -> Line:
    """Return one line, split into its parts."""
    match = _KEY.match(text)
    indent = len(text) - len(text.lstrip(" "))
    if match is None:
        return Line(
            number=number,
            text=text,
            indent=indent,
            key=None,
            value=_without_comment(text.strip()),
            dashed=text.lstrip().startswith("- "),
        )
    return Line(
        number=number,
        text=text,
        indent=indent,
        key=match["key"].rstrip(" ").strip(QUOTES),
        value=_without_comment(match["rest"].strip()),
        dashed=bool(match["dash"]),
    )


def _without_comment(text: str) -> str:
    return "" if text.startswith("#") else re.sub(r"\s#.*\Z", "", text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """The quotation marks and brackets of one line; offsets count from 0.

    `open_quote` is the place of a quotation mark that the line does not close. `behind` is the place of text that
    follows a closed quotation, and `quote` the place where that quotation opens. `opened` is the number of opening
    brackets minus closing ones.
    """

    open_quote: int | None = None
    behind: int | None = None
    quote: int = 0
    opened: int = 0


def scan(text: str) -> Scan:
    """Return the quotation marks and brackets of a line; an opening one counts only where YAML lets a text begin."""
    at, beginning, opened = 0, True, 0
    while at < len(text):
        character = text[at]
        if character == "#" and (at == 0 or text[at - 1].isspace()):
            break
        if character in QUOTES and beginning:
            end = _closing(text, at)
            if end is None:
                return Scan(open_quote=at, opened=opened)
            next_character = text[end + 1 : end + 2]
            if next_character and not next_character.isspace() and next_character not in (":,}]" if opened else ":"):
                return Scan(behind=end + 1, quote=at, opened=opened)
            at, beginning = end, False
        else:
            beginning = _begins(text, at, opened, beginning=beginning)
            opened += _opens(character, opened, beginning=beginning)
        at += 1
    return Scan(opened=opened)


def _begins(text: str, at: int, opened: int, *, beginning: bool) -> bool:
    """Return whether a text may begin after a character; `beginning` says whether one could begin at it."""
    character, next_character = text[at], text[at + 1 : at + 2]
    if character.isspace() or (character in "{[" and beginning) or (character == "," and opened):
        return beginning or character == ","
    return (character == ":" and next_character in {"", " "}) or (
        character == "-" and next_character == " " and beginning
    )


def _opens(character: str, opened: int, *, beginning: bool) -> int:
    """Return 1 for a bracket that opens, -1 for one that closes, else 0."""
    if character in "{[" and beginning:
        return 1
    return -1 if character in "}]" and opened else 0


def _closing(text: str, start: int) -> int | None:
    """Return where the quotation that opens at `start` is closed, or None."""
    mark, at = text[start], start + 1
    while at < len(text):
        if mark == '"' and text[at] == "\\":
            at += 1
        elif text[at] == mark:
            if mark == '"' or text[at + 1 : at + 2] != mark:
                return at
            at += 1
        at += 1
    return None
