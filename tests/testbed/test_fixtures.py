from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from testbed.fixtures import require
from testbed.servers import find


def test_a_test_without_its_servers_is_skipped_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot have the servers still runs every other test."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(
        Skipped, match="the newest generation lacks prometheus, promtool, alertmanager, amtool: run `make servers`"
    ):
        require(find("newest", tmp_path))


def test_in_ci_a_test_without_its_servers_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything must be proved, no test is skipped."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match="the oldest generation lacks"):
        require(find("oldest", tmp_path))
