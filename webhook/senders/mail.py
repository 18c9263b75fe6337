"""E-mail through SMTP: one mail per contact, all mails about an incident in one thread.

The thread's first Message-ID is computed from the incident. So a follow-up can refer to it whether or not this process
sent the first mail (RFC 5322, 3.6.4), and a mail that is sent twice after a crash carries the same Message-ID. Gmail
also requires the same subject (Google Workspace updates, 29 March 2019). So the sender keeps the first mail's subject
with its id, and shows what has changed since in the sender's name and in the first line.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import smtplib
import socket
import ssl
from collections import Counter
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from webhook import names
from webhook.bounded_reading import BoundedReader
from webhook.http_deadline import Deadline
from webhook.incidents.notifications import Action
from webhook.mail_server import MailServer
from webhook.render.mail import LONGEST_SUBJECT, layout
from webhook.senders.contract import (
    CONNECT_SECONDS,
    LONGEST_SEND,
    READ_SECONDS,
    Job,
    PermanentFailure,
    Receipt,
    TemporaryFailure,
)
from webhook.settings import Settings
from webhook.severity import CRITICAL_AND_MORE_SEVERE
from webhook.untrusted import breaks_line, header_text, one_line

LONGEST_REPLY = 64 * 1_024
"""Bytes; a reply to EHLO has a line for each extension (RFC 5321, 4.5.3.1.5 has 512 bytes a line)."""
OWN_NAME_SECONDS = 2.0
"""Time limit for looking up this machine's own name. If the look-up takes longer, the mail is sent without the name."""

_HEADERS = HeaderRegistry()
# As unstructured text, a message id longer than a line would be encoded, and mail readers would not find the thread.
_HEADERS.map_to_type("in-reply-to", MessageIDHeader)  # type: ignore[arg-type]
_HEADERS.map_to_type("references", MessageIDHeader)  # type: ignore[arg-type]
# An encoded word has at most 75 characters (RFC 2047, 2), and a continuation line begins with a space.
_POLICY = SMTP.clone(header_factory=_HEADERS, max_line_length=76)


class MailSender:
    """Sends to mail addresses."""

    channel = "email"
    actions: frozenset[Action] = frozenset({"open", "join", "escalate", "resolve"})
    shows_state = True

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, job: Job) -> Receipt:
        """Hand one mail to the server; see `contract.Sender.send`."""
        message = self._mail(job)
        try:
            self._hand_over(message, job.destination)
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()), (0, b""))
            raise self._refused(code, reply) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code, error.smtp_error) from None
        except ssl.SSLError as error:
            reason = f"the certificate was not accepted: {one_line(str(error), 200)}"
            raise TemporaryFailure(reason, lasting=isinstance(error, ssl.SSLCertVerificationError)) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError, MessageError) as error:
            raise PermanentFailure(self._clean(str(error))) from None
        except (OSError, smtplib.SMTPException) as error:
            raise TemporaryFailure(self._clean(f"{type(error).__name__}: {error}")) from None
        return Receipt(provider_id=f"{message['Message-ID']} {message['Subject']}")

    def _hand_over(self, message: EmailMessage, address: str) -> None:
        with (
            Deadline(LONGEST_SEND) as deadline,
            contextlib.closing(_Conversation(self._server, deadline)) as connection,
        ):
            self._introduce(connection)
            connection.expected = Counter(name.lower() for name in message)
            connection.send_message(message, from_addr=self._server.sender, to_addrs=[address])
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()  # the server has taken the mail, whatever it answers to QUIT

    def _introduce(self, connection: smtplib.SMTP) -> None:
        server = self._server
        if server.starttls:
            connection.starttls(context=ssl.create_default_context())
        if server.user is not None and server.password is not None:
            connection.login(server.user, server.password.reveal())

    def _mail(self, job: Job) -> EmailMessage:
        # A person whom an escalation reaches for the first time has no earlier mail to refer to.
        follows = job.action != "open" and not job.first
        content = layout(job.message, follows=follows)
        first_id = self._message_id(f"{job.thread}|{job.destination}")
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = _address(self._server.sender, name=f"Tocsin {job.message.word}")
        mail["To"] = _address(job.destination)
        mail["Subject"] = (follows and _first_subject(job)) or content.subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(job.sent_at, tz=UTC))
        mail["Message-ID"] = self._message_id(f"{job.thread}|{job.destination}|{job.id}") if follows else first_id
        if follows:
            mail["In-Reply-To"] = first_id
            mail["References"] = first_id
        # RFC 3834 stops automatic replies to automatic mail; Exchange uses a header of its own (MS-OXCMAIL).
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        if job.message.severity in CRITICAL_AND_MORE_SEVERE and job.message.status != "resolved":
            mail["Importance"] = "high"
        # Every server accepts quoted-printable: lines of at most 76 characters, ASCII only (RFC 2045, 6.7).
        mail.set_content(content.text, cte="quoted-printable")
        mail.add_alternative(content.html, subtype="html", cte="quoted-printable")
        return mail

    def _message_id(self, about: str) -> str:
        domain = self._server.sender.rpartition("@")[2]
        return f"<tocsin.{hashlib.sha256(about.encode()).hexdigest()[:32]}@{domain}>"

    def _refused(self, code: int, reply: bytes | str) -> TemporaryFailure | PermanentFailure:
        """Return a temporary failure for a 4yz code and a permanent one for 5yz (RFC 5321, 4.2.1)."""
        text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        reason = self._clean(f"SMTP {code}: {text}")
        return PermanentFailure(reason) if 500 <= code < 600 else TemporaryFailure(reason)

    def _clean(self, text: str) -> str:
        password = self._server.password
        return one_line(password.redact(text) if password else text, 300)


