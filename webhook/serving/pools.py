"""Which threads answer which requests: what is urgent has threads that nothing else can occupy.

`connections` puts requests in, read as far as they are waited for; only a delivery too large to be kept in memory is
read by its thread, and those have threads of their own.
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
    "alive": 1,  # /healthz: it touches nothing that could hold it up
    "health": 2,  # /readyz and /metrics wait for the store
    "deliveries": 4,
    "large": 2,
    "people": 4,  # the pages, and the interface for machines
    "strangers": 2,  # who has shown no valid token: signed callbacks, and what is going to be refused
}
MOST_QUEUED = 256
"""Requests that wait for the threads of one pool; who comes then is told to try again."""

Job = TypeVar("Job")


def pool_of(head: Head, settings: Settings) -> Pool:
    """Return whose threads answer the request."""
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
    """Return whether a stranger's request shows a token that is not valid; what a provider signs needs none."""
    return bool(head.authorization) and head.path.removeprefix(settings.path_prefix) not in CALLBACK_PATHS


def reads_body(head: Head, pool: Pool, settings: Settings) -> bool:
    """Return whether the request's body is waited for: not of a stranger whose signature does not stand for a token."""
    return pool != "strangers" or head.path.removeprefix(settings.path_prefix) in CALLBACK_PATHS


class Pools(Generic[Job]):
    """The threads, and a queue before those of each pool."""

    def __init__(self, answer: Callable[[Job], None]) -> None:
        self._answer = answer
        self._queues: dict[Pool, queue.Queue[Job]] = {pool: queue.Queue(MOST_QUEUED) for pool in THREADS}

    def start(self) -> None:
        """Start the threads; they end with the process."""
        for pool, number in THREADS.items():
            for index in range(number):
                name = f"{pool}-{index}"
                threading.Thread(target=self._work, args=(self._queues[pool],), name=name, daemon=True).start()

    def put(self, pool: Pool, job: Job) -> bool:
        """Let the pool's threads answer; return False when too many wait there already."""
        try:
            self._queues[pool].put_nowait(job)
        except queue.Full:
            return False
        return True

    def empty(self) -> list[Job]:
        """Return what no thread has begun, which none will begin any more."""
        left: list[Job] = []
        for waiting in self._queues.values():
            try:
                while True:
                    left.append(waiting.get_nowait())
            except queue.Empty:
                continue
        return left

    def _work(self, waiting: queue.Queue[Job]) -> None:
        while True:
            self._answer(waiting.get())
