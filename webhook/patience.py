"""Conversations whose patience ends: an answer that dribbles in is given up, however busy the line looks.

`senders.transport` and `alertmanager_api` ask in a patient session, `senders.mail` talks under a deadline. A time-out
bounds the wait for each piece only, and an answer is read piece by piece; here a timer cuts the line when all of them
have taken too long.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

_TOO_LONG = "the answer took too long"


def session(*, seconds: float) -> Session:
    """Return a session that waits at most `seconds` for the head of an answer, from when the request is sent."""
    found, adapter = Session(), _PatientAdapter(seconds=seconds)
    found.mount("https://", adapter)
    found.mount("http://", adapter)
    return found


class _PatientAdapter(HTTPAdapter):
    """Waits at most `seconds` for the head of an answer, from the moment the request is sent."""

    def __init__(self, *, seconds: float) -> None:
        self._pools = {
            "http": _patient(HTTPConnectionPool, HTTPConnection, seconds),
            "https": _patient(HTTPSConnectionPool, HTTPSConnection, seconds),
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


def _patient(
    pool: type[HTTPConnectionPool], connection: type[HTTPConnection], seconds: float
) -> type[HTTPConnectionPool]:
    def getresponse(self: HTTPConnection) -> HTTPResponse:
        return _in_time(self, partial(connection.getresponse, self), seconds)

    patient = type(f"Patient{connection.__name__}", (connection,), {"getresponse": getresponse})
    return type(f"Patient{pool.__name__}", (pool,), {"ConnectionCls": patient})


def _in_time(connection: HTTPConnection, getresponse: Callable[[], HTTPResponse], seconds: float) -> HTTPResponse:
    with Deadline(seconds) as deadline:
        if connection.sock is not None:
            deadline.watch(connection.sock)
        answer = getresponse()
        try:
            deadline.check()
        except TimeoutError:
            answer.close()  # it may be the last that knows of the socket
            raise
        return answer
