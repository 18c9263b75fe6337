"""What placeholders take in SQL and in PromQL. Pure; used by `places`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.runbooks.place import MARK, Place, never

_BARE_BEFORE: Final = re.compile(r"(?:^|[\s(,=<>;])\Z")
_BARE_BEHIND: Final = re.compile(r"\A(?:$|[\s),=<>;])")
_COMPARED: Final = re.compile(r"(?:=|<>|!=|<|>|\bIN\s*\((?:\s*'[^'\\]*'\s*,)*)\s*\Z", re.IGNORECASE)
_READS: Final = re.compile(r"\s*(?:SELECT|WITH|EXPLAIN|DELETE|UPDATE)\b", re.IGNORECASE)
_CONDITION: Final = re.compile(r"\b(?:WHERE|HAVING|ON)\b", re.IGNORECASE)
_NOT_READ: Final = (
    ("\\", "a backslash means other things in other databases"),
    ("`", "a backquote means other things in other databases"),
    ("$$", "text between dollar signs may be run"),
    ("--", "it stands in or behind a comment"),
    ("/*", "it stands in or behind a comment"),
    ("#", "it may stand behind a comment"),
)
_MATCHER: Final = re.compile(r'(?<![=!<>])(?:=|!=)\s*"\Z')
_PATTERN: Final = re.compile(r'[=!]~\s*"[^"\\]*\Z')


def sql_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a statement takes: digits, or text between the quotes of a condition."""
    positions = [at for at, character in enumerate(marked) if character == MARK]
    return tuple(_sql(marked, at) for at in positions[:count])


def _sql(marked: str, at: int) -> Place:  # noqa: PLR0911  one for each reason
    before = marked[:at]
    reason = next((why for sign, why in _NOT_READ if sign in before), None)
    if reason:
        return never(reason)
    statement, quote, opened = _open(before)
    if quote == '"':
        return never("it would be a name, not a value")
    if quote == "'":
        ahead = before[statement:opened]
        if marked[opened + 1 : at + 2] != f"{MARK}'" or marked[at + 2 : at + 3] == "'":
            return never("it is only a part of the text between the quotes")
        if not (_READS.match(ahead) and _CONDITION.search(ahead) and _COMPARED.search(ahead)):
            return never("text takes a value only where a condition compares it, as in `WHERE name = '…'`")
        return Place(takes="literal")
    if _BARE_BEFORE.search(before) and _BARE_BEHIND.search(marked[at + 1 :]):
        return Place(takes="number")
    return never("it would be a part of a name or an operator")


def _open(before: str) -> tuple[int, str, int]:
    """Return where the last statement begins, which quote is open at the end, and where it was opened."""
    statement, quote, opened = 0, "", 0
    for at, character in enumerate(before):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote, opened = character, at
        elif character == ";":
            statement = at + 1
    return statement, quote, opened


def promql_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a query takes: the value that a matcher compares, or a word of its expression."""
    return tuple(_promql(marked))[:count]


def _promql(marked: str) -> Iterator[Place]:
    for at, character in enumerate(marked):
        if character != MARK:
            continue
        before, behind = marked[:at], marked[at + 1 : at + 2]
        if "#" in before or "\\" in before or "'" in before or "`" in before:
            yield never("only text between double quotes takes a value")
        elif before.count('"') % 2 == 0:
            yield never('only the value of a matcher is filled, as in `{pod="…"}`')
        elif _MATCHER.search(before) and behind == '"':
            yield Place(takes="matcher")
        elif _PATTERN.search(before) or re.search(r'(?:=|!=)\s*"[\w.:/-]*\Z', before):
            yield Place(takes="word")
        else:
            yield never('only the value of a matcher is filled, as in `{pod="…"}`')
