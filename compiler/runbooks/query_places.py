"""Decide what placeholders take in SQL and in PromQL. Pure; `places` uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.runbooks.place import MARK, Place, never

_BARE_BEFORE: Final = re.compile(r"(?:^|[\s(,=<>;])\Z")
_BARE_BEHIND: Final = re.compile(r"\A(?:$|[\s),=<>;])")
_COMPARED: Final = re.compile(r"(?:(?<![:@])=|<>|!=|<|>|\bIN\s*\((?:\s*'[^'\\]*'\s*,)*)\s*\Z", re.IGNORECASE)
_READS: Final = re.compile(r"\s*(?:SELECT|WITH|EXPLAIN|DELETE|UPDATE)\b", re.IGNORECASE)
_CONDITIONS: Final = frozenset({"WHERE", "HAVING", "ON"})
_CLAUSES: Final = re.compile(
    r"[()]|\b(?:WHERE|HAVING|ON|SET|SELECT|FROM|JOIN|USING|VALUES|ORDER|GROUP|BY|LIMIT|OFFSET|WINDOW|RETURNING|UPDATE"
    r"|DELETE|INSERT|REPLACE|MERGE|DO|UNION|INTERSECT|EXCEPT|FETCH|FOR)\b",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_PASSED_ON: Final = re.compile(r"\b(?:INTO|COPY|EXECUTE|PREPARE|DO|CALL|DELIMITER)\b|\\|\bn?q'", re.IGNORECASE)
"""Words that may run a text or hand rows to a file or a program, and quoting without doubled quotation marks."""
_UNCLEAR_SIGNS: Final = (
    ("\\", "a backslash means other things in other databases"),
    ("`", "a backquote means other things in other databases"),
    ("$", "text between dollar signs, as `$$` or `$tag$`, may be run"),
    ("[", "a bracket may quote a name"),
    ("--", "it stands in or behind a comment"),
    ("/*", "it stands in or behind a comment"),
    ("#", "it may stand behind a comment"),
)
_MATCHER: Final = re.compile(r'(?<![=!<>])(?:=|!=)\s*"\Z')
_PATTERN: Final = re.compile(r'[=!]~\s*"[^"\\]*\Z')


def sql_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a statement takes: digits, or text between the quotes of a condition."""
    match = _PASSED_ON.search(marked)
    if match:
        why = f"the statement has `{match[0]}`, which may run a text or hand on what is read"
        return tuple(never(why) for _ in range(count))
    positions = [at for at, character in enumerate(marked) if character == MARK]
    return tuple(_sql_place(marked, at) for at in positions[:count])


def _sql_place(marked: str, at: int) -> Place:  # noqa: PLR0911  one for each reason
    before = marked[:at]
    reason = next((why for sign, why in _UNCLEAR_SIGNS if sign in before), None)
    if reason:
        return never(reason)
    statement_start, quote, quote_start = _open_quote(before)
    if quote == '"':
        return never("it would be a name, not a value")
    if quote == "'":
        statement_text = before[statement_start:quote_start]
        if marked[quote_start + 1 : at + 2] != f"{MARK}'" or marked[at + 2 : at + 3] == "'":
            return never("it is only a part of the text between the quotes")
        if not (
            _READS.match(statement_text) and _is_in_a_condition(statement_text) and _COMPARED.search(statement_text)
        ):
            return never("text takes a value only where a condition compares it, as in `WHERE name = '…'`")
        return Place(takes="literal")
    if _BARE_BEFORE.search(before) and _BARE_BEHIND.search(marked[at + 1 :]):
        return Place(takes="number")
    return never("it would be a part of a name or an operator")


def _is_in_a_condition(statement_text: str) -> bool:
    """Return whether a statement ends within a condition, by its last clause outside of closed brackets."""
    clauses = [""]
    for clause in _CLAUSES.findall(_QUOTED.sub("''", statement_text)):
        if clause == "(":
            # Until a clause begins within the brackets, they belong to the clause around them.
            clauses.append(clauses[-1])
        elif clause == ")":
            clauses = clauses[:-1] or [""]
        else:
            clauses[-1] = clause.upper()
    return clauses[-1] in _CONDITIONS


def _open_quote(before: str) -> tuple[int, str, int]:
    """Return where the last statement begins, which quote is open at the end, and where it was opened."""
    statement_start, quote, quote_start = 0, "", 0
    for at, character in enumerate(before):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote, quote_start = character, at
        elif character == ";":
            statement_start = at + 1
    return statement_start, quote, quote_start


def promql_places(marked: str, count: int) -> tuple[Place, ...]:
    """Return what each `MARK` of a query takes: the value that a matcher compares, or a word of its expression."""
    return tuple(_promql_places(marked))[:count]


def _promql_places(marked: str) -> Iterator[Place]:
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
