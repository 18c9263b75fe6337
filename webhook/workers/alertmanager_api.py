"""Asks Alertmanagers which alerts of an incident they list now. `steps` asks before it tells anybody.

It asks only Alertmanagers whose external URL the incident's alert batches carried. It asks them at their configured
addresses, never at an address from a payload. `alertmanager_state` classifies their answers. The time and the size of
answers are bounded, and no redirect is followed. Any error makes the state unknown, and an unknown state must never
hold a page back.

Several servers may answer at one address, and one of them may have lost its Prometheus. Therefore one request asks for
both the Watchdog and the alert that may be missing, so that the same server answers for both. The server's start time
is requested over the same connection.

Requests: GET /api/v2/alerts, /api/v2/alerts/groups and /api/v2/status (Alertmanager's api/v2/openapi.yaml, in 0.25 and
in 0.33). Only the groups show which alerts a time interval mutes. Measured: 0.33 reports it there and leaves `mutedBy`
of /api/v2/alerts empty; 0.25 does not report it at all.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, Self

import ijson
import requests
import urllib3

from webhook import http_deadline
from webhook.alertmanagers import Server
from webhook.incidents.alertmanager_state import (
    NOT_CONFIGURED,
    Answer,
    Known,
    Listed,
    Placed,
    Testimony,
    Unknown,
    classify,
    labels_to_ask_by,
    names_to_ask_by,
    urls_of,
)
from webhook.incidents.incident import Incident, Suppression
from webhook.timestamps import parse_rfc3339
from webhook.untrusted import one_line, plain_address

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
LONGEST_ASKING = 10.0
"""Seconds for all answers of one server together, even if bytes still arrive."""
LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes: enough for about thirty thousand alerts."""
MOST_VALUES = 2_500_000
"""JSON parser events in one answer: more than an answer with thirty thousand alerts causes.

In memory, a small value takes thirty times the size of its text.
"""
_MANY = 500_000
"""Separators (`,`, `[`, `{`), including those within strings.

An answer with fewer of them is decoded without counting its values.
"""
SILENT_SECONDS = 30.0
"""Seconds for which a server that did not answer is not asked again.

Many steps can be due at once, and each of them would wait for the same time-out.
"""
STATUS_TIMES = 3
"""How many times a server is asked for its start time.

Different answers reveal a proxy that hands each request to another server.
"""
SEVERAL_SECONDS = 86_400.0
"""Seconds for which an address that revealed several servers counts as several.

Until then, a start time from that address does not tell which server lists the alerts.
"""

_LONGEST_FILTERS = 4_000
_PARSE_ERRORS = (TypeError, AttributeError, KeyError, ValueError)
"""Exceptions that parsing raises if the answer is not Alertmanager's."""
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", flags=re.ASCII)
_RE2_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""The characters that Go's `regexp.QuoteMeta` escapes."""
_SUPPRESSIONS: Mapping[str, Suppression] = {
    "silencedBy": "silenced",
    "inhibitedBy": "inhibited",
    "mutedBy": "muted",
}


