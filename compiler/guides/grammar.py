"""Find statements in passages: a number, its comparator, and the quantity and severity that belong to it.

It works sentence by sentence and is deterministic. `mention` reads a number, `traps` and `bystanders` recognize what
only looks like a limit, and `meaning`, `grade`, `marks` and `holds` read the words around a number. If a number has no
comparator, its place and its quantity give one.
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
from compiler.guides.mention import Mention, Sentence
from compiler.guides.numbers import looks_back, numbers
from compiler.guides.parallel import is_exception, is_parallel
from compiler.guides.passage import LONGEST, NEAR, Passage, restored
from compiler.guides.passages import passages
from compiler.guides.reading import WINDOW, Reading, is_limit_without_quantity, read, refusal
from compiler.guides.statement import ALERT, NO_SEVERITY, TARGET, GuideStatement, Surroundings
from compiler.guides.vocabulary import Quantity, vocabulary
from compiler.meaning import has_rest
from compiler.quantities import COUNT

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9*`🔴🟡🟢🚨⚠(])|(?<=:)\s+(?=[A-Z][a-z]+ (?:at|when|if)\b)")
# A text with more numbers or more characters is data and no sentence.
_MOST_NUMBERS: Final = 30
_LONGEST_SENTENCE: Final = 1200
_TITLE_WORDS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A number that is no limit, and why.

    `signed` is True if it has a comparator, `graded` if its sentence names a severity.
    """

    line: int
    reason: str
    signed: bool
    graded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """The statements of a guide in the order of its lines, the numbers that are no limits, and the lines read."""

    statements: tuple[GuideStatement, ...]
    refused: tuple[Refused, ...]
    lines: frozenset[int]


def statements(path: str, text: str) -> tuple[GuideStatement, ...]:
    """Return the statements of a guide in the order of its lines; `path` only appears in them."""
    return read_guide(path, text).statements


def read_guide(path: str, text: str) -> Read:
    """Return the statements of a guide, and its numbers that are no limits."""
    return _read(path, text, vocabulary().own)


@lru_cache(maxsize=8)
def _read(path: str, text: str, words: tuple[tuple[str, str], ...]) -> Read:
    """Return what a guide states; `words`, the mapped words for severities, are only part of the cache's key."""
    del words
    sentences = [sentence for passage in passages(text) for sentence in _sentences(passage)]
    results = [result for sentence in sentences for result in _stated(path, sentence)]
    limits = (result for result in results if isinstance(result, GuideStatement))
    return Read(
        statements=tuple(sorted(limits, key=lambda statement: statement.line)),
        refused=tuple(result for result in results if isinstance(result, Refused)),
        lines=frozenset(line for sentence in sentences for _, line in sentence.passage.starts),
    )


def _sentences(passage: Passage) -> Iterator[Sentence]:
    before = ""
    ends = [*(match.start() for match in _SENTENCE.finditer(passage.text)), len(passage.text)]
    starts = [0, *ends[:-1]]
    texts = [passage.text[start:end] for start, end in zip(starts, ends, strict=True)]
    for start, text, following in zip(starts, texts, (*texts[1:], ""), strict=True):
        behind = following.strip() if looks_back(following) else ""
        yield Sentence(passage=passage, text=text, start=start, before=before, behind=behind)
        before = f"{before} {text}"[-NEAR:]


