"""The body of a request, read in bounded memory. `api` asks for it; what nobody could mean is refused as malformed.

Never 413 for Alertmanager: it would not try again, and nothing would tell a person why. A delivery is taken however
large it is; of one that is too large to be kept, a part.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Request

from webhook.payload import Payload, PayloadError, Problem, fits_at_once, parse_payload
from webhook.payload_stream import stream_payload
from webhook.untrusted import of_cluster

LARGEST_WHOLE = 4 * 1_024 * 1_024
"""Bytes of a delivery that is decoded at once: some 5,000 alerts (measured: 1,000 are 835 KB). A larger one is decoded
as it is read."""
LARGEST_ACTION = 64 * 1_024
"""Bytes of who acknowledges or resolves."""
_PIECE = 64 * 1_024


def delivery(request: Request) -> Payload:
    """Return what Alertmanager posts, as from the cluster that the address names; raises PayloadError."""
    payload = _delivery(request)
    return replace(payload, external_url=of_cluster(payload.external_url, request.args.get("cluster", "")))


def _delivery(request: Request) -> Payload:
    pieces: list[bytes] = []
    size = 0
    while size <= LARGEST_WHOLE and (piece := request.stream.read(_PIECE)):
        size += len(piece)
        pieces.append(piece)
    beginning = b"".join(pieces)
    pieces.clear()
    if size <= LARGEST_WHOLE and fits_at_once(beginning):
        return parse_payload(beginning)
    try:
        return stream_payload(beginning, request.stream)
    finally:
        # What was refused in the middle is read to its end: who still sends does not listen.
        while request.stream.read(_PIECE):
            pass


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
