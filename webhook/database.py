"""The connection under the store: SQLite or PostgreSQL, its transactions, its schema brought up to date.

`store` and `outbox` write their SQL inside `Database.write` and `Database.read`; whatever goes wrong down here leaves
as `StoreUnavailable`, which `api` answers with 503 and the worker waits out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from webhook.secret import Secret

# Below Alertmanager's shortest time-out of 10 s, so that a locked database is answered and not hung up on.
BUSY_SECONDS = 5.0
# Any constant will do, as long as every replica takes the same one before it migrates.
_MIGRATION_LOCK = 7_074_221


class StoreUnavailable(Exception):  # noqa: N818  the state's name, not an error's
    """The store cannot be read or written now; the message says why, without the address of the database."""


class Database:
    """An engine and its transactions."""

    def __init__(self, url: Secret) -> None:
        """Prepare for the database at `url`, without touching it; raises ValueError when the URL cannot be used."""
        self.engine = _engine(url)

    @property
    def skip_locked(self) -> bool:
        """Whether rows are locked one by one (PostgreSQL) instead of the whole file (SQLite)."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run a transaction that sees no other writer; commits at the end, rolls back on any exception."""
        with _told(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a transaction that only reads and waits for no writer."""
        with _told(), self.engine.connect() as connection:
            yield connection.execution_options(tocsin_read_only=True)

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`; raises StoreUnavailable, also for a schema newer than this program."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            if self.skip_locked:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, revision)
            except CommandError as error:
                raise StoreUnavailable(f"the schema cannot be brought up to date: {error}") from error

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise StoreUnavailable(reason[:300]) from error


def _engine(secret: Secret) -> Engine:
    try:
        url = make_url(secret.reveal())
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite":
            return _sqlite(url)
        if url.get_backend_name() == "postgresql":
            return create_engine(
                url, pool_pre_ping=True, pool_timeout=BUSY_SECONDS, connect_args={"connect_timeout": 5}
            )
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ValueError(_reason(error)) from None
    raise ValueError(f"is for {url.get_backend_name()}; sqlite and postgresql are supported")


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"needs the Python package {error.name}, which is not installed (extra `postgres`)"
    return "is not a database URL such as sqlite:///tocsin.db"


def _sqlite(url: Any) -> Engine:  # noqa: ANN401  sqlalchemy's URL
    in_memory = url.database in {None, "", ":memory:"}
    if in_memory:
        raise ValueError("names a database in memory; incidents have to survive a restart, so name a file")
    # One connection for each user at a time: SQLite's own locks decide who writes.
    pool: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_SECONDS}
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **pool)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


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
    read_only = connection.get_execution_options().get("tocsin_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
