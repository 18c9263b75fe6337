"""What the name and the matchers of a metric say of the part it plays: is it free or used, did it go well or fail.

Pure; `compiler.checks.inputs` holds bindings against it. Words count where nothing beside them says the opposite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from compiler.metric_names import words_of
from compiler.promql import Matcher, Selector


class Opposite(NamedTuple):
    """What says that a metric is the opposite of its input, what it then is, and how to bind it."""

    said: str
    meaning: str
    way_out: str


class _Part(NamedTuple):
    """What an input means, the words that say so, and the input that means the opposite of it."""

    meaning: str
    words: frozenset[str]
    other: str


_FREE: Final = frozenset({"avail", "available", "free", "remaining", "unused"})
_USED: Final = frozenset({"allocated", "busy", "consumed", "occupied", "usage", "used"})
_WHOLE: Final = frozenset({"capacity", "limit", "limits", "max", "maximum", "quota", "size", "total"})
_WELL: Final = frozenset({"ok", "succeeded", "success", "successes", "successful"})
_BADLY: Final = frozenset(
    {"err", "error", "errors", "exception", "exceptions", "fail", "failed", "failure", "failures", "unsuccessful"}
)
_HIT: Final = frozenset({"hit", "hits"})
_MISS: Final = frozenset({"miss", "missed", "misses"})
_PARTS: Final[Mapping[str, _Part]] = {
    "used": _Part("what is in use", _USED, "available"),
    "available": _Part("what is free", _FREE, "used"),
    "errors": _Part("what failed", _BADLY, "successes"),
    "successes": _Part("what went well", _WELL, "errors"),
    "hits": _Part("what was found", _HIT, "misses"),
    "misses": _Part("what was not found", _MISS, "hits"),
}
_PAIRS: Final = {"used": "max", "available": "max", "total": "count"}
"""Inputs that are taken for one another, by the first."""


def opposite(name: str, inputs: Mapping[str, object]) -> Opposite | None:
    """Return what says that the metric of an input is the opposite of what the input means; None where nothing does."""
    selector = inputs[name]
    if not isinstance(selector, Selector):
        return None
    words = words_of(selector.metric)
    exchanged = _exchanged(name, words, inputs.get(_PAIRS.get(name, "")))
    if exchanged is not None:
        return exchanged
    if name in _PARTS:
        return _by_name(name, words) or _by_outcome(name, selector)
    if name in {"counter", "idle"}:
        return _by_mode(name, selector)
    return _by_moment(name, words)


def _exchanged(name: str, words: tuple[str, ...], other: object) -> Opposite | None:
    """Return that two inputs stand in each other's place."""
    if not isinstance(other, Selector) or not words:
        return None
    others, way_out = words_of(other.metric), f"exchange `{name}` and `{_PAIRS[name]}`"
    if name == "total":
        swapped = words[-1] == "count" and others[-1:] == ("sum",)
        return Opposite("_count", "how many there were", way_out) if swapped else None
    own = _PARTS[name].words
    swapped = bool(own & {*others}) and not own & {*words} and bool(_WHOLE & {*words}) and not _WHOLE & {*others}
    word = next((one for one in words if one in _WHOLE), "")
    return Opposite(word, "how much there is", way_out) if swapped else None


def _by_name(name: str, words: tuple[str, ...]) -> Opposite | None:
    part = _PARTS[name]
    other = _PARTS[part.other]
    word = next((one for one in words if one in other.words), None)
    # "In use" is two words, "not ok" says the reverse.
    if word is None or part.words & {*words} or {"not", "non", "no"} & {*words}:
        return None
    return Opposite(word, other.meaning, _bound_by(part.other))


def _bound_by(name: str) -> str:
    beside = {"successes": " and all by `attempts:`", "errors": " and all by `requests:`"}
    return f"bind it by `{name}:`{beside.get(name, '')}"


