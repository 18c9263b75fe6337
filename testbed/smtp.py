"""A stand-in for a mail server: it takes every message, or refuses the next ones, and keeps the parsed messages.

aiosmtpd speaks the protocol on a thread of its own; the rest of the testbed only sees messages.
"""

import email
import email.policy
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from testbed import box
from testbed.mail_limits import mail_errors
from testbed.patience import PATIENCE_SECONDS
from testbed.ports import LOOPBACK, free_port
from testbed.standin import NothingCameError


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message and its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes = b""
    """The message as it came."""

    @property
    def subject(self) -> str:
        """The decoded subject line."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain-text body; empty if the message has none."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")

    def draw(self, most: int | None = None) -> str:
        """Return the message in a box, as a mail program would show it, with at most the first `most` lines."""
        lines = [f"To:      {', '.join(self.recipients)}", f"Subject: {self.subject}", box.RULE]
        return box.draw("E-mail", [*lines, *self.text.strip().split("\n")], most)


class Mailbox:
    """A loopback SMTP server for the time of a `with` block; `mails` holds the messages that it took, in order.

    `chance` is called for each message and returns the answer that refuses it, or None.
    """

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.chance: Callable[[], str | None] = lambda: None
        self._failures: deque[str] = deque()
        self._changed = threading.Condition()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """The address at which it listens, as `smtp://host:port`."""
        return f"smtp://{self.smarthost}"

    @property
    def smarthost(self) -> str:
        """The address at which it listens, as `host:port`."""
        if self._controller is None:
            raise RuntimeError("the mailbox is not started")
        return f"{self._controller.hostname}:{self._controller.port}"

    def fail(self, answer: str, times: int = 1) -> None:
        """Refuse the next `times` messages with `answer`, such as `451 try again later`."""
        with self._changed:
            self._failures.extend([answer] * times)

    def await_mail(
        self, predicate: Callable[[Mail], bool], seconds: float = PATIENCE_SECONDS, awaited: str = "an e-mail"
    ) -> Mail:
        """Return the first message for which `predicate` holds, now or within `seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(map(predicate, self.mails)), seconds):
                subjects = [mail.subject for mail in self.mails]
                raise NothingCameError(f"{awaited} did not come within {seconds:g} s; the mailbox holds {subjects}")
            return next(filter(predicate, self.mails))

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one message or refuse it; aiosmtpd calls this."""
        errors = mail_errors(_bytes(envelope.original_content or envelope.content), eight_bit=True)
        if errors:
            return errors[0]
        raw = _bytes(envelope.content)
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        with self._changed:
            refusal = self._failures.popleft() if self._failures else self.chance()
            if refusal is not None:
                return refusal
            recipients = tuple(envelope.rcpt_tos)
            self.mails.append(Mail(sender=envelope.mail_from or "", recipients=recipients, message=parsed, raw=raw))
            self._changed.notify_all()
        return "250 Message accepted for delivery"

    def __enter__(self) -> Self:
        self._controller = Controller(self, hostname=LOOPBACK, port=free_port())
        self._controller.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._controller is not None:
            self._controller.stop()


def _bytes(content: bytes | str | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""
