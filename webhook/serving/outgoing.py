"""An answer that is made: what gunicorn takes for the socket keeps the bytes. `connections` sends them.

So a thread that answers never waits for who reads the answer, and its memory is bounded.
"""

from __future__ import annotations

LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes of one answer, its head included: more than the page of the largest delivery that is kept."""


class AnswerTooLargeError(Exception):
    """The answer has more than `LARGEST_ANSWER` bytes."""


class Outgoing:
    """One answer as it is written, with the methods of a socket that gunicorn calls."""

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
        """Return 0: nothing in here waits."""
        return 0.0

    def clear(self) -> None:
        """Forget what was written: another answer takes its place."""
        self._bytes.clear()

    def take(self) -> bytes:
        """Return the answer."""
        return bytes(self._bytes)
