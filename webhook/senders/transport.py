"""HTTP for senders: one request with timeouts, a deadline, a bounded answer, no redirects, verified certificates.

This module classifies HTTP statuses for all HTTP channels. `slack` and `pagerduty` read the body of the answer, and
`gateway` routes the requests of apprise through `exchange`.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import requests
import urllib3

from webhook import http_deadline
from webhook.secret import Secret
from webhook.senders.contract import (
    CONNECT_SECONDS,
    LONGEST_SEND,
    READ_SECONDS,
    PermanentFailure,
    TemporaryFailure,
)
from webhook.untrusted import one_line

USER_AGENT = "tocsin-webhook"
LONGEST_ANSWER = 1_024 * 1_024
"""Bytes: Slack returns the posted message, in which each character of a label may take twelve."""
LONGEST_WAIT = 3_600.0
"""Seconds: the longest pause that a destination can ask for; after it the worker tries again."""

# Uncompressed: a small answer must not become a large one in memory.
_UNCOMPRESSED = {"Accept-Encoding": "identity"}

# Request Timeout, Too Early, Too Many Requests: the same request may succeed later.
_LATER = frozenset({408, 425, 429})


# What `exchange` may raise; each of these errors may be temporary.
BROKEN = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
)
_TIMEOUTS = (requests.exceptions.Timeout, TimeoutError, urllib3.exceptions.TimeoutError)


@dataclass(frozen=True, kw_only=True)
class Raw:
    """An answer of any status; `body` is its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx answer; `data` is the decoded body, or None when the body is not JSON."""

    status: int
    data: Any
    retry_after: float | None


class Bearer(requests.auth.AuthBase):
    """Sets the token, if there is one, and keeps `requests` from reading credentials from a .netrc file."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with its `Authorization` header."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class Transport:
    """Sends requests to paths below one base URL and classifies failures."""

    def __init__(
        self,
        base: str,
        *,
        token: Secret | None,
        secrets: tuple[Secret, ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for `base`; every failure's text is redacted of `secrets`."""
        self._base = Secret(base)
        self._auth = Bearer(token)
        self._secrets = secrets
        self._clock = clock

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        headers: Callable[[bytes], Mapping[str, str]] = lambda _: {},
    ) -> Answer:
        """Post `body` as JSON and return the 2xx answer; raises TemporaryFailure or PermanentFailure otherwise.

        An empty `path` means the base itself. `headers` gets the posted bytes and returns the headers to add.
        """
        data = json.dumps(body).encode()
        all_headers = {"Content-Type": "application/json; charset=utf-8", **headers(data)}
        return self._exchange("POST", path, headers=all_headers, data=data)

    def get(self, path: str, *, headers: Mapping[str, str], seconds: float) -> Answer:
        """Return the 2xx answer to a GET request that may take `seconds`; raises the same failures as `post`."""
        return self._exchange("GET", path, headers=headers, seconds=seconds)

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        data: bytes | None = None,
        seconds: float | None = None,
    ) -> Answer:
        base = self._base.reveal()
        seconds = LONGEST_SEND if seconds is None else seconds
        try:
            raw = exchange(
                method,
                f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base,
                deadline=self._clock() + seconds,
                clock=self._clock,
                data=data,
                headers={"User-Agent": USER_AGENT, **headers},
                auth=self._auth,
            )
        except BROKEN as error:
            raise TemporaryFailure(self.clean(broken(error)), lasting=is_lasting(error)) from None
        failure = refused(raw, self.clean)
        if failure is not None:
            raise failure
        return Answer(status=raw.status, data=decoded(raw.body), retry_after=_retry_after(raw))

    def clean(self, text: str) -> str:
        """Return the provider's text on one line, without secrets, short enough for a person."""
        for secret in self._secrets:
            text = secret.redact(text)
        return one_line(text, 300)


def exchange(
    method: str,
    url: str,
    *,
    deadline: float,
    clock: Callable[[], float],
    **options: Any,  # noqa: ANN401
) -> Raw:
    """Make one request and return the answer; `options` are those of `requests`. Raises one of `BROKEN`.

    The whole exchange, from the name lookup to the last piece of the body, ends at `deadline` on `clock`.

    There is no connection pool: sends are rare, and a connection that went stale overnight must not delay the first
    page.
    """
    with http_deadline.session(seconds=deadline - clock(), largest=LONGEST_ANSWER) as session:
        options["headers"] = {**(options.get("headers") or {}), **_UNCOMPRESSED}
        bounds = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True, "verify": True}
        with session.request(method, url, **{**options, **bounds}) as response:
            body = _read(response, deadline, clock)
            return Raw(status=response.status_code, headers=response.headers, body=body)


def refused(raw: Raw, clean: Callable[[str], str]) -> TemporaryFailure | PermanentFailure | None:
    """Return the failure that a status other than 2xx means, else None; `clean` removes secrets from its text."""
    if 200 <= raw.status < 300:
        return None
    reason = clean(f"HTTP {raw.status}: {raw.body[:500].decode(errors='replace')}")
    if raw.status in _LATER or raw.status >= 500:
        return TemporaryFailure(reason, retry_after=_retry_after(raw))
    return PermanentFailure(reason)


def broken(error: Exception) -> str:
    """Return why there was no answer; the text may contain secrets that are part of the URL."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate was not accepted: {error}"
    if isinstance(error, _TIMEOUTS):
        return "no answer in time"
    lookup_error = _cause(error, socket.gaierror)
    if lookup_error is not None:
        return f"the name cannot be looked up: {lookup_error.strerror}"
    return f"no connection: {type(error).__name__}: {error}"


def is_lasting(error: Exception) -> bool:
    """Return whether somebody has to repair something before there is an answer, such as a bad certificate."""
    return isinstance(error, requests.exceptions.SSLError)


def _cause(error: BaseException, kind: type[OSError]) -> OSError | None:
    """Return the error of type `kind` in the chain of causes of `error`, or None."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kind):
        cause = cause.__cause__ or cause.__context__
    return cause


def decoded(body: bytes) -> Any:  # noqa: ANN401  JSON
    """Return the JSON in `body`, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def wait_of(header: str | None, now: float) -> float | None:
    """Return how many seconds a `Retry-After` header (seconds or a date, RFC 9110) asks for, at most `LONGEST_WAIT`."""
    if header is None:
        return None
    try:
        seconds = float(header) if header.strip().isdigit() else parsedate_to_datetime(header).timestamp() - now
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _retry_after(raw: Raw) -> float | None:
    return wait_of(raw.headers.get("Retry-After"), time.time())


def _read(response: requests.Response, deadline: float, clock: Callable[[], float]) -> bytes:
    """Return the body's beginning. It reads what arrives: a slow server could delay a full chunk past the deadline."""
    body = bytearray()
    while len(body) < LONGEST_ANSWER and (piece := response.raw.read1(4_096)):
        body += piece
        if clock() > deadline:
            raise requests.exceptions.ReadTimeout
    return bytes(body)
