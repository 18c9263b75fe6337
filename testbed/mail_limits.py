"""Find what servers may refuse in a mail, or other programs cannot read. `smtp.py` calls this module.

The limits are those of RFC 5321 and RFC 5322. Every server takes a mail if its lines have at most 998 characters, its
bytes are ASCII (not every server knows 8BITMIME), and the headers that form a thread follow RFC 5322.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

MAX_LINE = 998
MAX_BYTES = 10 * 1024 * 1024
"""A size that servers usually take (`SIZE`, RFC 1870)."""

_ID = re.compile(rb"<[^<>\s@]+@[^<>\s@]+>\Z")
_ENCODED_WORD = re.compile(rb"=\?[^?\s]+\?[bq]\?[^?\s]*\?=", flags=re.IGNORECASE)


def mail_errors(raw: bytes, *, eight_bit: bool = False) -> tuple[str, ...]:
    """Return why a server may refuse the mail, empty if it cannot; `eight_bit` says whether it knows 8BITMIME."""
    return tuple(_errors(raw, eight_bit=eight_bit))


def _errors(raw: bytes, *, eight_bit: bool) -> Iterator[str]:
    if len(raw) > MAX_BYTES:
        yield "552 5.3.4 the message is too large"
    if b"\x00" in raw or re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        yield "500 5.5.2 NUL or a bare line end"
    if any(len(line) > MAX_LINE for line in raw.split(b"\r\n")):
        yield "500 5.6.0 a line is too long"
    if not eight_bit and not raw.isascii():
        yield "554 5.6.3 eight-bit data without 8BITMIME"
    if any(len(word) > 75 for word in _ENCODED_WORD.findall(raw)):
        yield "554 5.6.0 an encoded word is too long"
    yield from _errors_of_headers(message_from_bytes(raw, policy=policy.compat32))


def _errors_of_headers(parsed: Message) -> Iterator[str]:
    if not str(parsed["From"] or "").strip():
        yield "550 5.7.1 the message has no From"
    for name in ("From", "To", "Date", "Message-ID", "Subject", "In-Reply-To", "References"):
        if len(parsed.get_all(name, [])) > 1:
            yield f"550 5.7.1 the message has more than one {name}"
    for name in ("Message-ID", "In-Reply-To", "References"):
        if name in parsed and not _ID.match(str(parsed[name]).encode().strip()):
            yield f"550 5.7.1 {name} is no message id"
    if parsed.is_multipart() and not all(part.get_payload() for part in parsed.walk()):
        yield "554 5.6.0 a part is empty"
