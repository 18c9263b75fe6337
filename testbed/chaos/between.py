"""A proxy on loopback between two servers of a storm; it can delay requests or answer them itself."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from testbed.ports import LOOPBACK

_LONGEST_SECONDS = 30.0
Answer = tuple[int, bytes]


class Between:
    """Hands every request on to `upstream`, for the time of a `with` block."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.delay: Callable[[], float] = lambda: 0.0
        """How many seconds a request waits before the proxy hands it on."""
        self.instead: Callable[[str], Answer | None] = lambda _path: None
        """What the proxy itself answers to a path, None if it asks `upstream`."""
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The address at which the proxy listens."""
        if self._server is None:
            raise RuntimeError("the proxy is not started")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def hand_on(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """Return the answer to a request: 502 if `upstream` cannot be reached."""
        time.sleep(self.delay())
        answer = self.instead(path)
        if answer is not None:
            return answer
        request = urllib.request.Request(self.upstream + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=_LONGEST_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()
        except OSError:
            return 502, b""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler_for(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _handler_for(between: Between) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes | None) -> None:
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            status, answer = between.hand_on(self.command, self.path, kept, body)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # The client has closed the connection.

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
