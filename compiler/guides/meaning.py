"""Find what a number limits, in which unit, and whether it counts what is used or what is left.

The words nearest to the number decide. `grammar` uses this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.numbers import BRACKET
from compiler.guides.vocabulary import Quantity, Unit, vocabulary
from compiler.meaning import has_rest

_DIVISION: Final = re.compile(r"\w\s*/\s*\w")
_NEXT_WORDS: Final = re.compile(
    r"\s+[A-Za-z-]{2,}(?: (?:replicas?|nodes?|hosts?|pods?|instances?|brokers?|targets?)\b)?"
)
# "(share of all CONNECT packets)" names the whole, not the quantity.
_OF_ALL: Final = re.compile(
    r"(?<=\w )\((?:an? |the )?(?:share|fraction|percentage|ratio|part) of [^()]*\)", re.IGNORECASE
)
_AT_ONCE: Final = re.compile(r"\s(?:of (?:the |its |all |their )?)?(?P<word>[A-Za-z]+)")
_BARE_NEAR: Final = (60, 20)
TELLING: Final = frozenset(
    {
        "availability", "cache_hit_ratio", "certificate_expiry", "latency_avg", "latency_p50", "latency_p95",
        "latency_p99", "replication_lag", "restarts", "success_ratio",
    }
)  # fmt: skip
"""Signals whose words, such as "p95", name the quantity wherever they stand. Words such as "time" or "errors" count
only if no better word is near."""

_ONE: Final = {name: Unit(unit=name, factor=Decimal(1)) for name in ("ratio", "count", "other")}
_HUNDRED: Final = 100
_PERCENT: Final = Unit(unit="ratio", factor=Decimal("0.01"))
_VAGUE: Final = frozenset({"error_ratio", "latency_other"})


def bare_unit(mention: Mention) -> Unit:
    """Return the unit of a number that the guide writes without one.

    A name before the number tells the unit. Else a multiple is `other`. A fraction is a ratio if it is at most 1 and
    words near it name a share, else `other`. A whole number is a percentage if the words before it say so, else a
    count.
    """
    back, ahead = _BARE_NEAR
    match, passage = mention.match, mention.sentence.passage
    nearby_text = " ".join(
        (mention.sentence.text[max(0, match.start() - back) : match.end() + ahead], *passage.above[:1])
    )
    named_unit = vocabulary().unit_of_name(*re.findall(r"\w+_\w+", mention.upto)[-1:])
    # "Orders/min < 10" names the unit before the comparator.
    named_unit = named_unit or vocabulary().rate_of_name(mention.lead[-back:].rstrip(" :`*"))
    if named_unit is not None:
        return named_unit
    shared = vocabulary().phrases.share.search(nearby_text.replace("_", " ")) or _DIVISION.search(mention.upto)
    if vocabulary().phrases.multiple.search(mention.clause.replace("_", " ")):
        return _ONE["other"]
    if shared and "." in match["number"]:
        return _ONE["ratio"] if mention.number <= 1 else _ONE["other"]
    if ("." in match["number"] and not match["scale"]) or vocabulary().phrases.factor.match(mention.rest):
        # A count is never a fraction.
        return _ONE["other"]
    words_before = " ".join(
        (mention.upto[max(mention.last_limit_end, len(mention.upto) - back) :], *passage.above[: int(passage.bare)])
    ).replace("_", " ")
    of_hundred = mention.whole is None and 1 < mention.number <= _HUNDRED and not _counts_something(mention.rest)
    return _PERCENT if of_hundred and vocabulary().phrases.percent.search(words_before) else _ONE["count"]


def quantity(mention: Mention, unit: str) -> Quantity | None:
    """Return the quantity that a number limits: from its clause, else its sentence, else the text above."""
    for place, backwards in _places(mention, unit):
        candidate = nearest(place, unit, backwards=backwards)
        if (
            candidate is not None
            and candidate.signal.startswith("latency")
            and vocabulary().phrases.age.search(mention.sign)
        ):
            return None
        if candidate is not None:
            return _qualified(mention, unit, candidate) if candidate.signal == "latency_other" else candidate
    return None


def _qualified(mention: Mention, unit: str, vague: Quantity) -> Quantity:
    """Return a more exact latency, such as a percentile, from the clause or the text above, else the vague one."""
    names_nothing = not vocabulary().phrases.tells(mention.lead)
    for text in (mention.clause, *(mention.sentence.passage.above[:1] if names_nothing else ())):
        candidate = nearest(text, unit, backwards=False)
        if candidate is not None and candidate.signal.startswith("latency") and candidate != vague:
            return candidate
    return vague


def _places(mention: Mention, unit: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that may name a quantity, the best first, each with True if its last word is the nearest."""
    text, above, (low, high) = mention.sentence.text, mention.sentence.passage.above, mention.bounds
    end = mention.match.end() - len(mention.match["per"] or "")
    slowness = mention.sign if vocabulary().phrases.slow.search(mention.sign) else ""
    own_text = f"{text[low : mention.match.start()]} {slowness}"
    if unit == "ratio" and (next_word := _AT_ONCE.match(text, end)):
        # "Hosts with > 85 % CPU": the word behind the number names what the share is of.
        yield next_word["word"], True
    yield own_text, True
    yield _without_asides(text[end:high], unit), False
    counts = _counts_something(text[end:high])
    # "Or if a channel has been dark for a minute" begins a new condition.
    condition = vocabulary().phrases.condition.search(own_text)
    begins_condition = condition and vocabulary().phrases.tells(own_text[condition.end() :])
    if not (mention.last_limit_end and ((unit == "ratio" and counts) or begins_condition)):
        yield mention.lead, True
    tells = vocabulary().phrases.tells
    names_nothing = (
        not tells(own_text) and not counts and not (mention.last_limit_end and unit == "count" and tells(mention.lead))
    )
    # A count can be of anything. The text above may name the thing only if the count's own clause does not.
    if unit == "count" and not mention.sentence.passage.bare and not names_nothing:
        if not tells(own_text) and vocabulary().phrases.items.match(text, end):
            # Under the heading "Queue", "warning: 20,000 messages" counts the messages that wait in it.
            yield from ((title, True) for title in above[:1])
        return
    if names_nothing:
        yield mention.sentence.passage.beside, True
    if not (unit == "per_second" and tells(own_text)):
        yield from ((title, True) for title in above[:1])
    # Only a rate's own words name its quantity. The sentence before a time seldom names the quantity of that time.
    is_count_in_words = unit == "count" and mention.is_word
    if unit != "per_second" and not is_count_in_words and not (unit == "seconds" and not names_nothing):
        yield mention.sentence.before, True
    if unit != "per_second":
        yield _without_asides(text[end:], unit), False
    yield from ((title, True) for title in above[1:])


