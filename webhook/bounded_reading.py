"""Limits how many bytes are read from another server.

A time-out limits the wait for each piece, and a deadline limits the total time. Neither of them limits how much
arrives in that time. Neither limits how much a library collects before it returns anything (lines of a reply, headers,
lengths and trailers of chunks). So every byte of a conversation passes through `BoundedReader`. `http_deadline` reads
HTTP through it, and `senders.mail` reads SMTP.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


class TooLongAnswerError(OSError):
    """The other server sent more bytes than the limit allows."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most:,} bytes were answered")


class BoundedReader(io.RawIOBase):
    """Reads at most `most` bytes from `raw`; it calls `check` before each piece, and `check` may raise."""

    def __init__(self, raw: io.RawIOBase, *, most: int, check: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._raw = raw
        self._check = check
        self._most = most
        self._left = most

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor of `raw`."""
        return self._raw.fileno()

    def renew(self) -> None:
        """Start the count again, for the next answer."""
        self._left = self._most

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401  as in the base class
        """Read the next piece; raises TooLongAnswerError beyond the limit, and whatever `check` raises."""
        self._check()
        if self._left <= 0:
            raise TooLongAnswerError(self._most)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        """Close this reader and `raw`."""
        if not self.closed:
            self._raw.close()
        super().close()
