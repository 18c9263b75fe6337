"""What every sender must survive, run over all of them by `test_senders.py`.

A rig is a sender and the stand-in of its provider on loopback: it answers as told and keeps what it was sent. A new
sender gets a rig here and has all the tests.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from webhook.mail_server import parse_smtp_url
from webhook.secret import Secret
from webhook.senders.contract import Sender
from webhook.senders.mail import MailSender
from webhook.senders.pagerduty import PagerDutySender
from webhook.senders.slack import SlackSender
from webhook.senders.webhook import WebhookSender

TOKEN = "xoxb-very-secret-token"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "p4ss/w0rd"
SIGNING_KEYS = ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "older-signing-key")


@dataclass
class Answer:
    """What the stand-in says next."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    close: bool = False


@dataclass
class Rig:
    """A sender, its stand-in, and what is secret about it."""

    sender: Sender
    secrets: tuple[str, ...]
    destination: str
    answer: Callable[[Answer], None]
    received: list[Any]
    """JSON bodies with their path under `_path`, or mails."""
    shown: Callable[[], str]
    """Everything that was sent, as text."""
    bodies: list[bytes] = field(default_factory=list)
    """What was posted, byte for byte."""


def parsed(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON body or of a form."""
    try:
        found: dict[str, Any] = json.loads(body)
    except ValueError:
        return dict(parse_qsl(body.decode()))
    return found


class HttpStandIn:
    """An HTTP server on loopback."""

    def __init__(self, usual: Answer) -> None:
        self.usual = usual
        self.next: list[Answer] = []
        self.received: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stand_in.bodies.append(body)
                stand_in.received.append({"_path": self.path, "_headers": dict(self.headers), **parsed(body)})
                stand_in.reply(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as told."""
        answer = self.next.pop(0) if self.next else self.usual
        if answer.hang:
            self.released.wait(20)
        if answer.hang or answer.close:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in {
            "Content-Length": str(len(answer.body)),
            "Content-Type": "application/json",
            **answer.headers,
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        for byte in [answer.body] if not answer.drip else [answer.body[i : i + 1] for i in range(len(answer.body))]:
            if answer.drip and self.released.wait(0.05):
                return
            try:
                handler.wfile.write(byte)
            except OSError:
                return

    def close(self) -> None:
        """Let whoever hangs go, and stop."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class MailStandIn:
    """A mail server on loopback that answers a mail as told."""

    def __init__(self) -> None:
        self.next: list[str] = []
        self.received: list[EmailMessage] = []
        self.raw: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Answer as told, or take the mail."""
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
def slack_rig() -> Iterator[Rig]:
    """Slack's Web API."""
    server = HttpStandIn(
        Answer(body=json.dumps({"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"}).encode())
    )
    try:
        yield Rig(
            sender=SlackSender(api_url=f"{server.url}/api", token=Secret(TOKEN)),
            secrets=(TOKEN,),
            destination="#ops",
            answer=server.next.append,
            received=server.received,
            shown=lambda: json.dumps(server.received, ensure_ascii=False),
        )
    finally:
        server.close()


@contextmanager
def pagerduty_rig() -> Iterator[Rig]:
    """PagerDuty's Events API."""
    server = HttpStandIn(Answer(status=202, body=b'{"status": "success"}'))
    try:
        yield Rig(
            sender=PagerDutySender(events_url=server.url, routing_key=Secret(ROUTING_KEY)),
            secrets=(ROUTING_KEY,),
            destination="events",
            answer=server.next.append,
            received=server.received,
            shown=lambda: json.dumps(server.received, ensure_ascii=False),
        )
    finally:
        server.close()


@contextmanager
def webhook_rig() -> Iterator[Rig]:
    """Give a receiver of the outgoing webhook, with a token in its address and two keys."""
    server = HttpStandIn(Answer(status=204, body=b""))
    try:
        yield Rig(
            sender=WebhookSender(
                url=Secret(f"{server.url}/hooks/{TOKEN}?team=ops"), secrets=tuple(Secret(key) for key in SIGNING_KEYS)
            ),
            secrets=(*SIGNING_KEYS, TOKEN),
            destination="events",
            answer=server.next.append,
            received=server.received,
            shown=lambda: json.dumps(server.received, ensure_ascii=False),
            bodies=server.bodies,
        )
    finally:
        server.close()


@contextmanager
def mail_rig() -> Iterator[Rig]:
    """Give a mail server without TLS, as it is allowed on this machine only."""
    handler = MailStandIn()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    url = Secret(f"smtp://127.0.0.1:{controller.port}?from=tocsin@example.com")

    def answer(told: Answer) -> None:
        handler.next.append(f"{told.status} {told.body.decode()}")

    try:
        yield Rig(
            sender=MailSender(parse_smtp_url(url)),
            secrets=(PASSWORD,),
            destination="devops@example.com",
            answer=answer,
            received=handler.received,
            shown=lambda: "\n".join(str(mail) for mail in handler.received),
        )
    finally:
        controller.stop()


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


RIGS = {"slack": slack_rig, "pagerduty": pagerduty_rig, "email": mail_rig, "webhook": webhook_rig}
HTTP_RIGS = ("slack", "pagerduty", "webhook")
