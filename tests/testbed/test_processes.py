import os
import select
import sys
from pathlib import Path

import pytest

from testbed.patience import PATIENCE_SECONDS
from testbed.ports import free_port
from testbed.processes import Process, StartError

SERVER = """
import http.server, signal, subprocess, sys
print("listening soon", flush=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "parent" in sys.argv:
    print("child", subprocess.Popen(["sleep", "300"]).pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def _server(tmp_path: Path, *words: str, code: str = SERVER, ready_seconds: float = PATIENCE_SECONDS) -> Process:
    port = free_port()
    return Process(
        name="sample",
        command=[sys.executable, "-c", code, str(port), *words],
        log=tmp_path / "sample.log",
        health_url=f"http://127.0.0.1:{port}/",
        ready_seconds=ready_seconds,
    )


def _is_alive(pid: int) -> bool:
    """Return whether a process runs under `pid`; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_is_ready_inside_the_block_and_gone_after_it(tmp_path: Path) -> None:
    """Start waits for the health address, and the end of the block for the end of the process."""
    with _server(tmp_path) as process:
        pid = process.pid
        assert pid is not None
        assert _is_alive(pid)
    assert not _is_alive(pid)
    assert process.pid is None


def test_a_process_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    """The reason stands in the server's own words."""
    with pytest.raises(StartError, match=r"(?s)sample ended at once with status 3.*no such file: x"):
        _server(tmp_path, code="import sys; print('no such file: x'); sys.exit(3)").start()


def test_a_process_that_never_gets_ready_is_killed(tmp_path: Path) -> None:
    """A failed start leaves nothing running."""
    process = _server(tmp_path, code="import time; time.sleep(300)", ready_seconds=0.5)
    process.spawn()
    pid = process.pid
    assert pid is not None
    with pytest.raises(StartError, match=r"not ready after 0\.5 s"):
        process.await_ready()
    process.stop()
    assert not _is_alive(pid)


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping always ends."""
    monkeypatch.setattr("testbed.processes.STOP_SECONDS", 0.2)
    with _server(tmp_path, "stubborn") as process:
        pid = process.pid
    assert pid is not None
    assert not _is_alive(pid)


def test_what_a_process_started_itself_goes_with_it(tmp_path: Path) -> None:
    """A server's workers do not outlive it."""
    with _server(tmp_path, "parent") as process:
        child = os.pidfd_open(int(process.log_tail().rpartition("child ")[2].split()[0]))
        assert not select.select([child], [], [], 0)[0]
    ended, _, _ = select.select([child], [], [], PATIENCE_SECONDS)
    os.close(child)
    assert ended


def test_a_stopped_process_can_be_started_again_on_the_same_address(tmp_path: Path) -> None:
    """The log goes on where it was."""
    process = _server(tmp_path)
    for _ in range(2):
        process.start()
        process.stop()
    assert process.log_tail().count("listening soon") == 2


def test_a_running_process_is_not_started_twice(tmp_path: Path) -> None:
    """The second would be lost."""
    with _server(tmp_path) as process, pytest.raises(StartError, match="running already"):
        process.start()


def test_the_environment_is_the_one_given(tmp_path: Path) -> None:
    """Nothing of ours leaks in."""
    process = _server(tmp_path, code="import os, sys; print(sorted(os.environ)); sys.exit(1)")
    process.env = {"PATH": os.defpath, "ONLY": "this"}
    with pytest.raises(StartError, match="'ONLY', 'PATH'") as failed:
        process.start()
    assert "HOME" not in str(failed.value)
