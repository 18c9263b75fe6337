"""The words of `vocabulary.yaml` as patterns, compiled once.

The file holds the words, this module their frames (where a word begins, what may follow it); `passages` and `grammar`
ask both through `vocabulary()`. Words for severities may stand for something else in a house (`speaking`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from compiler import meaning
from compiler.guides.phrases import Phrases, alternatives, phrases
from compiler.guides.severities import Severities, words
from compiler.guides.statement import Severity
from compiler.severities import SeverityWords, word_key

_RATE: Final = re.compile(r"(?:\w ?/ ?|\bper )(?P<period>s|secs?|seconds?|min|minute)\b\)?$", re.IGNORECASE)
_PER_MINUTE: Final = Decimal(1) / 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """What can be limited: its signal, and the units that its limits may have.

    `complement` is set where its words name what the signal leaves, as misses are what hits leave; `low` where little
    of what the words name is the trouble.
    """

    signal: str
    units: frozenset[str]
    low: bool
    complement: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A way to write a unit: the base unit and how much of it one is."""

    unit: str
    factor: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """All that the grammar knows.

    `comparators` gives each wording's sign, `before` matches any of them, `after` those that follow their number;
    `units` are by the pattern of their spelling, `columns` and `other_columns` pairs of pattern and role, in order;
    `keys` has the patterns of a fence's keys by role, and `named_unit` finds a unit in a name; `environments` has the
    spellings of each, `absence` the texts of patterns that `compiler.guides.absence` frames, `own` the words for
    severities that a file maps.
    """

    quantities: tuple[Quantity, ...]
    severities: Severities
    targets: re.Pattern[str]
    comparators: Mapping[str, str]
    before: re.Pattern[str]
    after: Mapping[str, re.Pattern[str]]
    units: tuple[tuple[re.Pattern[str], Unit], ...]
    unit_text: str
    phrases: Phrases
    columns: tuple[tuple[re.Pattern[str], str], ...]
    other_columns: tuple[tuple[re.Pattern[str], str], ...]
    keys: Mapping[str, re.Pattern[str]]
    named_unit: re.Pattern[str]
    absence: Mapping[str, str]
    environments: tuple[tuple[tuple[str, ...], str], ...]
    own: tuple[tuple[str, str], ...] = ()

    def environment(self, words: str) -> str | None:
        """Return the environment of which words, in small letters, are a spelling."""
        spellings = ((name, text) for texts, name in self.environments for text in texts)
        return next((name for name, text in spellings if re.fullmatch(text, words)), None)

    def comparator(self, words: str) -> str:
        """Return the comparator that words stand for, which `before` has matched."""
        return next(sign for text, sign in self.comparators.items() if re.fullmatch(text, words, re.IGNORECASE))

    def severity(self, text: str) -> Severity:
        """Return the gravest severity that a text names, or none."""
        return self.severities.gravest(text)

    def unit_of_name(self, *names: str) -> Unit | None:
        """Return the unit that the first of some names gives to its numbers: "latency (ms)", "wait_seconds"."""
        found = next((match for match in map(self.named_unit.search, names) if match), None)
        if found and found["period"]:
            return self.rate_of_name(found.string)
        return self.unit(next(text for text in found.groups() if text)) if found else None

    def rate_of_name(self, name: str) -> Unit | None:
        """Return the unit of a name that ends as "orders/min" or "keys per second" do."""
        found = _RATE.search(name)
        if found is None:
            return None
        return Unit(unit="per_second", factor=_PER_MINUTE if found["period"][0] in "mM" else Decimal(1))

    def unit(self, words: str) -> Unit:
        """Return what a unit's spelling means, which `unit_text` has matched."""
        return next(unit for pattern, unit in self.units if pattern.fullmatch(words))


def vocabulary() -> Vocabulary:
    """Return the vocabulary that is spoken."""
    return _SPOKEN.get() or _vocabulary(())


