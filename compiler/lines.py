"""Parse: the lines of a YAML file as a person sees them: how far in, which key, which quotation marks are open.

Pure; used by `compiler.layout` and `compiler.syntax` where the parser is at a loss, and by nothing that decides what a
file means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

QUOTES: Final = "\"'"
# What a part has taken it does not give back: a line of blanks or of dashes is read once.
_KEY: Final = re.compile(
    r" *+(?P<dash>(?:- ++)*+)(?P<key>(?:\"[^\"]*+\"|'[^']*+') *+|[^\s#\"'{}\[\],&*!|>%@`][^:#]*+):(?P<rest>\s.*|)\Z"
)
_BLOCK_TEXT: Final = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that holds something besides a comment; `number` counts from 1, `indent` blanks.

    `key` is None where it has none; `value` is what stands behind the colon, or the whole line, without a comment.
    """

    number: int
    text: str
    indent: int
    key: str | None
    value: str
    dashed: bool

    @property
    def parent(self) -> bool:
        """Whether what belongs to the key stands in the lines below."""
        return self.key is not None and not self.value


def lines(texts: Sequence[str]) -> Iterator[Line]:
    """Yield the lines that say something, without those within brackets and texts of several lines."""
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
        found = line(number, text)
        if _BLOCK_TEXT.match(found.value):
            block = indent
        yield found


def line(number: int, text: str) -> Line:
    """Return one line by its parts."""
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
    """What quotation marks and brackets of one line do; offsets count from 0.

    `open_quote` is where a quotation mark stands that its line does not close; `behind` where text follows a closed
    one, and `quote` where that one opens; `opened` how many brackets more are opened than closed.
    """

    open_quote: int | None = None
    behind: int | None = None
    quote: int = 0
    opened: int = 0


def scan(text: str) -> Scan:
    """Return what quotation marks and brackets of a line do, where a text begins by the rules of YAML."""
    at, beginning, opened = 0, True, 0
    while at < len(text):
        character = text[at]
        if character == "#" and (at == 0 or text[at - 1].isspace()):
            break
        if character in QUOTES and beginning:
            end = _closing(text, at)
            if end is None:
                return Scan(open_quote=at, opened=opened)
            follows = text[end + 1 : end + 2]
            if follows and not follows.isspace() and follows not in (":,}]" if opened else ":"):
                return Scan(behind=end + 1, quote=at, opened=opened)
            at, beginning = end, False
        else:
            beginning = _begins(text, at, opened, beginning=beginning)
            opened += _opens(character, opened, beginning=beginning)
        at += 1
    return Scan(opened=opened)


def _begins(text: str, at: int, opened: int, *, beginning: bool) -> bool:
    """Return whether a text may begin behind a character; `beginning` is whether one could begin at it."""
    character, follows = text[at], text[at + 1 : at + 2]
    if character.isspace() or (character in "{[" and beginning) or (character == "," and opened):
        return beginning or character == ","
    return (character == ":" and follows in {"", " "}) or (character == "-" and follows == " " and beginning)


def _opens(character: str, opened: int, *, beginning: bool) -> int:
    """Return 1 for a bracket that opens, -1 for one that closes, else 0."""
    if character in "{[" and beginning:
        return 1
    return -1 if character in "}]" and opened else 0


def _closing(text: str, start: int) -> int | None:
    """Return where a quotation mark that stands at `start` is closed, or None."""
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
