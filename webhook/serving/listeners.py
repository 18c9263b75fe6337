"""Opens the listening socket, and waits for a port that another process still holds.

A killed process may leave a child process that finishes its requests; `connections` makes the child end.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

import structlog

PORT_SECONDS = 45.0
"""How long `listen` waits for a port: longer than any of our processes takes to end."""
_AGAIN_SECONDS = 0.5
_BACKLOG = 1_024

log = structlog.get_logger("tocsin.server")


class CannotListen(Exception):  # noqa: N818  the state's name, not an error's
    """The address cannot be listened on; the message says why."""


def listen(host: str, port: int, *, sleep: Callable[[float], None] = time.sleep) -> socket.socket:
    """Return a listening socket; `::` means every IPv4 and IPv6 address. Raises CannotListen."""
    deadline, warned = time.monotonic() + PORT_SECONDS, False
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            reason = f"{host}:{port}: {error.strerror or error}"
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise CannotListen(reason) from None
        if not warned:
            log.warning("the port is in use, waiting for it", address=f"{host}:{port}", seconds=PORT_SECONDS)
            warned = True
        sleep(_AGAIN_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