@contextmanager
def speaking(words: SeverityWords) -> Iterator[None]:
    """Let the words for severities stand for what a file says, while the context lasts."""
    token = _SPOKEN.set(_vocabulary(words.own))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def severity_words(own: Iterable[tuple[str, str]] = ()) -> SeverityWords:
    """Return the words for severities, some of them as a file maps them."""
    mapped = tuple(own)
    found = _vocabulary(mapped).severities.words
    known = {word_key(text): one.severity for one in found for text in one.spellings}
    return SeverityWords(known=known, own=mapped)


def spellings(word: str) -> tuple[str, ...]:
    """Return the keys of all spellings of a word for severities, its own first."""
    own = word_key(word)
    keys = ([word_key(text) for text in one.spellings] for one in _vocabulary(()).severities.words)
    return own, *next((each for each in keys if own in each), ())


_SPOKEN: Final[ContextVar[Vocabulary | None]] = ContextVar("spoken", default=None)


@cache
def _given() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
    return found


@cache
def _vocabulary(own: tuple[tuple[str, str], ...]) -> Vocabulary:
    given = _given()
    comparators = {text: sign for sign, texts in given["comparators"].items() for text in texts}
    longest = sorted(comparators, key=len, reverse=True)
    spellings = sorted((text for one in given["units"] for text in one["words"]), key=len, reverse=True)
    return Vocabulary(
        quantities=_quantities(given["quantities"]),
        severities=Severities(words=words(given["severities"], own)),
        own=own,
        targets=_any(given["targets"]),
        comparators=comparators,
        before=_pattern(alternatives(_bounded(text) for text in longest)),
        after={sign: _pattern(rf"\s*{alternatives(texts)}") for sign, texts in given["after"].items()},
        units=_units(given["units"]),
        unit_text="|".join(spellings),
        phrases=phrases(given["phrases"]),
        columns=_columns(given["columns"]),
        other_columns=_columns(given["other_columns"]),
        keys={role: _pattern("|".join(texts)) for role, texts in given["keys"].items()},
        named_unit=_named_unit("|".join(spellings)),
        absence={name: "|".join(texts) for name, texts in given["absence"].items()},
        environments=tuple((tuple(texts), name) for name, texts in given["environments"].items()),
    )


def _quantities(given: Iterable[Mapping[str, Any]]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(
            signal=one["signal"],
            units=frozenset(one["units"]),
            low=(meaning.builtin_side(one["signal"]) == meaning.LOW) != one.get("complement", False),
            complement=one.get("complement", False),
            pattern=_any(one["words"]),
        )
        for one in given
    )


def _units(given: Iterable[Mapping[str, Any]]) -> tuple[tuple[re.Pattern[str], Unit], ...]:
    return tuple(
        (_pattern(text), Unit(unit=one["unit"], factor=Decimal(str(one["factor"]))))
        for one in given
        for text in one["words"]
    )


def _named_unit(spelling: str) -> re.Pattern[str]:
    # "node(s)" is a plural, and a single letter at the end of a name is no unit.
    return _pattern(
        rf"(?:(?<=\s)|^)[(\[](?:in )?(?P<inside>{spelling})[)\]]"
        # "Errors/min" and "evicted keys per second" are rates; "per hour" counts, and is no time.
        rf"|{_RATE.pattern}"
        rf"|(?<=[A-Za-z0-9][_ ])(?<!\bper )(?=[a-z]{{2}})(?P<suffix>{spelling})(?:_bucket)?$"
        r"|(?<=\s)(?P<sign>%)(?=\s|$)|, (?P<last>m?s)$|\b(?P<rate>rps|qps|tps|iops)\b"
    )


def _columns(given: Iterable[Mapping[str, Any]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern("|".join(one["words"])), one["role"]) for one in given)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _bounded(text: str) -> str:
    return rf"\b{text}\b" if text[0].isalpha() else text


def _any(texts: Iterable[str]) -> re.Pattern[str]:
    # Words begin where words begin; what does not begin with a letter may stand anywhere.
    return _pattern("|".join(rf"\b{one}" if one[0].isalpha() else one for one in texts))
