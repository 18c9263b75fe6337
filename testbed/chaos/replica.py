"""One webhook process of the chaos: started, killed whole or in part, paused, and asked.

`serve.py` is what runs; `run.py` decides what happens to it.
"""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from testbed.ports import LOOPBACK, free_port
from testbed.processes import Process

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND: tuple[str | Path, ...] = (sys.executable, "-m", "testbed.chaos.serve", "serve")


class Replica:
    """A webhook over the store and the receivers that `settings` name (`TOCSIN_…`)."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, str]) -> None:
        address = f"{LOOPBACK}:{free_port()}"
        self.name = name
        self.url = f"http://{address}"
        self.log = folder / f"{name}.log"
        env = {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(REPOSITORY),
            "TOCSIN_LISTEN": address,
            "TOCSIN_PUBLIC_URL": self.url,
            **settings,
        }
        self.process = Process(name=name, command=COMMAND, log=self.log, health_url=f"{self.url}/readyz", env=env)

    def kill_whole(self) -> None:
        """Kill everything at once, as a machine that goes down does, and start it again without waiting for it."""
        self.process.kill()
        self.process.spawn()

    def kill_serving(self) -> None:
        """Kill the serving process, as the kernel does that runs out of memory: its parent starts another."""
        for child in self.children():
            os.kill(child, signal.SIGKILL)

    def revive(self) -> bool:
        """Start it again where it has ended by itself, as a supervisor would; return whether it had."""
        if not self.process.has_ended:
            return False
        self.process.kill()
        self.process.spawn()
        return True

    def pause(self) -> None:
        """Stop it in the middle of whatever it does."""
        self.process.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if no time had passed."""
        self.process.signal_all(signal.SIGCONT)

    def children(self) -> list[int]:
        """Return the ids of the processes that serve; none while it starts."""
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(child) for child in listed.read_text().split()] if listed.exists() else []
