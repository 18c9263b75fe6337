"""Tests that connections which send nothing, half a request or too much do not delay deliveries and health checks.

Each connection is real, against the webhook as it is served.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from testbed import loopback
from testbed.chaos.replica import Replica
from testbed.patience import PATIENCE_SECONDS
from testbed.ports import LOOPBACK
from tests.webhook.samples import alert, payload
from webhook.serving import connection as limits
from webhook.serving.connections import GRACE_SECONDS, MOST_OF_PEER
from webhook.serving.guesses import FREE

pytestmark = pytest.mark.acceptance

TOKEN = "a-token"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
DELIVERIES = 60
HALF_HEAD = b"POST /v1/alertmanager HTTP/1.1\r\nHost: x\r\n"
HALF_CALLBACK = b"POST /slack/interactions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
HALF_DELIVERY = (
    f"POST /v1/alertmanager HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n\r\n{{"
).encode()
HALF_LARGE = HALF_DELIVERY.replace(b"Content-Length: 1000", b"Content-Length: 9000000")


@pytest.fixture
def start(short_folder: Path) -> Iterator[Callable[..., Replica]]:
    """Return a function that starts a webhook with these settings."""
    started: list[Replica] = []

    def begin(**settings: str) -> Replica:
        replica = Replica(
            f"webhook{len(started)}",
            short_folder,
            {
                "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
                "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
                "TOCSIN_SLACK_SIGNING_SECRET": "a-signing-secret",
                "TOCSIN_TOKEN": TOKEN,
                **settings,
            },
        )
        started.append(replica)
        replica.process.start()
        return replica

    yield begin
    for replica in started:
        replica.process.stop()


@pytest.fixture
def webhook(start: Callable[..., Replica]) -> Replica:
    return start()


def port_of(replica: Replica) -> int:
    return int(replica.url.rpartition(":")[2])


def connect(replica: Replica) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, port_of(replica)), timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def deliver(replica: Replica, number: int = 0, **changes: object) -> int:
    body = payload(alert(instance=f"node-{number}"), **changes)
    return loopback.post_json(f"{replica.url}/v1/alertmanager", body, KNOWN)[0]


def slowest(replica: Replica) -> float:
    """Return the 99th percentile of the seconds that deliveries take, each on its own connection."""
    durations = []
    for number in range(DELIVERIES):
        begun = time.monotonic()
        assert deliver(replica, number) == 200
        assert loopback.answers(f"{replica.url}/healthz")
        durations.append(time.monotonic() - begun)
    return statistics.quantiles(durations, n=100)[98]


def opened(replica: Replica, beginning: bytes) -> socket.socket:
    """Return a connection that has sent `beginning` and reads no answer."""
    line = connect(replica)
    with suppress(OSError):
        line.sendall(beginning)
    line.settimeout(0.0)
    return line


def goes_on(line: socket.socket, drip: bytes) -> bool:
    """Send `drip`; return whether the connection is still open."""
    try:
        line.send(drip)
        return line.recv(1_000) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@contextmanager
def held(replica: Replica, number: int, beginning: bytes, drip: bytes = b"") -> Iterator[None]:
    """Hold `number` connections that have sent `beginning`; send `drip` on each every second; reopen closed ones."""
    over = threading.Event()

    def hold(share: int) -> None:
        lines: list[socket.socket] = []
        while not over.is_set():
            lines += [opened(replica, beginning) for _ in range(share - len(lines))]
            over.wait(1)
            for line in [open_line for open_line in lines if not goes_on(open_line, drip)]:
                line.close()
                lines.remove(line)
        for line in lines:
            line.close()

    threads = [threading.Thread(target=hold, args=(number // 4,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)  # until they hold; later ones are as welcome
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def flooded(replica: Replica) -> Iterator[None]:
    """Post with wrong tokens as fast as the webhook answers, on four connections at once."""
    over, answers = threading.Event(), []

    def flood() -> None:
        line = http.client.HTTPConnection(LOOPBACK, port_of(replica), timeout=PATIENCE_SECONDS)
        while not over.is_set():
            try:
                line.request("POST", "/v1/alertmanager", b"{}", {"Authorization": "Bearer wrong"})
                answer = line.getresponse()
                answer.read()
                answers.append(answer.status)
            except (OSError, http.client.HTTPException):
                line.close()
        line.close()

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert answers
    assert set(answers) <= {401, 503}


@pytest.mark.parametrize(
    ("number", "beginning", "drip"),
    [
        pytest.param(500, b"", b"", id="500 that send nothing"),
        pytest.param(100, HALF_HEAD, b"X", id="headers that drip"),
        pytest.param(100, HALF_CALLBACK, b"x", id="callbacks that drip"),
        pytest.param(100, HALF_DELIVERY, b" ", id="deliveries that drip"),
        pytest.param(12, HALF_LARGE, b" ", id="large deliveries that drip"),
    ],
)
def test_slow_connections_hold_up_nobody(webhook: Replica, number: int, beginning: bytes, drip: bytes) -> None:
    """Deliveries and health checks take hardly longer than without them, on any machine."""
    quiet = slowest(webhook)
    with held(webhook, number, beginning, drip):
        assert slowest(webhook) < 1.0 + 20 * quiet
    assert "Traceback" not in webhook.log.read_text()


def test_flood_of_wrong_tokens_holds_up_nobody(webhook: Replica) -> None:
    """Requests without a valid token have their own threads."""
    quiet = slowest(webhook)
    with flooded(webhook):
        assert slowest(webhook) < 1.0 + 20 * quiet


def test_guessing_is_slow_and_for_nobody_else(webhook: Replica) -> None:
    """Each wrong token makes its address wait longer, but not requests from there with the right token."""
    url, wrong = f"{webhook.url}/v1/incidents/999/acknowledge", {"Authorization": "Bearer wrong"}

    def seconds(headers: dict[str, str]) -> float:
        begun = time.monotonic()
        loopback.post_json(url, {"by": "ana"}, headers)
        return time.monotonic() - begun

    for _ in range(FREE):
        seconds(wrong)
    later = [seconds(wrong) for _ in range(3)]
    assert later[0] >= 0.5
    assert later[2] >= 2.0
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(seconds, wrong) for _ in range(20)]
        quick = [seconds(KNOWN) for _ in range(20)]
        assert max(quick) < min(guess.result() for guess in slow)


@pytest.mark.parametrize(
    ("beginning", "seconds"),
    [
        pytest.param(HALF_HEAD, limits.HEAD_SECONDS, id="headers"),
        pytest.param(HALF_CALLBACK, limits.BODY_SECONDS, id="body"),
    ],
)
def test_half_a_request_has_its_time(webhook: Replica, beginning: bytes, seconds: float) -> None:
    """The answer is a 408 after the time, however steadily bytes arrive, and the connection is closed."""
    line, begun = connect(webhook), time.monotonic()
    line.sendall(beginning)
    line.settimeout(0.5)
    answer = b""
    while not answer:
        try:
            answer = line.recv(1_000)
        except TimeoutError:
            line.sendall(b"x")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - begun >= seconds
    line.close()


def test_silent_connection_is_closed_without_a_word(webhook: Replica) -> None:
    """There was no request to answer."""
    with connect(webhook) as line:
        assert line.recv(1_000) == b""


def test_a_peer_has_no_more_than_its_share(webhook: Replica) -> None:
    """The peer's oldest waiting connection is closed, and a new one gets in."""
    with ExitStack() as stack:
        first = stack.enter_context(connect(webhook))
        time.sleep(GRACE_SECONDS)
        begun = time.monotonic()
        lines = [stack.enter_context(connect(webhook)) for _ in range(MOST_OF_PEER + 5)]
        assert deliver(webhook) == 200
        assert first.recv(1_000) == b""
        assert time.monotonic() - begun < limits.HEAD_SECONDS - GRACE_SECONDS
        lines[-1].settimeout(0.0)
        with pytest.raises(BlockingIOError):
            lines[-1].recv(1_000)


