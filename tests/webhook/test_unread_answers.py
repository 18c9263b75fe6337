"""Tests of clients that ask and never read: deliveries, health checks and other clients are answered as usual.

Each client is real, against the webhook as it is served.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from testbed.chaos.replica import Replica
from testbed.patience import PATIENCE_SECONDS, await_that
from testbed.ports import LOOPBACK, free_port
from tests.webhook.samples import alert, payload
from tests.webhook.test_paths import can_connect, certified
from webhook.serving.connection import SEND_SECONDS, SLOWEST, Connection
from webhook.serving.connections import MOST_UNSENT
from webhook.serving.outgoing import LARGEST_ANSWER, AnswerTooLargeError, Outgoing

TOKEN: Final = "a-token"
KNOWN: Final = f"Authorization: Bearer {TOKEN}\r\n"
ALERTS: Final = 2_500
"""Alerts of one incident: its answers are larger than the buffers of a connection."""
WAYS: Final = ("plain", "TLS")


class Served:
    """The webhook as it is served, plain or by TLS, with a large incident."""

    def __init__(self, folder: Path, transport: str) -> None:
        self.port = free_port()
        self.context: ssl.SSLContext | None = None
        settings = {
            "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{folder / 'tocsin.db'}",
            "TOCSIN_LISTEN": f"{LOOPBACK}:{self.port}",
            "TOCSIN_SLACK_SIGNING_SECRET": "a-signing-secret",
            "TOCSIN_TOKEN": TOKEN,
        }
        if transport == "TLS":
            certificate, key = certified(folder, "only")
            settings |= {
                "TOCSIN_PUBLIC_URL": f"https://localhost:{self.port}",
                "TOCSIN_TLS_CERT_FILE": str(certificate),
                "TOCSIN_TLS_KEY_FILE": str(key),
            }
            self.context = ssl.create_default_context(cafile=str(certificate))
        self.replica = Replica("webhook", folder, settings)
        self.replica.process.spawn()
        await_that(lambda: can_connect(self.port), self.replica.process.log_tail)
        assert self.status("POST", "/v1/alertmanager", large()) == 200

    def connect(self, *, room: int = 0) -> socket.socket:
        """Return a connection; with `room` its buffers hold no more than so many unread bytes."""
        line = socket.socket()
        if room:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        line.settimeout(PATIENCE_SECONDS)
        line.connect((LOOPBACK, self.port))
        return line if self.context is None else self.context.wrap_socket(line, server_hostname="localhost")

    def ask(self, method: str, path: str, body: object = None, *, pause: float = 0.0) -> bytes:
        """Return the whole answer, reading it a piece at a time."""
        payload_bytes = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{KNOWN}Connection: close\r\nContent-Length: {len(payload_bytes)}"
        pieces = []
        with self.connect(room=4_096 if pause else 0) as line:
            line.sendall(f"{head}\r\n\r\n".encode() + payload_bytes)
            while piece := line.recv(256 * 1_024):
                pieces.append(piece)
                time.sleep(pause)
        return b"".join(pieces)

    def status(self, method: str, path: str, body: object = None) -> int:
        """Return the status of the answer."""
        return int(self.ask(method, path, body).split(b" ", 2)[1])

    def slowest(self) -> float:
        """Return how many seconds the slowest of the important answers took."""
        durations = []
        for number in range(2):
            delivery = payload(alert(instance=f"node-{number}"))
            for method, path, body in (
                ("POST", "/v1/alertmanager", delivery),
                ("GET", "/readyz", None),
                ("GET", "/metrics", None),
                ("GET", "/healthz", None),
                ("GET", "/", None),
            ):
                begun = time.monotonic()
                assert self.status(method, path, body) in {200, 503}
                durations.append(time.monotonic() - begun)
        return max(durations)

    def memory(self) -> int:
        """Return the bytes of memory that the serving process holds."""
        (child,) = self.replica.children()
        lines = Path(f"/proc/{child}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS:"))


def large() -> dict[str, object]:
    """Return a delivery of many alerts."""
    return payload(*(alert(pod=f"pod-{number}", detail="x" * 400) for number in range(ALERTS)), groupKey="large")


@pytest.fixture
def start(short_folder: Path) -> Iterator[Callable[[str], Served]]:
    """Return a function that starts a webhook, plain or by TLS."""
    started: list[Served] = []

    def begin(transport: str) -> Served:
        started.append(Served(short_folder, transport))
        return started[-1]

    yield begin
    for served in started:
        served.replica.process.stop()


@contextmanager
def unread(served: Served, number: int, request: bytes) -> Iterator[None]:
    """Send the request again and again on `number` connections, read nothing, and reopen closed connections."""
    over = threading.Event()

    def hold() -> None:
        line: socket.socket | None = None
        while not over.is_set():
            try:
                line = line or served.connect(room=4_096)
                line.settimeout(0.2)
                line.sendall(request)
            except TimeoutError:
                over.wait(0.2)  # it takes no more; the connection is held
            except OSError:
                if line is not None:
                    line.close()
                line = None
        if line is not None:
            line.close()

    threads = [threading.Thread(target=hold) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(2)  # until they hold; later ones are as welcome
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def get(path: str, known: str = KNOWN, method: str = "GET") -> bytes:
    """Return a request."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{known}\r\n".encode()


