"""Compare sentences and alerts of one runbook, to find which alerts a sentence can be about.

A sentence that names a value of a dimension is about the alerts with that value, and about alerts that are about any
value. If it names no value of a dimension, the dimension excludes no alert. What all alerts share does not count.
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
"""Characters that are read of a text above a statement."""

Key = tuple[str, Hashable]
"""A dimension. For titles of signals also the quantity, because titles distinguish only the signals of one quantity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """The subject of an alert; `quantity` is what the alert measures."""

    subject: Subject
    quantity: Hashable


@dataclass(frozen=True, kw_only=True)
class _Dimension:
    """One dimension of the alerts of a runbook; `names` has the names of each of its facets."""

    key: Key
    vocabulary: Names
    names: Mapping[Facet, frozenset[str]]

    def occurrences(self, text: str, *context: str) -> list[Occurrence]:
        """Return the names in a text; "elsewhere" excludes the names in the text, else in the nearest `context`."""
        in_text = occurrences(text, self.vocabulary)
        if all(occurrence.name != ELSEWHERE for occurrence in in_text):
            return in_text
        by_text = (in_text, *(occurrences(passage, self.vocabulary) for passage in context))
        names_by_text = (
            {occurrence.name for occurrence in in_passage if occurrence.name not in {"", ELSEWHERE}}
            for in_passage in by_text
        )
        excluded = {value for facet in self.names if facet.but for value in facet.values}
        others = frozenset(next((names for names in names_by_text if names), excluded))
        resolved = (
            replace(occurrence, others=others) if occurrence.name == ELSEWHERE else occurrence for occurrence in in_text
        )
        return [occurrence for occurrence in resolved if occurrence.name != ELSEWHERE or occurrence.others]

    def admits(self, facet: Facet, stated: Named) -> bool:
        """Return whether a sentence with these names can mean an alert of this facet."""
        if not stated.names:
            return True
        matched = frozenset(name for name in stated.names if self._belongs_to(facet, name))
        if stated.but:
            # The sentence means everything but these names, so it does not mean an alert about these names alone.
            return facet.but or len(facet.values) > 1 or not matched
        return bool(stated.names - matched) if facet.but else bool(matched)

    def tells(self, facet: Facet, stated: Named) -> bool:
        """Return whether the names single out the alerts of this facet."""
        return not facet.but and not stated.but and any(self._belongs_to(facet, name) for name in stated.names)

    def selects_some(self, stated: Named) -> bool:
        """Return whether the names mean only some of the alerts."""
        admitted = [self.admits(facet, stated) for facet in self.names]
        return bool(stated.names) and not (all(admitted) and len(admitted) > 1)

    def _belongs_to(self, facet: Facet, name: str) -> bool:
        if name in self.names[facet] or any(fits(pattern, name) for pattern in facet.patterns):
            return True
        strange = all(name != known.name for known in self.vocabulary.known)
        return strange and (
            any(_lies_within(name, value) for value in facet.values)
            or any(f"{leading(pattern)}/".startswith(f"{name}/") for pattern in facet.patterns)
        )


