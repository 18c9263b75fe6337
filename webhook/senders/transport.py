"""HTTP for senders: one request with time-outs, a deadline, a bounded answer, no redirects, certificates checked.

Statuses are sorted here in the one way all HTTP channels share; `slack` and `pagerduty` read the answer's body, and
`gateway` sends what apprise wants to send through `exchange`.
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
"""Bytes: Slack says a message back, in which each character of a label may have become twelve."""
LONGEST_WAIT = 3_600.0
"""Seconds: a destination that asks for more patience than this is asked again after it."""

# Uncompressed: a small answer must not become a large one in memory.
_UNCOMPRESSED = {"Accept-Encoding": "identity"}

# Request Timeout, Too Early, Too Many Requests: the request was fine, the time was not.
_LATER = frozenset({408, 425, 429})


# What `exchange` may raise; each of them may pass.
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
    """A 2xx answer, its body decoded when it was JSON."""

    status: int
    data: Any
    retry_after: float | None


class Bearer(requests.auth.AuthBase):
    """Sets the token, or nothing, and keeps `requests` from taking credentials out of a .netrc file."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with its header."""
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
        """Post `body` and return the 2xx answer; raises TemporaryFailure or PermanentFailure for anything else.

        An empty `path` is the base itself. `headers` returns what is to be added, given the bytes that are posted.
        """
        data = json.dumps(body).encode()
        sent = {"Content-Type": "application/json; charset=utf-8", **headers(data)}
        return self._exchange("POST", path, headers=sent, data=data)

    def get(self, path: str, *, headers: Mapping[str, str], seconds: float) -> Answer:
        """Return the 2xx answer of a question that may take so long; raises as `post`."""
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
        """Return what the other side said, on one line, without secrets, short enough for a person."""
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
    """Make one request with what `requests` calls `options` and return the answer; raises one of `BROKEN`.

    All of it is over at `deadline`, as `clock` counts, from the look-up of the name to the last piece of the body.

    No pool of connections: sends are rare, and one that went stale overnight must not cost the first page.
    """
    with http_deadline.session(seconds=deadline - clock(), largest=LONGEST_ANSWER) as session:
        options["headers"] = {**(options.get("headers") or {}), **_UNCOMPRESSED}
        bounds = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True, "verify": True}
        with session.request(method, url, **{**options, **bounds}) as response:
            body = _read(response, deadline, clock)
            return Raw(status=response.status_code, headers=response.headers, body=body)


def refused(raw: Raw, clean: Callable[[str], str]) -> TemporaryFailure | PermanentFailure | None:
    """Return the failure that a status other than 2xx means; `clean` takes the secrets out of what was said."""
    if 200 <= raw.status < 300:
        return None
    said = clean(f"HTTP {raw.status}: {raw.body[:500].decode(errors='replace')}")
    if raw.status in _LATER or raw.status >= 500:
        return TemporaryFailure(said, retry_after=_retry_after(raw))
    return PermanentFailure(said)


def broken(error: Exception) -> str:
    """Return why there was no answer; it may hold secrets of the address."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate was not accepted: {error}"
    if isinstance(error, _TIMEOUTS):
        return "no answer in time"
    nameless = _cause(error, socket.gaierror)
    if nameless is not None:
        return f"the name cannot be looked up: {nameless.strerror}"
    return f"no connection: {type(error).__name__}: {error}"


def is_lasting(error: Exception) -> bool:
    """Return whether somebody has to mend something before there is an answer: a certificate does not mend itself."""
    return isinstance(error, requests.exceptions.SSLError)


def _cause(error: BaseException, kind: type[OSError]) -> OSError | None:
    """Return the error of the kind that has led to this one, through what `requests` makes of it, or None."""
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
    """Return the body's beginning, read as it arrives: waiting for a full chunk would let a slow sender hold us."""
    body = bytearray()
    while len(body) < LONGEST_ANSWER and (piece := response.raw.read1(4_096)):
        body += piece
        if clock() > deadline:
            raise requests.exceptions.ReadTimeout
    return bytes(body)
