"""Reads the body of a request in bounded memory, for `api`. It rejects an oversized action as malformed.

Alertmanager never gets 413: it would not try again, and nothing would tell a person why. This module takes a delivery
of any size; when a delivery is too large to be kept, it keeps a part.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Request

from webhook.payload import Payload, PayloadError, Problem, fits_at_once, parse_payload
from webhook.payload_stream import stream_payload
from webhook.untrusted import of_cluster

LARGEST_WHOLE = 4 * 1_024 * 1_024
"""Bytes of a delivery that is decoded at once: some 5,000 alerts (measured: 1,000 alerts are 835 KB). A larger delivery
is decoded while it is read."""
LARGEST_ACTION = 64 * 1_024
"""Bytes of a request that acknowledges or resolves."""
_PIECE = 64 * 1_024


def delivery(request: Request) -> Payload:
    """Return the alert batch, attributed to the cluster that the `cluster` parameter names; raises PayloadError."""
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
        # A refused delivery is read to its end too: a client that still sends does not read the answer.
        while request.stream.read(_PIECE):
            pass


def read(request: Request, largest: int) -> bytes:
    """Return the whole body; raises PayloadError when it has more than `largest` bytes.

    The rest of a larger body is read and discarded: a client that still sends does not read the answer.
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
