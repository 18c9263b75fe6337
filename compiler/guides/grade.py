"""How grave a limit is: the severity that belongs to a number; used by `reading` and `marks`."""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.holds import HOLD, WINDOW
from compiler.guides.mention import Mention
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary
from compiler.guides.written import SIGNED_NUMBER

# A severity in brackets stands this near behind its number.
_NEAR: Final = 44
_BRACKET: Final = re.compile(r"[^,;.(]{0,12}\(([^)]*)\)")
_CLAUSE_END: Final = re.compile(r";|\.\s|🔴|🟡")
# "over 50k for 10 min → page" and "1 % warn | 5 % page": what stands behind a number, before any other, is about it.
_POINTED: Final = re.compile(r"(?: for [\w ]{1,12})?\s*(?:→|->|=>)\s*(\w+)")
NEXT: Final = re.compile(r"(?:\s*[:=–—-])?\s+(\w+)\s*(?:[|,;:/.]|$)")
"""The word that stands alone behind a number."""
_OTHER_LIMIT: Final = re.compile(rf"{SIGNED_NUMBER.pattern}|\bat\s+\d", re.IGNORECASE)
_NUMBER_BEHIND: Final = re.compile(r"\W{0,4}\d")
# "Above 200 ms for a minute, warn; above 1 s, page."
_LAST: Final = re.compile(r"(?: for [\w ]{1,12})?,\s+(\w+)\s*(?:[;.]|$)")
_TO_DO: Final = re.compile(r"[^\d;]*;\s+((?:page|wake|warn|notify|open a ticket)\b[\w ]*)[^\d;]*$", re.IGNORECASE)
# "…; this is a warning", or in a sentence of its own.
_CALLED: Final = re.compile(
    r"[^;.]*[;.]\s+(?:this|that|it) (?:is|means|counts as) (?:an? )?(?P<name>\w+)"
    r"(?! (?:if|when|once|only|unless|above|over|below|under)\b)[^\d;.]*(?:[;.]|$)",
    re.IGNORECASE,
)


def severity(mention: Mention) -> Severity:
    """Return the severity that belongs to a number.

    It is that in brackets or of an arrow behind it, named in its own clause, before it or behind, or given from above.
    """
    text, (low, high) = mention.sentence.text, mention.bounds
    return (
        _pointed(mention)
        or named_last(text[low : mention.found.start("number")])
        or _leading(mention)
        or named_behind(text[mention.found.end() : high])
        or named_last(_of_all(mention))
        or named_behind(_CLAUSE_END.split(mention.rest, maxsplit=1)[0])
        or _told_to(mention.rest)
        or _called(mention)
        or mention.sentence.passage.severity
    )


def _pointed(mention: Mention) -> Severity | None:
    """Return the severity in brackets behind a number, of its place in a pair, or right behind it."""
    if (bracket := _BRACKET.match(mention.rest[:_NEAR])) and (name := _bracketed(bracket[1])):
        return name
    if mention.in_pair is not None:
        return mention.in_pair
    arrow = _POINTED.match(mention.rest)
    if arrow and (name := _bracketed(arrow[1])):
        return name
    pointed = NEXT.match(mention.rest) or _LAST.match(mention.rest)
    return _severity(pointed[1]) if pointed else None


def _told_to(rest: str) -> Severity | None:
    """Return the severity of what is to be done behind a semicolon: "the broker stops; page the storage team"."""
    told = _TO_DO.match(rest)
    return _severity(told[1]) if told else None


def _called(mention: Mention) -> Severity | None:
    """Return the severity that the words behind a number, its sentence or the next one, call all before them."""
    sentence = mention.sentence
    behind = sentence.passage.text[sentence.start + mention.found.end() :]
    called = _CALLED.match(behind)
    if called is None or _OTHER_LIMIT.search(HOLD.sub("", behind[: called.start("name")])):
        return None
    return _severity(called["name"])


def _severity(text: str) -> Severity | None:
    return _told(vocabulary().severity(text))


def _bracketed(text: str) -> Severity | None:
    return _told(vocabulary().severities.bracketed(text))


def _leading(mention: Mention) -> Severity | None:
    """Return the severity by which the clause of a number begins, or what stands behind its last colon."""
    clause = mention.sentence.text[mention.bounds[0] : mention.found.end()]
    known = vocabulary().severities
    return _told(known.leading(clause)) or _told(known.leading(clause.rpartition(":")[2]))


def _told(name: Severity) -> Severity | None:
    return None if name == NO_SEVERITY else name


def named_behind(text: str) -> Severity | None:
    """Return the severity that a text behind a number names, if no other limit follows there."""
    name = _severity(text)
    # "Above 85 % for more than 5 minutes is a warning": how long it lasts is no other limit.
    if name is None or _OTHER_LIMIT.search(WINDOW.sub("", HOLD.sub("", text))):
        return None
    named = vocabulary().severities.patterns[name].search(text)
    return None if named and _NUMBER_BEHIND.match(text, named.end()) else name


def _of_all(mention: Mention) -> str:
    """Return the text before a number's clause without what stands behind the limit before it, and is about that."""
    text, (low, _) = mention.sentence.text, mention.bounds
    end = next((one for one in mention.clause_starts if one > mention.taken), low) if mention.taken else 0
    return f"{text[: mention.taken]} {text[end:low]}"


def named_last(text: str, *, with_targets: bool = True) -> Severity | None:
    """Return the severity that a text names last; `NO_SEVERITY` where that is a target, if targets count."""
    known = vocabulary()
    named = [(severity, match.end()) for severity, match in known.severities.named(text)]
    targets = known.targets.finditer(text) if with_targets else ()
    found = [*named, *((NO_SEVERITY, match.end()) for match in targets)]
    # Where two end at one place, the later pattern counts.
    return max(reversed(found), key=lambda one: one[1])[0] if found else None
