"""Tests of the PostgreSQL that tests run: it needs its password, and keeps committed rows after a crash."""

import psycopg
import pytest
from psycopg import sql

from testbed.fixtures import postgresql  # noqa: F401 - a fixture by its name
from testbed.postgresql import PostgreSQL


def test_databases_are_empty_and_apart(postgresql: PostgreSQL) -> None:  # noqa: F811
    """Two tests on one server use different databases."""
    first, second = postgresql.fresh(), postgresql.fresh()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE here (n int)")
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM here")


def test_nobody_comes_in_without_the_password(postgresql: PostgreSQL) -> None:  # noqa: F811
    """Other users work on the same machine."""
    user, _, rest = postgresql.url.partition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{user}x@{rest}")


def test_a_crash_keeps_what_was_committed_and_a_stop_ends_the_server() -> None:
    """A test that makes these faults gets the intended effect."""
    with PostgreSQL() as server:
        server.execute(sql.SQL("CREATE TABLE kept (n int)"))
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, connect_timeout=60)
        server.start()
        server.execute(sql.SQL("INSERT INTO kept VALUES (1)"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url, connect_timeout=60)
