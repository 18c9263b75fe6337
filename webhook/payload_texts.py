"""Texts of a JSON document, made fit for its parser while they pass. Pure; `payload_stream` reads through it.

A label may be of any length and hold whatever a metric's value can, and no label decides whether a delivery is taken.
A text of more than `LONGEST_TEXT` bytes is cut; half a surrogate pair, which the parser cannot decode, becomes U+FFFD.
What stands between texts passes as it is, and so does what is no JSON: the parser refuses it.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_TEXT: Final = 4 * 1_024 * 1_024
"""Bytes of one text as it is written: it is one piece in memory."""

_LONGEST_ESCAPE: Final = 12
"""Bytes of a surrogate pair."""
# Every repetition is possessive: no text is looked at twice.
_TEXTS_AND_BETWEEN = re.compile(rb'(?:[^"]*+"[^"\\]*+(?:\\[\s\S][^"\\]*+)*+")*+[^"]*+')
"""Whole texts and what stands between them, up to the first text that does not end here."""
_HEX = rb"[0-9a-fA-F]"
_OF_A_TEXT = re.compile(
    rb'[^"\\]*+(?:\\(?:[^u]|u(?![dD][89abAB])%(hex)s{4}|u[dD][89abAB]%(hex)s{2}(?=[\s\S]{6}))[^"\\]*+)*+'
    % {b"hex": _HEX}
)
"""A part of a text, up to its end or an escape that is not all here; of a pair both halves are needed."""
_BEGUN = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})?\Z")
"""A character whose bytes are not all here (RFC 3629, 4)."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB]%(hex)s{2}\\u[dD][c-fC-F]%(hex)s{2})|(?P<half>u[dD][89a-fA-F]%(hex)s{2})|[\s\S])"
    % {b"hex": _HEX}
)
_REPLACEMENT: Final = rb"\ufffd"
_CUT: Final = rb"\u2026"


class Texts:
    """Takes a document piece by piece, and gives it back with texts that its parser can take."""

    def __init__(self) -> None:
        self._held = b""
        self._is_inside = False
        """Whether the last piece has ended within a text."""
        self._length = 0
        """Bytes of that text that were given back."""
        self._is_cut = False

    def fitting(self, piece: bytes) -> bytes:
        """Return what can be given to the parser of all that was taken; empty where more is needed first."""
        data, self._held = self._held + piece, b""
        given: list[bytes] = []
        place = 0
        while place < len(data):
            step = self._within if self._is_inside else self._between
            place = step(data, place, given)
        return b"".join(given)

    def rest(self) -> bytes:
        """Return what was held back, at the end of the document."""
        rest, self._held = self._held, b""
        return rest

    def _between(self, data: bytes, place: int, given: list[bytes]) -> int:
        """Take whole texts, and the quotation mark of one that does not end here; return the place behind."""
        end = _end(_TEXTS_AND_BETWEEN, data, place)
        given.append(_without_halves(data[place:end]))
        if end < len(data):
            given.append(b'"')
            self._is_inside, self._is_cut, self._length = True, False, 0
        return end + 1

    def _within(self, data: bytes, place: int, given: list[bytes]) -> int:
        """Take a part of a text; return the place behind."""
        end = _end(_OF_A_TEXT, data, place)
        if end == len(data):
            end = max(place, end - len(_BEGUN.search(data, max(place, end - 3))[0]))  # type: ignore[index]  # it may be empty
            self._held = data[end:]
        given.append(_without_halves(self._kept(data[place:end])))
        if self._held or end == len(data):
            return len(data)
        if data[end : end + 1] == b'"':
            given.append(_CUT + b'"' if self._is_cut else b'"')
            self._is_inside = False
            return end + 1
        if len(data) - end < _LONGEST_ESCAPE:
            self._held = data[end:]
            return len(data)
        given.append(data[end : end + 2])  # no escape: the parser says so
        return end + 2

    def _kept(self, part: bytes) -> bytes:
        """Return as much of a part of a text as there is room for, cut between two characters."""
        room = LONGEST_TEXT - self._length
        if self._is_cut:
            return b""
        if len(part) > room:
            self._is_cut = True
            cut = _end(_OF_A_TEXT, part[:room], 0)
            part = part[: _character(part, cut)]
        self._length += len(part)
        return part


def _end(pattern: re.Pattern[bytes], data: bytes, place: int) -> int:
    found = pattern.match(data, place)
    return place if found is None else found.end()


def _character(part: bytes, cut: int) -> int:
    """Return the place at `cut` or before it where a character begins (bytes 10xxxxxx go on: RFC 3629, 3)."""
    while 0 < cut < len(part) and part[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


def _without_halves(part: bytes) -> bytes:
    if not _SURROGATE.search(part):
        return part
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found["half"] else found[0], part)
