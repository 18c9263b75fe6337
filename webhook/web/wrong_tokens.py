"""Wrong tokens are logged, never what they were: a line for the first of each address, then one a minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from webhook.untrusted import one_line

LINE_SECONDS = 60.0
"""Between two lines about one address."""
MOST_ADDRESSES = 1_000

_LONGEST = 120

log = structlog.get_logger("tocsin.access")


@dataclass
class _Shown:
    logged_at: float
    since: int = 0


class WrongTokens:
    """Which addresses have shown some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: OrderedDict[str, _Shown] = OrderedDict()

    def shown(self, address: str, path: str, now: float) -> None:
        """Take notice of a wrong token."""
        with self._lock:
            found = self._of.pop(address, None) or _Shown(logged_at=now - LINE_SECONDS)
            self._of[address] = found
            if len(self._of) > MOST_ADDRESSES:
                self._of.popitem(last=False)
            found.since += 1
            if now - found.logged_at < LINE_SECONDS:
                return
            number, found.since, found.logged_at = found.since, 0, now
        log.warning(
            "a wrong token was shown",
            address=one_line(address, _LONGEST),
            path=one_line(path, _LONGEST),
            times=number,
        )
