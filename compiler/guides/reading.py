"""Combine what other modules read about a number, and decide whether the number is a limit.

`traps` and `bystanders` recognize what only looks like a limit. `meaning`, `grade`, `marks` and `norms` read the words
around a number. `grammar` uses this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler.guides import bystanders, grade, marks, meaning, norms, traps
from compiler.guides.mention import Mention
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary
from compiler.quantities import PER_SECOND

WINDOW: Final = "a time during which something is measured, or lasts"
"""The reason for which most durations are no limits."""

# With at most so many words before its number, a text such as "Queue depth > 500" is an item and no sentence.
_ITEM_WORDS: Final = 6
_RISING: Final = frozenset({">", "≥"})
_LISTED: Final = re.compile(r"[:,/|]\s*$")
_LABELLED: Final = re.compile(r"(?=[^(:\w]*+\w)[^\d(:]*+\d?[^\d(:]*+:\s*+")
_SHORT_SENTENCE: Final = 25


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A mention with its unit, severity and comparator.

    `breached` is True if the severity is that of a norm's breach, as in "at most 3, otherwise page".
    """

    mention: Mention
    unit: str
    factor: Decimal
    severity: Severity
    target: bool
    comparator: str | None
    breached: bool = False

    @property
    def marked(self) -> bool:
        """Whether a severity or a target belongs to the number."""
        return self.severity != NO_SEVERITY or self.target

    @property
    def amount(self) -> tuple[Decimal, Decimal | None, str] | None:
        """Value, end of its range and base unit; None if a share is more than its whole."""
        mention = self.mention
        value, whole, upper = self._in_base(mention.number), mention.whole, mention.upper
        if whole is None:
            return value, None if upper is None else self._in_base(upper), self.unit
        return (value / whole, None, "ratio") if whole and value <= whole else None

    def _in_base(self, number: Decimal) -> Decimal:
        """Return a number in its base unit; divide a rate by its period, because a factor such as 1/60 is rounded."""
        if self.unit == PER_SECOND and self.factor < 1:
            return number / round(1 / self.factor)
        return number * self.factor


def read(mention: Mention) -> Reading:
    """Return a mention with its unit, severity and comparator."""
    written = mention.unit or meaning.bare_unit(mention)
    unit, factor = written.unit, written.factor
    comparator = mention.comparator
    breach = norms.severity_of_breach(mention) if comparator is not None or norms.is_modal(mention) else None
    severity = breach or grade.severity(mention)
    target = severity == NO_SEVERITY and marks.is_target(mention)
    if target and norms.is_modal(mention):
        # "Critical: errors must stay below 5 %": a norm with the severity of its breach.
        severity = norms.severity(mention)
    if comparator is None and unit == "ratio" and target:
        # "Available 99.9 % of the time" promises that much or more.
        quantity = meaning.nearest(mention.clause, unit, backwards=True)
        comparator = ">=" if quantity and quantity.low else None
    return Reading(
        mention=mention,
        unit=unit,
        factor=factor,
        severity=severity,
        target=target,
        comparator=comparator,
        breached=breach is not None,
    )


def refusal(reading: Reading) -> str | None:
    """Return why a number is no limit, by its comparator, its place and the words around it, or None."""
    mention, comparator = reading.mention, reading.comparator
    bare = mention.sentence.passage.bare
    if mention.is_word and not _may_limit_in_words(mention):
        return "a number in words, and no comparator"
    if bare and mention.match["about"] and not mention.sign:
        return "about so much"
    if comparator is None and not bare and not _is_labelled(reading):
        return "no comparator, and no severity at the number"
    if reading.unit == "seconds" and traps.is_window(mention, comparator):
        return WINDOW
    return traps.refusal(mention, comparator, marked=reading.marked) or bystanders.refusal(
        mention, reading.unit, target=reading.target or reading.breached
    )


def _may_limit_in_words(mention: Mention) -> bool:
    """Return whether a number in words may be a limit.

    It needs a comparator. A comparator such as "at most" before the number only permits.
    """
    if mention.comparator is None or (mention.sign and mention.comparator == "<="):
        return False
    # "Below zero means full by then" explains a value and states no limit.
    return mention.number > 0 or mention.comparator != "<"


def _is_labelled(reading: Reading) -> bool:
    """Return whether the place of a number without a comparator says that it is a limit."""
    if reading.marked and marks.is_marked(reading.mention):
        return True
    if reading.target and marks.is_share_kept(reading.mention):
        return True
    if reading.target and marks.is_promised(reading.mention):
        return True
    if marks.is_left(reading.mention):
        return True
    return marks.is_band(reading.mention) or marks.is_threshold(reading.mention)


def is_limit_without_quantity(reading: Reading) -> bool:
    """Return whether a number is a limit although nothing names its quantity."""
    mention = reading.mention
    if mention.sentence.passage.alert:
        return True
    if mention.is_word and (reading.unit == "seconds" or not mention.sign) and not reading.marked:
        # "Younger than an hour" may be the age of anything, and "with six or fewer" may be a count of anything.
        return False
    if not mention.sentence.passage.bare and mention.comparator is None:
        return _is_limit_by_label(reading)
    lexicon, text = vocabulary(), mention.sentence.text
    alarming = any(pattern.search(text) for pattern in (lexicon.phrases.alarm, lexicon.phrases.trouble))
    return alarming or lexicon.severity(text) != NO_SEVERITY or reading.target or _is_limit_by_shape(reading)


def _is_limit_by_label(reading: Reading) -> bool:
    """Return whether a number is a limit by its label: "bounces: warn at 4 %"."""
    mention = reading.mention
    if reading.unit == "count":
        listed = _LISTED.search(mention.lead) and marks.is_in_bracket(mention)
        placed = mention.is_behind_at or mention.in_pair is not None or listed
        return bool(placed) and reading.marked
    # "Critical: 30 minutes" may be a time to respond, and a limit of 100 % makes no sense.
    whole = reading.unit == "ratio" and mention.number * reading.factor >= 1
    return _is_labelled(reading) and reading.unit != "seconds" and not whole


def _is_limit_by_shape(reading: Reading) -> bool:
    """Return whether a number is a limit because an item of a list says nothing else: "queue depth > 500"."""
    mention = reading.mention
    text, words = mention.sentence.text, len(mention.lead.split())
    if mention.sign[:1] in _RISING and words and not mention.sentence.passage.bare:
        # "Longest transaction > 30 min" shows by itself that it is a limit.
        return words <= _ITEM_WORDS
    if mention.sign and _LABELLED.fullmatch(mention.lead) and not mention.sign[:1].isalpha():
        # "Clock offset: < 500 ms".
        return not mention.rest.strip(" .")
    is_short = len(text.split()) <= _SHORT_SENTENCE
    is_item = not mention.sign[:1].isalpha() or not text.rstrip().endswith(".") or is_short
    return is_item and (reading.marked or reading.unit != "seconds") and words <= _ITEM_WORDS