_OUTCOMES: Final = re.compile(
    r"(?:.*_)?(?:code|code_class|error|ok|outcome|result|status|status_class|status_code|success)\Z", re.IGNORECASE
)
"""Labels that tell how something went."""
_GOOD: Final = frozenset({"completed", "ok", "passed", "succeeded", "success", "successful"})
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


def _by_outcome(name: str, selector: Selector) -> Opposite | None:
    """Return the matcher that selects the opposite of what an input of outcomes means."""
    if name not in {"errors", "successes"}:
        return None
    told = [(one, _went_well(one)) for one in selector.matchers if _OUTCOMES.match(one.label)]
    other = _PARTS[name].other
    wrong = [one for one, well in told if well is (name == "errors")]
    if not wrong or any(well is (name == "successes") for _, well in told):
        return None
    return Opposite(str(wrong[0]), _PARTS[other].meaning, _bound_by(other))


def _went_well(matcher: Matcher) -> bool | None:
    """Return whether a matcher selects what went well; None where it does not tell."""
    regex = matcher.operator.endswith("~")
    # Two classes of codes may stand in brackets of either form.
    written = re.sub(r"\(([1-5])\|([1-5])\)", r"[\1\2]", matcher.value)
    values = written.strip("^$()").split("|") if regex else [matcher.value]
    told = {_is_good(matcher.label.lower(), value.strip("()").lower()) for value in values}
    well = told.pop() if len(told) == 1 else None
    if well is None:
        return None
    if matcher.operator.startswith("!"):
        # What is not a client's error may be a server's.
        return None if not well and all(value.startswith("4") for value in values) else not well
    return well


def _is_good(label: str, value: str) -> bool | None:
    if label.endswith(("ok", "success")) and value in _YES | _NO:
        return value in _YES
    if label.endswith("error") and value in _YES | _NO:
        return value in _NO
    if value in _GOOD:
        return True
    if value in _BADLY or value.endswith(("error", "failure")):
        return False
    classes = re.match(r"\[([1-5])[-,]?([1-5]?)\]|([1-5])(?:xx|\.|[0-9]{2}\Z|\[|\\d)", value)
    if classes is None:
        return None
    digits = {int(one) for one in classes.groups() if one}
    return all(one <= _LAST_GOOD for one in digits) if all(_same(one, digits) for one in digits) else None


_LAST_GOOD: Final = 3
"""Redirections are answers; from 400 on something failed (RFC 9110)."""


def _same(one: int, digits: set[int]) -> bool:
    return all((one <= _LAST_GOOD) is (other <= _LAST_GOOD) for other in digits)


_MODES: Final = frozenset({"cpu_mode", "mode", "state"})


def _by_mode(name: str, selector: Selector) -> Opposite | None:
    """Return the matcher by which a counter of work counts idleness, or the reverse."""
    for one in selector.matchers:
        if one.label not in _MODES:
            continue
        values = {*one.value.strip("^$()").split("|")}
        idle = (values <= {"idle", "iowait"}) != one.operator.startswith("!")
        if name == "counter" and idle and "idle" in values and not one.operator.startswith("!"):
            return Opposite(str(one), "the idle time", "bind it by `idle:`")
        if name == "idle" and not idle:
            way_out = 'select `mode="idle"`, or bind it by `counter:` with `capacity:`'
            return Opposite(str(one), "the busy time", way_out)
    return None


_ENDS: Final = frozenset({"expiration", "expires", "expiry"})


def _by_moment(name: str, words: tuple[str, ...]) -> Opposite | None:
    """Return the words of a moment on the other side of now."""
    pairs = set(pairwise(words))
    if name == "until" and ("not", "before") in pairs:
        return Opposite("not_before", "when something began", "bind the time of its end, such as `…not_after`")
    ends = "not_after" if ("not", "after") in pairs else next((one for one in words if one in _ENDS), None)
    if name == "since" and ends is not None:
        return Opposite(ends, "when something ends", "bind it by `until:`")
    return None