class AlertmanagerApi:
    """Asks the configured Alertmanagers about an incident."""

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        known: Callable[[], Known | None] = Known,
        watchdog: Callable[[], str] = lambda: "Watchdog",
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the configuration; nothing is asked yet.

        `known` returns what was learned earlier, or None if the store cannot be read. `watchdog` returns the name of
        the alert that always fires.
        """
        self._servers = tuple(servers)
        self._known = known
        self._watchdog = watchdog
        self._now = now
        self._clock = clock
        self._silent: dict[str, tuple[float, str]] = {}
        """By server key: until when the server is not asked (in `clock` time), and the reason."""
        self._several: dict[str, float] = {}
        """By server key: until when the address counts as several servers (in `clock` time)."""

    def ask(self, incident: Incident) -> Answer:
        """Return the state of the incident's alerts in Alertmanager; no failure of a server raises an exception."""
        if not self._servers:
            return Unknown(reason=NOT_CONFIGURED)
        urls, known = set(urls_of(incident)), self._known()
        if known is None:
            return Unknown(reason="the store could not be read")
        asked_servers = [server for server in self._servers if not server.external_urls or server.external_urls & urls]
        testimonies = _of_shared_urls(self._servers, urls) | {
            server.key: self._testimony(server, incident, known) for server in asked_servers
        }
        return classify(incident, tuple(testimonies.values()), known, self._now())

    def _testimony(self, server: Server, incident: Incident, known: Known) -> Testimony:
        """Return the testimony of one server; if the server does not answer, the testimony carries the reason."""
        testimony = _without_answer(server)
        silent = self._silent.get(server.key)
        if silent is not None and self._clock() < silent[0]:
            return replace(testimony, reason=silent[1])
        try:
            with _Conversation(server, self._clock) as conversation:
                labels = labels_to_ask_by(incident)
                listed = conversation.get("alerts", _query(labels))
                testimony = replace(testimony, alerts=tuple(_listed(listed)), asked_by=labels)
                if _leaves_open(testimony, incident) and any(
                    watchdog.url in testimony.urls or testimony.any_url for watchdog in known.watchdogs
                ):
                    testimony = self._with_watchdogs(conversation, testimony, incident)
                testimony = self._with_start(conversation, testimony)
                return _with_places(conversation, testimony, incident)
        except _Refused as refused:
            self._silent[server.key] = self._clock() + SILENT_SECONDS, str(refused)
            return replace(testimony, reason=str(refused))
        except _PARSE_ERRORS:
            return replace(testimony, reason="the answer is not Alertmanager's")

    def _with_watchdogs(self, conversation: _Conversation, testimony: Testimony, incident: Incident) -> Testimony:
        """Return the testimony with the Watchdogs and alerts of a second answer, and the alerts only in the first.

        An alert that either answer lists fires. An alert that neither lists is missing from the same answer that lists
        the Watchdogs.
        """
        name = self._watchdog()
        try:
            listed = tuple(_listed(conversation.get("alerts", _query_for_both(names_to_ask_by(incident), name))))
        except (_Refused, *_PARSE_ERRORS) as error:
            problem = str(error) if isinstance(error, _Refused) else "the answer is not Alertmanager's"
            return replace(
                testimony, reason=f"it lists nothing of it, and which Watchdogs it lists is not known: {problem}"
            )
        fingerprints = {alert.fingerprint for alert in listed}
        only_in_first = tuple(alert for alert in testimony.alerts or () if alert.fingerprint not in fingerprints)
        watchdogs = tuple(alert for alert in listed if alert.labels.get("alertname", "") == name)
        return replace(testimony, alerts=(*listed, *only_in_first), watchdogs=watchdogs)

    def _with_start(self, conversation: _Conversation, testimony: Testimony) -> Testimony:
        """Return the testimony with the server's start time and uptime, or unchanged if the server does not tell them.

        If one server cannot have given all answers, no start time is set, and the uptime is that of the server that
        started last.
        """
        starts: list[float] = []
        ages: list[float] = []
        try:
            for _ in range(STATUS_TIMES):
                starts.append(parse_rfc3339(conversation.get("status", [])["uptime"]).seconds)
                ages.append((time.time() if conversation.date is None else conversation.date) - starts[-1])
        except (_Refused, *_PARSE_ERRORS):
            return testimony
        if len(set(starts)) > 1:
            self._several[testimony.server] = self._clock() + SEVERAL_SECONDS
        is_one = conversation.has_one_connection and self._clock() >= self._several.get(testimony.server, -math.inf)
        return replace(testimony, is_one=is_one, started=starts[0] if is_one else None, up=min(ages))


