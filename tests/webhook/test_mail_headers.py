"""Tests that a mail has exactly the intended headers, whatever labels hold and whichever interpreter writes them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.smtp import Mailbox
from tests.webhook.samples import PATIENT
from webhook.mail_server import parse_smtp_url
from webhook.secret import Secret
from webhook.senders.contract import Job, PermanentFailure
from webhook.senders.mail import MailSender, headers_are
from webhook.untrusted import header_text

WORDS = (
    "=?utf-8?q?a=0a=0abody?=",
    "=?utf-8?q?a=0d=0aBcc:=20x@example.com?=",
    "=?utf-8?b?YQpCY2M6IHhAZXhhbXBsZS5jb20=?=",
    "=?utf-8?Q?=0AReply-To=3A_x=40example.com?=",
    "=?us-ascii?q?=0d=0a=0d=0a<h1>?=",
    "=?utf-8?q?a?= =?utf-8?q?=0aBcc:x?=",
    "=?utf-8?q?a=00b?=",
    "=?utf-16?b?CgA=?=",
    "a\r\nBcc: x@example.com",
    "a\nBcc: x@example.com",
    "a\u2028Bcc: x@example.com",
    "==??utf-8?q?=0aBcc:x?=",
    "=?utf-8*en?q?=0aBcc:x?=",
    "x" * 300 + "=?utf-8?q?=0aBcc:x?=",
    "é" * 70 + " =?utf-8?q?=0aBcc:x?=",
)
HEADERS = Counter(("subject", "from"))
GOOD = b"Subject: a\r\n b\r\nFrom: c\r\n\r\n--b\r\n"


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_a_label_is_an_encoded_word(word: str) -> None:
    """The word is broken up and so read literally."""
    assert "=?" not in header_text(word, 200)
    assert "\n" not in header_text(word, 200)


@PATIENT
@given(st.text(alphabet="=?utf-8qb0aA:@ \r\n", max_size=80))
def test_no_text_is_an_encoded_word(text: str) -> None:
    """The text may consist of any characters of encoded words."""
    assert "=?" not in header_text(text, 60)


@pytest.mark.parametrize(
    "mail",
    [
        GOOD.replace(b"a\r\n b", b"a\r\nBcc: x"),
        GOOD.replace(b"a\r\n b", b"a\r\n\r\nb"),
        GOOD.replace(b"a\r\n b", b"a\nBcc: x"),
        GOOD.replace(b"a\r\n b", b"a\rBcc: x"),
        GOOD.replace(b"a\r\n b", b"a\r\n \r\n b"),
        GOOD.replace(b"a\r\n b", b"a\r\nSubject: b"),
        GOOD.replace(b"Subject", b"Subjekt"),
        GOOD.replace(b"--b", b"<h1>"),
        GOOD.replace(b"From: c\r\n", b""),
        b"Subject: a\r\nFrom: c\r\n",
        b"",
    ],
)
def test_headers_that_were_not_meant_are_noticed(mail: bytes) -> None:
    """The cases: one header more, one less, headers that end early, a foreign body."""
    assert headers_are(GOOD, HEADERS)
    assert not headers_are(mail, HEADERS)


@pytest.mark.parametrize("word", WORDS)
def test_what_a_mail_server_gets_has_the_headers_that_were_meant(word: str, job: Job) -> None:
    """A real server receives first mails, and follow-ups whose subject was kept."""
    hostile = replace(job, destination="ops@example.com", message=replace(job.message, title=word))
    follow_up = replace(hostile, action="resolve", first=False, provider_id=f"<a@b> {word}")
    with Mailbox() as mailbox:
        sender = MailSender(parse_smtp_url(Secret(f"{mailbox.url}?from=tocsin@example.com")))
        for sent_job in (hostile, follow_up):
            sender.send(sent_job)
        assert len(mailbox.mails) == 2
        for mail in mailbox.mails:
            names = {name.lower() for name in mail.message}
            assert not names & {"bcc", "reply-to", "cc"}
            assert {"from", "to", "subject", "message-id", "content-type"} <= names
            assert mail.message.get_content_type() == "multipart/alternative"
            assert mail.recipients == ("ops@example.com",)


@pytest.mark.parametrize("address", ["=?utf-8?q?a=0a?=@example.com", "a@=?utf-8?q?b=0a?=", "a\n@example.com"])
def test_an_address_with_an_encoded_word_is_refused(address: str, job: Job) -> None:
    """A contact of the catalogue must not become a header either."""
    sender = MailSender(parse_smtp_url(Secret("smtp://127.0.0.1:1?from=tocsin@example.com")))
    with pytest.raises(PermanentFailure):
        sender.send(replace(job, destination=address))
