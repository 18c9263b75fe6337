"""The second half: threads that take messages out of the outbox and give them to `dispatch`.

`claim → compose → send → finish`. A claim is a lease longer than any send, so what a killed worker held comes back.
A few threads for each channel: a destination that hangs holds up neither another channel nor, up to the number of
threads, its own. Whatever fails for now goes back with a due time; nothing waits in memory. One thread lets `fallback`
look for calls that a destination holds up. A few more take the timers that are due and give them to `steps`; one lets
`watch` listen for the Watchdog.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import structlog

from webhook.senders.contract import LONGEST_SEND
from webhook.storage import batching, outbox, timers
from webhook.storage.database import Database, StoreUnavailable
from webhook.workers.dispatch import LEASE_SECONDS, Dispatch
from webhook.workers.fallback import Fallback
from webhook.workers.retention import Retention
from webhook.workers.senderless import Senderless
from webhook.workers.steps import Steps
from webhook.workers.wakeup import WakeupSignal
from webhook.workers.watch import Watch

POLL_SECONDS = 1.0
"""How long a message that another process has put into the store waits at most."""
THREADS = 3
"""For each channel."""
STORE_DOWN_SECONDS = 1.0
FALLBACK = "fallback"
"""The name of the one thread that looks for stalled calls."""
STEPS = "steps"
"""The name of the threads that work off timers."""
WATCH = "watch"
"""The name of the one thread that listens for the Watchdog."""
ARCHIVE = "archive"
"""The name of the one thread that moves out of the way what is long over, or can never be sent."""

log = structlog.get_logger("tocsin.worker")


class Worker:
    """Empties the outbox of the channels that have a sender."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        dispatch: Dispatch,
        steps: Steps,
        watch: Watch,
        retention: Retention,
        *,
        fallback: Fallback,
        senderless: Senderless,
        clock: Callable[[], float],
        wakeup: WakeupSignal,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `wakeup` is notified when something was committed."""
        self._database = database
        self._dispatch = dispatch
        self._fallback = fallback
        self._senderless = senderless
        self._steps = steps
        self._watch = watch
        self._retention = retention
        self._clock = clock
        self._wakeup = wakeup
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        lines: dict[str, Callable[[], bool]] = {STEPS: self.step_once}
        lines |= {channel: partial(self.run_once, channel) for channel in self._dispatch.channels}
        for name, once in lines.items():
            for number in range(THREADS):
                self._start(f"{name}-{number}", name, once)
        self._start(FALLBACK, FALLBACK, self.move_on_once)
        self._start(WATCH, WATCH, self.watch_once)
        self._start(ARCHIVE, ARCHIVE, self.archive_once)

    def _start(self, title: str, name: str, once: Callable[[], bool]) -> None:
        thread = threading.Thread(target=self._work, args=(name, once), name=title, daemon=True)
        self._threads.append(thread)
        thread.start()

    def begin_stop(self) -> None:
        """Take no more messages; return at once."""
        self._stopping.set()
        self._wakeup.notify()

    def stop(self, seconds: float = LONGEST_SEND) -> int:
        """Take no more messages; return when those under way are done or after `seconds`: how many threads are not."""
        self.begin_stop()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)

    def run_once(self, channel: str) -> bool:
        """Send the most urgent message of `channel` that is due, with others in a storm; return whether one was."""
        now = self._clock()
        with self._database.read() as connection:
            if not outbox.any_due(connection, channel, now):
                return False
        with self._database.write() as connection:
            until = now + LEASE_SECONDS
            claimed = outbox.claim(connection, channel, token=uuid.uuid4().hex, now=now, until=until)
            if claimed is None:
                return False
            batch = batching.batch(connection, claimed, now=now, until=until)
        if batch is not None:
            self._dispatch.take(batch)
        return True

    def step_once(self) -> bool:
        """Work off the timer that has been due for longest; return whether there was one."""
        now = self._clock()
        with self._database.read() as connection:
            if not timers.any_due(connection, now):
                return False
        with self._database.write() as connection:
            claimed = timers.claim(connection, token=uuid.uuid4().hex, now=now, until=now + LEASE_SECONDS)
        if claimed is None:
            return False
        self._steps.take(claimed)
        return True

    def move_on_once(self) -> bool:
        """Let the most urgent stalled call move on to another channel; return whether there was one."""
        return self._fallback.look()

    def watch_once(self) -> bool:
        """Look whether the Watchdog is seen, if it is time; return whether that was news."""
        return self._watch.look()

    def archive_once(self) -> bool:
        """Give up what has no sender and archive what is old, if it is time; return whether there may be more."""
        return self._senderless.look() or self._retention.sweep()

    def _work(self, name: str, once: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            seen = self._wakeup.signals
            try:
                if not once():
                    self._wakeup.wait(seen, POLL_SECONDS)
            except StoreUnavailable as error:
                log.warning("the store cannot be used, trying again", reason=str(error))
                self._stopping.wait(STORE_DOWN_SECONDS)
            except Exception:
                log.exception("unexpected error in the worker, trying again", thread=name)
                self._stopping.wait(STORE_DOWN_SECONDS)
