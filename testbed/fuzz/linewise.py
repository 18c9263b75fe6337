"""Damages that know lines and words: move, double, indent or delete them, or replace them by something nasty."""

import re
from collections.abc import Callable
from random import Random
from typing import Final

from testbed.fuzz import nasty
from testbed.fuzz.case import Case, encoded

_WORD: Final = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[\w./#%-]+|[^\w\s]")


def damage(case: Case, random: Random) -> Case:
    """Return the case with lines or words of one file changed."""
    path = random.choice(sorted(case.files))
    change = random.choice(_CHANGES)
    return case.with_file(path, encoded(change(case.text(path), random)))


def _swap(text: str, random: Random) -> str:
    lines = text.split("\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def _double(text: str, random: Random) -> str:
    lines = text.split("\n")
    start, end = _random_range(lines, random)
    return "\n".join([*lines[:end], *lines[start:end] * random.choice((1, 1, 50)), *lines[end:]])


def _delete(text: str, random: Random) -> str:
    lines = text.split("\n")
    start, end = _random_range(lines, random)
    return "\n".join([*lines[:start], *lines[end:]])


def _indent(text: str, random: Random) -> str:
    lines = text.split("\n")
    start, end = _random_range(lines, random)
    prefix = random.choice(("", " ", "  ", "\t", "    ", " " * 200))
    changed = [prefix + (line if prefix else line[random.randint(1, 4) :]) for line in lines[start:end]]
    return "\n".join([*lines[:start], *changed, *lines[end:]])


def _join(text: str, random: Random) -> str:
    lines = text.split("\n")
    start, end = _random_range(lines, random)
    return "\n".join([*lines[:start], random.choice((" ", "", ", ")).join(lines[start:end]), *lines[end:]])


def _replace_word(text: str, random: Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return nasty.word(random)
    chosen = random.choice(words)
    return text[: chosen.start()] + nasty.word(random) + text[chosen.end() :]


def _exchange_words(text: str, random: Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    chosen, replacement = random.choice(words), random.choice(words)
    return text[: chosen.start()] + replacement.group() + text[chosen.end() :]


def _insert_word(text: str, random: Random) -> str:
    at = random.randint(0, len(text))
    return text[:at] + nasty.word(random) + text[at:]


def _random_range(lines: list[str], random: Random) -> tuple[int, int]:
    start = random.randrange(len(lines))
    return start, min(len(lines), start + random.choice((1, 1, 1, 2, 5, 20)))


_CHANGES: Final[tuple[Callable[[str, Random], str], ...]] = (
    *(_swap, _double, _delete, _indent, _join),
    *(_replace_word, _replace_word, _replace_word, _exchange_words, _exchange_words, _insert_word),
)
