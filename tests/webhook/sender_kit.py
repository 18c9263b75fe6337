"""Rigs for the tests that every sender must pass; `test_senders.py` runs them over all senders.

A rig is a sender and a stand-in of its provider on loopback. The stand-in answers as a test tells it to and keeps
what it receives. A new sender gets a rig here and so has all the tests.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from apprise.plugins.twilio import NotifyTwilio

from testbed.patience import PATIENCE_SECONDS
from webhook.apprise_url import parse_apprise_url
from webhook.mail_server import parse_smtp_url
from webhook.secret import Secret
from webhook.senders.contract import Sender
from webhook.senders.mail import MailSender
from webhook.senders.pagerduty import PagerDutySender
from webhook.senders.phone import PhoneSender
from webhook.senders.slack import SlackSender
from webhook.senders.sms import SmsSender
from webhook.senders.webhook import WebhookSender

TOKEN = "xoxb-very-secret-token"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "p4ss/w0rd"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "fedcba9876543210fedcba9876543210"
NUMBER = "+1 (202) 555-0101"
SIGNING_KEYS = ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "older-signing-key")


DESTINATIONS = {
    "slack": ("#ops", "#ops-platform"),
    "pagerduty": ("events",),
    "webhook": ("events",),
    "email": ("devops@example.com", "week@example.com"),
    "sms": (NUMBER, "+12025550102"),
    "phone": (NUMBER, "+12025550102"),
}
"""The only address that a sender takes, or two of them."""


@dataclass
class Answer:
    """What the stand-in answers next."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    drip_head: bool = False
    close: bool = False
    cut: bool = False


@dataclass
class Rig:
    """A sender, its stand-in, and the sender's secrets."""

    sender: Sender
    secrets: tuple[str, ...]
    destination: str
    url: str
    """Where the stand-in listens."""
    stop: Callable[[], None]
    """Stop the stand-in, so that nothing listens at its address."""
    answer: Callable[[Answer], None]
    received: list[Any]
    """JSON bodies with their path under `_path`, or mails."""
    shown: Callable[[], str]
    """Return everything that the sender sent, as text."""
    bodies: list[bytes] = field(default_factory=list)
    """What the sender posted, byte for byte."""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the sender closes the connection in the middle of an answer."""
    usual: Answer = field(default_factory=Answer)
    """What the stand-in answers when a test told it nothing."""
    accepted: frozenset[int] = frozenset({200, 201, 202, 204})
    """The statuses with which this provider takes a message."""
    largest: int = 128_000
    """How many characters the provider surely takes in one message."""


def parsed(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON body or of a form."""
    try:
        fields: dict[str, Any] = json.loads(body)
    except ValueError:
        return dict(parse_qsl(body.decode()))
    return fields


