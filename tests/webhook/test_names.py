"""Tests of a resolver that never answers: no thread waits beyond its deadline, and hanging look-ups are counted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from apprise.plugins.twilio import NotifyTwilio

from testbed.patience import await_that
from testbed.postgresql import PostgreSQL
from tests.webhook import sender_kit
from tests.webhook.samples import alert, incident_of
from tests.webhook.sender_kit import RIGS
from webhook import names
from webhook.alertmanagers import Server
from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import Unknown
from webhook.mail_server import parse_smtp_url
from webhook.names import MOST_OF_A_NAME, Names, NotLookedUp
from webhook.secret import Secret
from webhook.senders import contract, transport
from webhook.senders.contract import Job, Sender, TemporaryFailure
from webhook.senders.mail import MailSender
from webhook.storage.database import Database, StoreUnavailable
from webhook.workers.alertmanager_api import AlertmanagerApi
from webhook.workers.dispatch import LEASE_SECONDS

HANGS = "hangs.example.com"
SENDERS: dict[str, Callable[[str], Sender]] = {
    **sender_kit.HTTP_SENDERS,
    "email": lambda _: MailSender(parse_smtp_url(Secret(f"smtps://{HANGS}?from=tocsin@example.com"))),
}


class Resolver:
    """A stand-in of the machine's resolver that answers for no name of `example.com` until a test releases it."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked: list[str] = []
        self._real = socket.getaddrinfo

    def __call__(self, host: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as the real one
        """Hang, or answer as the real resolver does."""
        if str(host).endswith("example.com"):
            self.asked.append(str(host))
            self.answers.wait()
            host = "127.0.0.1"
        return self._real(host, *args, **options)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """Give a resolver that hangs; each look-up waits a tenth of a second for it."""
    hanging = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    monkeypatch.setattr(names, "LOOKUP_SECONDS", 0.1)
    monkeypatch.setattr(names, "NAMES", Names())
    monkeypatch.setattr(NotifyTwilio, "notify_call_url", f"https://{HANGS}/Calls.json")
    yield hanging
    hanging.answers.set()
    await_that(lambda: names.NAMES.under_way == 0, "the look-ups to end")


@pytest.mark.parametrize("channel", sorted(SENDERS))
def test_sender_gives_a_look_up_up(channel: str, job: Job, resolver: Resolver) -> None:
    """The message is tried again later, and says why; the sending thread is free."""
    sender = SENDERS[channel](f"https://{HANGS}")
    with pytest.raises(TemporaryFailure, match="no name server has answered in time"):
        sender.send(replace(job, destination=sender_kit.DESTINATIONS[channel][0]))
    assert resolver.asked == [HANGS]


def test_every_channel_has_its_case() -> None:
    """A new sender that looks names up by itself must get a case, or this test fails."""
    assert set(SENDERS) == set(RIGS)


def test_other_channels_go_on_while_a_name_hangs(job: Job, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty messages to a name that hangs keep at most a few threads; another channel's message goes out meanwhile."""
    monkeypatch.setattr(names, "LOOKUP_SECONDS", 0.01)
    sender = sender_kit.slack(f"https://{HANGS}")
    for _ in range(20):
        with pytest.raises(TemporaryFailure):
            sender.send(job)
    assert len(resolver.asked) == names.NAMES.under_way <= MOST_OF_A_NAME
    with RIGS["email"]() as rig:
        rig.sender.send(replace(job, destination=rig.destination))
        assert len(rig.received) == 1


def test_name_is_found_again_when_the_resolver_answers(resolver: Resolver) -> None:
    """The webhook needs no restart."""
    with pytest.raises(NotLookedUp):
        names.addresses(HANGS, 443)
    resolver.answers.set()
    await_that(lambda: names.NAMES.under_way == 0, "the look-up to end")
    assert [address for _, address in names.addresses(HANGS, 443, seconds=60)] == [("127.0.0.1", 443)]


def test_alertmanager_s_name_that_hangs_is_a_reason_for_not_knowing(catalog: Catalog, resolver: Resolver) -> None:
    """If a step waited for the name, it would call nobody."""
    server = Server(name="eu", url=f"http://{HANGS}:9093", external_urls=frozenset())
    assert isinstance(AlertmanagerApi([server]).ask(incident_of(catalog, alert())), Unknown)
    assert resolver.asked == [HANGS]


def test_store_whose_name_hangs_is_unavailable(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alertmanager gets its 503 in time, and tries again."""
    monkeypatch.setattr("webhook.storage.engines.BUSY_SECONDS", 0.1)
    database = Database(Secret(f"postgresql://tocsin@{HANGS}/tocsin"))
    with pytest.raises(StoreUnavailable), database.read():
        pass
    assert resolver.asked == [HANGS]
    database.close()


def test_store_is_reached_by_its_name(postgresql: PostgreSQL) -> None:
    """The connection uses any of the name's addresses that takes it."""
    address = postgresql.fresh().replace("127.0.0.1", "localhost")
    database = Database(Secret(address))
    assert "localhost" in address
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    database.close()


def test_mail_goes_out_while_this_machine_s_own_name_hangs(
    job: Job, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greeting then holds another name; a page is not held back for it."""
    monkeypatch.setattr("webhook.senders.mail.OWN_NAME_SECONDS", 0.1)
    monkeypatch.setattr(names, "_own_name", lambda: resolver("own.example.com", 0))
    with RIGS["email"]() as rig:
        rig.sender.send(replace(job, destination=rig.destination))
        assert len(rig.received) == 1
    assert resolver.asked == ["own.example.com"]


def test_threads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit for each name and for all; beyond it a look-up fails at once, or waits for one under way."""
    monkeypatch.setattr(names, "LOOKUP_SECONDS", 0.0)
    released = threading.Event()
    room = Names(most=3, most_of_a_name=2)
    try:
        for name in ("a", "a", "a", "b"):
            with pytest.raises(NotLookedUp, match="no name server has answered in time"):
                room.get(name, released.wait, 0.01)
        assert room.under_way == 3
        with pytest.raises(NotLookedUp, match="3 names are being looked up"):
            room.get("c", released.wait, 60)
    finally:
        released.set()
    await_that(lambda: room.under_way == 0, "the look-ups to end")
    assert room.get("c", lambda: 1, 60) == 1


def test_what_hangs_is_not_waited_for_by_everybody_who_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look-up may hang for ever in a library; after a while another look-up of the same name begins."""
    monkeypatch.setattr(names, "LOOKUP_SECONDS", 0.0)
    released, room = threading.Event(), Names()
    try:
        with pytest.raises(NotLookedUp):
            room.get("a", released.wait, 0.01)
        assert room.get("a", lambda: 2, 60) == 2
    finally:
        released.set()


def test_error_of_a_look_up_is_whoever_s_has_asked() -> None:
    """The error reaches each caller, and says that the name does not exist."""

    def ask() -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(socket.gaierror, match="not known"):
        Names().get("a", ask, 60)


def test_address_that_refuses_leads_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have several addresses, one of which is down."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        resolved = [(socket.AF_INET, listener.getsockname()) for listener in (closed, server)]
        monkeypatch.setattr(names, "addresses", lambda *_, **__: resolved)
        with names.connect("two.example.com", 1, seconds=60, left=lambda: 60, options=()) as line:
            assert line.getpeername() == server.getsockname()
        with pytest.raises(TimeoutError):
            names.connect("two.example.com", 1, seconds=60, left=lambda: 0, options=())


def test_look_up_and_connection_are_within_the_deadline(
    job: Job, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A send must end before its lease does; otherwise another worker would send it too."""
    monkeypatch.setattr(names, "LOOKUP_SECONDS", 600.0)
    monkeypatch.setattr(transport, "LONGEST_SEND", 0.2)
    began = time.monotonic()
    with pytest.raises(TemporaryFailure, match="no answer in time"):
        sender_kit.slack(f"https://{HANGS}").send(job)
    assert time.monotonic() - began < contract.LONGEST_SEND < LEASE_SECONDS
    assert resolver.asked == [HANGS]


def test_address_needs_no_resolver(resolver: Resolver) -> None:
    """An address in the settings does not depend on the resolver."""
    assert [address[:2] for _, address in names.addresses("::1", 443)] == [("::1", 443)]
    assert resolver.asked == []
    assert names.NAMES.under_way == 0
