"""Run a reverse proxy in front of the webhook, below the prefix `PREFIX`, in each of the usual setups."""

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from testbed.patience import PATIENCE_SECONDS
from testbed.ports import LOOPBACK

PREFIX: Final = "/ops/tocsin"
SETUPS: Final = ("takes the prefix away", "leaves the prefix", "rewrites the host", "says what it does")
_OF_ONE_CONNECTION: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on to `port`, in one of the setups `SETUPS`; it answers 404 to a path outside the prefix."""

    daemon_threads = True

    def __init__(self, setup: str) -> None:
        super().__init__((LOOPBACK, 0), _Passing)
        self.setup = setup
        self.port = 0

    @property
    def netloc(self) -> str:
        """The address at which it listens, as `host:port`."""
        return f"{LOOPBACK}:{self.server_port}"

    def forwarded(self, path: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Return the path and the headers of the request to the webhook."""
        forwarded_headers = headers | (
            {
                "X-Forwarded-Host": headers["Host"],
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "203.0.113.9",
                "X-Forwarded-Prefix": PREFIX,
            }
            if self.setup == "says what it does"
            else {}
        )
        if self.setup in {"rewrites the host", "says what it does"}:
            forwarded_headers["Host"] = f"backend:{self.port}"
        return (path if self.setup == "leaves the prefix" else path.removeprefix(PREFIX) or "/"), forwarded_headers


class _Passing(http.server.BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        if not self.path.startswith(PREFIX):
            self.send_error(404)
            return
        client_headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
        path, headers = self.server.forwarded(self.path, client_headers)
        connection = http.client.HTTPConnection(LOOPBACK, self.server.port, timeout=PATIENCE_SECONDS)
        length = int(self.headers.get("Content-Length") or 0)
        connection.request(self.command, path, self.rfile.read(length) or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    do_POST = do_GET  # noqa: N815  the base class calls this name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxied(setup: str) -> Iterator[Proxy]:
    """Yield a running proxy; the caller sets `port` to the webhook's port."""
    proxy = Proxy(setup)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
