"""Read norms: sentences that demand a value and say what severity its breach has.

Examples are "at most 3 restarts an hour, otherwise page" and "must stay below 80 %; anything beyond is critical". A
norm states the good side, and its breach pages. `reading`, `traps` and `grammar` use this module.
"""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.grade import named_behind, named_last
from compiler.guides.holds import HOLD
from compiler.guides.mention import Mention
from compiler.guides.numbers import SIGNED_NUMBER
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary

_MODAL: Final = re.compile(
    r"\b(?:must|should|shall|ought to|ha(?:s|ve) to|needs?(?: to)?|may|can|(?:is|are) (?:to|supposed to)"
    r"|keep(?:s|ing)?|leav(?:e|es|ing))\b(?: [\w%'-]+){0,5}?\s*$",
    re.IGNORECASE,
)
_STRICT: Final = re.compile(
    r"\b(?:must|should|shall|ought to|keep(?:s|ing)?|leav(?:e|es|ing))\b(?: [\w%'-]+){0,5}?\s*$", re.IGNORECASE
)
_DEMANDING: Final = re.compile(
    r"at (?:most|least)|no[t]? (?:more|less|fewer|longer|later|older|higher|larger|slower|lower|smaller) than"
    r"|a (?:maximum|minimum) of|minimum(?: of)?|up to|within|(?:not|never) .+|does not exceed",
    re.IGNORECASE,
)
_BAD: Final = r"(?:beyond|above|over|below|under|outside(?: of)?)"
_WORSE: Final = r"(?:more|less|fewer|else|higher|lower|slower|longer|worse|greater|larger|smaller|older|later)"
_OTHERWISE: Final = re.compile(
    r"\b(?:otherwise|or else|else|if not|failing (?:that|which|this)"
    rf"|(?:anything|everything|all|whatever(?: is)?|what is|values?|numbers?) (?:{_BAD}|{_WORSE})"
    rf"|{_BAD} (?:that|this|it)|{_WORSE} (?:than (?:that|this)|(?=is\b|are\b|means?\b|pages?\b))"
    r"|(?:a|any|its|the|every|each) (?:breach|violation|excess)|breach(?:es)?|violations?"
    r"|(?:if|when|once|whenever|should) (?:it|this|that|they|we|the (?:\w+ ){1,3}?)(?:\s?(?:is|are|does|do|ever))?"
    r"(?: not)? ?(?:exceed|miss|brea|violat|cross|pass|ris|fa|drop|go|sink|climb|more|less|abo|bel|over|under)\w*"
    r"|(?:if|when|once) it (?:does|is|has)(?: not|n.t)?"
    r"|(?:if|when|once) (?:\w+ )?(?:exceeded|missed|broken|violated|breached|crossed)"
    r"|or (?:we|you|somebody|someone|they|it|the \w+)(?= ))",
    re.IGNORECASE,
)
_NEXT: Final = re.compile(r"[.!?]\s+")


def severity_of_breach(mention: Mention) -> Severity | None:
    """Return the severity that the words behind a norm give to its breach: "otherwise page", "beyond that: critical".

    The words stand in the norm's sentence or in the next one.
    """
    sentence = mention.sentence
    behind = sentence.passage.text[sentence.start + mention.match.end() :]
    for part in _NEXT.split(behind, maxsplit=2)[:2]:
        words = HOLD.sub("", part)
        otherwise = _OTHERWISE.search(words)
        if SIGNED_NUMBER.search(words):
            return None
        severity = vocabulary().severity(words)
        if otherwise and severity != NO_SEVERITY:
            return severity
    return None


def is_norm(mention: Mention) -> bool:
    """Return whether the words at a comparator demand a value, without a condition: "must stay below", "at most"."""
    low, _ = mention.bounds
    condition = vocabulary().phrases.condition.search(mention.sentence.text, low, mention.match.start())
    return not condition and bool(_MODAL.search(mention.lead) or _DEMANDING.fullmatch(mention.sign))


def is_modal(mention: Mention) -> bool:
    """Return whether a verb such as "must" or "keep" makes the demand, without a condition."""
    return is_norm(mention) and bool(_MODAL.search(mention.lead))


def is_demand(mention: Mention, unit: str, *, breached: bool) -> bool:
    """Return whether the words demand a value of a quantity whose good side is not known.

    "Must be at least 3" does. A time with `>` or `>=` is hardly ever a demand, and does not count.
    """
    if not is_norm(mention) or (unit == "seconds" and (mention.comparator or "")[:1] == ">"):
        return False
    return breached or bool(_STRICT.search(mention.lead))


def severity(mention: Mention) -> Severity:
    """Return the severity that the clause of a norm names, else the severity of its passage."""
    low, high = mention.bounds
    text = mention.sentence.text
    return (
        named_last(text[low : mention.match.start("number")], with_targets=False)
        or named_behind(text[mention.match.end() : high])
        or mention.sentence.passage.severity
    )
