"""Tests of what others on this machine and on the network can learn or cause: file modes, tokens, metrics."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from webhook.secret import Secret
from webhook.settings import SettingsError, read_settings
from webhook.storage.database import Database


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o027, 0o077])
@pytest.mark.parametrize("before", [None, 0o666, 0o644, 0o600])
def test_files_of_sqlite_are_for_their_owner_alone(tmp_path: Path, mask: int, before: int | None) -> None:
    """The file, its WAL and its SHM have mode 0600, new or old, whatever the umask."""
    path = tmp_path / "tocsin.db"
    if before is not None:
        path.touch()
        path.chmod(before)
    earlier = os.umask(mask)
    try:
        database = Database(Secret(f"sqlite:///{path}"))
        database.migrate()
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("tocsin.db*")}
        database.close()
    finally:
        os.umask(earlier)
    assert set(modes) == {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("text", [",", ",,", " , ", ", ,\n,", "\n,\n"])
def test_a_token_of_commas_is_refused(text: str) -> None:
    """Whoever sets a token wants it to be required; without a token everybody on loopback is let in."""
    with pytest.raises(SettingsError) as refused:
        read_settings({"TOCSIN_TOKEN": text})
    assert refused.value.problems == ("TOCSIN_TOKEN holds no token: only commas and blanks",)


def test_methods_and_routes_that_somebody_invents_are_one_word_in_the_metrics(client: FlaskClient) -> None:
    """Thousands of them add one line, not thousands."""
    for number in range(50):
        client.open(f"/invented/{number}", method=f"INVENTED{number}")
        client.open("/healthz", method=f"get{number}")
    metrics = client.get("/metrics").get_data(as_text=True)
    lines = [line for line in metrics.split("\n") if line.startswith("tocsin_http_requests_total")]
    assert len(lines) <= 3
    assert 'tocsin_http_requests_total{method="unknown",route="unknown",status="404"} 50.0' in lines
