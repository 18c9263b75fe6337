"""Changes the texts that a JSON parser cannot take, while the document is read. Pure; `payload_stream` uses it.

A label may have any length and hold any character, and no label may cause the refusal of a delivery. A text of more
than `LONGEST_TEXT` bytes is cut. Half a surrogate pair, which the parser cannot decode, becomes U+FFFD. Everything
between texts passes unchanged, and so does invalid JSON, which the parser then refuses.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_TEXT: Final = 4 * 1_024 * 1_024
"""Bytes of one text as it is written; the parser holds it in memory as one piece."""

_LONGEST_ESCAPE: Final = 12
"""Bytes of a surrogate pair."""
# Every repetition is possessive, so no text is searched twice.
_TEXTS_AND_BETWEEN = re.compile(rb'(?:[^"]*+"[^"\\]*+(?:\\[\s\S][^"\\]*+)*+")*+[^"]*+')
"""Whole texts and everything between them, up to the first text that does not end in this data."""
_HEX = rb"[0-9a-fA-F]"
_OF_A_TEXT = re.compile(
    rb'[^"\\]*+(?:\\(?:[^u]|u(?![dD][89abAB])%(hex)s{4}|u[dD][89abAB]%(hex)s{2}(?=[\s\S]{6}))[^"\\]*+)*+'
    % {b"hex": _HEX}
)
"""A part of a text, up to its end or to an incomplete escape; a surrogate pair is complete with both halves."""
_BEGUN = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})?\Z")
"""The beginning of a character whose other bytes have not arrived (RFC 3629, 4)."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB]%(hex)s{2}\\u[dD][c-fC-F]%(hex)s{2})|(?P<half>u[dD][89a-fA-F]%(hex)s{2})|[\s\S])"
    % {b"hex": _HEX}
)
_REPLACEMENT: Final = rb"\ufffd"
_CUT: Final = rb"\u2026"


class Texts:
    """Takes a document in pieces, and returns it with texts that its parser can take."""

    def __init__(self) -> None:
        self._held_back = b""
        self._is_inside = False
        """Whether the last piece ended within a text."""
        self._length = 0
        """Bytes of that text that were returned."""
        self._is_cut = False

    def fitting(self, piece: bytes) -> bytes:
        """Return the data that the parser can take now; empty if the next piece is needed first."""
        data, self._held_back = self._held_back + piece, b""
        parts: list[bytes] = []
        place = 0
        while place < len(data):
            step = self._within if self._is_inside else self._between
            place = step(data, place, parts)
        return b"".join(parts)

    def rest(self) -> bytes:
        """Return the data that was held back; call it at the end of the document."""
        rest, self._held_back = self._held_back, b""
        return rest

    def _between(self, data: bytes, place: int, parts: list[bytes]) -> int:
        """Take whole texts, and the quotation mark of a text that does not end here; return the place behind them."""
        end = _end(_TEXTS_AND_BETWEEN, data, place)
        parts.append(_without_half_pairs(data[place:end]))
        if end < len(data):
            parts.append(b'"')
            self._is_inside, self._is_cut, self._length = True, False, 0
        return end + 1

    def _within(self, data: bytes, place: int, parts: list[bytes]) -> int:
        """Take a part of a text; return the place behind it."""
        end = _end(_OF_A_TEXT, data, place)
        if end == len(data):
            end = max(place, end - len(_BEGUN.search(data, max(place, end - 3))[0]))  # type: ignore[index]  # it may be empty
            self._held_back = data[end:]
        parts.append(_without_half_pairs(self._kept(data[place:end])))
        if self._held_back or end == len(data):
            return len(data)
        if data[end : end + 1] == b'"':
            parts.append(_CUT + b'"' if self._is_cut else b'"')
            self._is_inside = False
            return end + 1
        if len(data) - end < _LONGEST_ESCAPE:
            self._held_back = data[end:]
            return len(data)
        parts.append(data[end : end + 2])  # an invalid escape, which the parser reports
        return end + 2

    def _kept(self, part: bytes) -> bytes:
        """Return as much of a part of a text as `LONGEST_TEXT` allows, cut between two characters."""
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
    match = pattern.match(data, place)
    return place if match is None else match.end()


def _character(part: bytes, cut: int) -> int:
    """Return the last place up to `cut` where a character begins (bytes 10xxxxxx continue one: RFC 3629, 3)."""
    while 0 < cut < len(part) and part[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


def _without_half_pairs(part: bytes) -> bytes:
    if not _SURROGATE.search(part):
        return part
    return _ESCAPE.sub(lambda escape: _REPLACEMENT if escape["half"] else escape[0], part)
