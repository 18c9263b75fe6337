"""Decides which threads answer which requests: urgent requests have threads that no other request can occupy.

`connections` puts a request into a pool after it has read as much as the answer needs. Only a delivery too large to
keep in memory is read by the thread that answers it, and such deliveries have a pool of their own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Generic, Literal, TypeVar

from webhook.serving.reading import Head
from webhook.settings import Settings
from webhook.web.access import CALLBACK_PATHS, DELIVERY_PATH, PUBLIC_PATHS, is_known, may_deliver

Pool = Literal["alive", "health", "deliveries", "large", "people", "strangers"]

THREADS: Mapping[Pool, int] = {
    "alive": 1,  # /healthz: it uses nothing that could block
    "health": 2,  # /readyz and /metrics wait for the store
    "deliveries": 4,
    "large": 2,
    "people": 4,  # the pages and the HTTP API
    "strangers": 2,  # no valid token: signed callbacks, and requests that will be refused
}
MOST_QUEUED = 256
"""How many requests may wait for one pool; the client of a further request is told to try again."""

Job = TypeVar("Job")


def pool_of(head: Head, settings: Settings) -> Pool:
    """Return the pool whose threads answer the request."""
    path = head.path.removeprefix(settings.path_prefix)
    if path == "/healthz":
        return "alive"
    if path in CALLBACK_PATHS:
        return "strangers"
    if path in PUBLIC_PATHS and head.method in {"GET", "HEAD"}:
        return "health"
    if path == DELIVERY_PATH and may_deliver(head.authorization, settings):
        return "deliveries"
    if not is_known(head.authorization, settings.tokens) or path == DELIVERY_PATH:
        return "strangers"
    return "people"


def guesses(head: Head, settings: Settings) -> bool:
    """Return whether a stranger's request shows an invalid token; callbacks are signed and need no token."""
    return bool(head.authorization) and head.path.removeprefix(settings.path_prefix) not in CALLBACK_PATHS


def reads_body(head: Head, pool: Pool, settings: Settings) -> bool:
    """Return whether the loop reads the body first: not for strangers, unless the request is a signed callback."""
    return pool != "strangers" or head.path.removeprefix(settings.path_prefix) in CALLBACK_PATHS


class Pools(Generic[Job]):
    """The threads of all pools, and one queue for each pool."""

    def __init__(self, answer: Callable[[Job], None]) -> None:
        self._answer = answer
        self._queues: dict[Pool, queue.Queue[Job]] = {pool: queue.Queue(MOST_QUEUED) for pool in THREADS}

    def start(self) -> None:
        """Start the threads; they end when the process ends."""
        for pool, thread_count in THREADS.items():
            for index in range(thread_count):
                name = f"{pool}-{index}"
                threading.Thread(target=self._work, args=(self._queues[pool],), name=name, daemon=True).start()

    def put(self, pool: Pool, job: Job) -> bool:
        """Queue the job for the pool's threads; return False when the queue is full."""
        try:
            self._queues[pool].put_nowait(job)
        except queue.Full:
            return False
        return True

    def empty(self) -> list[Job]:
        """Remove and return the jobs that no thread has begun."""
        jobs: list[Job] = []
        for jobs_of_pool in self._queues.values():
            try:
                while True:
                    jobs.append(jobs_of_pool.get_nowait())
            except queue.Empty:
                continue
        return jobs

    def _work(self, jobs_of_pool: queue.Queue[Job]) -> None:
        while True:
            self._answer(jobs_of_pool.get())
