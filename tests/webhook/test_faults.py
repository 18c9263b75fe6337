"""Tests of a store that fails under a running webhook: it answers 503, loses nothing, and recovers by itself.

Each fault is real: a test causes it from outside, in a served process.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from testbed import loopback
from testbed.chaos.replica import Replica
from testbed.patience import PATIENCE_SECONDS, await_that
from testbed.postgresql import PostgreSQL
from testbed.slack import Slack
from tests.webhook.samples import alert, payload
from webhook.secret import Secret
from webhook.storage import engines
from webhook.storage.database import Database, StoreUnavailable

pytestmark = pytest.mark.acceptance

ALERTMANAGERS_PATIENCE = 10.0
"""Seconds: Alertmanager's shortest time-out; an answer that comes later does not count."""
STORE_PATIENCE = engines.BUSY_SECONDS
"""How long a served webhook waits for the store."""


@dataclass(kw_only=True)
class Running:
    """A webhook that is served, and the Slack stand-in that it notifies."""

    replica: Replica
    slack: Slack
    folder: Path

    def deliver(
        self,
        name: str,
        *,
        alerts: int = 1,
        status: str = "firing",
        text: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> int:
        """Post a group of that name as Alertmanager does; return the status."""
        body = payload(
            *(alert(group=name, instance=str(n), status=status, annotations={"summary": text}) for n in range(alerts)),
            groupLabels={"group": name},
        )
        answered, _ = loopback.post_json(f"{self.replica.url}/v1/alertmanager", body, seconds=patience)
        return answered

    def deliver_until_taken(self, name: str) -> None:
        """Post the group again and again, as Alertmanager does, until it is taken."""
        await_that(lambda: self.deliver(name) == 200, self.replica.process.log_tail)

    @property
    def known(self) -> set[str]:
        """The names of the groups that have an incident."""
        return set(self._incidents())

    def firing(self, name: str) -> int:
        """Return how many alerts of the group of that name fire."""
        return sum(entry["ended_at"] is None for entry in self._incidents()[name]["alerts"])

    def _incidents(self) -> dict[str, Any]:
        listed = loopback.get_json(f"{self.replica.url}/v1/incidents?limit=200")["incidents"]
        incidents = [loopback.get_json(f"{self.replica.url}/v1/incidents/{entry['id']}") for entry in listed]
        return {entry["group_labels"]["group"]: entry for entry in incidents}

    def is_ready(self) -> bool:
        """Return whether the webhook says that it can do its work."""
        return loopback.answers(f"{self.replica.url}/readyz")

    def await_logged(self, text: str) -> None:
        """Wait until the log holds this text."""
        await_that(lambda: text in self.log, self.replica.process.log_tail)

    def await_told(self, number: int) -> None:
        """Wait until Slack holds this many messages."""
        self.slack.await_value(lambda: True if len(self.slack.messages) >= number else None, PATIENCE_SECONDS, "Slack")

    @property
    def log(self) -> str:
        """Return the text of the log."""
        return self.replica.log.read_text()


@pytest.fixture
def start(short_folder: Path, slack: Slack) -> Iterator[Callable[[str], Running]]:
    """Return a function that starts a webhook over the store of that address."""
    started: list[Replica] = []

    def begin(url: str) -> Running:
        settings = {
            "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
            "TOCSIN_DATABASE_URL": url,
            "TOCSIN_SLACK_API_URL": slack.api_url,
            "TOCSIN_SLACK_BOT_TOKEN": slack.token,
        }
        replica = Replica("webhook", short_folder, settings)
        started.append(replica)
        replica.process.start()
        return Running(replica=replica, slack=slack, folder=short_folder)

    yield begin
    for replica in started:
        replica.process.stop()


@pytest.fixture
def over_sqlite(start: Callable[[str], Running], short_folder: Path) -> Running:
    return start(f"sqlite:///{short_folder / 'tocsin.db'}")


def _limit_files(replica: Replica, size: int) -> None:
    """Let the serving process write no file beyond `size` bytes."""
    for pid in replica.children():
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def _locked(webhook: Running) -> Iterator[None]:
    """Let another process hold the write lock of the database during the block."""
    locker = sqlite3.connect(webhook.folder / "tocsin.db", isolation_level=None, timeout=10)
    locker.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        locker.execute("ROLLBACK")
        locker.close()


@contextmanager
def _paused(webhook: Running) -> Iterator[None]:
    """Pause the webhook's process during the block."""
    webhook.replica.pause()
    try:
        yield
    finally:
        webhook.replica.resume()


def test_the_store_is_waited_for_no_longer_than_alertmanager_waits() -> None:
    """The times for a database lock and for another writer of the process end before Alertmanager gives up."""
    assert 2 * STORE_PATIENCE < ALERTMANAGERS_PATIENCE


def test_full_disk(over_sqlite: Running) -> None:
    """Files may not grow: a delivery that does not fit is refused whole, and taken once they may grow again."""
    assert over_sqlite.deliver("before") == 200
    over_sqlite.await_told(1)
    files = over_sqlite.folder.glob("tocsin.db*")
    _limit_files(over_sqlite.replica, max(file.stat().st_size for file in files))
    assert over_sqlite.deliver("big", alerts=300, text="x" * 5_000) == 503
    assert over_sqlite.known == {"before"}
    _limit_files(over_sqlite.replica, resource.RLIM_INFINITY)
    over_sqlite.deliver_until_taken("big")
    assert over_sqlite.known == {"before", "big"}
    over_sqlite.await_told(2)
    assert over_sqlite.is_ready()
    assert "Traceback" not in over_sqlite.log


def test_locked_database(over_sqlite: Running) -> None:
    """Another process holds the lock: the webhook answers meanwhile, and reading goes on."""
    assert over_sqlite.deliver("before") == 200
    with _locked(over_sqlite):
        assert over_sqlite.deliver("locked") == 503
        assert over_sqlite.known == {"before"}
    over_sqlite.deliver_until_taken("locked")
    assert over_sqlite.known == {"before", "locked"}
    over_sqlite.await_told(2)
    assert "Traceback" not in over_sqlite.log


def test_delivery_that_was_given_up_is_not_taken_late(over_sqlite: Running) -> None:
    """The webhook pauses; Alertmanager gives up and delivers the new state elsewhere, so the first delivery is over."""
    assert over_sqlite.deliver("known") == 200
    with _paused(over_sqlite), pytest.raises(OSError, match="timed out"):
        over_sqlite.deliver("known", status="resolved", patience=0.5)
    over_sqlite.await_logged("the sender has hung up")
    assert over_sqlite.firing("known") == 1
    assert over_sqlite.deliver("known", status="resolved") == 200
    assert over_sqlite.firing("known") == 0


def test_delivery_that_is_given_up_while_the_store_is_locked_is_not_taken_late(over_sqlite: Running) -> None:
    """A delivery that has reached the store is not committed either."""
    assert over_sqlite.deliver("known") == 200
    with _locked(over_sqlite), pytest.raises(OSError, match="timed out"):
        over_sqlite.deliver("known", status="resolved", patience=0.5)
    over_sqlite.await_logged("the sender has hung up")
    assert over_sqlite.firing("known") == 1
    assert over_sqlite.deliver("known", status="resolved") == 200
    assert over_sqlite.firing("known") == 0


def test_new_alert_is_taken_however_late(over_sqlite: Running) -> None:
    """It cannot undo anything, and Alertmanager says no more of a group that ends before it got through."""
    with _paused(over_sqlite), pytest.raises(OSError, match="timed out"):
        over_sqlite.deliver("new", patience=0.5)
    over_sqlite.await_told(1)
    assert over_sqlite.known == {"new"}


def test_database_file_that_was_taken_away(over_sqlite: Running) -> None:
    """While the file is away nothing gets a 200 and no empty file replaces it; once back, the file is used again."""
    assert over_sqlite.deliver("before") == 200
    over_sqlite.await_told(1)
    away = over_sqlite.folder / "away"
    away.mkdir()
    names = [file.name for file in over_sqlite.folder.glob("tocsin.db*")]
    for name in names:
        (over_sqlite.folder / name).rename(away / name)
    assert over_sqlite.deliver("gone") == 503
    assert not over_sqlite.is_ready()
    assert not (over_sqlite.folder / "tocsin.db").exists()
    for name in names:
        (away / name).rename(over_sqlite.folder / name)
    over_sqlite.deliver_until_taken("gone")
    assert over_sqlite.known == {"before", "gone"}
    over_sqlite.await_told(2)
    assert over_sqlite.is_ready()
    assert "Traceback" not in over_sqlite.log


def test_postgresql_that_is_away(start: Callable[[str], Running]) -> None:
    """PostgreSQL stops in order, then crashes: 503 at once, and the next delivery after its return is taken."""
    with PostgreSQL() as server:
        webhook = start(server.url)
        assert webhook.deliver("before") == 200
        for name, end in (("stopped", server.stop), ("crashed", server.kill)):
            end()
            assert webhook.deliver(name) == 503
            assert not webhook.is_ready()
            server.start()
            webhook.deliver_until_taken(name)
            assert webhook.is_ready()
        assert webhook.known == {"before", "stopped", "crashed"}
        webhook.await_told(3)
        assert "Traceback" not in webhook.log


def test_webhook_whose_process_is_killed_while_postgresql_is_away_comes_back_with_it(
    start: Callable[[str], Running],
) -> None:
    """The parent starts another process, which waits for the store and does not give up."""
    with PostgreSQL() as server:
        webhook = start(server.url)
        assert webhook.deliver("before") == 200
        webhook.await_told(1)
        server.stop()
        webhook.replica.kill_serving()
        webhook.await_logged("the store cannot be used, trying again")
        server.start()
        webhook.replica.process.await_ready()
        webhook.deliver_until_taken("after")
        assert webhook.known == {"before", "after"}


def test_locked_postgresql(start: Callable[[str], Running], postgresql: PostgreSQL) -> None:
    """Somebody locks the tables: the delivery is refused in time, and taken when the lock is gone."""
    url = postgresql.fresh()
    webhook = start(url)
    assert webhook.deliver("before") == 200
    webhook.await_told(1)
    with psycopg.connect(url) as locker:
        locker.execute("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE")
        assert webhook.deliver("locked") == 503
    webhook.deliver_until_taken("locked")
    assert webhook.known == {"before", "locked"}
    assert "Traceback" not in webhook.log


def test_paused_replica_does_not_hold_its_locks_for_ever(
    postgresql: PostgreSQL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL ends the transaction of a paused replica; its commit fails, and the others go on."""
    monkeypatch.setattr(engines, "IDLE_SECONDS", 0.5)
    url = Secret(postgresql.fresh())
    paused, running = Database(url), Database(url)
    paused.migrate()

    def both_write() -> None:
        with paused.write() as connection:
            connection.exec_driver_sql("LOCK TABLE incidents IN EXCLUSIVE MODE")
            with running.write() as waiting:
                waiting.exec_driver_sql("LOCK TABLE incidents IN EXCLUSIVE MODE")
            went_on.append("the other")

    went_on: list[str] = []
    with pytest.raises(StoreUnavailable):
        both_write()
    assert went_on == ["the other"]
    paused.close()
    running.close()


def test_deleted_database_file_is_not_written_to(tmp_path: Path) -> None:
    """SQLite itself would go on without an error; another file in its place is used from then on."""
    path = tmp_path / "tocsin.db"
    store = Database(Secret(f"sqlite:///{path}"))
    store.migrate()
    path.unlink()
    with pytest.raises(StoreUnavailable, match="the database file is gone"), store.write():
        pass
    assert not path.exists()
    replacement = Database(Secret(f"sqlite:///{path}"))
    replacement.migrate()
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar_one() == 0
    store.close()
    replacement.close()


@pytest.mark.parametrize("deliveries", [0, 2])
def test_full_disk_shows_before_a_delivery_is_refused(over_sqlite: Running, deliveries: int) -> None:
    """A row that is changed in place still fits, but a delivery does not; `/readyz` and the metric say so.

    The same holds for a large store, where a smaller file could still be written beside it.
    """
    assert over_sqlite.is_ready()
    for number in range(deliveries):
        assert over_sqlite.deliver(f"big{number}", alerts=1_000, text="x" * 5_000) == 200
    files = list(over_sqlite.folder.glob("tocsin.db*"))
    # By then the write-ahead log has grown to its usual size: rows alone could still be written.
    _limit_files(over_sqlite.replica, max(512_000, *(file.stat().st_size for file in files)))
    await_that(lambda: not over_sqlite.is_ready(), over_sqlite.replica.process.log_tail)
    metrics = loopback.get_text(f"{over_sqlite.replica.url}/metrics")
    assert "tocsin_store_up 0.0" in metrics
    assert loopback.answers(f"{over_sqlite.replica.url}/healthz")
    _limit_files(over_sqlite.replica, resource.RLIM_INFINITY)
    await_that(over_sqlite.is_ready, over_sqlite.replica.process.log_tail)
    assert "tocsin_store_up 1.0" in loopback.get_text(f"{over_sqlite.replica.url}/metrics")
