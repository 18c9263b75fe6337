"""Passages → statements: a number, the comparator beside it, and the quantity and severity that belong to it.

Deterministic, sentence by sentence: `mention` reads a number, `traps` tells what only looks like a limit,
`meaning`, `grade`, `marks` and `holds` read the words around it. Where a number has no comparator, its place and
its quantity give one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Final

from compiler.guides import holds, marks, meaning, norms
from compiler.guides.absence import absence, is_timeless
from compiler.guides.complements import is_complement
from compiler.guides.mention import Mention, Sentence
from compiler.guides.parallel import is_exception, is_parallel
from compiler.guides.passage import LONGEST, NEAR, Passage, restored
from compiler.guides.passages import passages
from compiler.guides.reading import WINDOW, Reading, is_told, read, refusal
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement, Surroundings
from compiler.guides.vocabulary import Quantity, vocabulary
from compiler.guides.written import looks_back, numbers
from compiler.meaning import has_rest
from compiler.quantities import COUNT

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9*`🔴🟡🟢🚨⚠(])|(?<=:)\s+(?=[A-Z][a-z]+ (?:at|when|if)\b)")
# More numbers than these, or more characters, are data and not a sentence.
_MOST_NUMBERS: Final = 30
_LONGEST_SENTENCE: Final = 1200
_TITLE_WORDS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A number that is no limit, and why; `signed` where it has a comparator, `graded` where its sentence is graded."""

    line: int
    reason: str
    signed: bool
    graded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What a guide documents, in the order of its lines, which numbers are no limits, and the lines that were read."""

    statements: tuple[GuideStatement, ...]
    refused: tuple[Refused, ...]
    lines: frozenset[int]


def statements(path: str, text: str) -> tuple[GuideStatement, ...]:
    """Return what a guide documents, in the order of its lines; `path` is only told in them."""
    return read_guide(path, text).statements


def read_guide(path: str, text: str) -> Read:
    """Return what a guide documents, and what of it is read and states no limit."""
    return _read(path, text, vocabulary().own)


@lru_cache(maxsize=8)
def _read(path: str, text: str, words: tuple[tuple[str, str], ...]) -> Read:
    """Return what is read as the words for severities have it, which the vocabulary knows."""
    del words
    sentences = [sentence for passage in passages(text) for sentence in _sentences(passage)]
    found = [one for sentence in sentences for one in _stated(path, sentence)]
    return Read(
        statements=tuple(sorted((one for one in found if isinstance(one, GuideStatement)), key=lambda one: one.line)),
        refused=tuple(one for one in found if isinstance(one, Refused)),
        lines=frozenset(line for sentence in sentences for _, line in sentence.passage.starts),
    )


def _sentences(passage: Passage) -> Iterator[Sentence]:
    before = ""
    ends = [*(found.start() for found in _SENTENCE.finditer(passage.text)), len(passage.text)]
    starts = [0, *ends[:-1]]
    texts = [passage.text[start:end] for start, end in zip(starts, ends, strict=True)]
    for start, text, behind in zip(starts, texts, (*texts[1:], ""), strict=True):
        said = behind.strip() if looks_back(behind) else ""
        yield Sentence(passage=passage, text=text, start=start, before=before, behind=said)
        before = f"{before} {text}"[-NEAR:]


def _stated(path: str, sentence: Sentence) -> Iterator[GuideStatement | Refused]:
    """Yield the limits of a sentence, and its numbers that are none; a time beside a limit belongs to it."""
    is_long = len(sentence.text) > _LONGEST_SENTENCE
    paired = not is_long and (sentence.pair is not None or sentence.listed > 0)
    mentions = list(islice(numbers(sentence.text[:LONGEST], paired=paired), _MOST_NUMBERS + 1))
    if len(mentions) > _MOST_NUMBERS or is_long:
        for found in mentions[:1]:
            yield Refused(line=sentence.line(found), reason="more than a sentence", signed=False, graded=True)
        return
    taken, refused, absent = 0, list[tuple[Reading, str]](), False
    last: tuple[Reading, GuideStatement] | None = None
    for found in mentions:
        reading = read(Mention(sentence=sentence, found=found, taken=taken))
        why = refusal(reading)
        statement = _statement(path, reading) if why is None else None
        missed = _missed(path, reading, statement, going_on=absent)
        if missed is not None:
            statement, absent = missed, True
        if statement is None and last is not None and is_parallel(reading.mention, last[0]):
            statement = _beside(reading.mention, last[1])
        if statement is not None:
            reading, statement = _going_on(reading, statement, None if last is None else last[0])
            taken, last = found.end(), (reading, statement)
            yield statement
        else:
            refused.append((reading, why or _unknown(reading)))
    if not mentions and is_timeless(sentence):
        line = sentence.passage.line(sentence.start)
        yield Refused(line=line, reason="it does not say for how long", signed=False, graded=True)
    graded = vocabulary().severity(sentence.text) != NO_SEVERITY
    for reading, why in refused:
        # "From 8 to 18" compares nothing.
        signed = reading.mention.sign not in {"", "from"}
        if not taken or (signed and why != WINDOW):
            yield Refused(line=sentence.line(reading.mention.found), reason=why, signed=signed, graded=graded)


def _going_on(reading: Reading, statement: GuideStatement, last: Reading | None) -> tuple[Reading, GuideStatement]:
    """Return a limit without a severity with that of the one before it, if it is an exception from that."""
    graded = statement.severity != NO_SEVERITY or reading.target
    if last is None or graded or not is_exception(reading.mention, last):
        return reading, statement
    given = last.severity
    graded_statement = replace(statement, severity=str(given), severity_word=given.word, severity_guess=given.doubtful)
    return replace(reading, severity=given), graded_statement


def _missed(path: str, reading: Reading, statement: GuideStatement | None, *, going_on: bool) -> GuideStatement | None:
    """Return the limit of an absence; a number that a telling quantity has is that one's."""
    if statement is not None and statement.signal in meaning.TELLING:
        return None
    mention, found = reading.mention, absence(reading.mention, reading.unit, going_on=going_on)
    if found is None:
        return None
    return GuideStatement(
        path=path,
        line=mention.sentence.line(mention.found),
        text=restored(mention.clause.strip(" ,;")),
        signal=found.signal,
        comparator=">",
        value=(mention.number * reading.factor).normalize(),
        value_to=None,
        unit=reading.unit,
        severity=str(reading.severity),
        severity_word=reading.severity.word,
        severity_guess=reading.severity.doubtful,
        for_seconds=None,
        kind=ALERT,
        cell=restored(mention.sentence.passage.cell),
        written=mention.found.group().strip(),
        inferred=True,
        around=_surroundings(mention),
        subject=found.subject,
    )


