"""Whether the sender of a request still waits for its answer: asked before the work on a delivery and after it.

A process that stood still, or a store that was slow, can come to a delivery that Alertmanager has given up and sent
again elsewhere; taken late, it would tell of a moment that is over (docs/decisions/0026).
"""

from __future__ import annotations

import socket

from flask import Request

_SOCKET = "gunicorn.socket"
"""Where gunicorn puts the connection into the WSGI environment; another server has none there."""


def still_waits(request: Request) -> bool:
    """Return False when the other end of the request's connection is closed; True where that cannot be known."""
    connection: socket.socket | None = request.environ.get(_SOCKET)
    if connection is None:
        return True
    try:
        # The plain method: that of a TLS socket does not look ahead, and the line's end shows beneath TLS as well.
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
