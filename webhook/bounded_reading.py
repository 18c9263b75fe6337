"""What another side says, read up to a bound: a flood at full pace ends as surely as an answer that dribbles in.

A time-out bounds the wait for each piece and a deadline the time of all; neither bounds what arrives in that time, nor
what a library collects before it gives anything back (lines of a reply, headers, lengths and trailers of chunks). So
every byte of a conversation passes here. `http_deadline` reads HTTP through it, `senders.mail` SMTP.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


class TooLongAnswerError(OSError):
    """The other side has said more than there is room for."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most:,} bytes were answered")


class BoundedReader(io.RawIOBase):
    """Reads from `raw` at most `most` bytes; `check` is called before each piece and may raise."""

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
        """Return the descriptor of what is read."""
        return self._raw.fileno()

    def renew(self) -> None:
        """Begin to count anew, for what is said next."""
        self._left = self._most

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401  as in the base class
        """Read the next piece; raises TooLongAnswerError beyond the bound, and what `check` raises."""
        self._check()
        if self._left <= 0:
            raise TooLongAnswerError(self._most)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        """Close what is read, too."""
        if not self.closed:
            self._raw.close()
        super().close()
