"""The words of a signal or a heading → terms that can be compared, by `vocabulary.yaml`.

A term is a concept of the vocabulary or the stem of a word that it does not know. `proposals` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

_MARKS: Final = re.compile(r"[^\w<>%]+|_")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_ENDINGS: Final = re.compile(r"(?:ings?|ed|es|s|e|ly)$")
_LEAST_STEM: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """`vocabulary.yaml`, compiled; `near` holds both directions of a pair."""

    concepts: Mapping[str, re.Pattern[str]]
    weights: Mapping[str, float]
    near: Mapping[tuple[str, str], float]
    signals: Mapping[str, Sequence[str]]
    idle_words: frozenset[str]
    never: re.Pattern[str]
    listings: re.Pattern[str]
    parts: re.Pattern[str]
    procedures: re.Pattern[str]

    def weight(self, term: str) -> float:
        """Return how much a term tells, 1 at most."""
        return self.weights.get(term, 1.0)

    def likeness(self, one: str, other: str) -> float:
        """Return how far two terms mean the same, from 0 to 1."""
        return 1.0 if one == other else self.near.get((one, other), 0.0)


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary."""
    given: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
    near = {(one, other): float(far) for one, other, far in given["near"]}
    return Vocabulary(
        concepts={name: _any(one["words"]) for name, one in given["concepts"].items()},
        weights={name: float(one["weight"]) for name, one in given["concepts"].items() if "weight" in one},
        near=near | {(other, one): far for (one, other), far in near.items()},
        signals=given["signals"],
        idle_words=frozenset(given["idle_words"]),
        never=_any(given["never"]),
        listings=_any(given["listings"]),
        parts=_any(given["parts"]),
        procedures=_any(given["procedures"]),
    )


@lru_cache(maxsize=4096)
def terms(text: str) -> Mapping[str, str]:
    """Return the terms of a text in its order, each with the words that it was found in, in small letters."""
    rest = simple(text)
    found: list[tuple[int, str, str]] = []
    for name, pattern in vocabulary().concepts.items():
        match = pattern.search(rest)
        if match is not None:
            found.append((match.start(), name, match.group()))
            rest = pattern.sub(lambda one: "|" * len(one.group()), rest)
    others = (one for one in _WORD.finditer(rest) if one.group() not in vocabulary().idle_words)
    found += ((one.start(), _stem(one.group()), one.group()) for one in others)
    # The first find of a term is set last, and so is the one that stays.
    ordered = sorted(found)
    first = {term: words for _, term, words in reversed(ordered)}
    return {term: first[term] for _, term, _ in ordered}


def simple(text: str) -> str:
    """Return a text in small letters with one blank between words, and without the number at its head."""
    words = _MARKS.sub(" ", text.lower()).strip()
    return re.sub(r"^\d{1,2} (?=\D)", "", words)


def _stem(word: str) -> str:
    for _ in range(2):
        short = _ENDINGS.sub("", word)
        if len(short) < _LEAST_STEM:
            break
        word = short
    return re.sub(r"(?:ogu|og)$", "og", word)


def _any(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")
