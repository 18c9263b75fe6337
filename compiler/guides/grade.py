"""How grave a limit is, whether it is a target, and whether its place says that it is a limit; used by `grammar`."""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.holds import HOLD
from compiler.guides.mention import Mention
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary
from compiler.guides.written import BRACKET, SIGNED_NUMBER

# A severity in brackets stands this near behind its number.
_NEAR: Final = 44
_BRACKET: Final = re.compile(r"[^,;.(]{0,12}\(([^)]*)\)")
_SHORT_BRACKET: Final = re.compile(r"[^,;.(/]{0,12}\(([^)]{1,20})\)")
_ARROW: Final = re.compile(r"[^,;.]{0,20}(?:→|->|=>)\s*(\w+)")
_CLAUSE_END: Final = re.compile(r";|\.\s|🔴|🟡")
# "over 50k for 10 min → page" and "1 % warn | 5 % page": what stands behind a number, before any other, is about it.
_POINTED: Final = re.compile(r"(?: for [\w ]{1,12})?\s*(?:→|->|=>)\s*(\w+)")
_NEXT: Final = re.compile(r"(?:\s*[:=–—-])?\s+(\w+)\s*(?:[|,;:/.]|$)")
_OTHER_LIMIT: Final = re.compile(rf"{SIGNED_NUMBER.pattern}|\bat\s+\d", re.IGNORECASE)
_LABEL: Final = re.compile(r"[^\d:]*\w[^:]{0,60}[:=–—]\s*")
# "99.9 % per month": the time of which a promise is kept.
_PERIOD: Final = re.compile(
    r"^,?\s*(?:per|an?|each|every|over|within|of)\s(?:the |any |a )?(?:\d+ )?"
    r"(?:days?|weeks?|months?|quarters?|years?|time)\b",
    re.IGNORECASE,
)
_NUMBER_BEHIND: Final = re.compile(r"\W{0,4}\d")
# "Above 200 ms for a minute, warn; above 1 s, page."
_LAST: Final = re.compile(r"(?: for [\w ]{1,12})?,\s+(\w+)\s*(?:[;.]|$)")
_IN_BRACKET: Final = re.compile(r"\([^()]*$")
_CONDITIONAL: Final = re.compile(r"\W*(?:if|when|whenever|once)\b", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_TO_DO: Final = re.compile(r"[^\d;]*;\s+((?:page|wake|warn|notify|open a ticket)\b[\w ]*)[^\d;]*$", re.IGNORECASE)
# "…; this is a warning", or in a sentence of its own.
_CALLED: Final = re.compile(
    r"[^;.]*[;.]\s+(?:this|that|it) (?:is|means|counts as) (?:an? )?(?P<name>\w+)"
    r"(?! (?:if|when|once|only|unless|above|over|below|under)\b)[^\d;.]*(?:[;.]|$)",
    re.IGNORECASE,
)
_KEPT: Final = re.compile(
    r" of (?:\w+ ){1,4}?(?:(?:must|should|shall|have to|need to) )?(?:succeed|complete|finish|arrive)\b", re.IGNORECASE
)
_COLON: Final = re.compile(r"\s*[:–—=→]")


def severity(mention: Mention) -> str:
    """Return the severity that belongs to a number.

    It is that in brackets or of an arrow behind it, named in its own clause, before it or behind, or given from above.
    """
    text, (low, high) = mention.sentence.text, mention.bounds
    return (
        _pointed(mention)
        or _named_last(text[low : mention.found.start("number")])
        or _named_behind(text[mention.found.end() : high])
        or _named_last(_of_all(mention))
        or _named_behind(_CLAUSE_END.split(mention.rest, maxsplit=1)[0])
        or _told_to(mention.rest)
        or _called(mention)
        or mention.sentence.passage.severity
    )


def _pointed(mention: Mention) -> str | None:
    """Return the severity in brackets behind a number, of its place in a pair, or right behind it."""
    if (bracket := _BRACKET.match(mention.rest[:_NEAR])) and (name := _severity(bracket[1])):
        return name
    if mention.in_pair is not None:
        return mention.in_pair
    pointed = _POINTED.match(mention.rest) or _NEXT.match(mention.rest) or _LAST.match(mention.rest)
    return _severity(pointed[1]) if pointed else None


def _told_to(rest: str) -> str | None:
    """Return the severity of what is to be done behind a semicolon: "the broker stops; page the storage team"."""
    told = _TO_DO.match(rest)
    return _severity(told[1]) if told else None


def _called(mention: Mention) -> str | None:
    """Return the severity that the words behind a number, its sentence or the next one, call all before them."""
    sentence = mention.sentence
    behind = sentence.passage.text[sentence.start + mention.found.end() :]
    called = _CALLED.match(behind)
    if called is None or _OTHER_LIMIT.search(HOLD.sub("", behind[: called.start("name")])):
        return None
    return _severity(called["name"])


def _severity(text: str) -> str | None:
    name = vocabulary().severity(text)
    return None if name == NO_SEVERITY else name


def _named_behind(text: str) -> str | None:
    """Return the severity that a text behind a number names, if no other limit follows there."""
    name = _severity(text)
    # "Above 85 % for more than 5 minutes is a warning": how long it lasts is no other limit.
    if name is None or _OTHER_LIMIT.search(HOLD.sub("", text)):
        return None
    named = vocabulary().severities[name].search(text)
    return None if named and _NUMBER_BEHIND.match(text, named.end()) else name


def _of_all(mention: Mention) -> str:
    """Return the text before a number's clause without what stands behind the limit before it, and is about that."""
    text, (low, _) = mention.sentence.text, mention.bounds
    end = next((one for one in mention.clause_starts if one > mention.taken), low) if mention.taken else 0
    return f"{text[: mention.taken]} {text[end:low]}"


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
    named = [one.end() for one in known.targets.finditer(mention.upto)]
    if named:
        # "Target below 100, alert above 1000": the second is no target.
        # "Should be about 2 ms; if it takes more than 20 ms": a condition begins anew.
        asked = known.phrases.asking.search(mention.lead) or known.phrases.condition.search(mention.upto, named[-1])
        return not asked and not known.phrases.breach.search(mention.upto, named[-1])
    if mention.sentence.passage.target and not _CONDITIONAL.match(mention.lead):
        return True
    return bool(known.phrases.good.match(mention.rest)) or is_share_kept(mention)


def is_share_kept(mention: Mention) -> bool:
    """Return whether a share of all is to succeed: "99.9 % of requests succeed"."""
    in_ratio = mention.unit is not None and mention.unit.unit == "ratio"
    # "95 % of all requests must complete within 250 ms" is a percentile.
    alone = not mention.sign and not mention.lead.strip() and not _DIGIT.search(mention.rest)
    return in_ratio and alone and bool(_KEPT.match(mention.rest))


def is_named_target(mention: Mention) -> bool:
    """Return whether the sentence of a number, and not only what stands above, calls it a target."""
    known = vocabulary()
    return bool(known.targets.search(mention.upto) or known.phrases.good.match(mention.rest))


def is_marked(mention: Mention) -> bool:
    """Return whether a number stands directly behind, or before, the name of a severity or of a target."""
    known = vocabulary()
    if mention.in_pair is not None or known.phrases.marks.search(mention.lead):
        return True
    if (mention.unit is not None or mention.found["scale"]) and known.phrases.colours.search(mention.lead):
        return True
    if mention.is_behind_at:
        # "At 500,000 the on-call is paged."
        return _named_behind(mention.sentence.text[mention.found.end() : mention.bounds[1]]) is not None
    behind = _ARROW.match(mention.rest) or _NEXT.match(mention.rest)
    if behind is not None and known.severity(behind[1]) != NO_SEVERITY:
        return True
    return is_in_bracket(mention)


def is_in_bracket(mention: Mention) -> bool:
    """Return whether the name of a severity or of a target stands in brackets behind a number."""
    known, behind = vocabulary(), _SHORT_BRACKET.match(mention.rest)
    if behind is None:
        return False
    return known.severity(behind[1]) != NO_SEVERITY or bool(known.targets.search(behind[1]))


def is_promised(mention: Mention) -> bool:
    """Return whether a number is all that an item in a list of targets says: "Availability: 99.5 %"."""
    passage, phrases = mention.sentence.passage, vocabulary().phrases
    title = next((text for text in passage.above if vocabulary().targets.search(text)), "")
    behind = _PERIOD.sub("", BRACKET.sub("", mention.rest)).strip(" .")
    alone = bool(_LABEL.fullmatch(mention.lead)) and not behind
    return passage.target and mention.unit is not None and alone and not phrases.usual.search(title)


def is_band(mention: Mention) -> bool:
    """Return whether a range of per cents is a band: "1-5 %: look at the replicas", "1 to 5 % errors are a warning"."""
    in_ratio = mention.unit is not None and mention.unit.unit == "ratio"
    if mention.upper is None or not in_ratio or _IN_BRACKET.search(mention.lead):
        return False
    begins = not mention.lead.strip() and bool(_COLON.match(mention.rest))
    # Below "Warning": "failure rate between 3 % and 10 %".
    ends = not mention.rest.strip() and mention.sentence.passage.severity != NO_SEVERITY
    return begins or ends or vocabulary().severity(mention.sentence.text) != NO_SEVERITY


def is_threshold(mention: Mention) -> bool:
    """Return whether a number with a unit is what a sentence calls a threshold, or is in a list of such."""
    phrases = vocabulary().phrases
    named = phrases.threshold.search(mention.lead) or phrases.thresholds.search(mention.lead)
    return mention.unit is not None and bool(named)
