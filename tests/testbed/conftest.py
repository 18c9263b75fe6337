"""The testbed's own fixtures, and the sample that its tests run on."""

from pathlib import Path

import pytest

from testbed.fixtures import (  # noqa: F401  # pytest finds fixtures by their names in this module
    mailbox,
    newest_servers,
    oldest_servers,
    pagerduty,
    servers,
    short_folder,
    slack,
)
from testbed.scenario import Scenario, read_scenario

DATA = Path(__file__).parent / "data"


@pytest.fixture
def generated() -> Path:
    """Return a small directory of the kind that the compiler writes."""
    return DATA / "generated"


@pytest.fixture
def scenario() -> Scenario:
    """Return a scenario that makes the sample's critical alert fire."""
    return read_scenario(DATA / "sample.yaml")


@pytest.fixture
def stub_webhook() -> Path:
    """Return the program that stands for the webhook where a test is not about it."""
    return DATA / "stub_webhook.py"
