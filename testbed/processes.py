"""Start a server as a process, wait until it is ready, and stop it by its id in every case.

`servers.py` and `pipeline.py` use it. A server writes its output to a file; the error of a failed start quotes the end
of that file.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from testbed import loopback
from testbed.patience import PATIENCE_SECONDS, POLL_SECONDS

# Prometheus flushes its head block on SIGTERM. A server that takes longer than this hangs.
STOP_SECONDS = 60.0
LOG_TAIL_LINES = 25


class StartError(RuntimeError):
    """A server was not ready in time; the message quotes the end of its log."""


@dataclass(kw_only=True)
class Process:
    """A server that can be started and stopped repeatedly; as a context manager it does both.

    `env`, if given, is the whole environment of the process. `health_url` answers 2xx once the server can do its work.
    """

    name: str
    command: Sequence[str | Path]
    log: Path
    health_url: str
    env: Mapping[str, str] | None = None
    ready_seconds: float = PATIENCE_SECONDS
    _running: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def pid(self) -> int | None:
        """The id of the running process, or None."""
        return self._running.pid if self._running else None

    @property
    def has_ended(self) -> bool:
        """Whether the process was started and has since ended by itself."""
        return self._running is not None and self._running.poll() is not None

    def start(self) -> Self:
        """Start the server and return when it is ready; if it is not in time, stop it and raise `StartError`."""
        self.spawn()
        try:
            self.await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def spawn(self) -> None:
        """Start the process and return at once, ready or not."""
        if self._running:
            raise StartError(f"{self.name} is running already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # The server gets a session of its own: a Ctrl-C at the terminal then reaches only us, and we stop it.
            self._running = subprocess.Popen(
                [str(part) for part in self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if self.env is None else dict(self.env),
                start_new_session=True,
            )

    def await_ready(self) -> None:
        """Return when the spawned server is ready; raises `StartError` if it is not in time."""
        running = self._running
        if running is None:
            raise StartError(f"{self.name} is not running")
        deadline = time.monotonic() + self.ready_seconds
        while True:
            if running.poll() is not None:
                raise StartError(f"{self.name} ended at once with status {running.returncode}:\n{self.log_tail()}")
            if loopback.answers(self.health_url):
                return
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} was not ready after {self.ready_seconds:g} s:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """End the process and all processes that it started at once, as if the machine lost its power."""
        running, self._running = self._running, None
        if running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    def signal_all(self, number: signal.Signals) -> None:
        """Send signal `number` to the process and all that it started: SIGSTOP pauses them, SIGCONT lets them go on."""
        if self._running is not None:
            os.killpg(self._running.pid, number)

    def stop(self) -> None:
        """Ask the process to end, kill it if it does not, and return when it has ended."""
        running, self._running = self._running, None
        if running is None:
            return
        running.terminate()
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        finally:
            # Processes that the server itself started live in the session that we made for it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """Return the last lines that the server wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()