class _Conversation:
    """Several requests to one server in bounded time, over one connection for as long as the server keeps it open."""

    def __init__(self, server: Server, clock: Callable[[], float]) -> None:
        """Read the login and open a session; raises _Refused if the login cannot be read."""
        self._server = server
        self._clock = clock
        self._login = _Login.of(server)
        self._deadline = clock() + LONGEST_ASKING
        self._session = http_deadline.session(seconds=LONGEST_ASKING, largest=LARGEST_ANSWER)
        self.date: float | None = None
        """The `Date` header of the server's last answer, in epoch seconds; None if it has none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def has_one_connection(self) -> bool:
        """Whether all requests so far went over the same connection."""
        return self._session.connections <= 1

    def get(self, path: str, query: list[tuple[str, str]]) -> Any:  # noqa: ANN401  JSON
        """Return the decoded JSON of the answer; raises _Refused if there is no acceptable answer."""
        try:
            with self._session.get(
                f"{self._server.url}/api/v2/{path}",
                params=query,
                headers={**self._login.headers, "User-Agent": "tocsin-webhook", "Accept-Encoding": "identity"},
                auth=self._login,
                verify=self._login.verify,
                cert=self._login.certificate,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code != 200:
                    raise _Refused(f"HTTP {response.status_code}")
                self.date = _date(response.headers.get("Date"))
                return _decoded(self._read(response))
        except (requests.exceptions.Timeout, TimeoutError, urllib3.exceptions.TimeoutError):
            raise _Refused("no answer in time") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _Refused(one_line(f"no connection: {type(error).__name__}", 100)) from None
        except RecursionError:
            raise _Refused("the answer is nested too deeply") from None

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        while piece := response.raw.read1(65_536):
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise _Refused("the answer is too large")
            if self._clock() > self._deadline:
                raise _Refused("no answer in time")
        return bytes(body)


def _decoded(body: bytes) -> Any:  # noqa: ANN401  JSON
    """Return the decoded JSON; raises _Refused if it would take too much memory, ValueError if it is not JSON."""
    if sum(map(body.count, (b",", b"[", b"{"))) > _MANY:
        with contextlib.suppress(ijson.JSONError, ValueError):  # `json.loads` below reports invalid JSON
            for number, _ in enumerate(ijson.basic_parse(io.BytesIO(body))):
                if number > MOST_VALUES:
                    raise _Refused("the answer holds too many values")
    return json.loads(body)


def _of_shared_urls(servers: Sequence[Server], urls: AbstractSet[str]) -> dict[str, Testimony]:
    """Return a testimony without an answer for each external URL that several clusters share."""
    shared = urls & {url for server in servers for url in server.shared_urls}
    reason = "several clusters have the external URL {}, and its deliveries do not say which (`?cluster=NAME`)"
    return {
        url: Testimony(server=url, urls=frozenset({url}), reason=reason.format(one_line(url, 200)))
        for url in sorted(shared)
    }


def _without_answer(server: Server) -> Testimony:
    """Return a testimony without an answer; a server without configured external URLs gets its own address as one."""
    urls = server.external_urls or frozenset({plain_address(server.url)})
    return Testimony(server=server.key, urls=urls, any_url=not server.external_urls)


@dataclass(frozen=True, kw_only=True)
class _Login:
    """Credentials and TLS settings for one server.

    As `auth` of a request, it keeps `requests` from reading credentials from a .netrc file.
    """

    headers: Mapping[str, bytes]
    authorization: bytes | None
    verify: str | bool
    certificate: tuple[str, str] | None

    @classmethod
    def of(cls, server: Server) -> _Login:
        """Return the login with its secret files read; raises _Refused if a file cannot be read."""
        try:
            headers = {
                name: value if isinstance(value, str) else value.read().reveal()
                for name, value in server.headers.items()
            }
            authorization = None
            if server.token is not None:
                authorization = b"Bearer " + server.token.read().reveal().encode()
            elif server.username is not None and server.password is not None:
                pair = f"{server.username}:{server.password.read().reveal()}".encode()
                authorization = b"Basic " + base64.b64encode(pair)
        except ValueError as error:
            raise _Refused(one_line(f"a secret cannot be read: {error}", 300)) from None
        cert, key = server.client_certificate_file, server.client_key_file
        return cls(
            headers={name: value.encode() for name, value in headers.items()},
            authorization=authorization,
            verify=str(server.ca_file) if server.ca_file else True,
            certificate=(str(cert), str(key)) if cert and key else None,
        )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the `Authorization` header to the request."""
        if self.authorization is not None:
            request.headers["Authorization"] = self.authorization  # type: ignore[assignment]  # requests sends bytes unchanged
        return request


