"""Decide what an alert's label may put into a command at each place of a placeholder, or why nothing. Pure.

The catalogue carries the answer, and the webhook fills the commands by it. Whoever writes metrics also writes the
values of labels. So a place takes nothing unless a rule says what it takes: `shell_places` has the rules for shells,
`query_places` those for SQL and PromQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.query_places import promql_places, sql_places
from compiler.runbooks.shell_places import shell_places

SHELLS: Final = frozenset(
    {"", "bash", "sh", "shell", "console", "zsh", "shell-session", "shellsession", "sh-session", "bash-session"}
)
SQL: Final = frozenset({"sql", "psql", "postgres", "postgresql", "pgsql", "plpgsql", "mysql", "mariadb", "sqlite"})
LONGEST_COMMAND: Final = 20_000
"""The most characters of a command that is read for places."""
MOST_PLACES: Final = 200


_REDIRECTED: Final = (
    "the placeholder before it, until a person fills it, is a redirection into it; put that one into quotes"
)


@lru_cache(maxsize=4096)
def places(  # noqa: PLR0911  one for each language
    language: str, text: str, spans: tuple[tuple[int, int], ...], fillable: frozenset[int]
) -> tuple[Place, ...]:
    """Return what each span of `text` takes, in order.

    `spans` are the sorted starts and ends of all placeholders, `fillable` the numbers of those that a label may fill. A
    placeholder takes nothing if the placeholder right before it has angle brackets and a person must fill it: until
    then, the shell reads that `>` as a redirection into the next word.
    """
    if MARK in text or OPAQUE in text:
        return tuple(never("the command holds characters that are no text") for _ in spans)
    if len(text) > LONGEST_COMMAND:
        return tuple(never(f"the command is longer than {LONGEST_COMMAND} characters") for _ in spans)
    if len(spans) > MOST_PLACES:
        return tuple(never(f"the command has more than {MOST_PLACES} placeholders") for _ in spans)
    name = language.lower()
    marked = _marked(text, spans)
    if name in SHELLS:
        in_shell = shell_places(marked, len(spans))
        return tuple(
            never(_REDIRECTED)
            if number and number - 1 not in fillable and redirects(text, spans[number - 1], spans[number])
            else place
            for number, place in enumerate(in_shell)
        )
    if name in SQL:
        return sql_places(marked, len(spans))
    if name == "promql":
        return promql_places(marked, len(spans))
    return tuple(never(f"how `{language}` reads a value is not known") for _ in spans)


def redirects(text: str, preceding: tuple[int, int], following: tuple[int, int]) -> bool:
    """Return whether a shell reads the unfilled placeholder `preceding` as a redirection into the `following` one."""
    text_between = text[preceding[1] : following[0]].lstrip(" \t")
    return text[preceding[1] - 1] == ">" and not any(character.isspace() for character in text_between)


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return the text with one `MARK` in the place of each placeholder."""
    parts, copied_until = [], 0
    for start, end in spans:
        parts += [text[copied_until:start], MARK]
        copied_until = end
    return "".join(parts) + text[copied_until:]
