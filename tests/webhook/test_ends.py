"""Tests of how the process ends: within twenty seconds, whatever it is doing, and the next process takes its place."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testbed import loopback
from testbed.chaos.replica import Replica
from testbed.patience import await_that
from testbed.ports import LOOPBACK
from tests.webhook.samples import alert, payload
from webhook.serving.listeners import CannotListen, listen

pytestmark = pytest.mark.acceptance

LONGEST_END = 20.0
GROUPS = 300


class Dripping(http.server.BaseHTTPRequestHandler):
    """A receiver that answers one byte a second and never finishes."""

    asked = threading.Event()

    def do_POST(self) -> None:
        """Answer one byte a second until the client leaves."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.set()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" ")
                time.sleep(1)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def dripping() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Dripping)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Dripping.asked.clear()
    yield f"http://{LOOPBACK}:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def start(short_folder: Path) -> Iterator[Callable[..., Replica]]:
    """Return a function that starts a webhook with these settings."""
    started: list[Replica] = []

    def begin(**settings: str) -> Replica:
        usual = {
            "TOCSIN_CATALOG": str(Path(__file__).parents[2] / "generated" / "catalog.json"),
            "TOCSIN_DATABASE_URL": f"sqlite:///{short_folder / 'tocsin.db'}",
        }
        replica = Replica(f"webhook{len(started)}", short_folder, {**usual, **settings})
        started.append(replica)
        replica.process.start()
        return replica

    yield begin
    for replica in started:
        replica.process.stop()


def post(replica: Replica, name: str) -> int:
    body = payload(alert(group=name), groupLabels={"group": name}, groupKey=name)
    try:
        return loopback.post_json(f"{replica.url}/v1/alertmanager", body)[0]
    except OSError:
        return 0


def end(replica: Replica) -> float:
    """Ask the process to end, and return how many seconds it took."""
    begun = time.monotonic()
    pid = replica.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    await_that(lambda: replica.process.has_ended, replica.process.log_tail)
    return time.monotonic() - begun


def test_ends_in_time_with_hundreds_of_groups_under_way(start: Callable[..., Replica]) -> None:
    """Deliveries that got a 200 are in the store; the others got another answer and come again."""
    replica = start()
    with ThreadPoolExecutor(60) as pool:
        posted = {f"group {number}": pool.submit(post, replica, f"group {number}") for number in range(GROUPS)}
        await_that(lambda: sum(response.done() for response in posted.values()) > 20)
        assert end(replica) < LONGEST_END
    answers = {name: response.result() for name, response in posted.items()}
    assert set(answers.values()) <= {0, 200, 503}
    replica.revive()
    replica.process.await_ready()
    stored_groups: set[str] = set()
    page = "/v1/incidents?limit=200"
    while page:
        listed = loopback.get_json(replica.url + page)
        for incident in listed["incidents"]:
            stored_groups.add(
                loopback.get_json(f"{replica.url}/v1/incidents/{incident['id']}")["group_labels"]["group"]
            )
        page = listed["next"]
    assert {name for name, status in answers.items() if status == 200} <= stored_groups
    assert "Traceback" not in replica.log.read_text()


def test_ends_in_time_while_a_receiver_drips(start: Callable[..., Replica], dripping: str) -> None:
    """The message that was being sent waits in the store, and the next process sends it."""
    replica = start(TOCSIN_SLACK_API_URL=f"{dripping}/api", TOCSIN_SLACK_BOT_TOKEN="xoxb-stand-in")
    assert post(replica, "one") == 200
    assert Dripping.asked.wait(60)
    assert end(replica) < LONGEST_END
    replica.revive()
    replica.process.await_ready()
    states = {
        notification["state"]
        for notification in loopback.get_json(f"{replica.url}/v1/incidents/1")["notifications"]
        if notification["channel"] == "slack"
    }
    assert states == {"waiting"}


def test_serving_process_ends_with_the_one_above_it_and_the_next_one_waits_for_the_port(
    start: Callable[..., Replica],
) -> None:
    """Only the parent is killed, as an impatient supervisor does; the child's port becomes free soon."""
    replica = start()
    (child,) = replica.children()
    pid = replica.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await_that(lambda: replica.process.has_ended)
    replica.process._running = None
    replica.process.start()
    await_that(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])
    # Until now the old process may have been the one that said that it was ready.
    await_that(lambda: loopback.answers(f"{replica.url}/readyz"), replica.process.log_tail)
    assert post(replica, "one") == 200


def test_port_that_stays_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported after `PORT_SECONDS`, with the address."""
    monkeypatch.setattr("webhook.serving.listeners.PORT_SECONDS", 1.0)
    waited: list[float] = []
    with socket.socket() as occupant:
        occupant.bind((LOOPBACK, 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        with pytest.raises(CannotListen, match=f"{LOOPBACK}:{port}: Address already in use"):
            listen(LOOPBACK, port, sleep=lambda seconds: (waited.append(seconds), time.sleep(seconds))[0])
    assert waited


def test_address_that_is_not_ours_is_said_at_once() -> None:
    """Waiting would not help."""
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1:9095"):
        listen("192.0.2.1", 9095, sleep=lambda _: pytest.fail("waited"))
