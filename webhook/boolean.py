"""Parses the words that people write for a yes-or-no setting. Pure."""

from __future__ import annotations

_WORDS = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


def parse_boolean(text: str) -> bool:
    """Return what the word means, in any case; raises ValueError, whose text continues after a setting's name."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ValueError("is neither yes nor no; true, on and 1 mean yes, false, off and 0 mean no") from None
