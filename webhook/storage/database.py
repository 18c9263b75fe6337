"""The transactions of the store and the migration of its schema. `engines` knows SQLite and PostgreSQL.

`store` and `outbox` run their SQL inside `Database.write` and `Database.read`. Every database error is raised as
`StoreUnavailable`: `api` answers it with 503, and the worker waits and tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from webhook.secret import Secret
from webhook.storage import engines

# Any constant will do, as long as all replicas lock the same one before they migrate.
_MIGRATION_LOCK = 7_074_221


class StoreUnavailable(Exception):  # noqa: N818  named after the state of the store
    """The store cannot be read or written now; the message gives the reason without the database URL."""


class Database:
    """An engine and its transactions. A SQLite file that `migrate` created or found is never created again."""

    def __init__(self, url: Secret) -> None:
        """Create an engine for `url` without connecting; raises ValueError if the URL cannot be used."""
        self.engine = engines.open_engine(url)
        self._turns = _Turns()

    @property
    def skip_locked(self) -> bool:
        """Whether the database locks single rows (PostgreSQL) rather than the whole file (SQLite)."""
        return self.engine.dialect.name == "postgresql"

    @property
    def file(self) -> Path | None:
        """The path of a SQLite database; None for PostgreSQL."""
        return None if self.skip_locked or not self.engine.url.database else Path(self.engine.url.database)

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Connection]:
        """Run a write transaction; it commits at the end and rolls back on any exception. Raises StoreUnavailable.

        On SQLite, writers of this process take turns, and `urgent` ones go first: a sent message that is not yet
        recorded would be sent again after a crash.
        """
        turn = nullcontext() if self.skip_locked else self._turns.take(urgent=urgent)
        with turn, _translate_errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a read-only transaction, which sees one snapshot and waits for no writer. Raises StoreUnavailable."""
        with _translate_errors(), self.engine.connect() as connection:
            yield connection.execution_options(**engines.reading(self.engine))

    def migrate(self, revision: str = "head") -> None:
        """Migrate the schema to `revision`; raises StoreUnavailable, also if the schema is newer than this program."""
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
        """Close all connections."""
        self.engine.dispose()


class _Turns:
    """Lets the writers of this process use a SQLite file one at a time, the urgent ones first.

    SQLite itself waits by sleeping between attempts, so that among many threads some would never get the lock.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._urgent = 0

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        with self._changed:
            self._urgent += urgent
            is_our_turn = self._changed.wait_for(
                lambda: not self._is_taken and (urgent or not self._urgent), engines.BUSY_SECONDS
            )
            self._urgent -= urgent
            if not is_our_turn:
                self._changed.notify_all()
                raise StoreUnavailable("other writers of this process have not come to an end")
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise StoreUnavailable(reason[:300]) from error
