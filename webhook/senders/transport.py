"""HTTP for senders: one POST with time-outs, a deadline, a bounded answer, no redirects, certificates always checked.

Statuses are sorted here in the one way all HTTP channels share; `slack` and `pagerduty` read the answer's body.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import requests
import urllib3

from webhook.secret import Secret
from webhook.senders.contract import (
    CONNECT_SECONDS,
    LONGEST_SEND,
    READ_SECONDS,
    PermanentFailure,
    TemporaryFailure,
)
from webhook.untrusted import one_line

LONGEST_ANSWER = 64 * 1_024
LONGEST_WAIT = 3_600.0
"""Seconds: a destination that asks for more patience than this is asked again after it."""

# Uncompressed: a small answer must not become a large one in memory.
_HEADERS = {"User-Agent": "tocsin-webhook", "Accept-Encoding": "identity"}

# Request Timeout, Too Early, Too Many Requests: the request was fine, the time was not.
_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx answer, its body decoded when it was JSON."""

    status: int
    data: Any
    retry_after: float | None


class _Bearer(requests.auth.AuthBase):
    """Sets the token, or nothing, and keeps `requests` from taking credentials out of a .netrc file."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class Transport:
    """Posts JSON to one address base."""

    def __init__(
        self,
        base: str,
        *,
        token: Secret | None,
        secrets: tuple[Secret, ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for `base`; whatever one of `secrets` says is cut out of every failure's text."""
        self._base = base.rstrip("/")
        self._auth = _Bearer(token)
        self._secrets = secrets
        self._clock = clock

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Post `body` and return the 2xx answer; raises TemporaryFailure or PermanentFailure for anything else."""
        deadline = self._clock() + LONGEST_SEND
        try:
            # No pool of connections: sends are rare, and one that went stale overnight must not cost the first page.
            with requests.post(
                f"{self._base}/{path.lstrip('/')}",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json; charset=utf-8", **_HEADERS},
                auth=self._auth,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._answer(response, self._read(response, deadline))
        except requests.exceptions.SSLError as error:
            raise TemporaryFailure(self.clean(f"the certificate was not accepted: {error}")) from None
        except (requests.exceptions.Timeout, TimeoutError, urllib3.exceptions.TimeoutError):
            raise TemporaryFailure("no answer in time") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise TemporaryFailure(self.clean(f"no connection: {type(error).__name__}: {error}")) from None

    def clean(self, text: str) -> str:
        """Return what the other side said, on one line, without secrets, short enough for a person."""
        for secret in self._secrets:
            text = secret.redact(text)
        return one_line(text, 300)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Return the body's beginning, read as it arrives: waiting for a full chunk would let a slow sender hold us."""
        body = bytearray()
        while len(body) < LONGEST_ANSWER and (piece := response.raw.read1(4_096)):
            body += piece
            if self._clock() > deadline:
                raise TemporaryFailure("no answer in time")
        return bytes(body)

    def _answer(self, response: requests.Response, body: bytes) -> Answer:
        status = response.status_code
        retry_after = wait_of(response.headers.get("Retry-After"), time.time())
        if 200 <= status < 300:
            return Answer(status=status, data=_decoded(body), retry_after=retry_after)
        said = self.clean(f"HTTP {status}: {body[:500].decode(errors='replace')}")
        if status in _LATER or status >= 500:
            raise TemporaryFailure(said, retry_after=retry_after)
        raise PermanentFailure(said)


def wait_of(header: str | None, now: float) -> float | None:
    """Return how many seconds a `Retry-After` header (seconds or a date, RFC 9110) asks for, at most `LONGEST_WAIT`."""
    if header is None:
        return None
    try:
        seconds = float(header) if header.strip().isdigit() else parsedate_to_datetime(header).timestamp() - now
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _decoded(body: bytes) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
