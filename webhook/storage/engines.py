"""Creates engines for SQLite and PostgreSQL whose commits are durable and whose lock waits are bounded.

`database` opens its transactions on an engine from here.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from webhook import names
from webhook.secret import Secret

BUSY_SECONDS = 4.0
"""How many seconds a transaction waits for a lock. Twice this time is less than Alertmanager's shortest time-out, 10 s.

On SQLite a request may wait twice: another writer of its process waits for a lock in vain, and the request for it.
"""
# Seconds. After this time PostgreSQL ends the transaction of a paused replica, and so frees its locks.
IDLE_SECONDS = 15.0
CONNECTIONS = 46
"""Most open connections: one for each serving or working thread, and some to spare. No thread uses two at a time.

A thread that gets no connection reports the store as unavailable although it is only busy. Two replicas stay below
PostgreSQL's default of a hundred connections.
"""
KEPT_CONNECTIONS = 8
"""Connections that stay open while they are not in use."""
PRIVATE = 0o600
"""Mode of the SQLite file: only its owner reads and writes it."""
_READ_ONLY = "tocsin_read_only"


def open_engine(secret: Secret) -> Engine:
    """Return an engine for the database URL without connecting; raises ValueError if the URL cannot be used."""
    try:
        url = make_url(secret.reveal())
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite":
            return _sqlite(url)
        if url.get_backend_name() == "postgresql":
            return _postgresql(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ValueError(_reason(error)) from None
    raise ValueError(f"is for {url.get_backend_name()}; sqlite and postgresql are supported")


def reading(engine: Engine) -> dict[str, Any]:
    """Return the options of a read-only connection: it sees one snapshot and waits for no writer."""
    if engine.dialect.name == "postgresql":
        # With PostgreSQL's default, each statement sees what was committed before it: the incident without an alert,
        # and then the notification about that alert.
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {_READ_ONLY: True}


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"needs the Python package {error.name}, which is not installed (extra `postgres`)"
    return "is not a database URL such as sqlite:///tocsin.db"


def _postgresql(url: Any) -> Engine:  # noqa: ANN401  sqlalchemy's URL
    milliseconds = int(BUSY_SECONDS * 1_000)
    # These make a server behind a broken network fail as quickly as one that refuses connections.
    arguments = {
        "connect_timeout": int(BUSY_SECONDS),
        "keepalives_idle": int(BUSY_SECONDS),
        "keepalives_interval": 1,
        "keepalives_count": 5,
        "tcp_user_timeout": 2 * milliseconds,
    }
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments, **_pool())
    event.listen(engine, "do_connect", _look_up)
    event.listen(engine, "connect", _limit)
    return engine


def _look_up(dialect: Any, _record: object, _args: object, parameters: dict[str, Any]) -> None:  # noqa: ANN401
    """Resolve the server's host name with a time limit: libpq's `connect_timeout` only begins after its own look-up.

    Several hosts, and socket directories, are left to the library (libpq, 34.1.1).
    """
    host = parameters.get("host")
    if not isinstance(host, str) or not host or host.startswith(("/", "@")) or "," in host or "hostaddr" in parameters:
        return
    try:
        addresses = names.addresses(host, int(parameters.get("port") or 5432), seconds=BUSY_SECONDS)
    except (OSError, UnicodeError, ValueError) as error:
        raise dialect.dbapi.OperationalError(f"the name {host} leads nowhere: {error}") from None
    parameters["hostaddr"] = ",".join(str(address[0]) for _, address in addresses)
    parameters["host"] = ",".join(host for _ in addresses)


def _pool() -> dict[str, Any]:
    return {
        "poolclass": QueuePool,
        "pool_size": KEPT_CONNECTIONS,
        "max_overflow": CONNECTIONS - KEPT_CONNECTIONS,
        "pool_timeout": BUSY_SECONDS,
    }


def _limit(connection: Any, _record: object) -> None:  # noqa: ANN401  a DBAPI connection
    """Bound our waits for locks by Alertmanager's time-out, and bound how long an idle transaction keeps its locks."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1_000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {int(IDLE_SECONDS * 1_000)}")
    connection.commit()


def _sqlite(url: Any) -> Engine:  # noqa: ANN401  sqlalchemy's URL
    in_memory = url.database in {None, "", ":memory:"}
    if in_memory:
        raise ValueError("names a database in memory; incidents have to survive a restart, so name a file")
    # Each connection is used by one thread at a time; SQLite's own locks decide who writes.
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **_pool())
    file = _File(url.database)
    event.listen(engine, "do_connect", file.before_connect)
    event.listen(engine, "connect", file.connected)
    event.listen(engine, "checkout", file.before_use)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


class _File:
    """Ensures that commits go to the file at the configured path, and not to one that was moved or deleted.

    SQLite goes on writing to a file that was moved or deleted, and would create an empty one in its place.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._is_known = False

    def before_connect(self, *_: object) -> None:
        if self._is_known and self._identity() is None:
            raise sqlite3.OperationalError("the database file is gone")
        if not self._is_known:
            self._keep_private()

    def _keep_private(self) -> None:
        """Create the file with mode `PRIVATE`, or set that mode; SQLite gives its WAL and SHM files the same mode.

        Only holders of a token may read incidents. A file that another user owns is left as it is.
        """
        try:
            # Only a new file is opened here: closing a file drops the locks that this process has on it (fcntl(2)).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
            for suffix in ("", "-wal", "-shm"):
                path = Path(f"{self._path}{suffix}")
                if path.exists() and path.stat().st_uid == os.geteuid():
                    path.chmod(PRIVATE)
        except OSError:
            return  # SQLite reports the problem when it opens the file

    def connected(self, _connection: object, record: Any) -> None:  # noqa: ANN401  sqlalchemy's record
        self._is_known = True
        record.info[_File] = self._identity()

    def before_use(self, _connection: object, record: Any, _proxy: object) -> None:  # noqa: ANN401
        if record.info.get(_File) != self._identity():
            raise DisconnectionError("the database file was replaced")

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _configure(connection: Any, _record: object) -> None:  # noqa: ANN401  a DBAPI connection
    connection.isolation_level = None  # no implicit BEGIN of the driver, which is deferred; `_begin` sends its own
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={int(BUSY_SECONDS * 1_000)}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a 200 means that data is on the disk, not in the operating system's cache
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns from reading to writing fails at once while another one writes;
    # an immediate transaction waits.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
