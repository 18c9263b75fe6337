"""The transactions of the store, and its schema brought up to date. `engines` knows SQLite and PostgreSQL.

`store` and `outbox` write their SQL inside `Database.write` and `Database.read`; whatever goes wrong down here leaves
as `StoreUnavailable`, which `api` answers with 503 and the worker waits out.
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

# Any constant will do, as long as every replica takes the same one before it migrates.
_MIGRATION_LOCK = 7_074_221


class StoreUnavailable(Exception):  # noqa: N818  the state's name, not an error's
    """The store cannot be read or written now; the message says why, without the address of the database."""


class Database:
    """An engine and its transactions. A file that `migrate` has made or found is never made anew afterwards."""

    def __init__(self, url: Secret) -> None:
        """Prepare for the database at `url`, without touching it; raises ValueError when the URL cannot be used."""
        self.engine = engines.open_engine(url)
        self._turns = _Turns()

    @property
    def skip_locked(self) -> bool:
        """Whether rows are locked one by one (PostgreSQL) instead of the whole file (SQLite)."""
        return self.engine.dialect.name == "postgresql"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return None if self.skip_locked or not self.engine.url.database else Path(self.engine.url.database)

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Connection]:
        """Run a transaction that sees no other writer; commits at the end, rolls back on any exception.

        `urgent` goes before others: what was sent and is not yet written down would be sent again after a crash.
        """
        alone = nullcontext() if self.skip_locked else self._turns.take(urgent=urgent)
        with alone, _told(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a transaction that only reads, sees one moment throughout and waits for no writer."""
        with _told(), self.engine.connect() as connection:
            yield connection.execution_options(**engines.reading(self.engine))

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


class _Turns:
    """Lets the writers of this process come to a SQLite file one after another, the urgent ones first.

    SQLite's own waiting is a sleep between tries: among many threads it lets some of them never come in.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._urgent = 0

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        with self._changed:
            self._urgent += urgent
            came = self._changed.wait_for(
                lambda: not self._is_taken and (urgent or not self._urgent), engines.BUSY_SECONDS
            )
            self._urgent -= urgent
            if not came:
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
def _told() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise StoreUnavailable(reason[:300]) from error