def test_stranger_s_body_is_not_read(webhook: Replica) -> None:
    """The refusal does not wait for the body, and arrives although the sender goes on."""
    with connect(webhook) as line:
        line.sendall(b"POST /v1/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n{")
        line.sendall(b" " * 200_000)
        assert line.recv(1_000).startswith(b"HTTP/1.1 401 ")


def test_connection_is_used_again(webhook: Replica) -> None:
    """Requests follow each other, even before the answer has come."""
    with connect(webhook) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        answers = b""
        while answers.count(b'"alive"') < 3:
            piece = line.recv(1_000)
            assert piece
            answers += piece
        assert answers.count(b"HTTP/1.1 200 ") == 3


def test_whoever_asks_first_is_told_to_go_on(webhook: Replica) -> None:
    """The program curl sends `Expect: 100-continue` with a large body."""
    body = json.dumps(payload(alert())).encode()
    head = HALF_DELIVERY.partition(b"Content-Length")[0]
    with connect(webhook) as line:
        line.sendall(head + f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert line.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(body)
        assert line.recv(1_000).startswith(b"HTTP/1.1 200 ")


def test_body_in_chunks_is_taken(webhook: Replica) -> None:
    """A proxy need not know the length of a body."""
    line = http.client.HTTPConnection(LOOPBACK, port_of(webhook), timeout=PATIENCE_SECONDS)
    body = json.dumps(payload(alert())).encode()
    pieces = (body[start : start + 100] for start in range(0, len(body), 100))
    line.request("POST", "/v1/alertmanager", pieces, {**KNOWN, "Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert line.getresponse().status == 200
    line.close()


@pytest.mark.parametrize(
    "beginning", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n\r\n\r\n"]
)
def test_what_is_no_request_is_refused(webhook: Replica, beginning: bytes) -> None:
    """There is no traceback, and the connection is closed."""
    with connect(webhook) as line:
        line.sendall(beginning)
        answer = b""
        while piece := line.recv(1_000):
            answer += piece
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in webhook.log.read_text()
