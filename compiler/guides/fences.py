"""A fence of a guide → passages: a list in disguise is read here, other kinds beside; all else is code.

Rules are read by `rule_fences`, keys and values by `key_fences`, conditions by `condition_fences`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it.token import Token

from compiler.guides.condition_fences import conditions, is_conditions
from compiler.guides.key_fences import LANGUAGES, keys_and_values
from compiler.guides.passage import LOGGED, NEAR, Passage, inherited, plain
from compiler.guides.rule_fences import expression, is_rules, rules
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary
from compiler.guides.written import SIGNED_NUMBER

_QUERIES: Final = frozenset({"promql", "prometheus"})
_ITEM: Final = re.compile(r"\s*[-*•]\s+")
_WORDY_ITEM: Final = re.compile(r"\s*[-*•]\s+\S*[A-Za-z]")
_HEADING: Final = re.compile(r"#+\s*\S")
_LIST_LINE: Final = re.compile(r"\s*(?:[-*•]\s+|#+\s*|$)")
_DIGIT: Final = re.compile(r"\d")
_CODE_SIGN: Final = re.compile(r"[=;{}$|]")
_KEY_AND_VALUE: Final = re.compile(r"\s*[\w.-]+\s*:\s*\S")


@dataclass(kw_only=True)
class _Titles:
    """What stands over an item in the fence: a heading, a key, and the items before."""

    head: str = ""
    key: str = ""
    beside: str = ""


def fence(token: Token, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield what a fence states; `above` are the texts over it, nearest first."""
    lines = token.content.split("\n")
    first = (token.map[0] if token.map else 0) + 2
    language = token.info.strip().casefold()
    if language in _QUERIES and any(vocabulary().phrases.breach.search(text) for text in above[:1]):
        yield from expression(lines, first, above)
        return
    if is_rules(lines):
        yield from rules(lines, first, above)
        return
    if language in LANGUAGES and is_conditions(lines):
        yield from conditions(lines, first, above)
        return
    if language in LANGUAGES and _is_stated([line for line in lines if line.strip()]):
        yield from _lines(lines, first, above)
        return
    is_list = _is_list([line for line in lines if line.strip()])
    if is_list:
        yield from _list(lines, first, above)
    if language in LANGUAGES:
        yield from keys_and_values(lines, first, above, items=not is_list)


def _is_stated(filled: Sequence[str]) -> bool:
    """Return whether each line states a limit: "prod   error ratio critical > 5 %"; output of a program is none."""
    if not filled or any(_CODE_SIGN.search(line) or _KEY_AND_VALUE.match(line) for line in filled):
        return False
    known, stating = vocabulary(), [line for line in filled if _DIGIT.search(line)]
    return bool(stating) and all(
        known.severity(line) != NO_SEVERITY
        and SIGNED_NUMBER.search(plain(line))
        and line.lstrip()[:1].isalpha()
        and not LOGGED.match(line.lstrip())
        for line in stating
    )


def _lines(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    severity, target = inherited(above)
    for number, line in enumerate(lines, first):
        if _DIGIT.search(line):
            yield Passage(
                text=plain(line), starts=((0, number),), severity=severity, target=target, above=above, listed=True
            )


def _is_list(filled: Sequence[str]) -> bool:
    """Return whether the lines are a list of sentences and not code, settings or output."""
    listed = [line for line in filled if _WORDY_ITEM.match(line)]
    if not listed or any(_CODE_SIGN.search(line) and not _LIST_LINE.match(line) for line in filled):
        return False
    return len(listed) * 2 >= len(filled) or not any(_KEY_AND_VALUE.match(line) for line in filled)


def _list(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    titles = _Titles()
    for number, line in enumerate(lines, first):
        words = line.strip()
        if _HEADING.match(words):
            titles.head, titles.beside = words.lstrip("#").strip(), ""
        elif words.endswith(":") and not words.startswith(("-", "*")):
            titles.head, titles.key = "", words.replace("_", " ")
        elif _ITEM.match(line):
            yield _item(words, number, titles, above)
            titles.beside = f"{titles.beside} {plain(words)}"[-NEAR:].strip()


def _item(words: str, line: int, titles: _Titles, above: tuple[str, ...]) -> Passage:
    every = (*(one for one in (titles.head, titles.key) if one), *above)
    severity, target = inherited(every)
    return Passage(
        text=plain(words.strip("'\"")),
        starts=((0, line),),
        severity=severity,
        target=target,
        above=every,
        beside=titles.beside,
    )
