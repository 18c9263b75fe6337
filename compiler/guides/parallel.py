"""Recognize a number that states the limit before it again, with another value for another place.

In "above 1 % in production and 10 % in staging" the second number has no comparator, and takes that of the first.
`grammar` uses this module.
"""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.reading import Reading

_SLASHED_NUMBERS: Final = 2
_BETWEEN: Final = re.compile(
    r"[^.;:\d]{0,40}\b(?:in|on|for|of|at)\s[^.;:]{1,60}?(?:,\s*(?:and|or)?|\band\b|\bor\b|/)\s*"
    r"|\s*\([^()]{1,40}\)\s*(?:,\s*(?:and|or)?|and\b|or\b|/)\s*",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"\s*(?:(?:in|on|for|of|at)\s(?!all\b)(?:the |our )?[`\"'/\w]|\([^()\d]{1,40}\))", re.IGNORECASE
)
_TIME: Final = re.compile(r"\b(?:for|over|in|of)\s+(?:the last |at least )?\d", re.IGNORECASE)


_ALONGSIDE: Final = re.compile(r"\s*+(?:/|,?\s*+(?:and|or)\b|,)\s*+", re.IGNORECASE)
_SLASHED: Final = re.compile(r"\s*/\s*")
_IN_ORDER: Final = re.compile(r"\brespectively\b", re.IGNORECASE)
_WHERE: Final = re.compile(r".{1,80}, where(?: (?:it|that|this) is)?(?: only| already| even)?\s*", re.IGNORECASE)
_EXCEPTION: Final = re.compile(
    r"[^,;.]{0,30}[,;–—]\s*+(?P<but>(?:but|however|yet|though|whereas|and)\b,?\s*+)?"
    r"(?P<where>(?:in|on|for|of|at)\s[^,;.\d]{1,40}?)?,?\s*+"
    r"(?P<only>\b(?:only|already|just|even|not until|not before)\b)?\s*+",
    re.IGNORECASE,
)
_IS_LIMIT: Final = re.compile(
    r"\s*(?:(?:is|are) (?:the |our |its )?(?:limit|threshold|line|bar|maximum|minimum|mark)|applies|counts|holds)\b",
    re.IGNORECASE,
)


def is_exception(mention: Mention, last: Reading) -> bool:
    """Return whether a limit is an exception to the limit before it: "is critical, but in staging only above 5 %"."""
    between = mention.sentence.text[last.mention.match.end() : mention.match.start()]
    exception = _EXCEPTION.fullmatch(between)
    if not mention.sign or last.mention.unit != mention.unit or exception is None:
        return False
    return sum(exception[name] is not None for name in ("but", "where", "only")) > 1


def is_parallel(mention: Mention, last: Reading) -> bool:
    """Return whether a number without a comparator takes that of the limit before it, which has the same unit."""
    before, unit = last.mention, mention.unit
    if mention.sign or unit is None or before.unit is None or before.unit.unit != unit.unit:
        return False
    between = mention.sentence.text[before.match.end() : mention.match.start()]
    if _ALONGSIDE.fullmatch(between) and _IN_ORDER.search(mention.rest):
        return True
    if _SLASHED.fullmatch(between) and mention.sentence.listed == _SLASHED_NUMBERS:
        return True
    if _WHERE.fullmatch(between) and _IS_LIMIT.match(mention.rest):
        return True
    if _TIME.search(between) or not _BETWEEN.fullmatch(between):
        return False
    return bool(_BEHIND.match(mention.rest)) and not mention.whole
