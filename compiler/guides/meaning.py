"""What a number limits and in which unit, by the words nearest to it; used by `grammar`, beside `grade`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.vocabulary import Quantity, Unit, vocabulary
from compiler.guides.written import BRACKET

_DIVISION: Final = re.compile(r"\w\s*/\s*\w")
_NEXT_WORDS: Final = re.compile(
    r"\s+[A-Za-z-]{2,}(?: (?:replicas?|nodes?|hosts?|pods?|instances?|brokers?|targets?)\b)?"
)
# "(share of all CONNECT packets)" tells of what, and not what.
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
"""Signals whose words, such as "p95", tell what is limited wherever they stand; "time" or "errors" do if nothing better
is near."""

_ONE: Final = {name: Unit(unit=name, factor=Decimal(1)) for name in ("ratio", "count", "other")}
_HUNDRED: Final = 100
_PERCENT: Final = Unit(unit="ratio", factor=Decimal("0.01"))
_VAGUE: Final = frozenset({"error_ratio", "latency_other"})


def bare_unit(mention: Mention) -> Unit:
    """Return the unit of a number without one: by the name before it, a share where one is spoken of, else a count."""
    back, on = _BARE_NEAR
    found, passage = mention.found, mention.sentence.passage
    near = " ".join((mention.sentence.text[max(0, found.start() - back) : found.end() + on], *passage.above[:1]))
    named = vocabulary().unit_of_name(*re.findall(r"\w+_\w+", mention.upto)[-1:])
    # "Orders/min < 10" says it before the comparator.
    named = named or vocabulary().rate_of_name(mention.lead[-back:].rstrip(" :`*"))
    if named is not None:
        return named
    shared = vocabulary().phrases.share.search(near.replace("_", " ")) or _DIVISION.search(mention.upto)
    if vocabulary().phrases.multiple.search(mention.clause.replace("_", " ")):
        return _ONE["other"]
    if shared and "." in found["number"]:
        return _ONE["ratio"] if mention.number <= 1 else _ONE["other"]
    if ("." in found["number"] and not found["scale"]) or vocabulary().phrases.factor.match(mention.rest):
        # Nothing is counted in fractions.
        return _ONE["other"]
    names = " ".join(
        (mention.upto[max(mention.taken, len(mention.upto) - back) :], *passage.above[: int(passage.bare)])
    ).replace("_", " ")
    of_hundred = mention.whole is None and 1 < mention.number <= _HUNDRED and not _counts_something(mention.rest)
    return _PERCENT if of_hundred and vocabulary().phrases.percent.search(names) else _ONE["count"]


def quantity(mention: Mention, unit: str) -> Quantity | None:
    """Return what a number limits: what its clause names nearest, else its sentence, else what stands above."""
    for place, backwards in _places(mention, unit):
        found = nearest(place, unit, backwards=backwards)
        if found is not None and found.signal.startswith("latency") and vocabulary().phrases.age.search(mention.sign):
            return None
        if found is not None:
            return _qualified(mention, unit, found) if found.signal == "latency_other" else found
    return None


def _qualified(mention: Mention, unit: str, found: Quantity) -> Quantity:
    """Return the latency that is meant: "slow" and "time" say less than a percentile in the clause, or above it."""
    silent = not vocabulary().phrases.tells(mention.lead)
    for text in (mention.clause, *(mention.sentence.passage.above[:1] if silent else ())):
        named = nearest(text, unit, backwards=False)
        if named is not None and named.signal.startswith("latency") and named != found:
            return named
    return found


def _places(mention: Mention, unit: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that may name a quantity, and whether the nearest word is the last one of the text."""
    text, above, (low, high) = mention.sentence.text, mention.sentence.passage.above, mention.bounds
    end = mention.found.end() - len(mention.found["per"] or "")
    slowness = mention.sign if vocabulary().phrases.slow.search(mention.sign) else ""
    own = f"{text[low : mention.found.start()]} {slowness}"
    if unit == "ratio" and (directly := _AT_ONCE.match(text, end)):
        # "Hosts with > 85 % CPU": the word that the share is of.
        yield directly["word"], True
    yield own, True
    yield _without_asides(text[end:high], unit), False
    counts = _counts_something(text[end:high])
    # "Or if a channel has been dark for a minute" begins anew.
    asked = vocabulary().phrases.condition.search(own)
    anew = asked and vocabulary().phrases.tells(own[asked.end() :])
    if not (mention.taken and ((unit == "ratio" and counts) or anew)):
        yield mention.lead, True
    tells = vocabulary().phrases.tells
    silent = not tells(own) and not counts and not (mention.taken and unit == "count" and tells(mention.lead))
    # A number alone can count anything: its own clause says what, and what stands above only if the clause is silent.
    if unit == "count" and not mention.sentence.passage.bare and not silent:
        if not tells(own) and vocabulary().phrases.items.match(text, end):
            # Below "Queue", "warning: 20,000 messages" counts what waits in it.
            yield from ((one, True) for one in above[:1])
        return
    if silent:
        yield mention.sentence.passage.beside, True
    if not (unit == "per_second" and tells(own)):
        yield from ((one, True) for one in above[:1])
    # A rate is what its own words say, and a time is seldom what the sentence before it speaks of.
    numbered = unit == "count" and mention.is_word
    if unit != "per_second" and not numbered and not (unit == "seconds" and not silent):
        yield mention.sentence.before, True
    if unit != "per_second":
        yield _without_asides(text[end:], unit), False
    yield from ((one, True) for one in above[1:])


def _without_asides(text: str, unit: str) -> str:
    """Return what stands behind a number without brackets that name nothing, or only "time" and the like."""

    def kept(bracket: re.Match[str]) -> str:
        named = nearest(bracket.group(), unit, backwards=False)
        return bracket.group() if named and named.signal not in _VAGUE else ""

    return BRACKET.sub(kept, text)


def _counts_something(text: str) -> bool:
    """Return whether the words directly behind a number say what is counted, as in "4 rebalances"."""
    found = _NEXT_WORDS.match(text)
    return bool(found and vocabulary().phrases.tells(found.group()))


@lru_cache(maxsize=2048)
def nearest(text: str, unit: str, *, backwards: bool) -> Quantity | None:
    """Return the quantity of a unit that is named in a text: of the most telling ones the nearest to the number."""
    # The names of metrics are words, too.
    words = text.replace("_", " ")
    found = _named(_OF_ALL.sub("", words), unit) or _named(words, unit)
    if not found:
        return None
    chosen = _most_telling(found, unit)
    # Where two are equally near, the longer one counts, or the vocabulary's later one.
    near = max(reversed(chosen), key=lambda one: (one[1].end() if backwards else -one[1].start(), len(one[1].group())))
    return near[0]


_Found = Sequence[tuple[Quantity, re.Match[str]]]


def _named(words: str, unit: str) -> _Found:
    return [
        (one, match)
        for one in vocabulary().quantities
        if unit in one.units
        for match in one.pattern.finditer(words)
        if match.group()
    ]


def _most_telling(found: _Found, unit: str) -> _Found:
    telling = [one for one in found if one[0].signal in TELLING]
    plain = [one for one in found if one[0].signal not in _VAGUE]
    # A share of anything may be a share of errors.
    errors = unit == "ratio" and any(one.signal == "error_ratio" for one, _ in found)
    return telling or (plain if plain or not errors else found) or found
