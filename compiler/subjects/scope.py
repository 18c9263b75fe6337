"""Sentences and alerts of one runbook held against each other: which alert a sentence can be about.

A sentence that names a value of a dimension is about the alerts of that value, and about those that are about any. What
it does not name says nothing; what all alerts have in common tells none of them apart.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from compiler.guides.numbers import looks_back
from compiler.guides.vocabulary import vocabulary as spoken_words
from compiler.subjects.facets import ENVIRONMENT, OF_WORDS, SIGNAL, Facet, Subject
from compiler.subjects.naming import (
    ELSEWHERE,
    Known,
    Named,
    Names,
    Occurrence,
    fits,
    known_environments,
    known_value,
    known_word,
    leading,
    named,
    occurrences,
    telling,
)
from compiler.subjects.placing import Mark, Spoken, placed
from compiler.subjects.words import words

_LAST_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_SPOKEN: Final = 300
"""Characters of a text above a statement that are looked at."""

Key = tuple[str, Hashable]
"""A dimension; that of signals' titles once for each quantity, for titles tell signals of one quantity apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """An alert, as far as its subject goes; `quantity` is what it measures."""

    subject: Subject
    quantity: Hashable


@dataclass(frozen=True, kw_only=True)
class _Dimension:
    """All that the alerts of a runbook know of one dimension; `names` are those of each of its facets."""

    key: Key
    vocabulary: Names
    names: Mapping[Facet, frozenset[str]]

    def occurrences(self, text: str, *context: str) -> list[Occurrence]:
        """Return the names in a text; what "elsewhere" leaves out is named there, or in the nearest text before it."""
        found = occurrences(text, self.vocabulary)
        if all(each.name != ELSEWHERE for each in found):
            return found
        each_text = (found, *(occurrences(one, self.vocabulary) for one in context))
        named_there = ({each.name for each in names if each.name not in {"", ELSEWHERE}} for names in each_text)
        left_out = {value for facet in self.names if facet.but for value in facet.values}
        others = frozenset(next((names for names in named_there if names), left_out))
        resolved = (replace(each, others=others) if each.name == ELSEWHERE else each for each in found)
        return [each for each in resolved if each.name != ELSEWHERE or each.others]

    def admits(self, facet: Facet, given: Named) -> bool:
        """Return whether an alert of this facet can be meant."""
        if not given.names:
            return True
        matched = frozenset(name for name in given.names if self._is_of(facet, name))
        if given.but:
            # Everything but these: an alert of these alone is not meant.
            return facet.but or len(facet.values) > 1 or not matched
        return bool(given.names - matched) if facet.but else bool(matched)

    def tells(self, facet: Facet, given: Named) -> bool:
        """Return whether names single out the alerts of this facet."""
        return not facet.but and not given.but and any(self._is_of(facet, name) for name in given.names)

    def parts(self, given: Named) -> bool:
        """Return whether names are about some of the alerts only."""
        admitted = [self.admits(facet, given) for facet in self.names]
        return bool(given.names) and not (all(admitted) and len(admitted) > 1)

    def _is_of(self, facet: Facet, name: str) -> bool:
        if name in self.names[facet] or any(fits(pattern, name) for pattern in facet.patterns):
            return True
        strange = all(name != known.name for known in self.vocabulary.known)
        return strange and (
            any(_lies_within(name, value) for value in facet.values)
            or any(f"{leading(pattern)}/".startswith(f"{name}/") for pattern in facet.patterns)
        )


