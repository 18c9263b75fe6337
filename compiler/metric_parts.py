"""What a metric's name and matchers say about its role: free or used, succeeded or failed.

Pure. `compiler.checks.inputs` compares bindings with it. A word counts unless another word beside it says the opposite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from compiler.metric_names import words_of
from compiler.promql import Matcher, Selector


class Opposite(NamedTuple):
    """The words that show a metric to be the opposite of its input, what the metric means, and how to bind it."""

    words: str
    meaning: str
    way_out: str


class _Part(NamedTuple):
    """What an input means, the words that say so, and its `counterpart`: the input with the opposite meaning."""

    meaning: str
    words: frozenset[str]
    counterpart: str


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
"""Pairs of inputs that people mix up, by the first of the pair."""


def opposite(name: str, inputs: Mapping[str, object]) -> Opposite | None:
    """Return what shows that an input's metric means the opposite of the input; None if nothing does."""
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


def _exchanged(name: str, words: tuple[str, ...], partner: object) -> Opposite | None:
    """Return what shows that the metrics of two inputs are swapped; else None."""
    if not isinstance(partner, Selector) or not words:
        return None
    partner_words, way_out = words_of(partner.metric), f"exchange `{name}` and `{_PAIRS[name]}`"
    if name == "total":
        swapped = words[-1] == "count" and partner_words[-1:] == ("sum",)
        return Opposite("_count", "how many there were", way_out) if swapped else None
    own = _PARTS[name].words
    swapped = (
        bool(own & {*partner_words})
        and not own & {*words}
        and bool(_WHOLE & {*words})
        and not _WHOLE & {*partner_words}
    )
    word = next((word for word in words if word in _WHOLE), "")
    return Opposite(word, "how much there is", way_out) if swapped else None


def _by_name(name: str, words: tuple[str, ...]) -> Opposite | None:
    part = _PARTS[name]
    counterpart = _PARTS[part.counterpart]
    word = next((candidate for candidate in words if candidate in counterpart.words), None)
    # `in_use` holds a word of the input itself, and `not_ok` means the reverse.
    if word is None or part.words & {*words} or {"not", "non", "no"} & {*words}:
        return None
    return Opposite(word, counterpart.meaning, _binding_hint(part.counterpart))


def _binding_hint(name: str) -> str:
    wholes = {"successes": " and all by `attempts:`", "errors": " and all by `requests:`"}
    return f"bind it by `{name}:`{wholes.get(name, '')}"


_OUTCOMES: Final = re.compile(
    r"(?:.*_)?(?:code|code_class|error|ok|outcome|result|status|status_class|status_code|success)\Z", re.IGNORECASE
)
"""Labels that tell an outcome."""
_GOOD: Final = frozenset({"completed", "ok", "passed", "succeeded", "success", "successful"})
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


def _by_outcome(name: str, selector: Selector) -> Opposite | None:
    """Return the matcher that selects the opposite outcome of what the input means; else None."""
    if name not in {"errors", "successes"}:
        return None
    outcomes = [(matcher, _went_well(matcher)) for matcher in selector.matchers if _OUTCOMES.match(matcher.label)]
    counterpart = _PARTS[name].counterpart
    wrong = [matcher for matcher, well in outcomes if well is (name == "errors")]
    if not wrong or any(well is (name == "successes") for _, well in outcomes):
        return None
    return Opposite(str(wrong[0]), _PARTS[counterpart].meaning, _binding_hint(counterpart))


def _went_well(matcher: Matcher) -> bool | None:
    """Return whether a matcher selects successes; None if it selects both, or nobody can tell."""
    regex = matcher.operator.endswith("~")
    # People write two classes of status codes as `(4|5)` or as `[45]`.
    written = re.sub(r"\(([1-5])\|([1-5])\)", r"[\1\2]", matcher.value)
    values = written.strip("^$()").split("|") if regex else [matcher.value]
    outcomes = {_is_good(matcher.label.lower(), value.strip("()").lower()) for value in values}
    well = outcomes.pop() if len(outcomes) == 1 else None
    if well is None:
        return None
    if matcher.operator.startswith("!"):
        # A status that is not a client error may still be a server error.
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
    digits = {int(digit) for digit in classes.groups() if digit}
    return all(digit <= _LAST_GOOD for digit in digits) if all(_agrees(digit, digits) for digit in digits) else None


_LAST_GOOD: Final = 3
"""The last class of status codes that is no failure: 3xx are redirections, 4xx and 5xx are errors (RFC 9110)."""


def _agrees(digit: int, digits: set[int]) -> bool:
    return all((digit <= _LAST_GOOD) is (candidate <= _LAST_GOOD) for candidate in digits)


_MODES: Final = frozenset({"cpu_mode", "mode", "state"})


def _by_mode(name: str, selector: Selector) -> Opposite | None:
    """Return the matcher that makes a counter of work count idle time, or the reverse; else None."""
    for matcher in selector.matchers:
        if matcher.label not in _MODES:
            continue
        values = {*matcher.value.strip("^$()").split("|")}
        idle = (values <= {"idle", "iowait"}) != matcher.operator.startswith("!")
        if name == "counter" and idle and "idle" in values and not matcher.operator.startswith("!"):
            return Opposite(str(matcher), "the idle time", "bind it by `idle:`")
        if name == "idle" and not idle:
            way_out = 'select `mode="idle"`, or bind it by `counter:` with `capacity:`'
            return Opposite(str(matcher), "the busy time", way_out)
    return None


_ENDS: Final = frozenset({"expiration", "expires", "expiry"})


def _by_moment(name: str, words: tuple[str, ...]) -> Opposite | None:
    """Return the words that name a time in the past where the input needs a future one, or the reverse; else None."""
    pairs = set(pairwise(words))
    if name == "until" and ("not", "before") in pairs:
        return Opposite("not_before", "when something began", "bind the time of its end, such as `…not_after`")
    ends = "not_after" if ("not", "after") in pairs else next((word for word in words if word in _ENDS), None)
    if name == "since" and ends is not None:
        return Opposite(ends, "when something ends", "bind it by `until:`")
    return None
