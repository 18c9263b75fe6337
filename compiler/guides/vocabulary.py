"""Compile the words of `vocabulary.yaml` into patterns, once.

The file holds the words. This module holds their frames: where a word begins and what may follow it. `passages` and
`grammar` use both through `vocabulary()`. A thresholds.yaml may map the words for severities differently (`speaking`).
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
    """A quantity that can be limited: its signal, and the units that its limits may have.

    `complement` is True if the words name what the signal leaves, as misses are what hits leave. `low` is True if low
    values of what the words name are the trouble.
    """

    signal: str
    units: frozenset[str]
    low: bool
    complement: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A spelling of a unit: its base unit, and the factor that converts to it."""

    unit: str
    factor: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """All words that the grammar knows.

    `comparators` maps each wording to its sign. `before` matches any comparator before a number; `after` matches those
    that follow their number, by sign. `units` pairs the pattern of a spelling with its unit. `columns` and
    `other_columns` are pairs of pattern and role, in order. `keys` holds the patterns of a fence's keys by role.
    `named_unit` finds a unit in a name. `environments` pairs the spellings of each environment with its name. `absence`
    holds the texts of patterns that `compiler.guides.absence` completes. `own` holds the words for severities that a
    file maps.
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
        """Return the environment that lower-case words spell, or None."""
        spellings = ((name, text) for texts, name in self.environments for text in texts)
        return next((name for name, text in spellings if re.fullmatch(text, words)), None)

    def comparator(self, words: str) -> str:
        """Return the comparator for words that `before` has matched."""
        return next(sign for text, sign in self.comparators.items() if re.fullmatch(text, words, re.IGNORECASE))

    def severity(self, text: str) -> Severity:
        """Return the most severe severity that a text names, or `NO_SEVERITY`."""
        return self.severities.most_severe(text)

    def unit_of_name(self, *names: str) -> Unit | None:
        """Return the unit in the first of the names that has one: "latency (ms)", "wait_seconds"."""
        match = next((match for match in map(self.named_unit.search, names) if match), None)
        if match and match["period"]:
            return self.rate_of_name(match.string)
        return self.unit(next(text for text in match.groups() if text)) if match else None

    def rate_of_name(self, name: str) -> Unit | None:
        """Return the unit of a name that ends like "orders/min" or "keys per second"."""
        match = _RATE.search(name)
        if match is None:
            return None
        return Unit(unit="per_second", factor=_PER_MINUTE if match["period"][0] in "mM" else Decimal(1))

    def unit(self, words: str) -> Unit:
        """Return the unit for a spelling that `unit_text` has matched."""
        return next(unit for pattern, unit in self.units if pattern.fullmatch(words))


def vocabulary() -> Vocabulary:
    """Return the vocabulary in use: the one that `speaking` has set, else the default one."""
    return _SPOKEN.get() or _vocabulary(())


@contextmanager
def speaking(words: SeverityWords) -> Iterator[None]:
    """Map the words for severities as a file maps them, while the context lasts."""
    token = _SPOKEN.set(_vocabulary(words.own))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def severity_words(own: Iterable[tuple[str, str]] = ()) -> SeverityWords:
    """Return the words for severities; `own` holds the words that a file maps."""
    mapped = tuple(own)
    entries = _vocabulary(mapped).severities.words
    severity_by_key = {word_key(text): word.severity for word in entries for text in word.spellings}
    return SeverityWords(known=severity_by_key, own=mapped)


def spellings(word: str) -> tuple[str, ...]:
    """Return the keys of all spellings of a word for severities, its own first."""
    own = word_key(word)
    key_lists = ([word_key(text) for text in entry.spellings] for entry in _vocabulary(()).severities.words)
    return own, *next((keys for keys in key_lists if own in keys), ())


_SPOKEN: Final[ContextVar[Vocabulary | None]] = ContextVar("spoken", default=None)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
    return data


@cache
def _vocabulary(own: tuple[tuple[str, str], ...]) -> Vocabulary:
    data = _data()
    comparators = {text: sign for sign, texts in data["comparators"].items() for text in texts}
    longest = sorted(comparators, key=len, reverse=True)
    spellings = sorted((text for unit in data["units"] for text in unit["words"]), key=len, reverse=True)
    return Vocabulary(
        quantities=_quantities(data["quantities"]),
        severities=Severities(words=words(data["severities"], own)),
        own=own,
        targets=_any(data["targets"]),
        comparators=comparators,
        before=_pattern(alternatives(_bounded(text) for text in longest)),
        after={sign: _pattern(rf"\s*{alternatives(texts)}") for sign, texts in data["after"].items()},
        units=_units(data["units"]),
        unit_text="|".join(spellings),
        phrases=phrases(data["phrases"]),
        columns=_columns(data["columns"]),
        other_columns=_columns(data["other_columns"]),
        keys={role: _pattern("|".join(texts)) for role, texts in data["keys"].items()},
        named_unit=_named_unit("|".join(spellings)),
        absence={name: "|".join(texts) for name, texts in data["absence"].items()},
        environments=tuple((tuple(texts), name) for name, texts in data["environments"].items()),
    )


def _quantities(entries: Iterable[Mapping[str, Any]]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(
            signal=entry["signal"],
            units=frozenset(entry["units"]),
            low=(meaning.builtin_side(entry["signal"]) == meaning.LOW) != entry.get("complement", False),
            complement=entry.get("complement", False),
            pattern=_any(entry["words"]),
        )
        for entry in entries
    )


def _units(entries: Iterable[Mapping[str, Any]]) -> tuple[tuple[re.Pattern[str], Unit], ...]:
    return tuple(
        (_pattern(text), Unit(unit=entry["unit"], factor=Decimal(str(entry["factor"]))))
        for entry in entries
        for text in entry["words"]
    )


def _named_unit(spelling: str) -> re.Pattern[str]:
    # "node(s)" is a plural, and a single letter at the end of a name is no unit.
    return _pattern(
        rf"(?:(?<=\s)|^)[(\[](?:in )?(?P<inside>{spelling})[)\]]"
        # "Errors/min" and "evicted keys per second" are rates. "Per hour" makes a count, not a time.
        rf"|{_RATE.pattern}"
        rf"|(?<=[A-Za-z0-9][_ ])(?<!\bper )(?=[a-z]{{2}})(?P<suffix>{spelling})(?:_bucket)?$"
        r"|(?<=\s)(?P<sign>%)(?=\s|$)|, (?P<last>m?s)$|\b(?P<rate>rps|qps|tps|iops)\b"
    )


def _columns(entries: Iterable[Mapping[str, Any]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern("|".join(entry["words"])), entry["role"]) for entry in entries)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _bounded(text: str) -> str:
    return rf"\b{text}\b" if text[0].isalpha() else text


def _any(texts: Iterable[str]) -> re.Pattern[str]:
    # A text that begins with a letter matches at the beginning of a word only. Other texts match anywhere.
    return _pattern("|".join(rf"\b{text}" if text[0].isalpha() else text for text in texts))
