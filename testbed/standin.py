"""The base of every stand-in: a small threaded HTTP server that records requests, can fail, and can be awaited.

`slack.py` and `pagerduty.py` are receivers of this kind; `service.py`, the example service, answers scrapes with it.
"""

import contextlib
import json
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, TypeVar

from testbed.ports import LOOPBACK

T = TypeVar("T")


class NothingCameError(AssertionError):
    """The awaited thing did not come in time; the message says what was there instead."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A way in which a stand-in misbehaves for one request, instead of answering it."""

    status: int | None = None
    retry_after_seconds: int | None = None
    hang_seconds: float = 0.0
    is_taken: bool = False
    """Whether the request takes effect before its answer is lost."""

    @classmethod
    def rate_limited(cls, retry_after_seconds: int) -> Self:
        """Answer 429 with `Retry-After`."""
        return cls(status=429, retry_after_seconds=retry_after_seconds)

    @classmethod
    def error(cls, status: int = 500) -> Self:
        """Answer `status` with a body that is not JSON, as a proxy in between would."""
        return cls(status=status)

    @classmethod
    def hang(cls, seconds: float) -> Self:
        """Answer nothing for `seconds` (less if the stand-in stops), then close the connection."""
        return cls(hang_seconds=seconds)

    @classmethod
    def close(cls) -> Self:
        """Close the connection without an answer."""
        return cls()

    @classmethod
    def lost_answer(cls) -> Self:
        """Take the request, then close the connection without an answer."""
        return cls(is_taken=True)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived; header names in lower case, `at` in seconds since the epoch."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer of a stand-in; a `str` body is sent as it is, any other body as JSON."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(ABC):
    """A loopback HTTP server for the time of a `with` block.

    `requests` holds all requests, also those that failed on purpose. A subclass answers in `reply`, which runs under
    the stand-in's lock: it may change its state there, and `await_value` looks again after every request. `chance` is
    called for each request and returns its failure, or None.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.chance: Callable[[], Failure | None] = lambda: None
        self._failures: deque[Failure] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def reply(self, request: Request) -> Reply:
        """Take note of `request` and return the answer."""

    @property
    def url(self) -> str:
        """The address at which it listens, without a path."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not started")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def fail(self, failure: Failure, times: int = 1) -> None:
        """Let `times` requests fail in this way, after the failures that were planned before."""
        with self._changed:
            self._failures.extend([failure] * times)

    def await_value(self, look: Callable[[], T | None], seconds: float, awaited: str) -> T:
        """Return the first value of `look` that is not None; raises `NothingCameError` after `seconds`."""
        values: list[T] = []

        def seen() -> bool:
            value = look()
            if value is not None:
                values.append(value)
            return bool(values)

        with self._changed:
            if not self._changed.wait_for(seen, seconds):
                raise NothingCameError(f"{awaited} did not come within {seconds:g} s; {self.summary()}")
        return values[0]

    def summary(self) -> str:
        """Return in one line what came so far, for the message of a failed wait."""
        return f"{type(self).__name__} got {len(self.requests)} requests"

    def __enter__(self) -> Self:
        self._stopping.clear()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()

    def take(self, request: Request) -> Reply | None:
        """Record `request`; return the reply, or None if the connection must be closed without one."""
        with self._changed:
            self.requests.append(request)
            failure = self._failures.popleft() if self._failures else self.chance()
            reply = self.reply(request) if failure is None or failure.is_taken else None
            self._changed.notify_all()
        if failure is None:
            return reply
        self._stopping.wait(failure.hang_seconds)
        if failure.status is None:
            return None
        after = failure.retry_after_seconds
        return Reply(status=failure.status, body="", headers={} if after is None else {"Retry-After": str(after)})


def _handler_for(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=self.path, headers=headers, body=body, at=time.time())
            reply = standin.take(request)
            if reply is not None:
                # The client may have given up on a slow answer.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send(reply)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def send(self, reply: Reply) -> None:
            is_text = isinstance(reply.body, str)
            body = (str(reply.body) if is_text else json.dumps(reply.body)).encode()
            kind = "text/plain" if is_text else "application/json"
            headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body)), **reply.headers}
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Print nothing: the stand-in records the requests."""

    return Handler
