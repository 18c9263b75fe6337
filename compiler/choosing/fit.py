"""Compute how well a section fits a signal, as a number and with the words that fit; used by `proposals`.

Each term of the signal is searched in the heading, in the headings around it and in the section's first lines; the best
match counts. Whatever else the heading names makes the fit worse.
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
"""The weight of the first word, which is what a signal is about: the relayer in "Relayer node disconnected"."""
_CHAPTER: Final = 0.7
_PROCEDURE: Final = 0.5
_LIMIT_INSIDE: Final = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A section's fit: 1 if its heading says exactly what the signal is about, more if it states a limit, too.

    `cover` is the part of the signal that the heading itself names, `extra` the weight of what else the heading names.
    `named` are the words that fit in the heading, `nearby` those in its surroundings. `limit` is set if the section
    states a limit of the signal.
    """

    candidate: Candidate
    score: float
    cover: float
    extra: float
    named: tuple[str, ...]
    nearby: tuple[str, ...]
    limit: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    """The best match of a term: how good it is, in which words, and whether the heading has them."""

    worth: float
    words: str
    named: bool


def fit(signal_terms: Mapping[str, str], candidate: Candidate, *, limit: bool) -> Fit:
    """Return how well a candidate fits one wording of a signal; `signal_terms` are its terms, at least one."""
    lexicon = vocabulary()
    weights = {term: lexicon.weight(term) * (_SUBJECT if rank == 0 else 1) for rank, term in enumerate(signal_terms)}
    matches = {term: _best_match(term, candidate) for term in signal_terms}
    states_limit = limit and not candidate.chapter and not candidate.listing
    parts = [(weights[term] / sum(weights.values()) * match.worth, match) for term, match in matches.items()]
    extra = _extra_weight(signal_terms, candidate)
    score = sum(part for part, _ in parts) * _factor_of_nature(signal_terms, candidate) / (1 + _OTHER_WORDS * extra)
    return Fit(
        candidate=candidate,
        score=score + (_LIMIT_INSIDE if states_limit else 0),
        cover=sum(part for part, match in parts if match.named),
        extra=extra,
        named=_words(match for match in matches.values() if match.named),
        nearby=_words(match for match in matches.values() if not match.named),
        limit=states_limit,
    )


def _best_match(term: str, candidate: Candidate) -> _Match:
    places = ((candidate.section.title, 1.0), (candidate.around, _FROM_AROUND), (candidate.opening, _FROM_OPENING))
    matches = [
        _Match(worth=worth * vocabulary().likeness(term, text_term), words=words, named=worth == 1.0)
        for text, worth in places
        for text_term, words in terms(text).items()
    ]
    return max(matches, key=lambda match: match.worth, default=_Match(worth=0.0, words="", named=False))


def _extra_weight(signal_terms: Mapping[str, str], candidate: Candidate) -> float:
    """Return the weight of what a heading names and the signal does not."""
    lexicon = vocabulary()
    heading_terms = terms(candidate.section.title)
    return sum(
        lexicon.weight(heading_term) * (1 - max(lexicon.likeness(heading_term, term) for term in signal_terms))
        for heading_term in heading_terms
    )


def _factor_of_nature(signal_terms: Mapping[str, str], candidate: Candidate) -> float:
    """Return the factor by which the nature of a section lowers its fit: a chapter or a procedure helps less."""
    factor = _CHAPTER if candidate.chapter else 1.0
    if candidate.procedure and not any(word in signal_terms.values() for word in candidate.procedure):
        factor *= _PROCEDURE
    return factor


def _words(matches: Iterable[_Match]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match.words for match in matches if match.worth))