def _stated(path: str, sentence: Sentence) -> Iterator[GuideStatement | Refused]:
    """Yield the limits of a sentence, and its numbers that are no limits.

    In a sentence with limits, a refused number counts only if it has a comparator and is no time of measurement: such a
    time belongs to a limit.
    """
    is_long = len(sentence.text) > _LONGEST_SENTENCE
    paired = not is_long and (sentence.pair is not None or sentence.listed > 0)
    matches = list(islice(numbers(sentence.text[:LONGEST], paired=paired), _MOST_NUMBERS + 1))
    if len(matches) > _MOST_NUMBERS or is_long:
        for match in matches[:1]:
            yield Refused(line=sentence.line(match), reason="more than a sentence", signed=False, graded=True)
        return
    last_limit_end, refused, after_absence = 0, list[tuple[Reading, str]](), False
    last: tuple[Reading, GuideStatement] | None = None
    for match in matches:
        reading = read(Mention(sentence=sentence, match=match, last_limit_end=last_limit_end))
        reason = refusal(reading)
        statement = _statement(path, reading) if reason is None else None
        missing = _absence(path, reading, statement, after_absence=after_absence)
        if missing is not None:
            statement, after_absence = missing, True
        if statement is None and last is not None and is_parallel(reading.mention, last[0]):
            statement = _parallel(reading.mention, last[1])
        if statement is not None:
            reading, statement = _with_severity_of_last(reading, statement, None if last is None else last[0])
            last_limit_end, last = match.end(), (reading, statement)
            yield statement
        else:
            refused.append((reading, reason or _reason_of_no_statement(reading)))
    if not matches and is_timeless(sentence):
        line = sentence.passage.line(sentence.start)
        yield Refused(line=line, reason="it does not say for how long", signed=False, graded=True)
    graded = vocabulary().severity(sentence.text) != NO_SEVERITY
    for reading, reason in refused:
        # "From 8 to 18" compares nothing.
        signed = reading.mention.sign not in {"", "from"}
        if not last_limit_end or (signed and reason != WINDOW):
            yield Refused(line=sentence.line(reading.mention.match), reason=reason, signed=signed, graded=graded)


def _with_severity_of_last(
    reading: Reading, statement: GuideStatement, last: Reading | None
) -> tuple[Reading, GuideStatement]:
    """Give a limit without a severity the one of the limit before it, if it is an exception to that limit."""
    graded = statement.severity != NO_SEVERITY or reading.target
    if last is None or graded or not is_exception(reading.mention, last):
        return reading, statement
    severity = last.severity
    graded_statement = replace(
        statement, severity=str(severity), severity_word=severity.word, severity_guess=severity.doubtful
    )
    return replace(reading, severity=severity), graded_statement


def _absence(
    path: str, reading: Reading, statement: GuideStatement | None, *, after_absence: bool
) -> GuideStatement | None:
    """Return the limit on an absence, or None; a number with an exact quantity, such as a percentile, is no absence."""
    if statement is not None and statement.signal in meaning.TELLING:
        return None
    mention, missing = reading.mention, absence(reading.mention, reading.unit, after_absence=after_absence)
    if missing is None:
        return None
    return GuideStatement(
        path=path,
        line=mention.sentence.line(mention.match),
        text=restored(mention.clause.strip(" ,;")),
        signal=missing.signal,
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
        written=mention.match.group().strip(),
        inferred=True,
        around=_surroundings(mention),
        subject=missing.subject,
    )


def _reason_of_no_statement(reading: Reading) -> str:
    """Return why a number makes no statement although nothing refuses it."""
    return "more than its whole" if reading.amount is None else "nothing says what is limited"


def _parallel(mention: Mention, last: GuideStatement) -> GuideStatement:
    """Return the previous limit with the value of this number: the same limit for another place."""
    value = mention.number * (mention.unit.factor if mention.unit else 1)
    sentence = mention.sentence
    return replace(
        last,
        line=sentence.line(mention.match),
        text=restored(mention.clause.strip(" ,;")),
        value=value.normalize(),
        value_to=None,
        for_seconds=holds.for_seconds(mention),
        window=holds.window(mention) if last.unit in _COUNTED else None,
        written=mention.match.group().strip(),
        around=_surroundings(mention),
    )


_COUNTED: Final = frozenset({COUNT, "other"})


