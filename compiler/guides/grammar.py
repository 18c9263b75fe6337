"""Passages → statements: a number, the comparator beside it, and the quantity and severity that belong to it.

Deterministic, sentence by sentence: `mention` reads a number, `traps` tells what only looks like a limit, `meaning` and
`holds` read the words around it. Where a number has no comparator, its place and its quantity give one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler.guides import holds, meaning, traps
from compiler.guides.mention import MENTION, Mention, Sentence
from compiler.guides.passage import Passage
from compiler.guides.passages import passages
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement
from compiler.guides.vocabulary import Quantity, vocabulary

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9*`🔴🟡🟢🚨⚠(])|(?<=:)\s+(?=[A-Z][a-z]+ (?:at|when|if)\b)")
# As many words before a number are an item of a list, such as "Queue depth > 500", not a sentence.
_ITEM_WORDS: Final = 6


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A mention and what was found out about it so far."""

    mention: Mention
    unit: str
    factor: Decimal
    severity: str
    target: bool
    comparator: str | None

    @property
    def marked(self) -> bool:
        return self.severity != NO_SEVERITY or self.target


def statements(path: str, text: str) -> tuple[GuideStatement, ...]:
    """Return what a guide documents, in the order of its lines; `path` is only told in them."""
    sentences = (sentence for passage in passages(text) for sentence in _sentences(passage))
    found = (one for sentence in sentences for one in _stated(path, sentence))
    return tuple(sorted(found, key=lambda one: one.line))


def _sentences(passage: Passage) -> Iterator[Sentence]:
    start, before = 0, ""
    for end in (*(found.start() for found in _SENTENCE.finditer(passage.text)), len(passage.text)):
        text = passage.text[start:end]
        yield Sentence(passage=passage, text=text, start=start, before=before)
        before, start = f"{before} {text}", end


def _stated(path: str, sentence: Sentence) -> Iterator[GuideStatement]:
    taken = 0
    for found in MENTION.finditer(sentence.text):
        reading = _read(Mention(sentence=sentence, found=found, taken=taken))
        statement = _statement(path, reading) if _may_limit(reading) else None
        if statement is not None:
            taken = found.end()
            yield statement


def _read(mention: Mention) -> _Reading:
    unit, factor = mention.written_unit or (None, Decimal(1))
    unit = unit or mention.sentence.passage.unit or meaning.bare_unit(mention)
    severity = meaning.severity(mention)
    target = severity == NO_SEVERITY and meaning.is_target(mention)
    comparator = mention.comparator
    if comparator is None and unit == "ratio" and target:
        # "Available 99.9 % of the time" promises that much or more.
        named = meaning.nearest(mention.clause, unit, backwards=True)
        comparator = ">=" if named and named.low else None
    return _Reading(mention=mention, unit=unit, factor=factor, severity=severity, target=target, comparator=comparator)


def _may_limit(reading: _Reading) -> bool:
    mention, comparator = reading.mention, reading.comparator
    bare = mention.sentence.passage.bare
    if mention.is_word and mention.comparator is None:
        return False
    if mention.is_word and mention.sign and mention.comparator == "<=":
        return False
    if bare and mention.found["about"] and not mention.sign:
        return False
    if comparator is None and not bare and not (reading.marked and meaning.is_marked(mention)):
        return False
    if reading.unit == "seconds" and traps.is_window(mention, comparator):
        return False
    return not traps.is_no_limit(mention, comparator, marked=reading.marked)


def _statement(path: str, reading: _Reading) -> GuideStatement | None:
    mention, sentence = reading.mention, reading.mention.sentence
    quantity = meaning.quantity(mention, reading.unit)
    amount = _amount(reading)
    if amount is None or (quantity is None and not _is_told(reading)):
        return None
    value, value_to, unit = amount
    low = _is_low(mention, quantity)
    if mention.whole is not None:
        quantity = meaning.quantity(mention, unit)
    comparator = _comparator(reading, low=low)
    # What is promised and not feared is a target, even if nobody calls it so.
    promised = quantity is not None and reading.severity == NO_SEVERITY and comparator[0] == (">" if low else "<")
    return GuideStatement(
        path=path,
        line=sentence.passage.line(sentence.start + mention.found.start("number")),
        text=mention.clause.strip(" ,;"),
        signal=quantity.signal if quantity else _signal(unit, mention.clause),
        comparator=comparator,
        value=value.normalize(),
        value_to=value_to,
        unit=unit,
        severity=reading.severity,
        hold=holds.hold(mention),
        kind=TARGET if reading.target or promised else ALERT,
        written=mention.found.group().strip(),
        inferred=reading.comparator is None and not sentence.passage.sign,
        sure=quantity is not None,
    )


def _is_told(reading: _Reading) -> bool:
    """Return whether a number is a limit although nothing names what it limits."""
    mention = reading.mention
    if not mention.sentence.passage.bare and mention.comparator is None:
        return False
    if reading.marked or vocabulary().phrases.alarm.search(mention.sentence.text):
        return True
    return reading.unit != "seconds" and len(mention.lead.split()) <= _ITEM_WORDS


def _is_low(mention: Mention, quantity: Quantity | None) -> bool:
    near = " ".join((mention.clause, *mention.sentence.passage.above[:2]))
    return bool(quantity and quantity.low) or bool(vocabulary().phrases.low.search(near))


def _comparator(reading: _Reading, *, low: bool) -> str:
    """Return the comparator at the number, else that of its column, else the one that suits what it limits."""
    known, sign = vocabulary(), reading.mention.sentence.passage.sign
    if reading.comparator is not None:
        return reading.comparator
    if sign and known.before.fullmatch(sign):
        return known.comparator(sign)
    comparator = "<" if low != reading.target else ">"
    return comparator if reading.mention.whole is None else f"{comparator}="


def _amount(reading: _Reading) -> tuple[Decimal, Decimal | None, str] | None:
    """Return value, end of its range and base unit; nothing where a share is more than its whole."""
    mention, factor = reading.mention, reading.factor
    value, whole, upper = mention.number * factor, mention.whole, mention.upper
    if whole is None:
        return value, None if upper is None else upper * factor, reading.unit
    return (value / whole, None, "ratio") if whole and value <= whole else None


def _signal(unit: str, clause: str) -> str:
    """Return the signal of a limit whose quantity nothing names, by its unit."""
    if unit == "seconds":
        return "latency_other" if vocabulary().phrases.slow.search(clause) else "other"
    return {"per_second": "rate", "count": "count"}.get(unit, "other")
