"""Finds out how much of a request has arrived. Pure: `connections` feeds it bytes, `answering` gets the request.

It determines only where a request ends (RFC 9112, sections 6 and 7.1). gunicorn's parser gets the same bytes and
reports what is wrong with them. When the end cannot be determined, everything that has arrived is handed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LARGEST_HEAD = 32 * 1_024
"""Bytes of the request line and headers."""
_LONGEST_LINE = 4_096
"""Bytes of a chunk's size line, and of a trailer line."""

State = Literal["head", "body", "whole", "unclear", "too_large"]


@dataclass(frozen=True, kw_only=True)
class Head:
    """The parts of a request's head that decide how it is handled; `path` is as sent, without its query."""

    method: str
    path: str
    authorization: str
    length: int | None
    """Bytes of the body; None when the body is chunked."""
    waits_for_continue: bool


class Reading:
    """One request while it arrives, and the beginning of the next one."""

    def __init__(self, beginning: bytes = b"") -> None:
        self.state: State = "head"
        self.head: Head | None = None
        self._bytes = bytearray()
        self._searched = 0
        self._body_at = 0
        self._ends_at = 0
        self._chunks = _Chunks()
        self.feed(beginning)

    def __len__(self) -> int:
        """Return how many bytes are kept."""
        return len(self._bytes)

    @property
    def body_size(self) -> int:
        """How many bytes of the body have arrived, counted as sent; 0 while the head is incomplete."""
        return len(self._bytes) - self._body_at if self.head else 0

    def feed(self, piece: bytes) -> None:
        """Add bytes that have arrived, and update `state`."""
        self._bytes += piece
        if self.state == "head":
            self._find_head()
        if self.state == "body":
            self._find_end()

    def take(self) -> tuple[bytes, bytes]:
        """Return the request and the bytes after it; if the request is not whole, all bytes count as the request."""
        end = self._ends_at if self.state == "whole" else len(self._bytes)
        return bytes(self._bytes[:end]), bytes(self._bytes[end:])

    def _find_head(self) -> None:
        end = self._bytes.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self._bytes)
        if end > LARGEST_HEAD or (end < 0 and len(self._bytes) > LARGEST_HEAD):
            self.state = "too_large"
        elif end >= 0:
            self._body_at = end + 4
            self.head = _head(bytes(self._bytes[:end]))
            self.state = "unclear" if self.head is None else "body"
            self._chunks = _Chunks(self._body_at)

    def _find_end(self) -> None:
        end = self._end()
        if end < 0:
            self.state = "unclear"
        elif end and end <= len(self._bytes):
            self.state, self._ends_at = "whole", end

    def _end(self) -> int:
        """Return where the request ends; 0 when that is not known yet, a negative number when it cannot be known."""
        if self.head is not None and self.head.length is not None:
            return self._body_at + self.head.length
        return self._chunks.end(self._bytes)


class _Chunks:
    """Finds the end of a chunked body."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._in_trailers = False

    def end(self, data: bytearray) -> int:
        """Return where the body ends; 0 when it has not ended yet, -1 when the data is not chunked."""
        while True:
            line_end = data.find(b"\r\n", self._at, self._at + _LONGEST_LINE)
            if line_end < 0:
                return -1 if len(data) - self._at >= _LONGEST_LINE else 0
            line = bytes(data[self._at : line_end])
            if self._in_trailers:
                self._at = line_end + 2
                if not line:
                    return self._at
                continue
            size = _size(line)
            if size is None:
                return -1
            if size == 0:
                self._in_trailers, self._at = True, line_end + 2
                continue
            following = line_end + 2 + size + 2
            if following > len(data):
                return 0
            self._at = following


def _size(line: bytes) -> int | None:
    digits = line.split(b";", 1)[0].strip()
    if not digits or len(digits) > 12 or digits.strip(b"0123456789abcdefABCDEF"):
        return None
    return int(digits, 16)


def _head(data: bytes) -> Head | None:
    """Return the head, or None when it does not determine where the request ends."""
    first, *lines = data.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    lengths, codings = fields.get("content-length", []), fields.get("transfer-encoding", [])
    if (lengths and codings) or len(lengths) > 1 or len(codings) > 1:
        return None
    length: int | None = None if codings else 0
    if codings and codings[0].lower() != "chunked":
        return None
    if lengths:
        if not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 16):
            return None
        length = int(lengths[0])
    return Head(
        method=method,
        path=rest.partition(" ")[0].partition("?")[0],
        authorization=(fields.get("authorization") or [""])[0],
        length=length,
        waits_for_continue=(fields.get("expect") or [""])[0].lower() == "100-continue",
    )
