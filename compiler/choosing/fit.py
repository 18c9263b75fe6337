"""How well a section fits what a signal asks for, as a number and as the words that say so; used by `proposals`.

Each term of the signal is looked for in the heading, in the headings around it and in the section's first lines; the
nearest find counts. What a heading names beside that, and the signal does not, makes the fit worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from compiler.choosing.outline import Candidate
from compiler.choosing.wording import terms, vocabulary

_FROM_AROUND: Final = 0.5
_FROM_OPENING: Final = 0.3
_OTHER_WORDS: Final = 0.25
_SUBJECT: Final = 1.5
"""What is said first is what a signal is about: the relayer in "Relayer node disconnected"."""
_CHAPTER: Final = 0.7
_PROCEDURE: Final = 0.5
_LIMIT_INSIDE: Final = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A section's fit: 1 where its heading says exactly what the signal is about, more where it states a limit, too.

    `cover` is the part of the signal that the heading itself names, `other` the weight of what it names beside;
    `named` are the heading's words, `told` those of its surroundings. `limit` is set where the section states a limit
    of the signal.
    """

    candidate: Candidate
    score: float
    cover: float
    other: float
    named: tuple[str, ...]
    told: tuple[str, ...]
    limit: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Find:
    """The nearest to a term: how near, in which words, and whether the heading says them."""

    worth: float
    words: str
    named: bool


def fit(asked: Mapping[str, str], candidate: Candidate, *, limit: bool) -> Fit:
    """Return how well a candidate fits the terms of one wording of a signal, at least one."""
    known = vocabulary()
    weights = {term: known.weight(term) * (_SUBJECT if rank == 0 else 1) for rank, term in enumerate(asked)}
    finds = {term: _find(term, candidate) for term in asked}
    told_here = limit and not candidate.chapter and not candidate.listing
    parts = [(weights[term] / sum(weights.values()) * one.worth, one) for term, one in finds.items()]
    other = _other(asked, candidate)
    score = sum(part for part, _ in parts) * _worth(asked, candidate) / (1 + _OTHER_WORDS * other)
    return Fit(
        candidate=candidate,
        score=score + (_LIMIT_INSIDE if told_here else 0),
        cover=sum(part for part, one in parts if one.named),
        other=other,
        named=_words(one for one in finds.values() if one.named),
        told=_words(one for one in finds.values() if not one.named),
        limit=told_here,
    )


def _find(term: str, candidate: Candidate) -> _Find:
    places = ((candidate.section.title, 1.0), (candidate.around, _FROM_AROUND), (candidate.opening, _FROM_OPENING))
    finds = [
        _Find(worth=worth * vocabulary().likeness(term, other), words=words, named=worth == 1.0)
        for text, worth in places
        for other, words in terms(text).items()
    ]
    return max(finds, key=lambda one: one.worth, default=_Find(worth=0.0, words="", named=False))


def _other(asked: Mapping[str, str], candidate: Candidate) -> float:
    """Return how much a heading speaks of what the signal does not."""
    known = vocabulary()
    heading = terms(candidate.section.title)
    return sum(known.weight(one) * (1 - max(known.likeness(one, term) for term in asked)) for one in heading)


def _worth(asked: Mapping[str, str], candidate: Candidate) -> float:
    """Return the part of its fit that a section keeps, by what it is: a chapter or a procedure helps less."""
    worth = _CHAPTER if candidate.chapter else 1.0
    if candidate.procedure and not any(word in asked.values() for word in candidate.procedure):
        worth *= _PROCEDURE
    return worth


def _words(finds: Iterable[_Find]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.words for one in finds if one.worth))