def _unknown(reading: Reading) -> str:
    """Return why a number that may be a limit is none all the same."""
    return "more than its whole" if reading.amount is None else "nothing says what is limited"


def _beside(mention: Mention, last: GuideStatement) -> GuideStatement:
    """Return what a number says of one thing beside what the limit before it says of another."""
    value = mention.number * (mention.unit.factor if mention.unit else 1)
    sentence = mention.sentence
    return replace(
        last,
        line=sentence.line(mention.found),
        text=restored(mention.clause.strip(" ,;")),
        value=value.normalize(),
        value_to=None,
        for_seconds=holds.for_seconds(mention),
        window=holds.window(mention) if last.unit in _COUNTED else None,
        written=mention.found.group().strip(),
        around=_surroundings(mention),
    )


_COUNTED: Final = frozenset({COUNT, "other"})


def _statement(path: str, reading: Reading) -> GuideStatement | None:
    mention, sentence = reading.mention, reading.mention.sentence
    quantity = meaning.quantity(mention, reading.unit)
    if reading.amount is None or (quantity is None and not is_told(reading)):
        return None
    value, value_to, unit = reading.amount
    if mention.whole is not None:
        quantity = meaning.quantity(mention, unit)
    complement = is_complement(mention, quantity, falls=_falls(reading))
    low = _is_low(mention, quantity, complement=complement)
    comparator = _comparator(reading, low=low)
    # What is promised and not feared is a target, even if nobody calls it so.
    timed = unit == "seconds" and mention.sign[:1] == "<"
    known = quantity is not None or timed
    good = comparator[0] == (">" if low else "<")
    promised = known and _may_promise(reading) and good
    demanded = _is_demanded(reading) and (
        good if quantity is not None else norms.is_demand(mention, unit, breached=reading.breached)
    )
    # Below "Objectives", too, nobody aims at more errors.
    inherited = reading.target and not marks.is_named_target(mention) and not sentence.passage.bare
    feared = inherited and quantity is not None and comparator[0] == ("<" if low else ">")
    return GuideStatement(
        path=path,
        line=sentence.line(mention.found),
        text=restored(mention.clause.strip(" ,;")),
        signal=quantity.signal if quantity else _signal(unit, mention.clause),
        comparator=comparator,
        value=value.normalize(),
        value_to=value_to,
        unit=unit,
        severity=str(reading.severity),
        severity_word=reading.severity.word,
        severity_guess=reading.severity.doubtful,
        for_seconds=holds.for_seconds(mention),
        window=holds.window(mention) if unit in _COUNTED else None,
        kind=TARGET if (reading.target and not feared) or promised or demanded else ALERT,
        cell=restored(sentence.passage.cell),
        written=mention.found.group().strip(),
        inferred=reading.comparator is None and not sentence.passage.sign,
        sure=quantity is not None,
        around=_surroundings(mention),
        complement=complement,
    )


