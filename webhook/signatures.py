"""Checks Slack's and PagerDuty's signatures of HTTP bodies, and signs our own. Pure; the time is passed in.

`callbacks` checks incoming requests, `senders.webhook` signs outgoing ones, `settings` asks whether a key can be used.
All signatures are HMAC-SHA256 over the raw bytes, compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from webhook.secret import Secret

LONGEST_AGE = 300.0
"""The largest difference in seconds between a request's time and ours; beyond it the request counts as a replay."""

_STANDARD_PREFIX = "whsec_"
_MOST_SIGNATURES = 10


def slack_signed(signature: str, at: str, body: bytes, secret: Secret, *, now: float) -> bool:
    """Return whether Slack signed this request at most `LONGEST_AGE` ago; `at` is its timestamp header.

    https://docs.slack.dev/authentication/verifying-requests-from-slack: `v0=` and the HMAC of `v0:<time>:<body>`.
    """
    if not _is_recent(at, now):
        return False
    expected = "v0=" + _mac(secret.reveal().encode(), b"v0:" + at.encode() + b":" + body).hex()
    return _same(signature, expected)


def pagerduty_signed(signatures: str, body: bytes, secret: Secret) -> bool:
    """Return whether one of PagerDuty's signatures fits; none of them covers a time.

    https://developer.pagerduty.com/docs/verifying-signatures: `v1=` and the HMAC of the body, separated by commas.
    While a secret is being replaced, there are several.
    """
    expected = "v1=" + _mac(secret.reveal().encode(), body).hex()
    return any(_same(signature.strip(), expected) for signature in signatures.split(",")[:_MOST_SIGNATURES])


def standard_headers(identity: str, at: float, body: bytes, secrets: Iterable[Secret]) -> dict[str, str]:
    """Return the three headers of Standard Webhooks, with a signature by each of `secrets`.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: `v1,` and the base64 of
    the HMAC of `<id>.<time>.<body>`, separated by spaces; the receiver accepts any that fits.
    """
    signed = f"{identity}.{int(at)}.".encode() + body
    signatures = [base64.b64encode(_mac(standard_key(secret), signed)).decode() for secret in secrets]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def standard_key(secret: Secret) -> bytes:
    """Return the key's bytes: the base64 after `whsec_`, or the text itself; raises ValueError."""
    text = secret.reveal()
    if not text.startswith(_STANDARD_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_STANDARD_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"begins with {_STANDARD_PREFIX} and is not base64 after it") from None


def _is_recent(at: str, now: float) -> bool:
    return at.isascii() and at.isdigit() and len(at) < 16 and abs(now - int(at)) <= LONGEST_AGE


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _same(signature: str, expected: str) -> bool:
    return hmac.compare_digest(signature.encode(errors="replace"), expected.encode())
