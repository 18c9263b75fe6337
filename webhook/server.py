"""Runs the server: one gunicorn process, whose connections `serving` reads and answers, and the worker's threads.

On SIGTERM the server closes the port, answers the requests in progress, and the worker finishes its sends, both within
`END_SECONDS`. Interrupted work is done again: Alertmanager repeats the delivery, and the message's lease expires.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from webhook.logs import ServerLogger
from webhook.service import Service, announce
from webhook.serving.connections import Connections
from webhook.serving.listeners import listen
from webhook.serving.pools import THREADS
from webhook.serving.tls import Certificate
from webhook.settings import Settings
from webhook.storage.database import StoreUnavailable
from webhook.web.flask_app import create_app
from webhook.workers.worker import STORE_DOWN_SECONDS, Worker

REQUEST_THREADS = sum(THREADS.values())
END_SECONDS = 16.0
"""Seconds from the signal to the end of the last send. If a receiver is slower, the next process repeats the send."""
KILL_SECONDS = int(END_SECONDS) + 2

log = structlog.get_logger("tocsin.server")


class Server(BaseApplication):  # type: ignore[misc]
    """The gunicorn application; it calls `build` in the serving process, because a store does not survive a fork."""

    def __init__(self, settings: Settings, build: Callable[[], Service], *, with_worker: bool) -> None:
        """Read the certificate; raises ValueError when it cannot be used."""
        self.settings = settings
        self.certificate = Certificate(*settings.tls) if settings.tls else None
        self._build = build
        self._with_worker = with_worker
        self._running: _Running | None = None
        self._bound: str | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options; its files and the environment are ignored."""
        options: dict[str, Any] = {
            "bind": self._bound or "127.0.0.1:0",
            "workers": 1,
            "worker_class": Connections,
            "graceful_timeout": KILL_SECONDS,
            "timeout": 60,
            "proc_name": "tocsin-webhook",
            "logger_class": ServerLogger,
            "worker_exit": lambda _server, _worker: self._stop(),
            "control_socket_disable": True,
            # `webhook.web.proxies` reads the headers of proxies, because it knows which proxies to trust.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # older releases have no control socket
                self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises CannotListen when it cannot listen on the address."""
        self._bound = f"fd://{listen(self.settings.host, self.settings.port).detach()}"
        self.cfg.set("bind", self._bound)
        super().run()

    def load(self) -> Flask:
        """Return the application; gunicorn calls this once in the serving process."""
        service = self._wait_and_build()
        service.catalog.watch()
        announce(service)
        if self.settings.answers_in_the_clear:
            log.warning(
                "requests are answered without encryption beyond this machine, the token can be read on the way: set"
                " TOCSIN_TLS_CERT_FILE and TOCSIN_TLS_KEY_FILE, or name a proxy that has TLS in TOCSIN_TRUSTED_PROXIES"
            )
        self._running = _Running(service, with_worker=self._with_worker)
        return create_app(service)

    def begin_stop(self) -> None:
        """Stop the worker from starting new work; called while requests are still answered."""
        if self._running is not None:
            self._running.begin_stop()

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    def _wait_and_build(self) -> Service:
        """Return the webhook once its store can be used; if this process gave up, gunicorn would exit.

        The store was available when the command started, so its address is right and the failure is temporary.
        """
        parent = os.getppid()
        while True:
            try:
                return self._build()
            except StoreUnavailable as error:
                log.warning("the store cannot be used, trying again", reason=str(error))
                time.sleep(STORE_DOWN_SECONDS)
            if os.getppid() != parent:
                sys.exit(1)


class _Running:
    """A running service with its threads, and how to stop it."""

    def __init__(self, service: Service, *, with_worker: bool) -> None:
        self._service = service
        self._worker: Worker | None = service.worker() if with_worker else None
        self._ends: float | None = None
        self._stopping = threading.Event()
        threading.Thread(target=service.store_clock.keep, args=(self._stopping,), name="clock", daemon=True).start()
        if self._worker is not None:
            self._worker.start()

    def begin_stop(self) -> None:
        """Start no new work; `END_SECONDS` count from now."""
        if self._ends is None:
            self._ends = time.monotonic() + END_SECONDS
            self._stopping.set()
            if self._worker is not None:
                self._worker.begin_stop()

    def stop(self) -> None:
        """Return when the sends in progress are done or their time is over."""
        self.begin_stop()
        if self._worker is not None and self._ends is not None:
            unfinished = self._worker.stop(max(0.0, self._ends - time.monotonic()))
            if unfinished:
                log.warning("sends were not finished in time, they come back by their leases", threads=unfinished)
        self._service.close()
        log.info("stopped")


def work(service: Service) -> None:
    """Run only the worker until SIGTERM or SIGINT."""
    service.catalog.watch()
    announce(service)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    running = _Running(service, with_worker=True)
    stopping.wait()
    running.stop()