class _Refused(Exception):  # noqa: N818  not an error: it becomes an `Unknown`
    """The server gave no acceptable answer; the message is the reason."""


def _leaves_open(testimony: Testimony, incident: Incident) -> bool:
    """Return whether the answer leaves open what became of some alert of the incident."""
    listed = {alert.fingerprint for alert in testimony.alerts or ()}
    known = {firing.fingerprint for firing in incident.open_firings}
    return bool(incident.truncated) or not known or not known <= listed


def _with_places(conversation: _Conversation, testimony: Testimony, incident: Incident) -> Testimony:
    """Return the testimony with the groups, if the server lists an alert of the incident as firing and not suppressed.

    Only the groups show whether a time interval mutes an alert. Without them the testimony stays as it is.
    """
    fingerprints = {firing.fingerprint for firing in incident.open_firings}
    if not any(alert.fingerprint in fingerprints and alert.suppression is None for alert in testimony.alerts or ()):
        return testimony
    try:
        groups = conversation.get(
            "alerts/groups", _query(testimony.asked_by, ("active", "silenced", "inhibited", "muted"))
        )
        return replace(testimony, placed=tuple(_places(groups)))
    except (_Refused, *_PARSE_ERRORS):
        return testimony


def _query(
    labels: Mapping[str, str], states: Sequence[str] = ("active", "silenced", "inhibited", "unprocessed")
) -> list[tuple[str, str]]:
    """Return the query parameters: all states, and as many labels as fit; fewer labels only make the answer longer."""
    parameters = [(name, "true") for name in states]
    length = 0
    for name, value in sorted(labels.items()):
        matcher = f"{name}={_quoted(value)}"
        # The oldest supported release only accepts classic label names in a matcher.
        if _LABEL_NAME.match(name) and length + len(matcher) <= _LONGEST_FILTERS:
            parameters.append(("filter", matcher))
            length += len(matcher)
    return parameters


def _query_for_both(names: AbstractSet[str] | None, watchdog: str) -> list[tuple[str, str]]:
    """Return the query parameters for one answer with the alerts of these names and the Watchdogs; None is all alerts.

    Alertmanager combines filters with "and", so one filter has to match all names.
    """
    parameters = _query({})
    if names is not None:
        pattern = "|".join(_RE2_SPECIAL.sub(r"\\\g<0>", name) for name in (*sorted(names), watchdog))
        matcher = f"alertname=~{_quoted(pattern)}"
        if len(matcher) <= _LONGEST_FILTERS:
            parameters.append(("filter", matcher))
    return parameters


def _quoted(value: str) -> str:
    """Return the value quoted for both the classic and the UTF-8 matcher syntax."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _listed(answer: Any) -> Iterator[Listed]:  # noqa: ANN401  JSON
    if not isinstance(answer, list):
        raise TypeError
    for alert in answer:
        status = alert["status"]
        suppression = next((word for key, word in _SUPPRESSIONS.items() if status.get(key)), None)
        yield Listed(
            fingerprint=str(alert["fingerprint"]),
            labels=dict(alert["labels"]),
            suppression=suppression,
            starts_at=_start_time(alert.get("startsAt")),
        )


def _places(answer: Any) -> Iterator[Placed]:  # noqa: ANN401  JSON
    if not isinstance(answer, list):
        raise TypeError
    for group in answer:
        receiver = str(group["receiver"]["name"])
        for alert in group["alerts"]:
            muted = bool(alert["status"].get("mutedBy"))
            yield Placed(fingerprint=str(alert["fingerprint"]), receiver=receiver, muted=muted)


def _start_time(text: Any) -> float | None:  # noqa: ANN401  JSON
    try:
        return parse_rfc3339(text).seconds
    except (TypeError, ValueError):
        return None


def _date(header: str | None) -> float | None:
    try:
        return None if header is None else parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError):
        return None