def _without_asides(text: str, unit: str) -> str:
    """Return the text behind a number, without brackets that name no quantity or only a vague one ("time")."""

    def kept_bracket(bracket: re.Match[str]) -> str:
        candidate = nearest(bracket.group(), unit, backwards=False)
        return bracket.group() if candidate and candidate.signal not in _VAGUE else ""

    return BRACKET.sub(kept_bracket, text)


def _counts_something(text: str) -> bool:
    """Return whether the words directly behind a number say what it counts, as in "4 rebalances"."""
    match = _NEXT_WORDS.match(text)
    return bool(match and vocabulary().phrases.tells(match.group()))


@lru_cache(maxsize=2048)
def nearest(text: str, unit: str, *, backwards: bool) -> Quantity | None:
    """Return the quantity with a unit that a text names: of the most exact quantities, the nearest to the number."""
    # The words in the names of metrics count, too.
    words = text.replace("_", " ")
    pairs = _named(_OF_ALL.sub("", words), unit) or _named(words, unit)
    if not pairs:
        return None
    candidates = _most_telling(pairs, unit)
    # If two are equally near, the longer one counts, else the later one of the vocabulary.
    nearest_pair = max(
        reversed(candidates),
        key=lambda pair: (pair[1].end() if backwards else -pair[1].start(), len(pair[1].group())),
    )
    return nearest_pair[0]


_Named = Sequence[tuple[Quantity, re.Match[str]]]


def _named(words: str, unit: str) -> _Named:
    return [
        (quantity, match)
        for quantity in vocabulary().quantities
        if unit in quantity.units
        for match in quantity.pattern.finditer(words)
        if match.group()
    ]


def _most_telling(pairs: _Named, unit: str) -> _Named:
    telling = [pair for pair in pairs if pair[0].signal in TELLING]
    plain = [pair for pair in pairs if pair[0].signal not in _VAGUE]
    # A share of anything may be a share of errors.
    errors = unit == "ratio" and any(quantity.signal == "error_ratio" for quantity, _ in pairs)
    return telling or (plain if plain or not errors else pairs) or pairs


# A longer text above is about more than the quantity of its list.
_TITLE_WORDS: Final = 20
# The text behind one of these words is about a duration, not about the share.
_LASTING: Final = re.compile(r"\b(?:for|over|during|within)\b", re.IGNORECASE)


def is_complement(mention: Mention, quantity: Quantity | None, *, falls: bool) -> bool:
    """Return whether a number counts what a quantity leaves, such as "free" for disk usage.

    "Less than 20 % free" and "more than 80 % used" are the same limit. The word nearest to the number says which of the
    two it counts. If the number's own clause has no such word and `falls` is set, the texts above and the sentence
    before decide. `falls` means that the number may be a minimum, as a limit on free space is.
    """
    if quantity is None or quantity.complement:
        return quantity is not None
    if not has_rest(quantity.signal):
        return False
    by_clause = _by_clause(mention)
    if by_clause is not None:
        return by_clause
    texts = _context_texts(mention, named=quantity.pattern.search(f"{mention.lead} {mention.clause}") is not None)
    return falls and next((is_rest for is_rest in map(_by_last_word, texts) if is_rest is not None), False)


def _by_clause(mention: Mention) -> bool | None:
    """Return whether the nearest word in the number's clause means what is left; None if there is no such word."""
    low, high = mention.bounds
    start, end = mention.match.start("number"), mention.match.end()
    text = mention.sentence.text
    before = [(start - low - match.end(), is_rest) for match, is_rest in _rest_and_use_words(text[low:start])]
    behind = [
        (match.start(), is_rest)
        for match, is_rest in _rest_and_use_words(_LASTING.split(text[end:high], maxsplit=1)[0])
    ]
    return min(before + behind)[1] if before or behind else None


def _context_texts(mention: Mention, *, named: bool) -> Iterator[str]:
    """Yield the texts that may say whether a number counts what is left, the nearest first.

    `named` means that the sentence names its quantity; then the sentence before does not count.
    """
    yield mention.lead
    yield from (title for title in mention.sentence.passage.above[:2] if len(title.split()) <= _TITLE_WORDS)
    if not named:
        yield mention.sentence.before


def _by_last_word(text: str) -> bool | None:
    words = [(match.end(), is_rest) for match, is_rest in _rest_and_use_words(text)]
    return max(words)[1] if words else None


def _rest_and_use_words(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    # The words in the names of metrics count, too.
    plain, phrases = text.replace("_", " "), vocabulary().phrases
    yield from ((match, True) for match in phrases.rest.finditer(plain))
    yield from ((match, False) for match in phrases.used.finditer(plain))
