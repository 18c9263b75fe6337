"""Whether a number tells what is used or what is left; used by `grammar`, beside `meaning`.

"Less than 20 % free" and "more than 80 % used" are the same limit: of a share that has a rest, the word nearest to the
number says which of the two it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler import meaning
from compiler.guides.mention import Mention
from compiler.guides.vocabulary import Quantity, vocabulary

# A longer text above speaks of more than of what its list limits.
_TITLE_WORDS: Final = 20
# What is said of the time is not said of the share.
_LASTING: Final = re.compile(r"\b(?:for|over|during|within)\b", re.IGNORECASE)


def is_complement(mention: Mention, quantity: Quantity | None, *, falls: bool) -> bool:
    """Return whether a number tells what a quantity leaves.

    What stands above, or in the sentence before, counts where the number's own clause is silent and `falls` is set: the
    number then is a least one, as that of what is free is.
    """
    if quantity is None or quantity.complement:
        return quantity is not None
    if not meaning.has_rest(quantity.signal):
        return False
    own = _in_clause(mention)
    if own is not None:
        return own
    texts = _context(mention, named=quantity.pattern.search(f"{mention.lead} {mention.clause}") is not None)
    return falls and next((found for found in map(_last, texts) if found is not None), False)


def _in_clause(mention: Mention) -> bool | None:
    """Return whether the word nearest to the number is one of what is left; None where there is none."""
    low, high = mention.bounds
    start, end = mention.found.start("number"), mention.found.end()
    text = mention.sentence.text
    before = [(start - low - match.end(), rest) for match, rest in _words(text[low:start])]
    behind = [(match.start(), rest) for match, rest in _words(_LASTING.split(text[end:high], maxsplit=1)[0])]
    return min(before + behind)[1] if before or behind else None


def _context(mention: Mention, *, named: bool) -> Iterator[str]:
    """Yield the texts that may say it where the clause does not, the nearest first.

    A sentence that has `named` what it limits does not go on with the one before.
    """
    yield mention.lead
    yield from (one for one in mention.sentence.passage.above[:2] if len(one.split()) <= _TITLE_WORDS)
    if not named:
        yield mention.sentence.before


def _last(text: str) -> bool | None:
    found = [(match.end(), rest) for match, rest in _words(text)]
    return max(found)[1] if found else None


def _words(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    # The names of metrics are words, too.
    plain, phrases = text.replace("_", " "), vocabulary().phrases
    yield from ((match, True) for match in phrases.rest.finditer(plain))
    yield from ((match, False) for match in phrases.used.finditer(plain))