def _statement(path: str, reading: Reading) -> GuideStatement | None:
    mention, sentence = reading.mention, reading.mention.sentence
    quantity = meaning.quantity(mention, reading.unit)
    if reading.amount is None or (quantity is None and not is_limit_without_quantity(reading)):
        return None
    value, value_to, unit = reading.amount
    if mention.whole is not None:
        quantity = meaning.quantity(mention, unit)
    complement = meaning.is_complement(mention, quantity, falls=_may_be_minimum(reading))
    low = _is_low(mention, quantity, complement=complement)
    comparator = _comparator(reading, low=low)
    # A number that is promised, with no alert behind it, is a target, even if the guide does not call it one.
    within_time = unit == "seconds" and mention.sign[:1] == "<"
    has_quantity = quantity is not None or within_time
    on_good_side = comparator[0] == (">" if low else "<")
    promised = has_quantity and _may_promise(reading) and on_good_side
    demanded = _is_demanded(reading) and (
        on_good_side if quantity is not None else norms.is_demand(mention, unit, breached=reading.breached)
    )
    # A heading "Objectives" makes no target of a number on the bad side, because nobody aims at more errors.
    inherited = reading.target and not marks.is_named_target(mention) and not sentence.passage.bare
    on_bad_side = inherited and quantity is not None and comparator[0] == ("<" if low else ">")
    return GuideStatement(
        path=path,
        line=sentence.line(mention.match),
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
        kind=TARGET if (reading.target and not on_bad_side) or promised or demanded else ALERT,
        cell=restored(sentence.passage.cell),
        written=mention.match.group().strip(),
        inferred=reading.comparator is None and not sentence.passage.sign,
        sure=quantity is not None,
        around=_surroundings(mention),
        complement=complement,
    )


def _surroundings(mention: Mention) -> Surroundings:
    sentence = mention.sentence
    return Surroundings(
        sentence=restored(sentence.text),
        start=mention.match.start("number"),
        end=mention.match.end(),
        before=restored(sentence.before.strip()),
        behind=restored(sentence.behind),
        beside=restored(sentence.passage.beside),
        above=tuple(map(restored, sentence.passage.above)),
    )


def _may_be_minimum(reading: Reading) -> bool:
    """Return whether a number may be a minimum, by its comparator and by whether it is a target."""
    comparator = reading.comparator
    return comparator is None or (comparator[0] == "<") != (reading.target or reading.breached)


def _is_demanded(reading: Reading) -> bool:
    """Return whether the number is a norm and its sentence names the severity of a breach."""
    return reading.severity != NO_SEVERITY and (reading.breached or norms.is_norm(reading.mention))


def _may_promise(reading: Reading) -> bool:
    sentence = reading.mention.sentence
    alarming = sentence.passage.alert or bool(vocabulary().phrases.conditional.search(reading.mention.lead))
    # "A run with fewer than 90 % of the rows must not go on" states a consequence.
    same_part = reading.mention.rest.partition(";")[0]
    consequence = reading.mention.sign[:1].isalpha() and vocabulary().phrases.trouble.search(same_part)
    return reading.severity == NO_SEVERITY and not alarming and not consequence


def _is_low(mention: Mention, quantity: Quantity | None, *, complement: bool) -> bool:
    if quantity is not None and (complement or has_rest(quantity.signal)):
        return complement != quantity.low if not quantity.complement else quantity.low
    # A long text above a list is about more than the quantity of that list.
    titles = (title for title in mention.sentence.passage.above[:2] if len(title.split()) <= _TITLE_WORDS)
    # "We page at 10 %" may be about free space that the sentence before names.
    before = "" if mention.comparator else mention.sentence.before
    nearby_text = " ".join((mention.clause, *titles, before))
    return bool(quantity and quantity.low) or bool(vocabulary().phrases.low.search(nearby_text))


def _comparator(reading: Reading, *, low: bool) -> str:
    """Return the comparator at the number, else that of its column, else the one for its quantity."""
    lexicon, sign = vocabulary(), reading.mention.sentence.passage.sign
    if reading.comparator is not None:
        # No value is below zero: "drops to 0" means that it reaches zero.
        return "<=" if reading.comparator == "<" and not reading.mention.number else reading.comparator
    if sign and lexicon.before.fullmatch(sign):
        return lexicon.comparator(sign)
    is_norm = reading.target or reading.breached
    comparator = "<" if low != is_norm else ">"
    reached = reading.mention.whole is not None or (is_norm and not reading.mention.number)
    return f"{comparator}=" if reached else comparator


def _signal(unit: str, clause: str) -> str:
    """Return the signal of a limit without a named quantity, by its unit."""
    if unit == "seconds":
        return "latency_other" if vocabulary().phrases.slow.search(clause) else "other"
    return {"per_second": "rate", "count": "count"}.get(unit, "other")