class HttpStandIn:
    """An HTTP server on loopback."""

    def __init__(self, usual: Answer) -> None:
        self.usual = usual
        self.next: list[Answer] = []
        self.received: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.released = threading.Event()
        self.left = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stand_in.bodies.append(body)
                stand_in.received.append(
                    {"_method": self.command, "_path": self.path, "_headers": dict(self.headers), **parsed(body)}
                )
                stand_in.reply(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as the test told it to."""
        answer = self.next.pop(0) if self.next else self.usual
        if answer.hang:
            self.released.wait(PATIENCE_SECONDS)
        if answer.drip_head:
            self.drip(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Slow: " + b"x" * 10_000)
        if answer.hang or answer.close or answer.drip_head:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in {
            "Content-Length": str(len(answer.body) + 100 * answer.cut),
            "Content-Type": "application/json",
            **answer.headers,
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        if answer.drip:
            self.drip(handler, answer.body)
            return
        try:
            handler.wfile.write(answer.body)
        except OSError:
            self.left.set()
        handler.close_connection = handler.close_connection or answer.cut

    def drip(self, handler: BaseHTTPRequestHandler, text: bytes) -> None:
        """Send a byte now and then, until nobody reads them."""
        for number in range(len(text)):
            try:
                handler.wfile.write(text[number : number + 1])
                handler.wfile.flush()
            except OSError:
                return
            if self.released.wait(0.05):
                return

    def close(self) -> None:
        """Release requests that hang, and stop."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class MailStandIn:
    """A mail server on loopback that answers a mail as a test tells it to."""

    def __init__(self) -> None:
        self.next: list[str] = []
        self.received: list[EmailMessage] = []
        self.raw: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Answer as the test told it to, or take the mail."""
        if self.next:
            return self.next.pop(0)
        content = envelope.original_content or b""
        self.raw.append(content)
        mail = message_from_bytes(content, policy=policy.SMTP)
        assert isinstance(mail, EmailMessage)
        mail.add_header("X-Envelope-To", ",".join(envelope.rcpt_tos))
        self.received.append(mail)
        return "250 taken"


@contextmanager
def http_rig(
    usual: Answer,
    sender: Callable[[str], Sender],
    *,
    secrets: tuple[str, ...],
    destination: str,
    accepted: Iterable[int] = (200, 201, 202, 204),
    largest: int = 128_000,
) -> Iterator[Rig]:
    """Give the sender that `sender` builds for the stand-in's address."""
    server = HttpStandIn(usual)
    try:
        yield Rig(
            sender=sender(server.url),
            secrets=secrets,
            destination=destination,
            url=server.url,
            stop=server.close,
            answer=server.next.append,
            received=server.received,
            shown=lambda: json.dumps(server.received, ensure_ascii=False),
            bodies=server.bodies,
            left=server.left,
            usual=usual,
            accepted=frozenset(accepted),
            largest=largest,
        )
    finally:
        server.close()


def slack(url: str) -> Sender:
    return SlackSender(api_url=f"{url}/api", token=Secret(TOKEN))


def slack_rig() -> AbstractContextManager[Rig]:
    """Return Slack's Web API, which says in the body whether it has taken a message."""
    usual = Answer(body=json.dumps({"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"}).encode())
    return http_rig(
        usual, slack, secrets=(TOKEN,), destination=DESTINATIONS["slack"][0], accepted=(200, 201, 202), largest=40_000
    )


def pagerduty(url: str) -> Sender:
    return PagerDutySender(events_url=url, routing_key=Secret(ROUTING_KEY))


def pagerduty_rig() -> AbstractContextManager[Rig]:
    """Return PagerDuty's Events API."""
    usual = Answer(status=202, body=b'{"status": "success"}')
    accepted = (200, 201, 202)
    return http_rig(
        usual, pagerduty, secrets=(ROUTING_KEY,), destination=DESTINATIONS["pagerduty"][0], accepted=accepted
    )


def webhook(url: str) -> Sender:
    return WebhookSender(
        url=Secret(f"{url}/hooks/{TOKEN}?team=ops"), secrets=tuple(Secret(key) for key in SIGNING_KEYS)
    )


def webhook_rig() -> AbstractContextManager[Rig]:
    """Return a receiver of the outgoing webhook, with a token in its address and two keys."""
    usual = Answer(status=204, body=b"")
    return http_rig(usual, webhook, secrets=(TOKEN, *SIGNING_KEYS), destination=DESTINATIONS["webhook"][0])


def sms(url: str) -> Sender:
    return SmsSender(parse_apprise_url(Secret(f"{url.replace('http', 'json')}/sms/{TOKEN}?:to={{to}}")))


def sms_rig() -> AbstractContextManager[Rig]:
    """Return a self-hosted gateway that takes JSON, with a token in its path."""
    return http_rig(
        Answer(body=b'{"id": "sms-1"}'), sms, secrets=(TOKEN,), destination=DESTINATIONS["sms"][0], largest=1_000
    )


def phone(_: str) -> Sender:
    return PhoneSender(parse_apprise_url(Secret(f"twilio://{ACCOUNT}:{AUTH_TOKEN}@+12025550100/{{to}}?method=call")))


@contextmanager
def phone_rig() -> Iterator[Rig]:
    """Give Twilio's calls, with their address pointed at the stand-in."""
    usual = Answer(status=201, body=b'{"sid": "CA1"}')
    secrets = (AUTH_TOKEN, ACCOUNT)
    with (
        http_rig(
            usual, phone, secrets=secrets, destination=DESTINATIONS["phone"][0], accepted=(200, 201), largest=4_000
        ) as rig,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(NotifyTwilio, "notify_call_url", f"{rig.url}/2010-04-01/Accounts/{{sid}}/Calls.json")
        yield rig


@contextmanager
def mail_rig() -> Iterator[Rig]:
    """Give a mail server without TLS, which is allowed on this machine only."""
    handler = MailStandIn()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    url = Secret(f"smtp://127.0.0.1:{controller.port}?from=tocsin@example.com")

    def answer(reply: Answer) -> None:
        handler.next.append(f"{reply.status} {reply.body.decode()}")

    def stop() -> None:
        if controller.server is not None:
            controller.stop()

    try:
        yield Rig(
            sender=MailSender(parse_smtp_url(url)),
            secrets=(PASSWORD,),
            destination=DESTINATIONS["email"][0],
            url=url.reveal(),
            stop=stop,
            answer=answer,
            received=handler.received,
            shown=lambda: "\n".join(as_read(mail) for mail in handler.received),
        )
    finally:
        stop()


@contextmanager
def dribbling(piece: bytes, *, begin: Callable[[socket.socket], object] = lambda _: None) -> Iterator[int]:
    """Give the port of a server that calls `begin` and then sends `piece` again and again, always before a time-out."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                begin(connection)
                while not done.wait(0.05):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            done.set()
            thread.join()


@contextmanager
def flooding(beginning: bytes, piece: bytes) -> Iterator[tuple[int, list[int]]]:
    """Give the port of a server that sends `beginning` and then `piece` for ever, at full pace; and the bytes it sent.

    The server adds the number of bytes of a connection when the other side closes it.
    """
    done, byte_counts = threading.Event(), list[int]()
    chunk = piece * max(1, 65_536 // len(piece))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    connection, _ = server.accept()
                    answer(connection)

        def answer(connection: socket.socket) -> None:
            count = 0
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE_SECONDS)
                if beginning:
                    connection.recv(65_536)
                    connection.sendall(beginning)
                while not done.is_set():
                    connection.sendall(chunk)
                    count += len(chunk)
            byte_counts.append(count)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1]), byte_counts
        finally:
            done.set()
            thread.join()


def as_read(mail: EmailMessage) -> str:
    """Return headers, text and HTML with every encoding undone."""
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    headers = [f"{name}: {value}" for name, value in mail.items()]
    return "\n".join([*headers, *(part.get_content() for part in parts if part is not None)])


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


RIGS = {
    "slack": slack_rig,
    "pagerduty": pagerduty_rig,
    "email": mail_rig,
    "sms": sms_rig,
    "phone": phone_rig,
    "webhook": webhook_rig,
}
COMPANIONS = {"webhook": SIGNING_KEYS[0]}
"""Texts of the variables that `webhook.channels` declares as companions, by channel."""
HTTP_SENDERS: dict[str, Callable[[str], Sender]] = {
    "slack": slack,
    "pagerduty": pagerduty,
    "webhook": webhook,
    "sms": sms,
    "phone": phone,
}
"""Functions that make a sender for the HTTP server at an address."""
