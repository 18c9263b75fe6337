"""One webhook process of the storm, which can be started, killed as a whole or in part, and paused.

The process runs `serve.py`; `run.py` decides what happens to it.
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
        """Kill all its processes at once, as if the machine went down, and start it again without waiting for it."""
        self.process.kill()
        self.process.spawn()

    def kill_serving(self) -> None:
        """Kill the serving process, as the kernel does when memory runs out; its parent starts another."""
        for child in self.children():
            os.kill(child, signal.SIGKILL)

    def revive(self) -> bool:
        """Start it again if it ended by itself, as a supervisor would; return whether it had ended."""
        if not self.process.has_ended:
            return False
        self.process.kill()
        self.process.spawn()
        return True

    def pause(self) -> None:
        """Stop all its processes wherever they are (SIGSTOP)."""
        self.process.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let its processes go on (SIGCONT)."""
        self.process.signal_all(signal.SIGCONT)

    def children(self) -> list[int]:
        """Return the ids of the serving processes; there is none while the webhook starts."""
        pid = self.process.pid
        children_file = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(child) for child in children_file.read_text().split()] if children_file.exists() else []
