"""Compile the words of `names.yaml` into patterns, once, and split names into words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_PARTS: Final = re.compile(r"[^\W_]+")
_LEAST_PLURAL: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of `names.yaml`; patterns match whole words.

    `compared`, `excepted` and `including` match before a name, `too` and `people` behind it. `everything` pairs a
    pattern for dimensions with the words for all values of such a dimension; `elsewhere` pairs it with the words for
    all values but those named before.
    """

    environment_labels: frozenset[str]
    silent_labels: frozenset[str]
    generic: frozenset[str]
    things: frozenset[str]
    methods: frozenset[str]
    measures: re.Pattern[str]
    hollow: re.Pattern[str]
    kinds: str
    compared: re.Pattern[str]
    excepted: re.Pattern[str]
    including: re.Pattern[str]
    too: re.Pattern[str]
    everything: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    elsewhere: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    people: re.Pattern[str]
    actions: re.Pattern[str]


@cache
def words() -> Words:
    """Return the words."""
    data: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text(encoding="utf-8"))
    kinds, before = _any(data["kinds"]), r"(?:(?: |^)(?:in|on|of|at|for))?(?: (?:the|our))? *[`\"'“(]*$"
    return Words(
        environment_labels=frozenset(data["environment_labels"]),
        silent_labels=frozenset(data["silent_labels"]),
        generic=frozenset(map(stem, data["generic"])),
        things=frozenset(map(stem, data["things"])),
        methods=frozenset(data["methods"]),
        measures=_pattern(rf"{_any(data['measures'])}s?"),
        hollow=_pattern(rf"{_any(data['hollow'])}s?"),
        kinds=kinds,
        compared=_pattern(rf"\b{_any(data['compared'])}{before}"),
        excepted=_pattern(rf"\b{_any(data['excepted'])}{before}"),
        including=_pattern(rf"\b{_any(data['including'])}{before}"),
        too=_pattern(rf"[`\"'”)]*,? {_any(data['too'])}\b"),
        everything=tuple((_pattern(label), _pattern(_all(texts))) for label, texts in data["everything"].items()),
        elsewhere=(
            (_pattern(".*"), _pattern(rf"\b{_any(data['elsewhere'])}")),
            *((_pattern(label), _pattern(_others(texts))) for label, texts in data["everything"].items()),
        ),
        people=_pattern(rf"(?:'s|’s)?[ -]{_any(data['people'])}\b"),
        actions=_pattern(rf"(?:[:;,.–—→]|\bthen\b|\band\b)\s+(?:\w+ly |then |please )?{_any(data['actions'])}\b"),
    )


def stem(word: str) -> str:
    """Return a word in lower case and without the ending of a plural."""
    small = word.lower()
    return small[:-1] if len(small) >= _LEAST_PLURAL and small.endswith("s") and not small.endswith("ss") else small


def parts(text: str) -> tuple[str, ...]:
    """Return the words of a text or an identifier, in lower case."""
    return tuple(word.lower() for word in _PARTS.findall(text))


def _all(kinds: Iterable[str]) -> str:
    return (
        rf"\beverywhere\b|\b(?:all|every|each|any|both|whichever)(?: of)?(?: the| our| its)?(?: (?!others?\b)\w+)?"
        rf" {_any(kinds)}\b"
    )


def _others(kinds: Iterable[str]) -> str:
    return rf"\b(?:(?:all|every|each|any)(?: of)? )?(?:the |our |its )?(?:remaining|other|rest of the) {_any(kinds)}\b"


def _any(texts: Iterable[str]) -> str:
    return rf"(?:{'|'.join(texts)})"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
