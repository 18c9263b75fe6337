"""Runs the worker threads, which claim notifications from the outbox and pass them to `dispatch`.

Each notification goes through `claim → compose → send → finish`. A claim is a lease that is longer than any send, so
the claims of a killed worker become free again. Each channel has a few threads. So a destination that hangs delays no
other channel, and it delays its own channel only when it occupies all of that channel's threads. A notification that
fails temporarily goes back to the outbox with a due time; nothing waits in memory. A few threads claim due timers and
pass them to `steps`. One thread lets `fallback` look for stalled calls, one lets `watch` listen for the Watchdog, and
one archives.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import structlog

from webhook.application.steps import Steps
from webhook.senders.contract import LONGEST_SEND
from webhook.storage import timers
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.notifications import batching, outbox
from webhook.workers.dispatch import LEASE_SECONDS, Dispatch
from webhook.workers.fallback import Fallback
from webhook.workers.retention import Retention
from webhook.workers.senderless import Senderless
from webhook.workers.wakeup import WakeupSignal
from webhook.workers.watch import Watch

POLL_SECONDS = 1.0
"""A notification that another process wrote waits at most so many seconds until a worker sees it."""
THREADS = 3
"""Threads for each channel, and for the timers."""
STORE_DOWN_SECONDS = 1.0
FALLBACK = "fallback"
"""Name of the thread that looks for stalled calls."""
STEPS = "steps"
"""Name of the threads that work off timers."""
WATCH = "watch"
"""Name of the thread that listens for the Watchdog."""
ARCHIVE = "archive"
"""Name of the thread that archives old incidents and gives up notifications without a sender."""

log = structlog.get_logger("tocsin.worker")


class Worker:
    """Sends the notifications of all channels that have a sender, and runs the other background threads."""

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
        """Keep the collaborators; `clock` returns epoch seconds, `wakeup` is notified after commits that add work."""
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
        loops: dict[str, Callable[[], bool]] = {STEPS: self.step_once}
        loops |= {channel: partial(self.run_once, channel) for channel in self._dispatch.channels}
        for name, work_once in loops.items():
            for number in range(THREADS):
                self._start(f"{name}-{number}", name, work_once)
        self._start(FALLBACK, FALLBACK, self.move_on_once)
        self._start(WATCH, WATCH, self.watch_once)
        self._start(ARCHIVE, ARCHIVE, self.archive_once)

    def _start(self, title: str, name: str, work_once: Callable[[], bool]) -> None:
        thread = threading.Thread(target=self._work, args=(name, work_once), name=title, daemon=True)
        self._threads.append(thread)
        thread.start()

    def begin_stop(self) -> None:
        """Claim nothing more; return at once."""
        self._stopping.set()
        self._wakeup.notify()

    def stop(self, seconds: float = LONGEST_SEND) -> int:
        """Claim nothing more and wait for the threads, for `seconds` at most.

        Returns the number of threads that are still at work.
        """
        self.begin_stop()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)

    def run_once(self, channel: str) -> bool:
        """Send the most urgent due notification of `channel`, in a storm as a batch; return whether one was due."""
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
        """Work off the timer that has been due for longest; return whether a timer was due."""
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
        """Move the most urgent stalled call to another channel; return whether a call was stalled."""
        return self._fallback.look()

    def watch_once(self) -> bool:
        """If it is time, check the Watchdogs; return whether an incident began or ended."""
        return self._watch.look()

    def archive_once(self) -> bool:
        """If it is time, give up notifications without a sender and archive; return whether there may be more."""
        return self._senderless.look() or self._retention.sweep()

    def _work(self, name: str, work_once: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            seen = self._wakeup.signals
            try:
                if not work_once():
                    self._wakeup.wait(seen, POLL_SECONDS)
            except StoreUnavailable as error:
                log.warning("the store cannot be used, trying again", reason=str(error))
                self._stopping.wait(STORE_DOWN_SECONDS)
            except Exception:
                log.exception("unexpected error in the worker, trying again", thread=name)
                self._stopping.wait(STORE_DOWN_SECONDS)
