"""Logs wrong tokens, never their text: one line for the first of each address, then at most one a minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from webhook.untrusted import one_line

LINE_SECONDS = 60.0
"""Least time between two log lines about one address."""
MOST_ADDRESSES = 1_000

_LONGEST = 120

log = structlog.get_logger("tocsin.access")


@dataclass
class _Shown:
    logged_at: float
    unlogged: int = 0


class WrongTokens:
    """The addresses that have shown wrong tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: OrderedDict[str, _Shown] = OrderedDict()

    def shown(self, address: str, path: str, now: float) -> None:
        """Count a wrong token, and log it unless this address was logged within `LINE_SECONDS`."""
        with self._lock:
            entry = self._of.pop(address, None) or _Shown(logged_at=now - LINE_SECONDS)
            self._of[address] = entry
            if len(self._of) > MOST_ADDRESSES:
                self._of.popitem(last=False)
            entry.unlogged += 1
            if now - entry.logged_at < LINE_SECONDS:
                return
            count, entry.unlogged, entry.logged_at = entry.unlogged, 0, now
        log.warning(
            "a wrong token was shown",
            address=one_line(address, _LONGEST),
            path=one_line(path, _LONGEST),
            times=count,
        )
