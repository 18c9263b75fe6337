"""Checks whether the sender of a request still waits for the answer, before and after the work on a delivery.

A process that was paused, or whose store was slow, can reach a delivery that Alertmanager has already given up and sent
again elsewhere. Taken late, such a delivery would report a state that is over (docs/decisions/0026).
"""

from __future__ import annotations

import socket

from flask import Request

_SOCKET = "gunicorn.socket"
"""The key of the connection in the WSGI environment. `serving.answering` sets it; another server does not."""


def still_waits(request: Request) -> bool:
    """Return False when the client has closed the connection; True when that cannot be known."""
    connection: socket.socket | None = request.environ.get(_SOCKET)
    if connection is None:
        return True
    try:
        # The plain socket's method: a TLS socket cannot peek, and a closed connection is visible beneath TLS as well.
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
