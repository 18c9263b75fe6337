"""Find what a number limits, in which unit, and whether it counts what is used or what is left.

The words nearest to the number tell. `grammar` uses this module.
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
    """Return the unit of a number without one: by the name before it, a ratio if words name a share, else a count."""
    back, ahead = _BARE_NEAR
    match, passage = mention.match, mention.sentence.passage
    near = " ".join((mention.sentence.text[max(0, match.start() - back) : match.end() + ahead], *passage.above[:1]))
    named = vocabulary().unit_of_name(*re.findall(r"\w+_\w+", mention.upto)[-1:])
    # "Orders/min < 10" names the unit before the comparator.
    named = named or vocabulary().rate_of_name(mention.lead[-back:].rstrip(" :`*"))
    if named is not None:
        return named
    shared = vocabulary().phrases.share.search(near.replace("_", " ")) or _DIVISION.search(mention.upto)
    if vocabulary().phrases.multiple.search(mention.clause.replace("_", " ")):
        return _ONE["other"]
    if shared and "." in match["number"]:
        return _ONE["ratio"] if mention.number <= 1 else _ONE["other"]
    if ("." in match["number"] and not match["scale"]) or vocabulary().phrases.factor.match(mention.rest):
        # A count is never a fraction.
        return _ONE["other"]
    names = " ".join(
        (mention.upto[max(mention.taken, len(mention.upto) - back) :], *passage.above[: int(passage.bare)])
    ).replace("_", " ")
    of_hundred = mention.whole is None and 1 < mention.number <= _HUNDRED and not _counts_something(mention.rest)
    return _PERCENT if of_hundred and vocabulary().phrases.percent.search(names) else _ONE["count"]


def quantity(mention: Mention, unit: str) -> Quantity | None:
    """Return the quantity that a number limits: from its clause, else its sentence, else the text above."""
    for place, backwards in _places(mention, unit):
        named = nearest(place, unit, backwards=backwards)
        if named is not None and named.signal.startswith("latency") and vocabulary().phrases.age.search(mention.sign):
            return None
        if named is not None:
            return _qualified(mention, unit, named) if named.signal == "latency_other" else named
    return None


def _qualified(mention: Mention, unit: str, vague: Quantity) -> Quantity:
    """Return a more exact latency, such as a percentile, from the clause or the text above, else the vague one."""
    silent = not vocabulary().phrases.tells(mention.lead)
    for text in (mention.clause, *(mention.sentence.passage.above[:1] if silent else ())):
        named = nearest(text, unit, backwards=False)
        if named is not None and named.signal.startswith("latency") and named != vague:
            return named
    return vague


def _places(mention: Mention, unit: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that may name a quantity, the best first, each with True if its last word is the nearest."""
    text, above, (low, high) = mention.sentence.text, mention.sentence.passage.above, mention.bounds
    end = mention.match.end() - len(mention.match["per"] or "")
    slowness = mention.sign if vocabulary().phrases.slow.search(mention.sign) else ""
    own = f"{text[low : mention.match.start()]} {slowness}"
    if unit == "ratio" and (directly := _AT_ONCE.match(text, end)):
        # "Hosts with > 85 % CPU": the word behind the number names what the share is of.
        yield directly["word"], True
    yield own, True
    yield _without_asides(text[end:high], unit), False
    counts = _counts_something(text[end:high])
    # "Or if a channel has been dark for a minute" begins a new condition.
    condition = vocabulary().phrases.condition.search(own)
    anew = condition and vocabulary().phrases.tells(own[condition.end() :])
    if not (mention.taken and ((unit == "ratio" and counts) or anew)):
        yield mention.lead, True
    tells = vocabulary().phrases.tells
    silent = not tells(own) and not counts and not (mention.taken and unit == "count" and tells(mention.lead))
    # A count can be of anything. Its own clause names the thing; the text above counts only if the clause does not.
    if unit == "count" and not mention.sentence.passage.bare and not silent:
        if not tells(own) and vocabulary().phrases.items.match(text, end):
            # Under the heading "Queue", "warning: 20,000 messages" counts the messages that wait in it.
            yield from ((title, True) for title in above[:1])
        return
    if silent:
        yield mention.sentence.passage.beside, True
    if not (unit == "per_second" and tells(own)):
        yield from ((title, True) for title in above[:1])
    # Only its own words name a rate. The sentence before a time seldom names the quantity of the time.
    numbered = unit == "count" and mention.is_word
    if unit != "per_second" and not numbered and not (unit == "seconds" and not silent):
        yield mention.sentence.before, True
    if unit != "per_second":
        yield _without_asides(text[end:], unit), False
    yield from ((title, True) for title in above[1:])


def _without_asides(text: str, unit: str) -> str:
    """Return the text behind a number, without brackets that name no quantity or only a vague one ("time")."""

    def kept_bracket(bracket: re.Match[str]) -> str:
        named = nearest(bracket.group(), unit, backwards=False)
        return bracket.group() if named and named.signal not in _VAGUE else ""

    return BRACKET.sub(kept_bracket, text)


def _counts_something(text: str) -> bool:
    """Return whether the words directly behind a number say what it counts, as in "4 rebalances"."""
    match = _NEXT_WORDS.match(text)
    return bool(match and vocabulary().phrases.tells(match.group()))


@lru_cache(maxsize=2048)
def nearest(text: str, unit: str, *, backwards: bool) -> Quantity | None:
    """Return the quantity with a unit that a text names: among the most exact ones, the nearest to the number."""
    # The words in the names of metrics count, too.
    words = text.replace("_", " ")
    named = _named(_OF_ALL.sub("", words), unit) or _named(words, unit)
    if not named:
        return None
    candidates = _most_telling(named, unit)
    # If two are equally near, the longer one counts, else the later one of the vocabulary.
    near = max(
        reversed(candidates),
        key=lambda pair: (pair[1].end() if backwards else -pair[1].start(), len(pair[1].group())),
    )
    return near[0]


_Named = Sequence[tuple[Quantity, re.Match[str]]]


def _named(words: str, unit: str) -> _Named:
    return [
        (quantity, match)
        for quantity in vocabulary().quantities
        if unit in quantity.units
        for match in quantity.pattern.finditer(words)
        if match.group()
    ]


def _most_telling(named: _Named, unit: str) -> _Named:
    telling = [pair for pair in named if pair[0].signal in TELLING]
    plain = [pair for pair in named if pair[0].signal not in _VAGUE]
    # A share of anything may be a share of errors.
    errors = unit == "ratio" and any(quantity.signal == "error_ratio" for quantity, _ in named)
    return telling or (plain if plain or not errors else named) or named


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
    own = _by_clause(mention)
    if own is not None:
        return own
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
