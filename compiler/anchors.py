"""Parse: a heading's text → the anchor that GitHub gives it.

Used by `compiler.runbooks`. The library is a port of `github-slugger`, GitHub's reference; it walks long tables of code
points, so headings of plain ASCII, which need none of them, take a short way to the same result (a test holds the two
together).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from github_slugger import slug as library_slug

_DROPPED: Final = re.compile(r"[^a-z0-9 _-]")


@lru_cache(maxsize=4096)
def slug(heading: str) -> str:
    """Return the anchor of a heading that is the only one of its text."""
    if heading.isascii():
        return _DROPPED.sub("", heading.lower()).replace(" ", "-")
    return str(library_slug(heading))


class Anchors:
    """Gives the headings of one document their anchors, in order: repeated ones are numbered."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def add(self, heading: str) -> str:
        """Return the next heading's anchor."""
        base = anchor = slug(heading)
        while anchor in self._taken:
            self._taken[base] += 1
            anchor = f"{base}-{self._taken[base]}"
        self._taken[anchor] = 0
        return anchor
