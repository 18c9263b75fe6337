"""What only looks like a limit: windows, history, settings, names with numbers in them; used by `grammar`."""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.holds import HOLD
from compiler.guides.meaning import nearest
from compiler.guides.mention import Mention
from compiler.guides.vocabulary import vocabulary

_OTHER_LIMIT: Final = re.compile(r";|,\s*(?:and\s+)?\w+ (?:at|when|if)")
_WINDOW_SIGNS: Final = frozenset({"over", "within", "past"})


def is_window(mention: Mention, comparator: str | None) -> bool:
    """Return whether a duration is a time during which something is measured or lasts."""
    phrases = vocabulary().phrases
    at = mention.found.start("number")
    if any(one.start("number") <= at < one.end() for one in HOLD.finditer(mention.sentence.text)):
        return bool(mention.taken) or comparator is None or nearest(mention.lead, "seconds", backwards=True) is None
    if phrases.measured.search(mention.lead) or _is_of_last_limit(mention):
        return True
    if not mention.sign:
        return bool(phrases.window.search(mention.lead))
    return mention.sign == "past" and bool(re.search(r"\b(?:in|over|during|for|of) the $", mention.lead))


def _is_of_last_limit(mention: Mention) -> bool:
    """Return whether a duration belongs to the limit before it, as in "5 % over 10 minutes"."""
    between = mention.lead[mention.taken :]
    if mention.sign not in _WINDOW_SIGNS or not mention.taken or _OTHER_LIMIT.search(between):
        return False
    return not any(one.pattern.search(between) for one in vocabulary().quantities if "seconds" in one.units)


def is_no_limit(mention: Mention, comparator: str | None, *, marked: bool) -> bool:
    """Return whether the words around a number say that it is history, a setting, a name or a duration of work.

    `marked` is set where a severity or a target belongs to the number.
    """
    phrases = vocabulary().phrases
    if _is_history(mention) or phrases.forbidden.search(mention.clause):
        return True
    if _is_name(mention, marked=marked) or _is_setting(mention, marked=marked):
        return True
    return comparator is None and bool(phrases.roughly.search(mention.lead))


def _is_history(mention: Mention) -> bool:
    phrases, sentence = vocabulary().phrases, mention.sentence
    if phrases.history.search(sentence.text):
        return True
    return bool(phrases.history.search(sentence.before) and phrases.past.search(sentence.text))


def _is_name(mention: Mention, *, marked: bool) -> bool:
    """Return whether a number is part of a name or the value of an assignment: port 8080, issue #12, workers=4."""
    if not marked and vocabulary().phrases.named.search(mention.lead):
        return True
    return not mention.sign and bool(re.search(r"[=#]\s*$", mention.lead))


def _is_setting(mention: Mention, *, marked: bool) -> bool:
    phrases, bare = vocabulary().phrases, mention.sentence.passage.bare
    if mention.sign == "from" and not bare:
        return True
    if not marked and mention.sign in phrases.permitting_alone:
        return True
    if not phrases.setting.search(mention.clause) or (marked and bare):
        return False
    return mention.sign in phrases.permitting or not phrases.alarm.search(mention.clause)
