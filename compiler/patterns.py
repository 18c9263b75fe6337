"""Regular expressions of matchers: what every supported Prometheus reads, and reads alike.

Used by `compiler.promql`, whose library reads them as Rust does. Prometheus reads them as Go does (RE2's syntax,
`regexp/syntax` in Go's documentation), and Rust knows more: wider sets, more flags, longer repetitions. What it refuses
has been refused already; here falls what Go would refuse.
"""

from __future__ import annotations

import re
from typing import Final

_MOST: Final = 1000
"""Of a repetition, or of nested ones multiplied (Go, `regexp/syntax`, `ErrInvalidRepeatSize`)."""
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
_TOKEN: Final = re.compile(
    rf"(?P<open>{_GROUP})|(?:(?P<close>\))|{_SET}|{_ESCAPE}|[^\\\[(){{}}*+?])"
    r"(?:[*+?]\??|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\}\??)?",
    re.DOTALL,
)


def unread(pattern: str) -> str | None:
    """Return the part of a pattern from which on some Prometheus would not read it, or None where each reads it all."""
    position, repeats = 0, [1]
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None or not _counted(token, repeats):
            return pattern[position:]
        position = token.end()
    return None


def _counted(token: re.Match[str], repeats: list[int]) -> bool:
    """Return whether repetitions stay below Go's limit; `repeats` holds the longest so far for each open group."""
    if token["open"] is not None:
        # Flags alone, such as `(?i)`, open nothing.
        repeats += [] if token["open"].endswith(")") else [1]
        return True
    inside = repeats.pop() if token["close"] is not None and len(repeats) > 1 else 1
    times = inside * max(1, *(int(count[:9]) for count in (token["least"], token["most"]) if count), 1)
    repeats[-1] = max(repeats[-1], times)
    return times <= _MOST
