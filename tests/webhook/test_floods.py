"""Tests of endless answers at full pace: the sender gives up after a number of bytes, and memory stays bounded."""

from __future__ import annotations

import dataclasses
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from testbed.patience import PATIENCE_SECONDS
from tests.webhook import sender_kit
from tests.webhook.samples import NOON, InAnyLife, alert, incident_of
from tests.webhook.sender_kit import NUMBER, flooding
from webhook.alertmanagers import Server
from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import Known, Unknown
from webhook.mail_server import parse_smtp_url
from webhook.secret import Secret
from webhook.senders.contract import Failure, Job, TemporaryFailure
from webhook.senders.mail import LONGEST_REPLY, MailSender
from webhook.senders.transport import LONGEST_ANSWER
from webhook.workers.alertmanager_api import LARGEST_ANSWER, AlertmanagerApi

MEBIBYTE = 1_024 * 1_024
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "a status line": (b"HTTP/1.1 200 ", b"x"),
    "what is no HTTP": (b"x", b"x"),
    "a header": (OK + b"X-Long: ", b"x"),
    "headers": (OK, b"X-Short: x\r\n"),
    "long headers": (OK, b"X-Long: " + b"x" * 60_000 + b"\r\n"),
    "continued headers": (OK + b"X-Long: x\r\n", b" x\r\n"),
    "100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue with headers": (b"", b"HTTP/1.1 100 Continue\r\nX-Long: " + b"x" * 60_000 + b"\r\n\r\n"),
    "a body": (OK + b"\r\n", b"x"),
    "a body that is announced": (OK + b"Content-Length: 99999999999\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "the length of a chunk": (CHUNKED, b"0"),
    "extensions of chunks": (CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
    "an extension of a chunk": (CHUNKED + b"1;", b"x"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Short: x\r\n"),
    "long trailers": (CHUNKED + b"2\r\n[]\r\n0\r\n", b"X-Long: " + b"x" * 60_000 + b"\r\n"),
}
REPLIES = {
    "a greeting": b"220-" + b"x" * 4_000 + b"\r\n",
    "short lines": b"220-\r\n",
    "lines without a text": b"220-x\r\n",
    "a line without an end": b"2",
    "white space": b" ",
    "line breaks alone": b"\r\n",
    "lines of another code": b"421-no\r\n",
    "NUL": b"\0",
    "replies": b"220 here\r\n",
    "refusals": b"554-" + b"x" * 900 + b"\r\n",
}
SENDERS = ("slack", "sms")


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Fail if the block takes more than `most` bytes of memory at once, or half of a send's time."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most
    assert time.monotonic() - began < PATIENCE_SECONDS


def left_after(byte_counts: list[int]) -> int:
    """Return how many bytes the server sent on all connections before they were closed."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not byte_counts and time.monotonic() < ends:
        time.sleep(0.01)
    assert byte_counts, "nobody has gone away"
    return sum(byte_counts)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize(("beginning", "piece"), ANSWERS.values(), ids=ANSWERS)
def test_provider_that_says_more_than_fits_is_left(beginning: bytes, piece: bytes, name: str, job: Job) -> None:
    """Any part of the answer may be the one that never ends."""
    with flooding(beginning, piece) as (port, byte_counts):
        url = f"http://127.0.0.1:{port}"
        sender = getattr(sender_kit, name)(url)
        with bounded(16 * LONGEST_ANSWER), suppress(Failure):
            sender.send(dataclasses.replace(job, destination=NUMBER))
        assert left_after(byte_counts) < 16 * LONGEST_ANSWER


@pytest.mark.parametrize("line", REPLIES.values(), ids=REPLIES)
def test_mail_server_that_says_more_than_fits_is_left(line: bytes, job: Job) -> None:
    """Its first reply never ends; the connection's buffers hold some bytes more."""
    with flooding(b"", line) as (port, byte_counts):
        sender = MailSender(parse_smtp_url(Secret(f"smtp://127.0.0.1:{port}?from=t@example.com&starttls=no")))
        with bounded(16 * LONGEST_REPLY), pytest.raises(Failure):
            sender.send(dataclasses.replace(job, destination="a@example.com"))
        assert left_after(byte_counts) < 16 * MEBIBYTE


def test_mail_server_that_is_left_is_tried_again(job: Job) -> None:
    """It may be another server tomorrow."""
    with flooding(b"", REPLIES["a greeting"]) as (port, _):
        sender = MailSender(parse_smtp_url(Secret(f"smtp://127.0.0.1:{port}?from=t@example.com&starttls=no")))
        with pytest.raises(TemporaryFailure, match="more than 65,536 bytes were answered"):
            sender.send(dataclasses.replace(job, destination="a@example.com"))


@pytest.mark.parametrize(("beginning", "piece"), ANSWERS.values(), ids=ANSWERS)
def test_alertmanager_that_says_more_than_fits_is_left(beginning: bytes, piece: bytes, catalog: Catalog) -> None:
    """An unknown state in Alertmanager holds no page back."""
    with flooding(beginning, piece) as (port, byte_counts):
        url = f"http://127.0.0.1:{port}"
        server = Server(name="single", url=url, external_urls=frozenset({url}))
        known = Known(vouched=InAnyLife(server.key))
        api = AlertmanagerApi((server,), known=lambda: known, now=lambda: NOON)
        with bounded(4 * LARGEST_ANSWER):
            assert isinstance(api.ask(incident_of(catalog, alert(), externalURL=url)), Unknown)
        assert left_after(byte_counts) < 4 * LARGEST_ANSWER
