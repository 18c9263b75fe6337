"""Read a fence of a guide into passages.

This module reads lists, lines that each state a limit, and conditions such as "IF cpu > 90% FOR 5m THEN page".
`rule_fences` reads Prometheus rules, `key_fences` reads keys and values. Every other fence is code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it.token import Token

from compiler.guides.key_fences import LANGUAGES, keys_and_values
from compiler.guides.numbers import SIGNED_NUMBER
from compiler.guides.passage import LOGGED, NEAR, Passage, inherited, plain
from compiler.guides.rule_fences import expression, is_rules, rules
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

_QUERIES: Final = frozenset({"promql", "prometheus"})
_ITEM: Final = re.compile(r"\s*[-*•]\s+")
_WORDY_ITEM: Final = re.compile(r"\s*[-*•]\s+\S*[A-Za-z]")
_HEADING: Final = re.compile(r"#+\s*\S")
_LIST_LINE: Final = re.compile(r"\s*(?:[-*•]\s+|#+\s*|$)")
_DIGIT: Final = re.compile(r"\d")
_CODE_SIGN: Final = re.compile(r"[=;{}$|]")
_KEY_AND_VALUE: Final = re.compile(r"\s*[\w.-]+\s*:\s*\S")
_BEGINS: Final = re.compile(r"\s*(?:[-*•]\s+)?(?:(?:else|or)\s+)?(?:if|when|elsif|elif)\b", re.IGNORECASE)
_ENDS: Final = re.compile(r"\s*+(?:else|end ?if|end|fi)?+\s*+$", re.IGNORECASE)
_THEN: Final = re.compile(r"\bthen\b|→|->|=>", re.IGNORECASE)
_COMPARED: Final = re.compile(r"[<>≥≤]=?\s*\d")
# Braces, semicolons and variables belong to a program.
_PROGRAM: Final = re.compile(r"[;{}$|\[\]]")

_Line = tuple[int, str]


@dataclass(kw_only=True)
class _Titles:
    """The texts over an item in the fence: a heading, a key, and the items before."""

    head: str = ""
    key: str = ""
    beside: str = ""


def fence(token: Token, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield the passages of a fence; `above` holds the texts over it, nearest first."""
    lines = token.content.split("\n")
    first = (token.map[0] if token.map else 0) + 2
    language = token.info.strip().casefold()
    if language in _QUERIES and any(vocabulary().phrases.breach.search(text) for text in above[:1]):
        yield from expression(lines, first, above)
        return
    if is_rules(lines):
        yield from rules(lines, first, above)
        return
    if language in LANGUAGES and _is_conditions(lines):
        yield from _conditions(lines, first, above)
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
    """Return whether the lines state limits such as "prod   error ratio critical > 5 %", and none is output."""
    if not filled or any(_CODE_SIGN.search(line) or _KEY_AND_VALUE.match(line) for line in filled):
        return False
    lexicon, lines_with_number = vocabulary(), [line for line in filled if _DIGIT.search(line)]
    return bool(lines_with_number) and all(
        lexicon.severity(line) != NO_SEVERITY
        and SIGNED_NUMBER.search(plain(line))
        and line.lstrip()[:1].isalpha()
        and not LOGGED.match(line.lstrip())
        for line in lines_with_number
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
    texts = (*(title for title in (titles.head, titles.key) if title), *above)
    severity, target = inherited(texts)
    return Passage(
        text=plain(words.strip("'\"")),
        starts=((0, line),),
        severity=severity,
        target=target,
        above=texts,
        beside=titles.beside,
    )


def _is_conditions(lines: Sequence[str]) -> bool:
    """Return whether the lines of a fence are conditions with their consequences, and no program."""
    return (
        any(_BEGINS.match(line) and _COMPARED.search(line) for line in lines)
        and any(_THEN.search(line) for line in lines)
        and not any(_PROGRAM.search(line) for line in lines)
    )


def _conditions(lines: Sequence[str], first: int, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield each condition with its consequence as one passage of all its lines; `first` is the first line's number."""
    for block in _blocks(lines, first):
        severity, target = inherited(above)
        parts = [plain(words) for _, words in block]
        offsets = (sum(len(part) + 1 for part in parts[:index]) for index in range(len(parts)))
        starts = tuple(zip(offsets, (number for number, _ in block), strict=True))
        yield Passage(text=" ".join(parts), starts=starts, severity=severity, target=target, above=above)


def _blocks(lines: Sequence[str], first: int) -> list[list[_Line]]:
    blocks: list[list[_Line]] = []
    inside = False
    for number, line in enumerate(lines, first):
        if _BEGINS.match(line):
            blocks.append([])
            inside = True
        elif _ENDS.match(line):
            inside = False
        if inside:
            blocks[-1].append((number, line))
    return blocks
