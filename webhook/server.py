"""Serving: gunicorn with one process, threads for requests, and the worker's threads beside them. Used by `cli`.

On SIGTERM gunicorn finishes the requests under way, then the worker finishes its sends. Whatever is cut off after
`GRACE_SECONDS` comes back by its lease.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from webhook.logs import ServerLogger
from webhook.senders.contract import LONGEST_SEND
from webhook.service import Service, announce
from webhook.settings import Settings
from webhook.storage.database import StoreUnavailable
from webhook.web.application import create_app
from webhook.workers.worker import STORE_DOWN_SECONDS

REQUEST_THREADS = 8
GRACE_SECONDS = int(LONGEST_SEND) + 5

log = structlog.get_logger("tocsin.server")


class Server(BaseApplication):  # type: ignore[misc]
    """The gunicorn application; `build` is called in the serving process, because a store does not survive a fork."""

    def __init__(self, settings: Settings, build: Callable[[], Service], *, with_worker: bool) -> None:
        self._settings = settings
        self._build = build
        self._with_worker = with_worker
        self._stop: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn should do; nothing is taken from its files or the environment."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": REQUEST_THREADS,
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "keepalive": 30,
            "proc_name": "tocsin-webhook",
            "logger_class": ServerLogger,
            "worker_exit": lambda _server, _worker: self._stop(),
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # older releases have no control socket
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application; called once in the serving process."""
        service = self._built()
        service.catalog.watch()
        announce(service)
        self._stop = _start(service, with_worker=self._with_worker)
        return create_app(service)

    def _built(self) -> Service:
        """Return the webhook once its store can be used: gunicorn would end altogether for a process that gives up.

        The store was there when the command began, so it is away and not misspelt.
        """
        while True:
            try:
                return self._build()
            except StoreUnavailable as error:
                log.warning("the store cannot be used, trying again", reason=str(error))
                time.sleep(STORE_DOWN_SECONDS)


def work(service: Service) -> None:
    """Run only the worker until SIGTERM or SIGINT."""
    service.catalog.watch()
    announce(service)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stop = _start(service, with_worker=True)
    stopping.wait()
    stop()


def _start(service: Service, *, with_worker: bool) -> Callable[[], None]:
    """Start the worker if wanted; return what stops everything."""
    worker = service.worker() if with_worker else None
    if worker is not None:
        worker.start()

    def stop() -> None:
        if worker is not None:
            worker.stop()
        service.close()
        log.info("stopped")

    return stop