def _lies_within(name: str, value: str) -> bool:
    """Return whether one path lies below the other; `/` does not count, because every path lies below it."""
    if not (name.startswith("/") and value.startswith("/")) or "/" in {name, value}:
        return False
    return f"{name}/".startswith(f"{value.rstrip('/')}/") or f"{value}/".startswith(f"{name.rstrip('/')}/")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The alerts that share a runbook; `title` is the runbook's title, which is about all of them."""

    abouts: Sequence[About]
    title: str = ""
    _named_by_statement: dict[tuple[int, Key], tuple[Spoken, Named | None]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _placed: dict[tuple[int, str, Key], tuple[Sequence[Mark], list[list[Occurrence]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def excludes(self, about: About, spoken: Spoken, *, unsure: bool) -> bool:
        """Return whether a statement is not about an alert; if `unsure` is set, names that are not sure count, too."""
        return any(
            stated is not None and (stated.sure or unsure) and not dimension.admits(facet, stated)
            for dimension, facet, stated in self._compared(about, spoken)
        )

    def singled_out(self, about: About, spoken: Spoken) -> int:
        """Return the number of dimensions in which a statement names what an alert is about."""
        compared = self._compared(about, spoken)
        return sum(stated is not None and dimension.tells(facet, stated) for dimension, facet, stated in compared)

    def written(self, spoken: Spoken) -> tuple[str, ...]:
        """Return the guide's words for what a statement is about, as far as they distinguish alerts."""
        texts = [
            ("all but " if stated.but else "") + " and ".join(stated.written)
            for dimension in self._nameable(spoken)
            for stated in [self._named(dimension, spoken)]
            if stated is not None and stated.sure and dimension.selects_some(stated)
        ]
        distinct = dict.fromkeys(texts)
        return tuple(text for text in distinct if not any(text != longer and text in longer for longer in distinct))

    def several(self, spoken: Spoken) -> tuple[Named, ...]:
        """Return the names of each dimension in which a statement names several values."""
        names = [self._named(dimension, spoken) for dimension in self._nameable(spoken)]
        return tuple(
            stated
            for stated in names
            if stated is not None and stated.sure and not stated.but and len(stated.names) > 1
        )

    def is_of(self, about: About, name: str) -> bool:
        """Return whether an alert is about the value with a name."""
        return any(
            dimension is not None and not facet.but and name in dimension.names[facet]
            for facet in about.subject
            for dimension in [self._dimensions.get(_key(facet, about))]
        )

    def _compared(self, about: About, spoken: Spoken) -> Iterator[tuple[_Dimension, Facet, Named | None]]:
        for facet in about.subject:
            dimension = self._dimensions.get(_key(facet, about))
            if spoken.titled and facet.dimension == SIGNAL:
                continue
            if dimension is not None and (dimension.names[facet] or facet.patterns):
                yield dimension, facet, self._named(dimension, spoken)

    def _nameable(self, spoken: Spoken) -> Iterator[_Dimension]:
        """Yield the dimensions in which a statement can name something."""
        return (
            dimension for dimension in self._dimensions.values() if not (spoken.titled and dimension.key[0] == SIGNAL)
        )

    def _named(self, dimension: _Dimension, spoken: Spoken) -> Named | None:
        # The identity is the key, because comparing a long sentence takes as long as reading it.
        key = (id(spoken), dimension.key)
        if key not in self._named_by_statement:
            self._named_by_statement[key] = (spoken, self._find_named(dimension, spoken))
        return self._named_by_statement[key][1]

    def _find_named(self, dimension: _Dimension, spoken: Spoken) -> Named | None:
        """Return what a statement names in its sentence, else in the next or previous one, else in the text above."""
        around = spoken.around
        nearest = self._inside(dimension, spoken) or named(dimension.occurrences(around.behind))
        if nearest is not None:
            return nearest
        if dimension.key[0] == SIGNAL and any(self._inside(label, spoken) for label in self._of_labels):
            # Below "Root disk", "/var above 95 %" itself says which disk it is about.
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
        by_number = self._placed[key][1]
        return named(by_number[spoken.index]) if by_number else None

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
        return {key: _dimension(key, tuple(dict.fromkeys(of_key))) for key, of_key in sorted(facets.items(), key=str)}


def _sentence_before(text: str) -> str:
    """Return the last sentence of a text; empty if that sentence is about the limit before it."""
    *earlier, last = _LAST_SENTENCE.split(text)
    stated = bool(earlier) and any(map(str.isdigit, earlier[-1]))
    return "" if stated and looks_back(last) else last


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _key(facet: Facet, about: About) -> Key:
    return facet.dimension, about.quantity if facet.dimension == SIGNAL else None


def _dimension(key: Key, facets: Sequence[Facet]) -> _Dimension:
    """Return a dimension with the names of the facets that alerts have in it."""
    if key[0] == ENVIRONMENT:
        return _environments(key, facets)
    is_only_facet, of_words = len(facets) == 1, key[0] in OF_WORDS
    titles = [(*facet.texts, *sorted(facet.values - words().methods)) for facet in facets]
    buts = [facet.but for facet in facets]
    words_apart = [frozenset[str]()] if is_only_facet else telling(titles, buts, of_signals=key[0] == SIGNAL)
    # A sentence names a system by its id or its title; the whole title of a signal is what the signal measures.
    whole_values = [
        () if of_words and (is_only_facet or key[0] == SIGNAL) else tuple(_known_values(facet.values))
        for facet in facets
    ]
    all_known = [
        *(known for values in whole_values for known in values),
        *(known_word(word) for title_words in words_apart for word in sorted(title_words)),
    ]
    names = {
        facet: frozenset(known.name for known in values) | title_words
        for facet, values, title_words in zip(facets, whole_values, words_apart, strict=True)
    }
    vocabulary = Names(
        dimension=key[0],
        known=tuple(dict.fromkeys(all_known)),
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
