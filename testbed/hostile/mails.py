"""Send mails whose words are pieces of headers, and check that the server gets only the intended headers, one body.

Each mail goes to a real server on loopback; Python's parser reads its bytes again with both of its policies.
"""

from __future__ import annotations

import email
import random
from collections.abc import Iterator
from email import policy

from testbed.smtp import Mailbox
from webhook.incidents.notifications import Action
from webhook.mail_server import parse_smtp_url
from webhook.render.message import Message
from webhook.secret import Secret
from webhook.senders.contract import Job, PermanentFailure
from webhook.senders.mail import MailSender

INTENDED_HEADERS = frozenset(
    {
        *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted", "mime-version"),
        *("x-auto-response-suppress", "importance", "content-type", "content-transfer-encoding"),
    }
)
_PIECES = (
    *(
        "=?utf-8?q?",
        "=?utf-8?b?",
        "=?us-ascii?Q?",
        "=?utf-16?b?",
        "?=",
        "=?",
        "=0a",
        "=0d=0a",
        "=0A=0A",
        "=00",
        "==",
        "_",
    ),
    *("\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0", "\t", " ", "\r\n ", "\r\n\r\n", "\ufeff"),
    *("Bcc: x@example.com", "Reply-To:x@example.com", "Subject: x", "Content-Type: text/html", "--", "\r\n.\r\n", "."),
    *(
        "<h1>",
        "é",
        "日本",
        "🔥",
        "\ud800",
        "a" * 80,
        "x",
        "Q2M6IHhAZXhhbXBsZS5jb20=",
        ":",
        ";",
        '"',
        "\\",
        "@",
        "<",
        ">",
    ),
)
_ACTIONS: tuple[Action, ...] = ("open", "join", "escalate", "resolve")


def words(seed: int, number: int) -> str:
    """Return the hostile words of this seed and number."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  made to be repeatable
    return "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 14)))


def job(seed: int, number: int) -> Job:
    """Return a job whose message has the hostile words wherever an alert's words may stand."""
    text, chance = words(seed, number), random.Random(f"{number} {seed}")  # noqa: S311
    message = Message(
        incident_id=1,
        status="open",
        severity="critical",
        title=text,
        alert=text,
        source=text,
        problem=text,
        started_at=None,
        standing=text,
        system=text,
        component=text,
        labels=text,
        description=text,
        news=text,
    )
    return Job(
        id=number + 1,
        action=chance.choice(_ACTIONS),
        destination="ops@example.com",
        message=message,
        dedup_key="d" * 64,
        thread=f"abc-{number}-1",
        sent_at=1_795_348_800.0,
        first=chance.random() < 0.5,
        provider_id=chance.choice((None, f"<a@b> {text}")),
    )


def fault(raw: bytes, recipients: tuple[str, ...]) -> str | None:
    """Return what is wrong with a mail that a server has taken, None if nothing."""
    if recipients != ("ops@example.com",):
        return f"goes to {recipients}"
    for parser_policy in (policy.default, policy.compat32):
        mail = email.message_from_bytes(raw, policy=parser_policy)
        names = [name.lower() for name in mail]
        if not {*names} <= INTENDED_HEADERS or len(names) != len({*names}):
            return f"has the headers {names}"
        if mail.get_content_type() != "multipart/alternative" or len(mail.get_payload()) != 2:
            return f"has another body: {mail.get_content_type()}"
    return None


def faults(number: int, seed: int) -> Iterator[str]:
    """Yield each fault, with the words."""
    with Mailbox() as mailbox:
        sender = MailSender(parse_smtp_url(Secret(f"{mailbox.url}?from=tocsin@example.com")))
        for index in range(number):
            mailbox.mails.clear()
            try:
                sender.send(job(seed, index))
            except PermanentFailure:
                continue
            except Exception as error:  # noqa: BLE001  any exception is a fault
                yield f"{index}: {type(error).__name__}: {words(seed, index)!r}"
                continue
            for mail in mailbox.mails:
                if (problem := fault(mail.raw, mail.recipients)) is not None:
                    yield f"{index}: {problem}: {words(seed, index)!r}"
