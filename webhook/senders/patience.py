"""Connections whose patience ends: the head of an answer that dribbles in is given up, however busy the line looks.

`transport` sends through the adapter. A time-out bounds the wait for each piece only, and `http.client` reads the
status line and the headers piece by piece; here a timer closes the line when all of them have taken too long.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class PatientAdapter(HTTPAdapter):
    """Waits at most `seconds` for the head of an answer, from the moment the request is sent."""

    def __init__(self, *, seconds: float) -> None:
        self._pools = {"http": _pool(seconds), "https": _secure_pool(seconds)}
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


def _pool(seconds: float) -> type[HTTPConnectionPool]:
    class PatientConnection(HTTPConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            with _Timer(self, seconds):
                return super().getresponse()

    class PatientPool(HTTPConnectionPool):
        ConnectionCls = PatientConnection

    return PatientPool


def _secure_pool(seconds: float) -> type[HTTPConnectionPool]:
    class PatientConnection(HTTPSConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            with _Timer(self, seconds):
                return super().getresponse()

    class PatientPool(HTTPSConnectionPool):
        ConnectionCls = PatientConnection

    return PatientPool


class _Timer:
    """Closes the line when its time is over.

    To `http.client` a closed line is the end of the headers, not an error: so leaving raises TimeoutError then.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        # Kept, because the connection lets go of its socket when the answer says that it is the last.
        self._socket = connection.sock
        self._over = threading.Event()
        self._timer = threading.Timer(seconds, self._close)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._over.is_set():
            raise TimeoutError("the head of the answer took too long")

    def _close(self) -> None:
        self._over.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
