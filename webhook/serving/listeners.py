"""The socket that is listened on, and the patience for a port that another process still holds.

A process that was killed may leave one behind that finishes its requests; `connections` sees to it that it ends.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

import structlog

PORT_SECONDS = 45.0
"""How long a port is waited for: longer than any of our processes takes to end."""
_AGAIN_SECONDS = 0.5
_BACKLOG = 1_024

log = structlog.get_logger("tocsin.server")


class CannotListen(Exception):  # noqa: N818  the state's name, not an error's
    """The address cannot be listened on; the message says why."""


def listen(host: str, port: int, *, sleep: Callable[[float], None] = time.sleep) -> socket.socket:
    """Return a listening socket; `::` is every address of both families. Raises CannotListen."""
    ends, told = time.monotonic() + PORT_SECONDS, False
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            reason = f"{host}:{port}: {error.strerror or error}"
            if error.errno != errno.EADDRINUSE or time.monotonic() > ends:
                raise CannotListen(reason) from None
        if not told:
            log.warning("the port is in use, waiting for it", address=f"{host}:{port}", seconds=PORT_SECONDS)
            told = True
        sleep(_AGAIN_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        found.bind(address)
        found.listen(_BACKLOG)
    except OSError:
        found.close()
        raise
    return found
