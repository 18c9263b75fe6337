"""PromQL as text: its tokens, and strings as every reader of PromQL takes them.

Below `compiler.promql`, which parses: the parser library reads escapes in raw strings, where Prometheus has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of PromQL: what it is (`string`, `number`, `word`, `sign` or `end`), how it is written, and where."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The first position behind it."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a text of PromQL: the part of it from `start`, of `length` characters, and the way out."""

    message: str
    start: int
    length: int
    hint: str | None = None


class MistakeError(Exception):
    """Text that is no PromQL."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
      | (?P<number>0[xX][0-9A-Fa-f]+|(?:[0-9]+(?:ms|[smhdwy]))+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
      | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<sign>=~|!~|==|!=|>=|<=|[-+*/%^=<>@(){}\[\],:])
    """,
    re.VERBOSE,
)


def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text without blanks and comments; MistakeError where a character begins none."""
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MistakeError(_stray(text, position))
        if match.lastgroup not in {None, "space"}:
            found.append(Token(match.lastgroup or "", match.group(), position))
        position = match.end()
    return tuple(found)


def _stray(text: str, position: int) -> Mistake:
    character = text[position]
    if character in "\"'`":
        line = text[position:].partition("\n")[0]
        end = "close it; text of several lines stands in backticks" if character != "`" else "close it"
        return Mistake(f"the string {code(line[:_SHOWN])} has no end", position, len(line), end)
    name = "other names than of letters, digits, `_` and `:` stand in quotes" if character.isalnum() else None
    return Mistake(f"`{character}` has no meaning in PromQL", position, 1, name)


_SHOWN: Final = 40


def rewritten(text: str, changes: Iterable[tuple[Token, str]]) -> str:
    """Return a text in which tokens, in their order, are replaced."""
    parts, position = [], 0
    for token, replacement in changes:
        parts += [text[position : token.start], replacement]
        position = token.end
    return "".join([*parts, text[position:]])


def without_raw_strings(text: str) -> str:
    """Return the same PromQL with strings in double quotes instead of backticks, in which nothing is an escape."""
    if "`" not in text:
        return text
    raw = (one for one in tokens(text) if one.text.startswith("`"))
    return rewritten(text, ((one, quoted(one.text[1:-1])) for one in raw))


def quoted(value: str) -> str:
    """Return a value as a string of PromQL."""
    return json.dumps(value, ensure_ascii=False)


def marked(text: str) -> tuple[str, dict[str, Token]]:
    """Return PromQL with a mark in the place of each string, and the strings by their marks.

    A mark is no name of a label, so that the library leaves it in quotes where quotes matter, and is a valid regex.
    """
    found = (one for one in tokens(text) if one.kind == "string")
    strings = {f"tocsin.{number}": one for number, one in enumerate(found)}
    return rewritten(text, ((one, f'"{mark}"') for mark, one in strings.items())), strings


def unmarked(text: str, strings: Mapping[str, Token]) -> str:
    """Return PromQL with the strings in the places of their marks, also of those that lost their quotes."""
    return _MARK.sub(lambda found: strings[found[1]].text, text)


_MARK: Final = re.compile(r'"?(tocsin\.[0-9]+)"?')


def code(text: str) -> str:
    """Return a text as messages quote it."""
    return text if "`" in text else f"`{text}`"


def value_of(token: Token) -> str | None:
    """Return what a string says; None where it holds escapes that only PromQL knows."""
    inner = token.text[1:-1]
    if token.text.startswith("`") or "\\" not in inner:
        return inner
    if token.text.startswith("'"):
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        found = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return None
    return found if isinstance(found, str) else None
