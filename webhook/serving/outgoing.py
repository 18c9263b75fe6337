"""A buffer that stands in for the socket: gunicorn writes the answer into it, and `connections` sends the bytes.

So a thread that answers never waits for the client to read, and the memory of an answer is bounded.
"""

from __future__ import annotations

LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes of one answer, including its head: more than the incident page of the largest delivery that is kept."""


class AnswerTooLargeError(Exception):
    """The answer has more than `LARGEST_ANSWER` bytes."""


class Outgoing:
    """One answer while it is written, with the socket methods that gunicorn calls."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        """Return how many bytes the answer has so far."""
        return len(self._bytes)

    def sendall(self, piece: bytes) -> None:
        """Keep a piece; raises AnswerTooLargeError."""
        if len(self._bytes) + len(piece) > LARGEST_ANSWER:
            raise AnswerTooLargeError(f"the answer has more than {LARGEST_ANSWER:,} bytes")
        self._bytes += piece

    def send(self, piece: bytes) -> int:
        """Keep a piece; return its length."""
        self.sendall(piece)
        return len(piece)

    def gettimeout(self) -> float:
        """Return 0: no method of this class waits."""
        return 0.0

    def clear(self) -> None:
        """Discard what was written, so that another answer can replace it."""
        self._bytes.clear()

    def take(self) -> bytes:
        """Return the answer."""
        return bytes(self._bytes)
