"""HTTP with a deadline for the whole conversation, so that a server that sends slowly cannot hold it up.

`senders.transport` and `alertmanager_api` use `session`, `senders.mail` uses `Deadline`. A time-out limits only the
wait for each piece, and an answer is read in pieces. Here a timer shuts the connection down when the total time is
over. `names` looks host names up, within the same time.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from dataclasses import dataclass
from http.client import HTTPResponse as RawResponse
from typing import Any, Self

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse

from webhook import names
from webhook.bounded_reading import BoundedReader

LONGEST_HEAD = 256 * 1_024
"""Bytes of an answer without its body: status, headers, and an interim answer (100 Continue)."""
_TOO_LONG = "the answer took too long"


class DeadlineSession(Session):
    """Sends one or several requests to one server over one connection, within `seconds` from now in total.

    A body may have `largest` bytes. Reading stops at an answer that goes far beyond that; lengths and trailers of
    chunks count too.
    """

    def __init__(self, *, seconds: float, largest: int) -> None:
        super().__init__()
        self._limit = _Limit(ends=time.monotonic() + seconds, most=LONGEST_HEAD + 2 * largest)
        adapter = _DeadlineAdapter(self._limit)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @property
    def connections(self) -> int:
        """How many connections were opened: one, unless the server closed it between two requests."""
        return self._limit.opened


def session(*, seconds: float, largest: int) -> DeadlineSession:
    """Return a session that waits at most `seconds` from now for all its answers, of up to `largest` bytes each."""
    return DeadlineSession(seconds=seconds, largest=largest)


@dataclass
class _Limit:
    """The limits that a session's connections share: `ends` is the deadline in monotonic seconds."""

    ends: float
    most: int
    """Bytes of an answer, its head included."""
    opened: int = 0
    """How many connections were opened."""

    def check(self) -> None:
        """Raise TimeoutError when the time is over."""
        if time.monotonic() > self.ends:
            raise TimeoutError(_TOO_LONG)


class _DeadlineAdapter(HTTPAdapter):
    """Applies the limit to name look-up, connection, handshake, request and the head of an answer."""

    def __init__(self, limit: _Limit) -> None:
        self._pools = {
            "http": _bounded_pool(HTTPConnectionPool, HTTPConnection, limit),
            "https": _bounded_pool(HTTPSConnectionPool, HTTPSConnection, limit),
        }
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  as in the base class
        """Prepare the pools for direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **options: Any) -> PoolManager:  # noqa: ANN401  as in the base class
        """Return the pools for connections through a proxy."""
        manager: PoolManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


class Deadline:
    """Shuts a connection down when its time is over. An error in the `with` block after that becomes a TimeoutError.

    It keeps its own duplicate of the socket, because TLS detaches the socket from its creator, and a connection drops
    its socket when the server announces that an answer is the last one.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._is_over = threading.Event()
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    @property
    def left(self) -> float:
        """How many seconds are left; negative after the deadline."""
        return self._ends - time.monotonic()

    def watch(self, sock: socket.socket) -> None:
        """Shut this socket down when the time is over; call it once for each deadline."""
        self._socket = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(max(0.0, self.left), self._shut_down)
        self._timer.daemon = True
        self._timer.start()

    def check(self) -> None:
        """Raise TimeoutError if the socket was shut down: some readers take this for the end of an answer."""
        if self._is_over.is_set():
            raise TimeoutError(_TOO_LONG)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._socket is not None:
            self._socket.close()
        if error is not None and self.left <= 0:
            raise TimeoutError(_TOO_LONG) from error

    def _shut_down(self) -> None:
        self._is_over.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _bounded_pool(
    pool: type[HTTPConnectionPool], connection: type[HTTPConnection], limit: _Limit
) -> type[HTTPConnectionPool]:
    answer_class = type("DeadlineAnswer", (_DeadlineAnswer,), {"limit": limit})
    connection_class = type(
        f"Deadline{connection.__name__}",
        (_DeadlineConnection, connection),
        {"limit": limit, "response_class": answer_class},
    )
    return type(f"Deadline{pool.__name__}", (pool,), {"ConnectionCls": connection_class})


class _DeadlineAnswer(RawResponse):
    """An answer, also that of a proxy, that is read only within the limit's bytes and time."""

    limit: _Limit

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401  as in the base class
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()  # nothing was read yet
        self.fp = io.BufferedReader(BoundedReader(raw, most=self.limit.most, check=self.limit.check))


class _DeadlineConnection(HTTPConnection):
    """A connection on which everything up to the head of the last answer ends at the limit."""

    limit: _Limit
    _deadline: Deadline

    def connect(self) -> None:
        """Connect, and do the TLS handshake if there is one."""
        try:
            with Deadline(self.limit.ends - time.monotonic()) as self._deadline:
                self.limit.opened += 1
                super().connect()
                self._deadline.check()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in the base class
        """Return the answer once its head has arrived."""
        with Deadline(self.limit.ends - time.monotonic()) as deadline:
            if self.sock is not None:
                deadline.watch(self.sock)
            answer = super().getresponse()
            try:
                deadline.check()
            except TimeoutError:
                answer.close()  # it may hold the last reference to the socket
                raise
            return answer

    def _new_conn(self) -> socket.socket:
        """Return a connected socket; raises what the base class raises."""
        deadline, timeout = self._deadline, self.timeout
        seconds = timeout if isinstance(timeout, int | float) else deadline.left
        host, port = self._dns_host, self.port
        try:
            sock = names.connect(
                host, port or 0, seconds=seconds, left=lambda: deadline.left, options=self.socket_options or ()
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error
        deadline.watch(sock)
        return sock
