"""Turn the words of a signal or a heading into terms that can be compared, by `vocabulary.yaml`.

A term is a concept of the vocabulary, or the stem of a word that the vocabulary does not have. `fit` compares terms.
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
    """The compiled `vocabulary.yaml`; `near` has both directions of a pair."""

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
        """Return the weight of a term, 1 at most."""
        return self.weights.get(term, 1.0)

    def likeness(self, first: str, second: str) -> float:
        """Return how far two terms mean the same, from 0 to 1."""
        return 1.0 if first == second else self.near.get((first, second), 0.0)


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary."""
    data: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
    near = {(first, second): float(likeness) for first, second, likeness in data["near"]}
    return Vocabulary(
        concepts={name: _any_of(concept["words"]) for name, concept in data["concepts"].items()},
        weights={name: float(concept["weight"]) for name, concept in data["concepts"].items() if "weight" in concept},
        near=near | {(second, first): likeness for (first, second), likeness in near.items()},
        signals=data["signals"],
        idle_words=frozenset(data["idle_words"]),
        never=_any_of(data["never"]),
        listings=_any_of(data["listings"]),
        parts=_any_of(data["parts"]),
        procedures=_any_of(data["procedures"]),
    )


@lru_cache(maxsize=4096)
def terms(text: str) -> Mapping[str, str]:
    """Return the terms of a text in order, each with its words in the text, in lower case."""
    remaining = simple(text)
    placed: list[tuple[int, str, str]] = []
    for name, pattern in vocabulary().concepts.items():
        match = pattern.search(remaining)
        if match is not None:
            placed.append((match.start(), name, match.group()))
            remaining = pattern.sub(lambda replaced: "|" * len(replaced.group()), remaining)
    unknown_words = (word for word in _WORD.finditer(remaining) if word.group() not in vocabulary().idle_words)
    placed += ((word.start(), _stem(word.group()), word.group()) for word in unknown_words)
    # The last assignment to a key stays, so the first match of a term is assigned last.
    ordered = sorted(placed)
    first = {term: words for _, term, words in reversed(ordered)}
    return {term: first[term] for _, term, _ in ordered}


def simple(text: str) -> str:
    """Return a text in lower case with one blank between words, and without a number at its beginning."""
    words = _MARKS.sub(" ", text.lower()).strip()
    return re.sub(r"^\d{1,2} (?=\D)", "", words)


def _stem(word: str) -> str:
    for _ in range(2):
        short = _ENDINGS.sub("", word)
        if len(short) < _LEAST_STEM:
            break
        word = short
    return re.sub(r"(?:ogu|og)$", "og", word)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")
