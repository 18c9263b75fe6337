"""PromQL as text: its tokens, and strings in a form that every PromQL parser reads alike.

`compiler.promql` uses it before parsing: the parser library reads escapes in raw strings, and Prometheus does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of PromQL: its kind (`string`, `number`, `word`, `sign` or `end`), its text, and its place."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The first position after the token."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a PromQL text: `length` characters from `start`, and a hint if there is one."""

    message: str
    start: int
    length: int
    hint: str | None = None


class MistakeError(Exception):
    """The text is not PromQL."""

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
    """Return the tokens of a text without blanks and comments; MistakeError if a character begins no token."""
    token_list, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MistakeError(_stray(text, position))
        if match.lastgroup not in {None, "space"}:
            token_list.append(Token(match.lastgroup or "", match.group(), position))
        position = match.end()
    return tuple(token_list)


def _stray(text: str, position: int) -> Mistake:
    character = text[position]
    if character in "\"'`":
        line = text[position:].partition("\n")[0]
        string_hint = "close it; text of several lines stands in backticks" if character != "`" else "close it"
        return Mistake(f"the string {code(line[:_SHOWN])} has no end", position, len(line), string_hint)
    name_hint = "other names than of letters, digits, `_` and `:` stand in quotes" if character.isalnum() else None
    return Mistake(f"`{character}` has no meaning in PromQL", position, 1, name_hint)


_SHOWN: Final = 40


def rewritten(text: str, changes: Iterable[tuple[Token, str]]) -> str:
    """Return a text in which these tokens, listed in their order, are replaced."""
    parts, position = [], 0
    for token, replacement in changes:
        parts += [text[position : token.start], replacement]
        position = token.end
    return "".join([*parts, text[position:]])


def without_raw_strings(text: str) -> str:
    """Return the same PromQL with double quotes around strings in backticks; in backticks, a backslash is no escape."""
    if "`" not in text:
        return text
    raw = (token for token in tokens(text) if token.text.startswith("`"))
    return rewritten(text, ((token, quoted(token.text[1:-1])) for token in raw))


def quoted(value: str) -> str:
    """Return a value as a string of PromQL."""
    return json.dumps(value, ensure_ascii=False)


def marked(text: str) -> tuple[str, dict[str, Token]]:
    """Return PromQL with each string replaced by a mark, and the strings by their marks.

    A mark is a valid regular expression. It is no valid label name, so the library keeps its quotes where they matter.
    """
    string_tokens = (token for token in tokens(text) if token.kind == "string")
    strings = {f"tocsin.{number}": string for number, string in enumerate(string_tokens)}
    return rewritten(text, ((string, f'"{mark}"') for mark, string in strings.items())), strings


def unmarked(text: str, strings: Mapping[str, Token]) -> str:
    """Return PromQL with each mark replaced by its string, even if the mark lost its quotes."""
    return _MARK.sub(lambda mark: strings[mark[1]].text, text)


_MARK: Final = re.compile(r'"?(tocsin\.[0-9]+)"?')


def code(text: str) -> str:
    """Return a text in backticks, as messages quote it, unless it contains a backtick."""
    return text if "`" in text else f"`{text}`"


def value_of(token: Token) -> str | None:
    """Return the value of a string token; None if it holds escapes that JSON does not know."""
    inner = token.text[1:-1]
    if token.text.startswith("`") or "\\" not in inner:
        return inner
    if token.text.startswith("'"):
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        value = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None
