"""Connections to SQLite or PostgreSQL, set up so that what is committed is kept and nobody waits for ever.

`database` opens its transactions over an engine from here.
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
"""So long is a lock waited for: twice stays below Alertmanager's shortest time-out of 10 s, so that it gets an answer.

Twice, because on SQLite a request may wait for another writer of its process that itself waits for a lock in vain.
"""
# A replica that is paused in the middle of a transaction holds its locks no longer than this (PostgreSQL).
IDLE_SECONDS = 15.0
CONNECTIONS = 46
"""So many are open at most: one for each thread that serves or works, and some to spare. None holds two at a time.

A thread that finds none is told that the store is unavailable, though it is only busy. Two replicas stay below the
hundred that PostgreSQL takes by default.
"""
KEPT_CONNECTIONS = 8
"""So many stay open when nobody needs them."""
PRIVATE = 0o600
"""Rights to the file of SQLite: its owner reads and writes."""
_READ_ONLY = "tocsin_read_only"


def open_engine(secret: Secret) -> Engine:
    """Return the engine of the database at the URL, without touching it; raises ValueError when it cannot be used."""
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
    """Return the options of a connection that only reads: it sees one moment throughout, and waits for no writer."""
    if engine.dialect.name == "postgresql":
        # Its default shows each statement what was committed until then: an incident without an alert, and then the
        # message on that alert.
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {_READ_ONLY: True}


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"needs the Python package {error.name}, which is not installed (extra `postgres`)"
    return "is not a database URL such as sqlite:///tocsin.db"


def _postgresql(url: Any) -> Engine:  # noqa: ANN401  sqlalchemy's URL
    milliseconds = int(BUSY_SECONDS * 1_000)
    # A server that a broken network hides is noticed as soon as one that refuses.
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
    """Look the server's name up here: the client library's `connect_timeout` begins after its own look-up.

    Several hosts, and directories of sockets, are left to the library (libpq, 34.1.1).
    """
    host = parameters.get("host")
    if not isinstance(host, str) or not host or host.startswith(("/", "@")) or "," in host or "hostaddr" in parameters:
        return
    try:
        found = names.addresses(host, int(parameters.get("port") or 5432), seconds=BUSY_SECONDS)
    except (OSError, UnicodeError, ValueError) as error:
        raise dialect.dbapi.OperationalError(f"the name {host} leads nowhere: {error}") from None
    parameters["hostaddr"] = ",".join(str(address[0]) for _, address in found)
    parameters["host"] = ",".join(host for _ in found)


def _pool() -> dict[str, Any]:
    return {
        "poolclass": QueuePool,
        "pool_size": KEPT_CONNECTIONS,
        "max_overflow": CONNECTIONS - KEPT_CONNECTIONS,
        "pool_timeout": BUSY_SECONDS,
    }


def _limit(connection: Any, _record: object) -> None:  # noqa: ANN401  a DBAPI connection
    """Wait for nobody's lock for longer than Alertmanager waits for us, and let nobody wait for ours for ever."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1_000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {int(IDLE_SECONDS * 1_000)}")
    connection.commit()


def _sqlite(url: Any) -> Engine:  # noqa: ANN401  sqlalchemy's URL
    in_memory = url.database in {None, "", ":memory:"}
    if in_memory:
        raise ValueError("names a database in memory; incidents have to survive a restart, so name a file")
    # One connection for each user at a time: SQLite's own locks decide who writes.
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **_pool())
    file = _File(url.database)
    event.listen(engine, "do_connect", file.before_connect)
    event.listen(engine, "connect", file.connected)
    event.listen(engine, "checkout", file.before_use)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


class _File:
    """Sees to it that what is committed is in the file of that name, and not in one that was taken away.

    SQLite goes on writing into a file that was moved or deleted, and would make an empty one in its place.
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
        """Make the file for this user alone, or take others' rights to it away; SQLite gives the WAL and SHM the same.

        What incidents say is for whoever has a token. A file of another user is left as it is.
        """
        try:
            # Only a new file is opened here: closing one drops the locks that this process has on it (fcntl(2)).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
            for suffix in ("", "-wal", "-shm"):
                path = Path(f"{self._path}{suffix}")
                if path.exists() and path.stat().st_uid == os.geteuid():
                    path.chmod(PRIVATE)
        except OSError:
            return  # SQLite says what is wrong with it, in its own words

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
    connection.isolation_level = None  # the driver's own BEGIN is deferred; `_begin` says when
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={int(BUSY_SECONDS * 1_000)}",
        "journal_mode=WAL",
        "synchronous=FULL",  # 200 means on the disk, not in the operating system's cache
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns from reading to writing fails at once when another writes;
    # an immediate one waits.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
