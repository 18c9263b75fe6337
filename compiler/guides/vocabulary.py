"""The words of `vocabulary.yaml` as patterns, compiled once.

The file holds the words, this module their frames (where a word begins, what may follow it); `passages` and `grammar`
ask both through `vocabulary()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from compiler import meaning
from compiler.guides.phrases import Phrases, alternatives, phrases
from compiler.guides.statement import NO_SEVERITY

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
    `keys` has the patterns of a fence's keys by role, `named_unit` finds a unit in a name, `absence` has the texts of
    patterns that `compiler.guides.absence` frames.
    """

    quantities: tuple[Quantity, ...]
    severities: Mapping[str, re.Pattern[str]]
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

    def comparator(self, words: str) -> str:
        """Return the comparator that words stand for, which `before` has matched."""
        return next(sign for text, sign in self.comparators.items() if re.fullmatch(text, words, re.IGNORECASE))

    def severity(self, text: str) -> str:
        """Return the gravest severity that a text names, or none."""
        return next((name for name, pattern in self.severities.items() if pattern.search(text)), NO_SEVERITY)

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


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary."""
    given: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8"))
    comparators = {text: sign for sign, texts in given["comparators"].items() for text in texts}
    longest = sorted(comparators, key=len, reverse=True)
    spellings = sorted((text for one in given["units"] for text in one["words"]), key=len, reverse=True)
    return Vocabulary(
        quantities=_quantities(given["quantities"]),
        severities={name: _any(texts) for name, texts in given["severities"].items()},
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