DELIVERY: Final = json.dumps(payload(alert(), version="x" * 100)).encode()
SHAPES: Final = {
    "metrics": get("/metrics", "") * 200,
    "readiness": get("/readyz", "") * 200,
    "life": get("/healthz", "") * 500,
    "first page": get("/") * 20,
    "list": get("/v1/incidents?state=all&limit=200") * 50,
    "large incident": get("/v1/incidents/1") * 3,
    "page of a large incident": get("/incidents/1") * 3,
    "style": get("/style.css") * 100,
    "heads of answers": get("/", method="HEAD") * 500,
    "refusals": get("/v1/incidents", "") * 500,
    "what is not there": get("/nowhere") * 500,
    "methods that are not known": get("/", method="BREW") * 500,
    "callbacks without a signature": b"POST /slack/interactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
    * 300,
    "deliveries that are refused": (
        f"POST /v1/alertmanager HTTP/1.1\r\nHost: x\r\n{KNOWN}Content-Length: {len(DELIVERY)}\r\n\r\n".encode()
        + DELIVERY
    )
    * 100,
    "who waits to be told to go on": (
        f"POST /v1/alertmanager HTTP/1.1\r\nHost: x\r\n{KNOWN}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{{}}"
    ).encode()
    * 300,
}


@pytest.mark.acceptance
@pytest.mark.parametrize("transport", WAYS)
def test_clients_that_read_nothing_hold_up_nobody(start: Callable[[str], Served], transport: str) -> None:
    """There are more clients of each kind than threads."""
    served = start(transport)
    quiet = served.slowest()
    for shape, request in SHAPES.items():
        with unread(served, 6, request):
            assert served.slowest() < 1.5 + 20 * quiet, shape
    assert "Traceback" not in served.replica.log.read_text()


@pytest.mark.acceptance
@pytest.mark.parametrize("transport", WAYS)
def test_slow_reader_gets_the_whole_answer(start: Callable[[str], Served], transport: str) -> None:
    """Every byte arrives, however often the connection is full, and whoever else asks in between."""
    served = start(transport)
    quick, slow = served.ask("GET", "/v1/incidents/1"), served.ask("GET", "/v1/incidents/1", pause=0.002)
    assert len(quick) > 1_000_000
    # The rest of the answer may change in between; the alerts stay the same.
    assert _alerts(slow) == _alerts(quick)


def _alerts(answer: bytes) -> object:
    """Return the alerts of an answer; assert that its length is right."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head.lower() + b"\r\n"
    return json.loads(body)["alerts"]


@pytest.mark.acceptance
@pytest.mark.parametrize("transport", WAYS)
def test_answers_to_requests_sent_ahead_come_in_their_order(start: Callable[[str], Served], transport: str) -> None:
    """A small answer does not overtake a large one, and an answer without a body follows both."""
    served = start(transport)
    ahead = get("/v1/incidents/1") + get("/healthz", "") + get("/healthz", "", "HEAD")
    with served.connect(room=4_096) as line:
        line.sendall(ahead + get("/healthz", "Connection: close\r\n"))
        pieces = []
        while piece := line.recv(64 * 1_024):
            pieces.append(piece)
    answers = b"".join(pieces)
    assert answers.count(b"HTTP/1.1 200 ") == 4
    assert answers.count(b'"alive"') == 2
    assert answers.index(b'"alerts"') < answers.index(b'"alive"')


@pytest.mark.acceptance
def test_memory_for_unread_answers_is_bounded(start: Callable[[str], Served]) -> None:
    """Beyond the bound the oldest answers are given up; clients that read are answered all the while."""
    served = start("plain")
    size = len(served.ask("GET", "/v1/incidents/1"))
    number = 3 * MOST_UNSENT // size
    before = served.memory()
    with ExitStack() as stack:
        for _ in range(min(number, 95)):
            line = stack.enter_context(served.connect(room=4_096))
            line.sendall(get("/v1/incidents/1"))
        time.sleep(1)
        assert served.status("GET", "/v1/incidents/1") == 200
        assert served.memory() - before < 2 * MOST_UNSENT


def test_unread_answer_has_its_time() -> None:
    """The time depends on the answer's length; slow reading does not prolong it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.0)
        begun = time.monotonic()
        connection = Connection(sock=ours, address=("127.0.0.1", 1), server=("127.0.0.1", 2), deadline=0.0)
        connection.prepare(b"x" * 4_000_000)
        ends = connection.deadline
        assert begun + SEND_SECONDS < ends < time.monotonic() + SEND_SECONDS + 4_000_000 / SLOWEST + 1
        received_bytes = 0
        while connection.unsent:
            with suppress(BlockingIOError):
                connection.send()
            received_bytes += len(theirs.recv(1_000_000))
        assert connection.deadline == ends
        theirs.settimeout(1)
        while received_bytes < 4_000_000:
            received_bytes += len(theirs.recv(1_000_000))


def test_answer_beyond_the_bound_is_none() -> None:
    """The answer fails where it is made, and another one can take its place."""
    outgoing = Outgoing()
    outgoing.sendall(b"x" * LARGEST_ANSWER)
    with pytest.raises(AnswerTooLargeError):
        outgoing.sendall(b"x")
    outgoing.clear()
    assert outgoing.send(b"HTTP") == 4
    assert outgoing.take() == b"HTTP"
