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
"""From the first wait for a request to the end of its headers, the TLS handshake included."""
BODY_SECONDS = 20.0
"""From the end of the headers to that of the body, however steadily it drips."""
STREAM_SECONDS = 60.0
"""The same for a delivery too large to be kept; Alertmanager has given up long before."""
IDLE_SECONDS = 30.0
"""Between an answer and the next request on the same connection."""
LINGER_SECONDS = 2.0
"""For who still sends when the answer is written: closed at once, the answer would be lost to it (RFC 9112, 9.6)."""
SEND_SECONDS = 15.0
"""For an answer to be taken."""
SLOWEST = 32 * 1_024
"""Bytes a second of a large answer: as much more time it has."""
RECEIVE_SECONDS = 10
"""For each piece of a delivery too large to be kept."""
PIECE = 64 * 1_024

Phase = Literal["request", "held", "idle", "answered", "sending", "lingering"]


@dataclass(eq=False, kw_only=True)
class Connection:
    """A connection; in the phase `answered` it belongs to a thread, in every other to the loop."""

    sock: socket.socket
    address: tuple[Any, ...]
    server: tuple[Any, ...]
    deadline: float
    since: float = field(default_factory=time.monotonic)
    """When it was opened."""
    phase: Phase = "request"
    reading: Reading = field(default_factory=Reading)
    is_greeting: bool = False
    """Whether the TLS handshake is still going on."""
    pool: Pool | None = None
    """Whose threads answer the request, once its head is known."""
    is_known: bool = False
    """Whether a valid token was shown on it."""
    keeps: bool = False
    """Whether another request may follow the answer that is being sent."""
    rest: bytes = b""
    """What has come of that request."""
    _answer: bytes = b""
    _sent: int = 0

    @property
    def peer(self) -> str:
        """Whose connection it is: an IPv4 address, or the first half of an IPv6 one, which is one place's own."""
        host = str(self.address[0]).partition("%")[0].removeprefix("::ffff:")
        if ":" not in host:
            return host
        return socket.inet_pton(socket.AF_INET6, host)[:8].hex()

    @property
    def is_encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return isinstance(self.sock, ssl.SSLSocket)

    @property
    def unsent(self) -> int:
        """How many bytes of the answer the other side has not taken yet."""
        return len(self._answer) - self._sent

    def prepare(self, answer: bytes) -> None:
        """Let `send` send this; the deadline is that of the whole answer."""
        self.phase, self._answer, self._sent = "sending", answer, 0
        self.deadline = time.monotonic() + SEND_SECONDS + len(answer) / SLOWEST

    def send(self) -> None:
        """Send what the other side takes now; raises BlockingIOError or ssl.SSLWant… while it takes nothing.

        A piece that TLS could not send is offered again as it was, as OpenSSL asks (SSL_write(3)).
        """
        with memoryview(self._answer) as answer:
            while self._sent < len(answer):
                self._sent += self.sock.send(answer[self._sent : self._sent + PIECE])
        self._answer, self._sent = b"", 0

    def lend(self) -> None:
        """Prepare the socket for a thread: it blocks, and receiving does not take for ever."""
        self.phase = "answered"
        self.sock.settimeout(None)
        # Not a time-out of Python's: with it a look at what has come waits, too.
        limit = struct.pack("ll", RECEIVE_SECONDS, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def stream(self, beginning: bytes) -> Iterator[bytes]:
        """Yield what has come and then what comes, within `STREAM_SECONDS`; for a thread."""
        ends = time.monotonic() + STREAM_SECONDS
        yield beginning
        while time.monotonic() < ends:
            try:
                piece = self.sock.recv(PIECE)
            except OSError:
                return
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(OSError):
            self.sock.close()
