"""For how long a limit must be crossed, by the words near its number; used by `grammar` and `traps`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from compiler.guides.mention import NUMBER, SMALL, SMALL_NUMBERS, Mention
from compiler.guides.vocabulary import vocabulary

HOLD: Final = re.compile(
    rf"{vocabulary().phrases.hold}(?P<number>{NUMBER}|{SMALL}|an?)\s?-?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_OTHER_NUMBER: Final = re.compile(r"(?<![\w.-])\d[\d.,]*(?!\d|xx)")
_BRACKET: Final = re.compile(r"\([^()]*\)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def hold(mention: Mention) -> int | None:
    """Return the seconds that a limit must be crossed: by the words behind it, else by what says so of all."""
    # "means that it is to rest for two days" is what follows from the limit.
    rest = vocabulary().phrases.consequence.split(mention.rest, maxsplit=1)[0]
    found = HOLD.search(rest)
    # Behind another limit it is that one's, unless the comparator is its own ("for more than 5 minutes").
    if found and not _OTHER_NUMBER.search(_BRACKET.sub("", rest[: found.start()])):
        return _seconds(found)
    return _seconds(_DURATION.search(mention.sentence.passage.hold))


def _seconds(found: re.Match[str] | None) -> int | None:
    times = _SECONDS.get(found["unit"][0].lower()) if found else None
    if found is None or times is None:
        return None
    word = found["number"].lower()
    number = Decimal(1) if word in {"a", "an"} else SMALL_NUMBERS.get(word) or Decimal(re.sub(r"[,\s]", "", word))
    return int(number * times)
