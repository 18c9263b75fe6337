"""One connection as the loop of `connections` and the threads of `answering` see it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from webhook.serving.pools import Pool
from webhook.serving.reading import Reading

HEAD_SECONDS = 10.0
"""Time limit from the first wait for a request to the end of its headers, including the TLS handshake."""
BODY_SECONDS = 20.0
"""Time limit from the end of the headers to the end of the body, even when bytes keep arriving."""
STREAM_SECONDS = 60.0
"""The same for a delivery too large to keep in memory; Alertmanager gives up long before."""
IDLE_SECONDS = 30.0
"""Time limit between an answer and the next request on the same connection."""
LINGER_SECONDS = 2.0
"""How long a client may still send after the answer: an immediate close would lose the answer (RFC 9112, 9.6)."""
SEND_SECONDS = 15.0
"""Time limit for the client to receive an answer."""
SLOWEST = 32 * 1_024
"""Bytes a second; a large answer gets the time that this rate needs in addition to `SEND_SECONDS`."""
RECEIVE_SECONDS = 10
"""Time limit for each piece of a delivery too large to keep in memory."""
PIECE = 64 * 1_024

Phase = Literal["request", "held", "idle", "answered", "sending", "lingering"]


@dataclass(eq=False, kw_only=True)
class Connection:
    """A connection. In the phase `answered` it belongs to a thread, in every other phase to the loop."""

    sock: socket.socket
    address: tuple[Any, ...]
    server: tuple[Any, ...]
    deadline: float
    since: float = field(default_factory=time.monotonic)
    """When it was opened, on the monotonic clock."""
    phase: Phase = "request"
    reading: Reading = field(default_factory=Reading)
    is_greeting: bool = False
    """Whether the TLS handshake is still going on."""
    pool: Pool | None = None
    """The pool whose threads answer the request, once the head is known."""
    is_known: bool = False
    """Whether a request on it has shown a valid token."""
    keeps: bool = False
    """Whether another request may follow the answer that is being sent."""
    rest: bytes = b""
    """The bytes of the next request that have arrived already."""
    _answer: bytes = b""
    _sent: int = 0

    @property
    def peer(self) -> str:
        """The client's IPv4 address, or the first half of its IPv6 address, which belongs to one site."""
        host = str(self.address[0]).partition("%")[0].removeprefix("::ffff:")
        if ":" not in host:
            return host
        return socket.inet_pton(socket.AF_INET6, host)[:8].hex()

    @property
    def is_encrypted(self) -> bool:
        """Whether it uses TLS."""
        return isinstance(self.sock, ssl.SSLSocket)

    @property
    def unsent(self) -> int:
        """How many bytes of the answer the client has not received yet."""
        return len(self._answer) - self._sent

    def prepare(self, answer: bytes) -> None:
        """Store `answer` for `send` and set the deadline for the whole answer."""
        self.phase, self._answer, self._sent = "sending", answer, 0
        self.deadline = time.monotonic() + SEND_SECONDS + len(answer) / SLOWEST

    def send(self) -> None:
        """Send what the client takes now; raises BlockingIOError or ssl.SSLWant… while it takes nothing.

        A piece that TLS could not send is offered again unchanged, as OpenSSL requires (SSL_write(3)).
        """
        with memoryview(self._answer) as answer:
            while self._sent < len(answer):
                self._sent += self.sock.send(answer[self._sent : self._sent + PIECE])
        self._answer, self._sent = b"", 0

    def lend(self) -> None:
        """Prepare the socket for a thread: the socket blocks, and each receive has a time limit."""
        self.phase = "answered"
        self.sock.settimeout(None)
        # SO_RCVTIMEO, because a Python timeout would also make the peek in `client_connection` wait.
        limit = struct.pack("ll", RECEIVE_SECONDS, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def stream(self, beginning: bytes) -> Iterator[bytes]:
        """Yield `beginning` and then what arrives within `STREAM_SECONDS`; called in a thread."""
        deadline = time.monotonic() + STREAM_SECONDS
        yield beginning
        while time.monotonic() < deadline:
            try:
                piece = self.sock.recv(PIECE)
            except OSError:
                return
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self.sock.close()
