"""The body of a request, read in bounded memory. `api` asks for it; what is too large is refused as malformed.

Never 413 for Alertmanager: it would not try again, and nothing would tell a person why. Tell it how many alerts a
delivery may hold (`max_alerts`) and none is too large.
"""

from __future__ import annotations

from flask import Request

from webhook.payload import PayloadError, Problem

LARGEST_DELIVERY = 16 * 1_024 * 1_024
"""Bytes: some 19,000 alerts (measured: 1,000 are 835 KB)."""
LARGEST_ACTION = 64 * 1_024
"""Bytes of who acknowledges or resolves."""
_PIECE = 64 * 1_024


def read(request: Request, largest: int) -> bytes:
    """Return the whole body; raises PayloadError when it has more than `largest` bytes.

    Of a larger one the rest is read too and forgotten: who still sends does not listen.
    """
    pieces: list[bytes] = []
    size = 0
    while piece := request.stream.read(_PIECE):
        size += len(piece)
        if size <= largest:
            pieces.append(piece)
        else:
            pieces.clear()
    if size > largest:
        raise PayloadError(Problem(path="$", message=f"is larger than {largest:,} bytes"))
    return b"".join(pieces)
