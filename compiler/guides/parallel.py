"""A number that says for one thing what the limit before it says for another; used by `grammar`.

"Above 1 % in production and 10 % in staging": the second has no comparator of its own, and its place gives it that of
the first.
"""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.reading import Reading

_BETWEEN: Final = re.compile(
    r"[^.;:\d]{0,40}\b(?:in|on|for|of|at)\s[^.;:]{1,60}?(?:,\s*(?:and|or)?|\band\b|\bor\b|/)\s*"
    r"|\s*\([^()]{1,40}\)\s*(?:,\s*(?:and|or)?|and\b|or\b|/)\s*",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"\s*(?:(?:in|on|for|of|at)\s(?!all\b)(?:the |our )?[`\"'/\w]|\([^()\d]{1,40}\))", re.IGNORECASE
)
_TIME: Final = re.compile(r"\b(?:for|over|in|of)\s+(?:the last |at least )?\d", re.IGNORECASE)


def is_parallel(mention: Mention, last: Reading) -> bool:
    """Return whether a number without a comparator takes that of the limit before it, in its unit."""
    before, unit = last.mention, mention.unit
    if mention.sign or unit is None or before.unit is None or before.unit.unit != unit.unit:
        return False
    between = mention.sentence.text[before.found.end() : mention.found.start()]
    if _TIME.search(between) or not _BETWEEN.fullmatch(between):
        return False
    return bool(_BEHIND.match(mention.rest)) and not mention.whole
