"""Tests of three Alertmanagers behind one address, by real HTTP; one of them is cut off from its Prometheus."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.webhook.samples import NOON, alert, incident_of
from webhook.alertmanagers import Server
from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import SETTLED_SECONDS, Absent, Active, Answer, Heard, Known, Unknown
from webhook.incidents.incident import Incident
from webhook.timestamps import iso
from webhook.workers.alertmanager_api import SEVERAL_SECONDS, AlertmanagerApi

URL = "http://alertmanager.example.com:9093"
DOG = Heard(url=URL, fingerprint="dog", starts_at=NOON - 86_400)
SEVERAL = "several servers may answer at its address, and which of them lists nothing of it is not known"

Choose = Callable[[str], int]
"""Returns which peer answers a request for a path."""


@dataclass
class Peers:
    """Three Alertmanagers, the first cut off for hours, and the way in which requests are distributed among them."""

    url: str = ""
    alerts: list[list[dict[str, Any]]] = field(default_factory=lambda: [[], [], []])
    started: list[float] = field(default_factory=lambda: [NOON - 1_000_000 - 1_000 * number for number in range(3)])
    by_connection: bool = True
    closes: bool = False
    choose: Choose = lambda _path: 0

    def answer(self, number: int, path: str) -> object:
        """Return the answer of this peer."""
        if path.endswith("/status"):
            return {"uptime": iso(self.started[number])}
        return [] if path.endswith("/groups") else self.alerts[number]


@pytest.fixture
def peers() -> Iterator[Peers]:
    peers_at_address = Peers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one piece: in two, each answer waits for an acknowledgement
        chosen: int | None = None

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if self.chosen is None or not peers_at_address.by_connection:
                self.chosen = peers_at_address.choose(path)
            body = json.dumps(peers_at_address.answer(self.chosen, path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            if peers_at_address.closes:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(NOON if timestamp is None else timestamp, usegmt=True)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peers_at_address.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield peers_at_address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def incident(catalog: Catalog) -> Incident:
    return incident_of(catalog, alert(instance="a"))


def in_turn(first: int = 0) -> Choose:
    numbers = itertools.cycle((0, 1, 2))
    for _ in range(first):
        next(numbers)
    return lambda _path: next(numbers)


def at_random(seed: int) -> Choose:
    numbers = random.Random(seed)  # noqa: S311  no secret
    return lambda _path: numbers.randrange(3)


def by_path(path: str) -> int:
    """Choose as a proxy does that sends each path to its own server."""
    return 1 if path.endswith("/status") else 0


def listed(fingerprint: str, name: str, starts_at: float) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "labels": {"alertname": name},
        "status": {"state": "active"},
        "startsAt": iso(starts_at),
    }


def fires(peers: Peers, incident: Incident, *, watchdog: bool) -> None:
    """Let the two peers that are in touch list the alert, and their Watchdog if there is one."""
    firing = incident.open_firings[0]
    own = [listed(firing.fingerprint, "ApiPlatformErrorRatio", firing.starts_at)]
    dogs = [listed("dog", "Watchdog", DOG.starts_at)] if watchdog else []
    peers.alerts = [[], own + dogs, own + dogs]


def asks(
    peers: Peers, *, watchdog: bool, touched: int = 2, clock: Callable[[], float] = lambda: 0.0
) -> AlertmanagerApi:
    """Return a client that knows the Watchdog, or else that the last `touched` peers have listed alerts of ours."""
    server = Server(name="peers", url=peers.url, external_urls=frozenset({URL}))
    vouched = frozenset((server.key, started) for started in peers.started[-touched:])
    known = Known(watchdogs=(DOG,)) if watchdog else Known(vouched=vouched)
    return AlertmanagerApi([server], known=lambda: known, now=lambda: NOON, clock=clock)


@dataclass(frozen=True)
class Distribution:
    """How requests are distributed among the peers."""

    choose: Callable[[int], Choose]
    by_connection: bool = True
    closes: bool = False

    def set_up(self, peers: Peers, number: int) -> None:
        """Distribute the peers' requests this way; `number` says which peer gets the first."""
        peers.choose, peers.by_connection, peers.closes = self.choose(number), self.by_connection, self.closes


DISTRIBUTIONS = {
    "each connection to another, in turn": Distribution(in_turn),
    "each connection to another, and closed after each answer": Distribution(in_turn, closes=True),
    "each request to another, in turn": Distribution(in_turn, by_connection=False),
    "each request to another, at random": Distribution(at_random, by_connection=False),
}
WITH_AND_WITHOUT = pytest.mark.parametrize("known", ["a Watchdog is known", "no Watchdog is known"])


