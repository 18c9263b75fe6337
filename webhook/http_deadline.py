"""HTTP conversations with a deadline: an answer that dribbles in is given up, however busy the line looks.

`senders.transport` and `alertmanager_api` ask in a patient session, `senders.mail` talks under a deadline. A time-out
bounds the wait for each piece only, and an answer is read piece by piece; here a timer cuts the line when all of them
have taken too long. Names are looked up by `names`, within the same time.
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
"""Bytes of an answer beside its body: status, headers, and what goes before it (100 Continue)."""
_TOO_LONG = "the answer took too long"


class DeadlineSession(Session):
    """Asks one server, once or several times over one connection, and waits at most `seconds` from now on in all.

    A body may have `largest` bytes. An answer that goes far beyond that is given up while it is read: lengths and
    trailers of chunks count too.
    """

    def __init__(self, *, seconds: float, largest: int) -> None:
        super().__init__()
        self._limit = _Limit(ends=time.monotonic() + seconds, most=LONGEST_HEAD + 2 * largest)
        adapter = _DeadlineAdapter(self._limit)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @property
    def connections(self) -> int:
        """How many connections have been opened: one, unless the other side has closed it between two questions."""
        return self._limit.opened


def session(*, seconds: float, largest: int) -> DeadlineSession:
    """Return a session that waits at most `seconds` from now on for all its answers, of up to `largest` bytes each."""
    return DeadlineSession(seconds=seconds, largest=largest)


@dataclass
class _Limit:
    """What the connections of a session share: when they are given up (monotonic seconds), how many were opened."""

    ends: float
    most: int
    """Bytes of an answer, its head included."""
    opened: int = 0

    def check(self) -> None:
        """Raise TimeoutError when the time is over."""
        if time.monotonic() > self.ends:
            raise TimeoutError(_TOO_LONG)


class _DeadlineAdapter(HTTPAdapter):
    """Waits until the limit for the head of an answer: name, connection, handshake and request are within it."""

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
    """Cuts a line when its time is over. Within the block an error after that is a TimeoutError.

    The line is watched through a handle of its own: TLS takes the socket away from whoever has made it, and a
    connection lets go of its socket when the answer says that it is the last.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._over = threading.Event()
        self._line: socket.socket | None = None
        self._timer: threading.Timer | None = None

    @property
    def left(self) -> float:
        """How many seconds are left, less than 0 when it is over."""
        return self._ends - time.monotonic()

    def watch(self, line: socket.socket) -> None:
        """Cut this line when the time is over; one for each deadline."""
        self._line = socket.socket(fileno=os.dup(line.fileno()))
        self._timer = threading.Timer(max(0.0, self.left), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def check(self) -> None:
        """Raise TimeoutError when the line was cut: to some readers that is the end of an answer and no error."""
        if self._over.is_set():
            raise TimeoutError(_TOO_LONG)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._line is not None:
            self._line.close()
        if error is not None and self.left <= 0:
            raise TimeoutError(_TOO_LONG) from error

    def _cut(self) -> None:
        self._over.set()
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


def _bounded_pool(
    pool: type[HTTPConnectionPool], connection: type[HTTPConnection], limit: _Limit
) -> type[HTTPConnectionPool]:
    answer = type("DeadlineAnswer", (_DeadlineAnswer,), {"limit": limit})
    patient = type(
        f"Deadline{connection.__name__}", (_DeadlineConnection, connection), {"limit": limit, "response_class": answer}
    )
    return type(f"Deadline{pool.__name__}", (pool,), {"ConnectionCls": patient})


class _DeadlineAnswer(RawResponse):
    """An answer, that of a proxy too, of which no more is read than the limit has room and time for."""

    limit: _Limit

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401  as in the base class
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()  # nothing was read yet
        self.fp = io.BufferedReader(BoundedReader(raw, most=self.limit.most, check=self.limit.check))


class _DeadlineConnection(HTTPConnection):
    """A connection whose conversation, up to the head of the last answer, is over at the limit."""

    limit: _Limit
    _deadline: Deadline

    def connect(self) -> None:
        """Connect, and shake hands where there is TLS."""
        try:
            with Deadline(self.limit.ends - time.monotonic()) as self._deadline:
                self.limit.opened += 1
                super().connect()
                self._deadline.check()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in the base class
        """Return the answer when its head is there."""
        with Deadline(self.limit.ends - time.monotonic()) as deadline:
            if self.sock is not None:
                deadline.watch(self.sock)
            answer = super().getresponse()
            try:
                deadline.check()
            except TimeoutError:
                answer.close()  # it may be the last that knows of the socket
                raise
            return answer

    def _new_conn(self) -> socket.socket:
        """Return the line, and raise as the base class does."""
        deadline, span = self._deadline, self.timeout
        seconds = span if isinstance(span, int | float) else deadline.left
        host, port = self._dns_host, self.port
        try:
            line = names.connect(
                host, port or 0, seconds=seconds, left=lambda: deadline.left, options=self.socket_options or ()
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error
        deadline.watch(line)
        return line
