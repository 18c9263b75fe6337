"""Compile the `phrases` of `vocabulary.yaml`, each list in the frame in which modules search for it.

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
_FREE = (
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


def phrases(given: Mapping[str, Sequence[str]]) -> Phrases:
    """Return the phrases, compiled."""
    text = {name: alternatives(texts) for name, texts in given.items()}
    return Phrases(
        **{name: _words(given[name]) for name in _FREE},
        named=_pattern(rf"\b{text['named']}\s*#?$"),
        roughly=_pattern(rf"\b{text['roughly']}\s*$"),
        window=_pattern(rf"\b{text['window']}\s*{text['filler']}?$"),
        measured=_pattern(rf"\b{text['measured']}\s*$"),
        for_words=rf"\b{text['hold']}\s+{text['hold_filler']}?",
        permitting=frozenset(given["permitting"]),
        permitting_alone=frozenset(given["permitting_alone"]),
        sized=frozenset(given["sized"]),
        marks=_pattern(rf"(?:\b{text['marks']}\b[^.;:]{{0,30}}?(?:\bat|:|=|—|–|-|\))\s*|[🔴🟡🟢🚨⚠]️?\s*(?:at\s*)?)$"),
        colours=_pattern(rf"\b{text['colours']}\s*$"),
        threshold=_pattern(rf"(?:^|\b{text['alerting']}\s){text['threshold']}\s*(?:\b(?:is|of|at)|[:=])\s*$"),
        thresholds=_pattern(rf"^\W*(?:{text['alerting']}\s)?{text['threshold']}(?: are)?\s*[:=–—][^.;]*\w\s*$"),
        enforced=_pattern(rf"\s*{text['enforced']}\b"),
        # "Above 125 °C is a broken sensor and is dropped". What follows "means" or "because" is trouble instead.
        handled=_pattern(rf"(?:(?!{_LEADING})[^,;:(→–—])*?\b(?:is|are|will be|gets?) (?:\w+ly )?{text['handled']}\b"),
        instruction=_pattern(rf"\W*{text['instruction']}\b"),
        moving=_pattern(text["moving"]),
        follows=_pattern(rf"[^.;,]{{0,60}},\s+(?:the|an?|its?|all) (?:\w+ ){{0,3}}?{text['acts']}\b"),
        doing=_pattern(rf"(?: of [^,;.]{{1,40}}?)?,? (?:the|an?|its?) (?:\w+ ){{1,3}}?{text['acts']}\b"),
        settings=_pattern(text["settings"]),
        quiet=_pattern(
            rf"[\W\d]*(?:(?:the|our) )?{text['quiet']}(?:(?:,| and| &) [\w-]+)?(?: (?:of|from|on|for) .{{1,40}})?\W*"
        ),
        items=_pattern(rf"\s*{text['items']}\b"),
        countdown=_pattern(rf"\s*{text['countdown']}"),
        soft=_pattern(rf"\s{text['soft']}\b"),
        hard=_pattern(rf"\s{text['hard']}\b"),
        factor=_pattern(rf"\s*{text['factor']}"),
        good=_pattern(rf"[^,;.]{{0,30}}\b(?:(?:is|are) {text['good']}|may (?:fail|be lost|time out|go wrong))\b"),
    )


def alternatives(texts: Iterable[str]) -> str:
    """Return the text of a pattern that matches any of the patterns."""
    return rf"(?:{'|'.join(texts)})"


def _words(texts: Iterable[str]) -> re.Pattern[str]:
    # A text that begins with a letter, "(" or "^" matches whole words only. Signs and symbols match anywhere.
    return _pattern("|".join(rf"\b{text}\b" if text[0].isalpha() or text[0] in "(^" else text for text in texts))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
