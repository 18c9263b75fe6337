"""Find the severity that belongs to a number; `reading`, `marks` and `norms` use this module."""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.holds import HOLD, WINDOW
from compiler.guides.mention import Mention
from compiler.guides.numbers import SIGNED_NUMBER
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary

# A severity in brackets begins within this many characters behind its number.
_NEAR: Final = 44
_BRACKET: Final = re.compile(r"[^,;.(]{0,12}\(([^)]*)\)")
_CLAUSE_END: Final = re.compile(r";|\.\s|🔴|🟡")
# "over 50k for 10 min → page" and "1 % warn | 5 % page": a word between two numbers is about the first.
_POINTED: Final = re.compile(r"(?: for [\w ]{1,12})?\s*(?:→|->|=>)\s*(\w+)")
NEXT: Final = re.compile(r"(?:\s*[:=–—-])?\s+(\w+)\s*(?:[|,;:/.]|$)")
"""A single word behind a number."""
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
    """Return the severity that belongs to a number, or `NO_SEVERITY`.

    The first of these counts: a severity in brackets or at an arrow behind the number, one in its own clause, one
    before the clause, one behind it, or the severity that the passage has from above.
    """
    text, (low, high) = mention.sentence.text, mention.bounds
    return (
        _at_number(mention)
        or named_last(text[low : mention.match.start("number")])
        or _at_clause_start(mention)
        or named_behind(text[mention.match.end() : high])
        or named_last(_text_before_clause(mention))
        or named_behind(_CLAUSE_END.split(mention.rest, maxsplit=1)[0])
        or _in_instruction(mention.rest)
        or _in_naming_clause(mention)
        or mention.sentence.passage.severity
    )


def _at_number(mention: Mention) -> Severity | None:
    """Return the severity in brackets behind a number, else that of its place in a pair, else one right behind it."""
    if (bracket := _BRACKET.match(mention.rest[:_NEAR])) and (name := _bracketed(bracket[1])):
        return name
    if mention.in_pair is not None:
        return mention.in_pair
    arrow = _POINTED.match(mention.rest)
    if arrow and (name := _bracketed(arrow[1])):
        return name
    pointed = NEXT.match(mention.rest) or _LAST.match(mention.rest)
    return _severity(pointed[1]) if pointed else None


def _in_instruction(rest: str) -> Severity | None:
    """Return the severity of an instruction behind a semicolon: "the broker stops; page the storage team"."""
    instruction = _TO_DO.match(rest)
    return _severity(instruction[1]) if instruction else None


def _in_naming_clause(mention: Mention) -> Severity | None:
    """Return the severity in a clause or sentence behind a number that names it: "…; this is a warning"."""
    sentence = mention.sentence
    behind = sentence.passage.text[sentence.start + mention.match.end() :]
    naming = _CALLED.match(behind)
    if naming is None or _OTHER_LIMIT.search(HOLD.sub("", behind[: naming.start("name")])):
        return None
    return _severity(naming["name"])


def _severity(text: str) -> Severity | None:
    return _named_or_none(vocabulary().severity(text))


def _bracketed(text: str) -> Severity | None:
    return _named_or_none(vocabulary().severities.bracketed(text))


def _at_clause_start(mention: Mention) -> Severity | None:
    """Return the severity at the beginning of a number's clause, or behind the last colon of the clause."""
    clause = mention.sentence.text[mention.bounds[0] : mention.match.end()]
    words = vocabulary().severities
    return _named_or_none(words.leading(clause)) or _named_or_none(words.leading(clause.rpartition(":")[2]))


def _named_or_none(name: Severity) -> Severity | None:
    return None if name == NO_SEVERITY else name


def named_behind(text: str) -> Severity | None:
    """Return the severity that a text behind a number names, or None if the text contains another limit."""
    name = _severity(text)
    # "Above 85 % for more than 5 minutes is a warning": the duration is no other limit.
    if name is None or _OTHER_LIMIT.search(WINDOW.sub("", HOLD.sub("", text))):
        return None
    match = vocabulary().severities.patterns[name].search(text)
    return None if match and _NUMBER_BEHIND.match(text, match.end()) else name


def _text_before_clause(mention: Mention) -> str:
    """Return the text before a number's clause, without the words behind the last limit, which are about that limit."""
    text, (low, _) = mention.sentence.text, mention.bounds
    end = (
        next((start for start in mention.clause_starts if start > mention.last_limit_end), low)
        if mention.last_limit_end
        else 0
    )
    return f"{text[: mention.last_limit_end]} {text[end:low]}"


def named_last(text: str, *, with_targets: bool = True) -> Severity | None:
    """Return the severity that a text names last; `NO_SEVERITY` if it names a target last and `with_targets` is set."""
    lexicon = vocabulary()
    severity_ends = [(severity, match.end()) for severity, match in lexicon.severities.named(text)]
    targets = lexicon.targets.finditer(text) if with_targets else ()
    ends = [*severity_ends, *((NO_SEVERITY, match.end()) for match in targets)]
    # If two matches end at the same place, that of the later pattern counts.
    return max(reversed(ends), key=lambda pair: pair[1])[0] if ends else None