def _lies_within(name: str, value: str) -> bool:
    """Return whether one path lies below the other; all lie below `/`, which says nothing."""
    if not (name.startswith("/") and value.startswith("/")) or "/" in {name, value}:
        return False
    return f"{name}/".startswith(f"{value.rstrip('/')}/") or f"{value}/".startswith(f"{name.rstrip('/')}/")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The alerts that share a runbook; `title` is the runbook's own, which is about all of them."""

    abouts: Sequence[About]
    title: str = ""
    _found: dict[tuple[int, Key], tuple[Spoken, Named | None]] = field(default_factory=dict, repr=False, compare=False)
    _placed: dict[tuple[int, str, Key], tuple[Sequence[Mark], list[list[Occurrence]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def excludes(self, about: About, spoken: Spoken, *, unsure: bool) -> bool:
        """Return whether a statement is about something else than an alert; by names that are not sure too if asked."""
        return any(
            given is not None and (given.sure or unsure) and not dimension.admits(facet, given)
            for dimension, facet, given in self._told(about, spoken)
        )

    def singled_out(self, about: About, spoken: Spoken) -> int:
        """Return in how many dimensions a statement names what an alert is about."""
        told = self._told(about, spoken)
        return sum(given is not None and dimension.tells(facet, given) for dimension, facet, given in told)

    def written(self, spoken: Spoken) -> tuple[str, ...]:
        """Return the guide's words for what a statement is about, as far as they tell alerts apart."""
        texts = [
            ("all but " if given.but else "") + " and ".join(given.written)
            for dimension in self._of(spoken)
            for given in [self._named(dimension, spoken)]
            if given is not None and given.sure and dimension.parts(given)
        ]
        apart = dict.fromkeys(texts)
        return tuple(text for text in apart if not any(text != other and text in other for other in apart))

    def several(self, spoken: Spoken) -> tuple[Named, ...]:
        """Return what a statement names where that is several values of a dimension."""
        names = [self._named(dimension, spoken) for dimension in self._of(spoken)]
        return tuple(
            given for given in names if given is not None and given.sure and not given.but and len(given.names) > 1
        )

    def is_of(self, about: About, name: str) -> bool:
        """Return whether an alert is about the value that has a name."""
        return any(
            dimension is not None and not facet.but and name in dimension.names[facet]
            for facet in about.subject
            for dimension in [self._dimensions.get(_key(facet, about))]
        )

    def _told(self, about: About, spoken: Spoken) -> Iterator[tuple[_Dimension, Facet, Named | None]]:
        for facet in about.subject:
            dimension = self._dimensions.get(_key(facet, about))
            if spoken.titled and facet.dimension == SIGNAL:
                continue
            if dimension is not None and (dimension.names[facet] or facet.patterns):
                yield dimension, facet, self._named(dimension, spoken)

    def _of(self, spoken: Spoken) -> Iterator[_Dimension]:
        """Yield the dimensions in which a statement can name something."""
        return (
            dimension for dimension in self._dimensions.values() if not (spoken.titled and dimension.key[0] == SIGNAL)
        )

    def _named(self, dimension: _Dimension, spoken: Spoken) -> Named | None:
        # By identity: a long sentence takes as long to compare as to read.
        key = (id(spoken), dimension.key)
        if key not in self._found:
            self._found[key] = (spoken, self._look(dimension, spoken))
        return self._found[key][1]

    def _look(self, dimension: _Dimension, spoken: Spoken) -> Named | None:
        """Return what a statement names in its sentence, else in the next or the last one, else nearest above it."""
        around = spoken.around
        own = self._inside(dimension, spoken) or named(dimension.occurrences(around.behind))
        if own is not None:
            return own
        if dimension.key[0] == SIGNAL and any(self._inside(label, spoken) for label in self._of_labels):
            # "/var above 95 %" below "Root disk" says itself which disk it is about.
            return None
        before = dimension.occurrences(_sentence_before(around.before))
        if before and len({occurrence.name for occurrence in before}) == 1:
            return named(before)
        for text in around.above:
            above = [] if self._is_title(text) else dimension.occurrences(text[:_SPOKEN])
            if above:
                return named(above)
        return None

    def _inside(self, dimension: _Dimension, spoken: Spoken) -> Named | None:
        """Return what the sentence of a statement names."""
        key = (id(spoken.marks), spoken.around.sentence, dimension.key)
        if key not in self._placed:
            around = spoken.around
            names = dimension.occurrences(around.sentence, around.before, around.beside)
            # All numbers of a sentence share their marks.
            self._placed[key] = (spoken.marks, placed(spoken.around.sentence, spoken.marks, names) if names else [])
        each = self._placed[key][1]
        return named(each[spoken.index]) if each else None

    @cached_property
    def _of_labels(self) -> tuple[_Dimension, ...]:
        return tuple(
            dimension
            for dimension in self._dimensions.values()
            if dimension.key[0] not in OF_WORDS and len(dimension.names) > 1
        )

    def _is_title(self, text: str) -> bool:
        return bool(self.title) and _letters(text) == _letters(self.title)

    @cached_property
    def _dimensions(self) -> Mapping[Key, _Dimension]:
        facets: dict[Key, list[Facet]] = {}
        for about in self.abouts:
            for facet in about.subject:
                facets.setdefault(_key(facet, about), []).append(facet)
        return {key: _dimension(key, tuple(dict.fromkeys(own))) for key, own in sorted(facets.items(), key=str)}


def _sentence_before(text: str) -> str:
    """Return the last sentence of a text, nothing if that is about the limit before it."""
    *earlier, last = _LAST_SENTENCE.split(text)
    stated = bool(earlier) and any(map(str.isdigit, earlier[-1]))
    return "" if stated and looks_back(last) else last


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _key(facet: Facet, about: About) -> Key:
    return facet.dimension, about.quantity if facet.dimension == SIGNAL else None


def _dimension(key: Key, facets: Sequence[Facet]) -> _Dimension:
    """Return what is known of a dimension by the facets that alerts have in it."""
    if key[0] == ENVIRONMENT:
        return _environments(key, facets)
    alone, of_words = len(facets) == 1, key[0] in OF_WORDS
    titles = [(*facet.texts, *sorted(facet.values - words().methods)) for facet in facets]
    buts = [facet.but for facet in facets]
    words_apart = [frozenset[str]()] if alone else telling(titles, buts, of_signals=key[0] == SIGNAL)
    # A system is called by its id or its title; the whole title of a signal is what it measures.
    whole = [() if of_words and (alone or key[0] == SIGNAL) else tuple(_known_values(facet.values)) for facet in facets]
    known = [
        *(known for values in whole for known in values),
        *(known_word(word) for each in words_apart for word in sorted(each)),
    ]
    names = {
        facet: frozenset(known.name for known in values) | own
        for facet, values, own in zip(facets, whole, words_apart, strict=True)
    }
    vocabulary = Names(
        dimension=key[0],
        known=tuple(dict.fromkeys(known)),
        patterns=tuple(pattern for facet in facets for pattern in facet.patterns),
        paths=not of_words
        and any(map(_is_path, (text for facet in facets for text in (*facet.values, *facet.patterns)))),
    )
    return _Dimension(key=key, vocabulary=vocabulary, names=names)


def _is_path(text: str) -> bool:
    return text.lstrip("^(?:").startswith("/")


def _environments(key: Key, facets: Sequence[Facet]) -> _Dimension:
    unknown = {value for facet in facets for value in facet.values if spoken_words().environment(value) is None}
    vocabulary = Names(dimension=key[0], known=(*known_environments(), *_known_values(unknown)))
    return _Dimension(key=key, vocabulary=vocabulary, names={facet: facet.values for facet in facets})


def _known_values(values: Iterable[str]) -> Iterator[Known]:
    return (known for value in sorted(values) for known in known_value(value))