class _Conversation(smtplib.SMTP):
    """SMTP under a deadline from the first byte, with TLS from the first byte where the server expects it."""

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        self._deadline = deadline
        self._context = ssl.create_default_context() if server.implicit_tls else None
        self.expected: Counter[str] = Counter()
        """How often the mail has each header, by its name in lower case."""
        self._reader: BoundedReader | None = None
        # Without a name smtplib would look up this machine's name, without a time limit.
        own_name = names.own_name(seconds=min(OWN_NAME_SECONDS, deadline.left))
        super().__init__(server.host, server.port, own_name, timeout=READ_SECONDS)

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply and bound its length, because smtplib would collect lines without limit."""
        if self.file is None and self.sock is not None:
            self._reader = BoundedReader(self.sock.makefile("rb", buffering=0), most=LONGEST_REPLY)
            self.file = io.BufferedReader(self._reader)
        elif self._reader is not None:
            self._reader.renew()
        return super().getreply()

    def sendmail(self, from_addr: str, to_addrs: Any, msg: Any, *options: Any, **more: Any) -> Any:  # noqa: ANN401
        """Send the bytes that `send_message` wrote, if their headers are the expected ones; raises PermanentFailure."""
        if not headers_are(msg, self.expected):
            raise PermanentFailure("the mail was not sent: its headers are not those that were meant")
        return super().sendmail(from_addr, to_addrs, msg, *options, **more)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        deadline = self._deadline
        connection = names.connect(host, port, seconds=CONNECT_SECONDS, left=lambda: deadline.left, options=())
        try:
            connection.settimeout(timeout)
            self._deadline.watch(connection)
            return connection if self._context is None else self._context.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise


def headers_are(mail: bytes, expected: Counter[str]) -> bool:
    """Return whether the header block of a mail, as the server gets it, holds exactly the expected headers.

    The check reads the bytes as the interpreter wrote them, because a line break in a value would begin another header
    or the body. The body has to be a multipart, which begins with `--`.
    """
    block, blank_line, body = mail.partition(b"\r\n\r\n")
    lines = block.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line or not line.strip() for line in lines):
        return False
    header_names = [line.partition(b":")[0].lower() for line in lines if line[:1] not in {b" ", b"\t"}]
    headers = Counter(name.decode(errors="replace") for name in header_names)
    return bool(blank_line) and headers == expected and body.startswith(b"--")


def _first_subject(job: Job) -> str:
    """Return the subject of follow-ups in the thread; empty when the first mail's subject is not known."""
    first = header_text((job.provider_id or "").partition(" ")[2], LONGEST_SUBJECT)
    return f"Re: {first.removeprefix('Re: ')}" if first else ""


def _address(text: str, *, name: str = "") -> Address:
    """Return the address for a header; raises PermanentFailure when `text` is not a mail address."""
    if breaks_line(text) or "=?" in text:
        raise PermanentFailure("the address holds a control character or an encoded word")
    try:
        return Address(display_name=name, addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise PermanentFailure(f"not a mail address: {one_line(str(error), 100)}") from None


def configured(settings: Settings) -> MailSender | None:
    """Return the sender, or None if no mail server is set."""
    return None if settings.mail_server is None else MailSender(settings.mail_server)