def _surroundings(mention: Mention) -> Surroundings:
    sentence = mention.sentence
    return Surroundings(
        sentence=restored(sentence.text),
        start=mention.found.start("number"),
        end=mention.found.end(),
        before=restored(sentence.before.strip()),
        behind=restored(sentence.behind),
        beside=restored(sentence.passage.beside),
        above=tuple(map(restored, sentence.passage.above)),
    )


def _falls(reading: Reading) -> bool:
    """Return whether a number may be a least one, as far as its comparator and its being a target tell."""
    comparator = reading.comparator
    return comparator is None or (comparator[0] == "<") != (reading.target or reading.breached)


def _is_demanded(reading: Reading) -> bool:
    """Return whether what is to be is said together with how grave it is when it is not."""
    return reading.severity != NO_SEVERITY and (reading.breached or norms.is_norm(reading.mention))


def _may_promise(reading: Reading) -> bool:
    sentence = reading.mention.sentence
    feared = sentence.passage.alert or bool(vocabulary().phrases.conditional.search(reading.mention.lead))
    # "A run with fewer than 90 % of the rows must not go on" tells what follows.
    follows = reading.mention.rest.partition(";")[0]
    told = reading.mention.sign[:1].isalpha() and vocabulary().phrases.trouble.search(follows)
    return reading.severity == NO_SEVERITY and not feared and not told


def _is_low(mention: Mention, quantity: Quantity | None, *, complement: bool) -> bool:
    if quantity is not None and (complement or has_rest(quantity.signal)):
        return complement != quantity.low if not quantity.complement else quantity.low
    # A long text above speaks of more than of what its list limits.
    titles = (one for one in mention.sentence.passage.above[:2] if len(one.split()) <= _TITLE_WORDS)
    # What the sentence before says is free may be what "we page at 10 %" speaks of.
    before = "" if mention.comparator else mention.sentence.before
    near = " ".join((mention.clause, *titles, before))
    return bool(quantity and quantity.low) or bool(vocabulary().phrases.low.search(near))


def _comparator(reading: Reading, *, low: bool) -> str:
    """Return the comparator at the number, else that of its column, else the one that suits what it limits."""
    known, sign = vocabulary(), reading.mention.sentence.passage.sign
    if reading.comparator is not None:
        # Nothing is below none: "drops to 0" means that it gets there.
        return "<=" if reading.comparator == "<" and not reading.mention.number else reading.comparator
    if sign and known.before.fullmatch(sign):
        return known.comparator(sign)
    kept = reading.target or reading.breached
    comparator = "<" if low != kept else ">"
    reached = reading.mention.whole is not None or (kept and not reading.mention.number)
    return f"{comparator}=" if reached else comparator


def _signal(unit: str, clause: str) -> str:
    """Return the signal of a limit whose quantity nothing names, by its unit."""
    if unit == "seconds":
        return "latency_other" if vocabulary().phrases.slow.search(clause) else "other"
    return {"per_second": "rate", "count": "count"}.get(unit, "other")