@WITH_AND_WITHOUT
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_alert_that_burns_never_ends(distribution: str, known: str, peers: Peers, incident: Incident) -> None:
    """Whichever peer is asked first: a peer that is cut off proves nothing alone, nor with another peer's answer."""
    watchdog = known == "a Watchdog is known"
    fires(peers, incident, watchdog=watchdog)
    answers: list[Answer] = []
    for number, cut_off in itertools.product(range(6), (1, 2)):
        peers.alerts[1] = [] if cut_off == 2 else peers.alerts[2]
        DISTRIBUTIONS[distribution].set_up(peers, number)
        api = asks(peers, watchdog=watchdog, touched=3 - cut_off)
        answers += [api.ask(incident) for _ in range(3)]
    assert {type(answer) for answer in answers} == {Active, Unknown}


def test_watchdog_of_another_path_s_server_counts_for_nothing(peers: Peers, incident: Incident) -> None:
    """Nothing shows that another server gives the start; the server without the alert lists no Watchdog either."""
    fires(peers, incident, watchdog=True)
    peers.by_connection, peers.choose = False, by_path
    assert asks(peers, watchdog=True).ask(incident) == Unknown(
        reason="it lists nothing of it, but does not list its Watchdog either"
    )


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_end_is_known_by_the_watchdog_however_requests_are_distributed(
    distribution: str, peers: Peers, incident: Incident
) -> None:
    """The answer without the alert lists the Watchdog, so its server is in touch with its Prometheus."""
    peers.alerts = [[listed("dog", "Watchdog", DOG.starts_at)]] * 3
    DISTRIBUTIONS[distribution].set_up(peers, 0)
    assert asks(peers, watchdog=True).ask(incident) == Absent()


def test_end_without_a_watchdog_is_known_over_one_connection_alone(peers: Peers, incident: Incident) -> None:
    """The start tells which server lists nothing only if one server gives both answers."""
    peers.choose = lambda _path: 1
    assert asks(peers, watchdog=False).ask(incident) == Absent()
    peers.closes = True
    assert asks(peers, watchdog=False).ask(incident) == Unknown(reason=SEVERAL)


def test_proxy_that_has_handed_requests_to_several_is_remembered(peers: Peers, incident: Incident) -> None:
    """The next answers may seem to come from one server by chance; after a day the address counts as new."""
    now = [0.0]
    api = asks(peers, watchdog=False, clock=lambda: now[0])
    peers.by_connection, peers.choose = False, in_turn()
    assert api.ask(incident) == Unknown(reason=SEVERAL)
    peers.choose = lambda _path: 1
    assert api.ask(incident) == Unknown(reason=SEVERAL)
    now[0] = SEVERAL_SECONDS
    assert api.ask(incident) == Absent()


def test_start_is_not_learned_from_several(peers: Peers, incident: Incident) -> None:
    """It is unknown which server lists the alert; the start may be another server's."""
    fires(peers, incident, watchdog=False)
    peers.by_connection, peers.choose = False, in_turn(1)
    answer = asks(peers, watchdog=False).ask(incident)
    assert isinstance(answer, Active)
    assert {started for _, _, started in answer.seen} == {None}
    peers.by_connection, peers.choose = True, in_turn(1)
    answer = asks(peers, watchdog=False).ask(incident)
    assert isinstance(answer, Active)
    assert {started for _, _, started in answer.seen} == {peers.started[1]}


def test_youngest_of_several_has_to_have_settled(peers: Peers, incident: Incident) -> None:
    """The youngest may be the one that answered: Prometheus may have sent it the Watchdog but not yet the alert."""
    peers.alerts = [[listed("dog", "Watchdog", DOG.starts_at)]] * 3
    peers.started[2] = NOON - SETTLED_SECONDS + 10
    peers.by_connection, peers.choose = False, in_turn()
    assert asks(peers, watchdog=True).ask(incident) == Unknown(
        reason="it has been up for only 290 s and may not know of it yet"
    )


def test_alert_that_either_list_holds_fires(peers: Peers, incident: Incident, catalog: Catalog) -> None:
    """One of two alerts is missing in the group's list; the server that lists the Watchdog is cut off and has none."""
    two = incident_of(catalog, alert(instance="a"), alert(instance="b"))
    fires(peers, replace(incident, firings=two.firings), watchdog=True)
    peers.by_connection, peers.choose = False, in_turn(2)
    answer = asks(peers, watchdog=True).ask(two)
    assert isinstance(answer, Active)
    assert not answer.unlisted
