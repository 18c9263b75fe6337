"""Compile each list of `phrases` in `vocabulary.yaml` into the pattern by which modules search for its words.

`vocabulary` uses this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrases:
    """Words around a number that decide what it is; `vocabulary.yaml` says what each list is for.

    `named`, `roughly`, `window`, `measured`, `marks`, `colours`, `threshold` and `thresholds` match at the end of the
    text before a number. `good`, `items`, `soft`, `hard`, `countdown`, `factor`, `enforced`, `handled`, `doing` and
    `follows` match at the beginning of the text after it. `instruction` matches at the beginning of a sentence and
    `moving` at that of a comparator. `quiet` matches a whole heading and `settings` a column's whole head. The others
    match anywhere. `permitting`, `permitting_alone` and `sized` are comparators as they are written. `for_words` is the
    text of a pattern; a duration follows it.
    """

    history: re.Pattern[str]
    past: re.Pattern[str]
    setting: re.Pattern[str]
    alarm: re.Pattern[str]
    forbidden: re.Pattern[str]
    named: re.Pattern[str]
    roughly: re.Pattern[str]
    window: re.Pattern[str]
    measured: re.Pattern[str]
    for_words: str
    permitting: frozenset[str]
    permitting_alone: frozenset[str]
    marks: re.Pattern[str]
    colours: re.Pattern[str]
    threshold: re.Pattern[str]
    thresholds: re.Pattern[str]
    factor: re.Pattern[str]
    percent: re.Pattern[str]
    labels: re.Pattern[str]
    asking: re.Pattern[str]
    good: re.Pattern[str]
    low: re.Pattern[str]
    rest: re.Pattern[str]
    used: re.Pattern[str]
    share: re.Pattern[str]
    slow: re.Pattern[str]
    breach: re.Pattern[str]
    consequence: re.Pattern[str]
    conditional: re.Pattern[str]
    chore: re.Pattern[str]
    sized: frozenset[str]
    enforced: re.Pattern[str]
    machinery: re.Pattern[str]
    duties: re.Pattern[str]
    people: re.Pattern[str]
    handled: re.Pattern[str]
    instruction: re.Pattern[str]
    condition: re.Pattern[str]
    settings: re.Pattern[str]
    signs: re.Pattern[str]
    items: re.Pattern[str]
    soft: re.Pattern[str]
    hard: re.Pattern[str]
    age: re.Pattern[str]
    moment: re.Pattern[str]
    foreign: re.Pattern[str]
    multiple: re.Pattern[str]
    countdown: re.Pattern[str]
    usual: re.Pattern[str]
    states: re.Pattern[str]
    affairs: re.Pattern[str]
    labour: re.Pattern[str]
    acts: re.Pattern[str]
    itself: re.Pattern[str]
    metrics: re.Pattern[str]
    moving: re.Pattern[str]
    slowness: re.Pattern[str]
    calls: re.Pattern[str]
    follows: re.Pattern[str]
    doing: re.Pattern[str]
    trouble: re.Pattern[str]
    quiet: re.Pattern[str]
    loud: re.Pattern[str]

    def tells(self, text: str) -> bool:
        """Return whether a text has more words than those that label a limit."""
        return bool(_WORD.search(self.labels.sub("", text)))


_LEADING = r"\b(?:means?|because|where|which|that|until|so|while|as|since)\b"
_WORD = re.compile(r"[A-Za-z]{3}|\b[A-Z]{2}\b")
_ANYWHERE = (
    "history",
    "past",
    "setting",
    "alarm",
    "forbidden",
    "labels",
    "asking",
    "low",
    "rest",
    "used",
    "share",
    "slow",
    "percent",
    "breach",
    "consequence",
    "conditional",
    "chore",
    "machinery",
    "duties",
    "people",
    "condition",
    "signs",
    "moment",
    "age",
    "foreign",
    "multiple",
    "usual",
    "states",
    "affairs",
    "labour",
    "acts",
    "itself",
    "slowness",
    "metrics",
    "calls",
    "trouble",
    "loud",
)


def phrases(lists: Mapping[str, Sequence[str]]) -> Phrases:
    """Return the phrases, compiled from the lists of the file."""
    any_of = {name: alternatives(texts) for name, texts in lists.items()}
    return Phrases(
        **{name: _words(lists[name]) for name in _ANYWHERE},
        named=_pattern(rf"\b{any_of['named']}\s*#?$"),
        roughly=_pattern(rf"\b{any_of['roughly']}\s*$"),
        window=_pattern(rf"\b{any_of['window']}\s*{any_of['filler']}?$"),
        measured=_pattern(rf"\b{any_of['measured']}\s*$"),
        for_words=rf"\b{any_of['hold']}\s+{any_of['hold_filler']}?",
        permitting=frozenset(lists["permitting"]),
        permitting_alone=frozenset(lists["permitting_alone"]),
        sized=frozenset(lists["sized"]),
        marks=_pattern(rf"(?:\b{any_of['marks']}\b[^.;:]{{0,30}}?(?:\bat|:|=|—|–|-|\))\s*|[🔴🟡🟢🚨⚠]️?\s*(?:at\s*)?)$"),
        colours=_pattern(rf"\b{any_of['colours']}\s*$"),
        threshold=_pattern(rf"(?:^|\b{any_of['alerting']}\s){any_of['threshold']}\s*(?:\b(?:is|of|at)|[:=])\s*$"),
        thresholds=_pattern(rf"^\W*(?:{any_of['alerting']}\s)?{any_of['threshold']}(?: are)?\s*[:=–—][^.;]*\w\s*$"),
        enforced=_pattern(rf"\s*{any_of['enforced']}\b"),
        # "Above 125 °C is a broken sensor and is dropped". What follows "means" or "because" is trouble instead.
        handled=_pattern(rf"(?:(?!{_LEADING})[^,;:(→–—])*?\b(?:is|are|will be|gets?) (?:\w+ly )?{any_of['handled']}\b"),
        instruction=_pattern(rf"\W*{any_of['instruction']}\b"),
        moving=_pattern(any_of["moving"]),
        follows=_pattern(rf"[^.;,]{{0,60}},\s+(?:the|an?|its?|all) (?:\w+ ){{0,3}}?{any_of['acts']}\b"),
        doing=_pattern(rf"(?: of [^,;.]{{1,40}}?)?,? (?:the|an?|its?) (?:\w+ ){{1,3}}?{any_of['acts']}\b"),
        settings=_pattern(any_of["settings"]),
        quiet=_pattern(
            rf"[\W\d]*(?:(?:the|our) )?{any_of['quiet']}(?:(?:,| and| &) [\w-]+)?(?: (?:of|from|on|for) .{{1,40}})?\W*"
        ),
        items=_pattern(rf"\s*{any_of['items']}\b"),
        countdown=_pattern(rf"\s*{any_of['countdown']}"),
        soft=_pattern(rf"\s{any_of['soft']}\b"),
        hard=_pattern(rf"\s{any_of['hard']}\b"),
        factor=_pattern(rf"\s*{any_of['factor']}"),
        good=_pattern(rf"[^,;.]{{0,30}}\b(?:(?:is|are) {any_of['good']}|may (?:fail|be lost|time out|go wrong))\b"),
    )


def alternatives(texts: Iterable[str]) -> str:
    """Return the text of a pattern that matches any of the patterns."""
    return rf"(?:{'|'.join(texts)})"


def _words(texts: Iterable[str]) -> re.Pattern[str]:
    # A text that begins with a letter, "(" or "^" matches whole words only. Signs and symbols match anywhere.
    return _pattern("|".join(rf"\b{text}\b" if text[0].isalpha() or text[0] in "(^" else text for text in texts))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
