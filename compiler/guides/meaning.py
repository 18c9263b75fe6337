"""What a number limits, how grave that is and whether it is a target, by the words nearest to it; used by `grammar`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from compiler.guides.mention import SIGNED_NUMBER, Mention
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import Quantity, vocabulary

# A severity in brackets stands this near behind its number.
_NEAR: Final = 44
_BRACKET: Final = re.compile(r"[^,;.(]{0,12}\(([^)]*)\)")
_SHORT_BRACKET: Final = re.compile(r"[^,;.(/]{0,12}\(([^)]{1,20})\)")
_ARROW: Final = re.compile(r"[^,;.]{0,20}(?:→|->|=>)\s*(\w+)")
_CLAUSE_END: Final = re.compile(r";|\.\s|🔴|🟡")
_BARE_NEAR: Final = (60, 20)
# Words such as "p95" tell what is limited wherever they stand; "time" or "errors" do if nothing better is near.
_TELLING: Final = frozenset(
    {
        "availability", "cache_hit_ratio", "certificate_expiry", "latency_avg", "latency_p50", "latency_p95",
        "latency_p99", "replication_lag", "restarts", "success_ratio",
    }
)  # fmt: skip
_VAGUE: Final = frozenset({"error_ratio", "latency_other"})


def severity(mention: Mention) -> str:
    """Return the severity that belongs to a number: in brackets behind it, named last before it, behind, or above."""
    known = vocabulary()
    bracket = _BRACKET.match(mention.rest[:_NEAR])
    if bracket and (name := known.severity(bracket[1])) != NO_SEVERITY:
        return name
    before = _named_last(mention.upto)
    if before is not None:
        return before
    rest = _CLAUSE_END.split(mention.rest, maxsplit=1)[0]
    if (name := known.severity(rest)) != NO_SEVERITY and not SIGNED_NUMBER.search(rest):
        return name
    return mention.sentence.passage.severity


def _named_last(text: str) -> str | None:
    """Return the severity that a text names last; none where that is a target."""
    known = vocabulary()
    patterns = (*known.severities.items(), (NO_SEVERITY, known.targets))
    found = [(name, match.end()) for name, pattern in patterns for match in pattern.finditer(text)]
    # Where two end at one place, the later pattern counts.
    return max(reversed(found), key=lambda one: one[1])[0] if found else None


def is_target(mention: Mention) -> bool:
    """Return whether the words around a number without a severity say that it is to be kept."""
    known = vocabulary()
    if known.targets.search(mention.upto):
        return not known.phrases.asking.search(mention.lead)
    return mention.sentence.passage.target or bool(known.phrases.good.match(mention.rest))


def is_marked(mention: Mention) -> bool:
    """Return whether a number stands directly behind, or before, the name of a severity or of a target."""
    known = vocabulary()
    if known.phrases.marks.search(mention.lead):
        return True
    behind = _ARROW.match(mention.rest)
    if behind is not None and known.severity(behind[1]) != NO_SEVERITY:
        return True
    behind = _SHORT_BRACKET.match(mention.rest)
    if behind is None:
        return False
    return known.severity(behind[1]) != NO_SEVERITY or bool(known.targets.search(behind[1]))


def bare_unit(mention: Mention) -> str:
    """Return the base unit of a number without one: a ratio or a factor where a share is spoken of, else a count."""
    back, on = _BARE_NEAR
    found, passage = mention.found, mention.sentence.passage
    near = " ".join((mention.sentence.text[max(0, found.start() - back) : found.end() + on], *passage.above[:1]))
    if "." in found["number"] and vocabulary().phrases.share.search(near):
        return "ratio" if mention.number <= 1 else "other"
    return "count"


def quantity(mention: Mention, unit: str) -> Quantity | None:
    """Return what a number limits: what its clause names nearest, else its sentence, else what stands above."""
    for place, backwards in _places(mention, unit):
        found = nearest(place, unit, backwards=backwards)
        if found is not None and found.signal == "latency_other":
            qualified = nearest(mention.clause, unit, backwards=False)
            return qualified if qualified and qualified.signal.startswith("latency") else found
        if found is not None:
            return found
    return None


def _places(mention: Mention, unit: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that may name a quantity, and whether the nearest word is the last one of the text."""
    text, above, (low, high) = mention.sentence.text, mention.sentence.passage.above, mention.bounds
    end = mention.found.end() - len(mention.found["per"] or "")
    own = text[low : mention.found.start()]
    yield own, True
    yield text[end:high], False
    yield mention.lead, True
    # A number alone can count anything: its own clause says what, and what stands above only if the clause is silent.
    if unit == "count" and not mention.sentence.passage.bare and _says_something(own):
        return
    yield from ((one, True) for one in above[:1])
    yield mention.sentence.before, True
    yield text[end:], False
    yield from ((one, True) for one in above[1:])


def _says_something(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{3}", re.sub(r"[^A-Za-z ]", "", vocabulary().phrases.labels.sub("", text))))


def nearest(text: str, unit: str, *, backwards: bool) -> Quantity | None:
    """Return the quantity of a unit that is named in a text: of the most telling ones the nearest to the number."""
    found = [
        (one, match)
        for one in vocabulary().quantities
        if unit in one.units
        for match in one.pattern.finditer(text)
        if match.group()
    ]
    if not found:
        return None
    chosen = _most_telling(found, unit)
    # Where two are equally near, the vocabulary's later one counts.
    return max(reversed(chosen), key=lambda one: one[1].end() if backwards else -one[1].start())[0]


_Found = Sequence[tuple[Quantity, re.Match[str]]]


def _most_telling(found: _Found, unit: str) -> _Found:
    telling = [one for one in found if one[0].signal in _TELLING]
    plain = [one for one in found if one[0].signal not in _VAGUE]
    # A share of anything may be a share of errors.
    errors = unit == "ratio" and any(one.signal == "error_ratio" for one, _ in found)
    return telling or (plain if plain or not errors else found) or found
