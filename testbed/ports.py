"""Free loopback ports, for servers that cannot be told to choose one themselves."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on now.

    Another process may take it before the caller does; a server that then fails to bind says so in its log.
    """
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
