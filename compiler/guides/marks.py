"""Decide whether a number is a target, and whether its place alone marks it as a limit; `reading` uses this module."""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.grade import NEXT, named_behind
from compiler.guides.mention import Mention
from compiler.guides.numbers import BRACKET
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

_SHORT_BRACKET: Final = re.compile(r"[^,;.(/]{0,12}\(([^)]{1,20})\)")
_ARROW: Final = re.compile(r"[^,;.]{0,20}(?:→|->|=>)\s*(\w+)")
_LABEL: Final = re.compile(r"[^\d:]*\w[^:]{0,60}[:=–—]\s*")
# "99.9 % per month": the period of a promise.
_PERIOD: Final = re.compile(
    r"^,?\s*(?:per|an?|each|every|over|within|of)\s(?:the |any |a )?(?:\d+ )?"
    r"(?:days?|weeks?|months?|quarters?|years?|time)\b",
    re.IGNORECASE,
)
_IN_BRACKET: Final = re.compile(r"\([^()]*$")
_CONDITIONAL: Final = re.compile(r"\W*(?:if|when|whenever|once)\b", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_KEPT: Final = re.compile(
    r" of (?:\w+ ){1,4}?(?:(?:must|should|shall|have to|need to) )?(?:succeed|complete|finish|arrive)\b", re.IGNORECASE
)
_LEFT: Final = re.compile(
    r"(?: of (?:the |its |all |our )?(?:[\w/-]+ ){0,3}?[\w/-]+)?(?: (?:is|are|be|space))* (?:still |yet )?"
    rf"(?:{vocabulary().phrases.rest.pattern})",
    re.IGNORECASE,
)
_COLON: Final = re.compile(r"\s*[:–—=→]")


def is_target(mention: Mention) -> bool:
    """Return whether the words around a number without a severity make it a target."""
    lexicon = vocabulary()
    target_ends = [match.end() for match in lexicon.targets.finditer(mention.upto)]
    if target_ends:
        # "Target below 100, alert above 1000": the second number is no target.
        # "Should be about 2 ms; if it takes more than 20 ms": a condition ends the target.
        condition = lexicon.phrases.asking.search(mention.lead) or lexicon.phrases.condition.search(
            mention.upto, target_ends[-1]
        )
        return not condition and not lexicon.phrases.breach.search(mention.upto, target_ends[-1])
    if mention.sentence.passage.target and not _CONDITIONAL.match(mention.lead):
        return True
    return bool(lexicon.phrases.good.match(mention.rest)) or is_share_kept(mention)


def is_share_kept(mention: Mention) -> bool:
    """Return whether a sentence promises that a share succeeds: "99.9 % of requests succeed"."""
    in_ratio = mention.unit is not None and mention.unit.unit == "ratio"
    # "95 % of all requests must complete within 250 ms" is a percentile.
    alone = not mention.sign and not mention.lead.strip() and not _DIGIT.search(mention.rest)
    return in_ratio and alone and bool(_KEPT.match(mention.rest))


def is_left(mention: Mention) -> bool:
    """Return whether a number is a share that is left, with a condition or a severity.

    An example is "page when 10 % of the disk is left".
    """
    in_ratio = mention.unit is not None and mention.unit.unit == "ratio"
    graded = vocabulary().severity(mention.sentence.text) != NO_SEVERITY
    alarming = graded or vocabulary().phrases.condition.search(mention.lead)
    # "Above 85 % (15 % free)" states the same limit twice.
    aside = mention.last_limit_end and _IN_BRACKET.search(mention.lead)
    return bool(in_ratio and alarming and not aside and _LEFT.match(mention.rest))


def is_named_target(mention: Mention) -> bool:
    """Return whether a number's own sentence calls it a target; a text above does not count."""
    lexicon = vocabulary()
    return bool(lexicon.targets.search(mention.upto) or lexicon.phrases.good.match(mention.rest))


def is_marked(mention: Mention) -> bool:
    """Return whether a number stands directly behind or before the name of a severity or of a target."""
    lexicon = vocabulary()
    if mention.in_pair is not None or lexicon.phrases.marks.search(mention.lead):
        return True
    if (mention.unit is not None or mention.match["scale"]) and lexicon.phrases.colours.search(mention.lead):
        return True
    if mention.is_behind_at:
        # "At 500,000 the on-call is paged."
        return named_behind(mention.sentence.text[mention.match.end() : mention.bounds[1]]) is not None
    behind = _ARROW.match(mention.rest) or NEXT.match(mention.rest)
    if behind is not None and lexicon.severity(behind[1]) != NO_SEVERITY:
        return True
    return is_in_bracket(mention)


def is_in_bracket(mention: Mention) -> bool:
    """Return whether the name of a severity or of a target stands in brackets behind a number."""
    lexicon, behind = vocabulary(), _SHORT_BRACKET.match(mention.rest)
    if behind is None:
        return False
    return lexicon.severity(behind[1]) != NO_SEVERITY or bool(lexicon.targets.search(behind[1]))


def is_promised(mention: Mention) -> bool:
    """Return whether an item in a list of targets holds nothing but a label and the number: "Availability: 99.5 %"."""
    passage, phrases = mention.sentence.passage, vocabulary().phrases
    title = next((text for text in passage.above if vocabulary().targets.search(text)), "")
    behind = _PERIOD.sub("", BRACKET.sub("", mention.rest)).strip(" .")
    alone = bool(_LABEL.fullmatch(mention.lead)) and not behind
    return passage.target and mention.unit is not None and alone and not phrases.usual.search(title)


def is_band(mention: Mention) -> bool:
    """Return whether a range of percentages is a limit: "1-5 %: look at it", "1 to 5 % errors are a warning"."""
    in_ratio = mention.unit is not None and mention.unit.unit == "ratio"
    if mention.upper is None or not in_ratio or _IN_BRACKET.search(mention.lead):
        return False
    begins = not mention.lead.strip() and bool(_COLON.match(mention.rest))
    # Under the heading "Warning": "failure rate between 3 % and 10 %".
    ends = not mention.rest.strip() and mention.sentence.passage.severity != NO_SEVERITY
    return begins or ends or vocabulary().severity(mention.sentence.text) != NO_SEVERITY


def is_threshold(mention: Mention) -> bool:
    """Return whether a sentence calls a number with a unit a threshold, or lists it as one of several."""
    phrases = vocabulary().phrases
    names_threshold = phrases.threshold.search(mention.lead) or phrases.thresholds.search(mention.lead)
    return mention.unit is not None and bool(names_threshold)
