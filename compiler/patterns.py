"""Regular expressions of matchers: the syntax that every supported Prometheus reads, and reads alike.

Used by `compiler.automaton` and `compiler.promql`. The promql library reads patterns as Rust does. Prometheus reads
them as Go does (RE2's syntax, `regexp/syntax` in Go's documentation), and Rust accepts more: wider sets, more flags,
longer repetitions. The library has already refused what Rust refuses; this module refuses what Go would refuse.
"""

from __future__ import annotations

import re
from typing import Final

_MOST: Final = 1000
"""The largest repetition, or product of nested ones (Go, `regexp/syntax`, `ErrInvalidRepeatSize`)."""
_CATEGORIES: Final = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co"
_SCRIPTS: Final = "Arabic Armenian Cyrillic Devanagari Georgian Greek Han Hangul Hebrew Hiragana Katakana Latin Thai"
_NAMES: Final = "|".join(f"{_CATEGORIES} {_SCRIPTS}".split())
_CLASSES: Final = "alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit"
_ESCAPE: Final = (
    r"\\(?:[!-/:-@\[-`{-~]|[dDsSwWbBAzafnrtv]|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]{1,6}\}"
    rf"|[pP](?:[CLMNPSZ]|\{{\^?(?:{_NAMES})\}}))"
)
_SET: Final = rf"\[\^?\]?(?:\[:\^?(?:{_CLASSES}):\]|{_ESCAPE}|(?!&&|--|~~)[^\\\[\]])*\]"
_GROUP: Final = r"\((?:\?(?:P<[A-Za-z_][A-Za-z0-9_]*>|[imsU]*(?:-[imsU]+)?[:)]))?"
TOKEN: Final = re.compile(
    rf"(?P<open>{_GROUP})|(?:(?P<close>\))|(?P<one>{_SET}|{_ESCAPE}|[^\\\[(){{}}*+?]))"
    r"(?:[*+?]\??|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\}\??)?",
    re.DOTALL,
)


def unread(pattern: str) -> str | None:
    """Return the rest of a pattern from where some supported Prometheus cannot read it, or None if all can."""
    position, repeats = 0, [1]
    while position < len(pattern):
        token = TOKEN.match(pattern, position)
        # Prometheus wraps a pattern in a group, and a bracket of the pattern may close that group. Newer releases also
        # read the pattern alone.
        is_unopened = token is not None and token["close"] is not None and len(repeats) == 1
        if token is None or is_unopened or not _is_within_limit(token, repeats):
            return pattern[position:]
        position = token.end()
    return None


def _is_within_limit(token: re.Match[str], repeats: list[int]) -> bool:
    """Return whether repetitions stay within Go's limit; `repeats` holds the largest so far of each open group."""
    if token["open"] is not None:
        # Flags alone, such as `(?i)`, open no group.
        repeats += [] if token["open"].endswith(")") else [1]
        return True
    inside = repeats.pop() if token["close"] is not None and len(repeats) > 1 else 1
    times = inside * max(1, *(int(count[:9]) for count in (token["least"], token["most"]) if count), 1)
    repeats[-1] = max(repeats[-1], times)
    return times <= _MOST


MOST_STATES: Final = 1000
"""States of the automaton that the webhook builds; a character, a repetition and a choice are one each."""
DEEPEST: Final = 50
"""Levels of nested groups."""
_ONE_CHARACTER: Final = re.compile(r"\\(?:(?P<border>[bB])|(?P<unicode>[pP]))|\(\?[isU]*(?P<lines>m)", re.DOTALL)


def unmatched(pattern: str) -> str | None:
    """Return, in words, the part of a pattern that the webhook cannot match; None if it can match all of it.

    Prometheus can read the pattern. The webhook looks at one character after the other (`webhook.catalog.patterns`).
    """
    position, size, groups = 0, 0, [0]
    while position < len(pattern):
        token = TOKEN.match(pattern, position)
        if token is None:
            return f"`{pattern[position:]}`"
        unsupported = _ONE_CHARACTER.match(token.group()) or _UNICODE_IN_SET.search(token.group())
        if unsupported is not None:
            return f"`{unsupported.group()}`"
        position = token.end()
        _add(token, groups)
        size = sum(groups)
        if len(groups) > DEEPEST:
            return f"more than {DEEPEST} groups within one another"
        if size > MOST_STATES:
            return f"an expression that is as large as this one, written out more than {MOST_STATES} characters"
    return None


_UNICODE_IN_SET: Final = re.compile(r"(?<!\\)(?:\\\\)*\\[pP](?=.)")


def _add(token: re.Match[str], groups: list[int]) -> None:
    """Add a token to the size of its group; the size of a group that ends is added to the surrounding group."""
    if token["open"] is not None:
        groups += [] if token["open"].endswith(")") else [0]
        return
    size = groups.pop() if token["close"] is not None and len(groups) > 1 else 1
    least, most = token["least"], token["most"]
    if least is not None:
        highest = int((most or "0")[:9]) if most is not None else int(least[:9])
        size = int(least[:9]) * size + max(highest - int(least[:9]), 1) * (size + 1)
    elif token.group()[-1] in "*+?":
        size = 2 * size + 1
    groups[-1] += size
