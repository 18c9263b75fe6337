"""Alertmanagers asked: which alerts of an incident do they list now? `steps` asks before anybody is called.

Those are asked whose external URL the incident's deliveries carried, at configured addresses and never at one out of a
payload. `alertmanager_state` classifies what they say. The time and the size of answers are bounded, no redirect is
followed, and whatever goes wrong is a reason for not knowing: that must never keep a page back.

Several servers may answer at one address, and one of them may have lost its Prometheus. So that the missing alert and
the Watchdog come from one of them, one answer lists both; and the start is asked for over the same connection.

GET /api/v2/alerts, /api/v2/alerts/groups and /api/v2/status (Alertmanager's api/v2/openapi.yaml, in 0.25 and in 0.33).
Who is muted by a time interval stands in the groups alone: measured, 0.33 says so there and leaves `mutedBy` of
/api/v2/alerts empty; 0.25 says it nowhere.
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
"""Seconds for all answers of one server, however slowly they still come."""
LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes: some thirty thousand alerts."""
MOST_VALUES = 2_500_000
"""Of an answer, as a parser counts them: more than those alerts have; a small value takes thirty times its text."""
_MANY = 500_000
"""Signs between values, those within texts too: an answer with fewer is decoded without being counted."""
SILENT_SECONDS = 30.0
"""For so long after it has not answered it is not asked again: many steps can be due at once, and each would wait."""
STATUS_TIMES = 3
"""So often a server is asked for its start: a proxy that hands each request to another server shows by that."""
SEVERAL_SECONDS = 86_400.0
"""For so long after it has shown, the start that is told at that address says nothing of who lists the alerts."""

_LONGEST_FILTERS = 4_000
_NOT_READ = (TypeError, AttributeError, KeyError, ValueError)
"""What reading an answer that is not Alertmanager's raises."""
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", flags=re.ASCII)
_RE2_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""What Go's `regexp.QuoteMeta` escapes."""
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
        """Prepare; `known` gives what was learned before, `watchdog` the name of the alert that always fires."""
        self._servers = tuple(servers)
        self._known = known
        self._watchdog = watchdog
        self._now = now
        self._clock = clock
        self._silent: dict[str, tuple[float, str]] = {}
        """Until when a server is not asked (as `clock` counts), and why."""
        self._several: dict[str, float] = {}
        """Until when several servers are taken to answer at an address (as `clock` counts)."""

    def ask(self, incident: Incident) -> Answer:
        """Return what the Alertmanagers say of the incident's alerts; never raises for what the other side does."""
        if not self._servers:
            return Unknown(reason=NOT_CONFIGURED)
        urls, known = set(urls_of(incident)), self._known()
        if known is None:
            return Unknown(reason="the store could not be read")
        asked = [one for one in self._servers if not one.external_urls or one.external_urls & urls]
        said = _of_nobody_known(self._servers, urls) | {one.key: self._testimony(one, incident, known) for one in asked}
        return classify(incident, tuple(said.values()), known, self._now())

    def _testimony(self, server: Server, incident: Incident, known: Known) -> Testimony:
        """Return what one server says, or a testimony that has no answer and says why."""
        said = _nothing(server)
        silent = self._silent.get(server.key)
        if silent is not None and self._clock() < silent[0]:
            return replace(said, reason=silent[1])
        try:
            with _Conversation(server, self._clock) as talk:
                labels = labels_to_ask_by(incident)
                listed = talk.get("alerts", _query(labels))
                said = replace(said, alerts=tuple(_listed(listed)), asked_by=labels)
                if _leaves_out(said, incident) and any(dog.url in said.urls or said.any_url for dog in known.watchdogs):
                    said = self._with_watchdogs(talk, said, incident)
                said = self._with_start(talk, said)
                return _with_places(talk, said, incident)
        except _Refused as refused:
            self._silent[server.key] = self._clock() + SILENT_SECONDS, str(refused)
            return replace(said, reason=str(refused))
        except _NOT_READ:
            return replace(said, reason="the answer is not Alertmanager's")

    def _with_watchdogs(self, talk: _Conversation, said: Testimony, incident: Incident) -> Testimony:
        """Return what one further answer lists of the alerts and of the Watchdogs, with what the first lists besides.

        An alert that either lists fires. What neither lists is missing in the answer that lists the Watchdogs.
        """
        name = self._watchdog()
        try:
            both = tuple(_listed(talk.get("alerts", _query_for_both(names_to_ask_by(incident), name))))
        except (_Refused, *_NOT_READ) as error:
            why = str(error) if isinstance(error, _Refused) else "the answer is not Alertmanager's"
            return replace(said, reason=f"it lists nothing of it, and which Watchdogs it lists is not known: {why}")
        fingerprints = {one.fingerprint for one in both}
        besides = tuple(one for one in said.alerts or () if one.fingerprint not in fingerprints)
        dogs = tuple(one for one in both if one.labels.get("alertname", "") == name)
        return replace(said, alerts=(*both, *besides), watchdogs=dogs)

    def _with_start(self, talk: _Conversation, said: Testimony) -> Testimony:
        """Return what the server says with since when it is up; it is not known where it does not say.

        Where one server cannot have given all answers there is no start, and it is up for as long as the youngest of
        those that have answered.
        """
        starts: list[float] = []
        ages: list[float] = []
        try:
            for _ in range(STATUS_TIMES):
                starts.append(parse_rfc3339(talk.get("status", [])["uptime"]).seconds)
                ages.append((time.time() if talk.date is None else talk.date) - starts[-1])
        except (_Refused, *_NOT_READ):
            return said
        if len(set(starts)) > 1:
            self._several[said.server] = self._clock() + SEVERAL_SECONDS
        is_one = talk.has_one_connection and self._clock() >= self._several.get(said.server, -math.inf)
        return replace(said, is_one=is_one, started=starts[0] if is_one else None, up=min(ages))


class _Conversation:
    """Several questions to one server, over one connection as long as the other side keeps it; in bounded time."""

    def __init__(self, server: Server, clock: Callable[[], float]) -> None:
        """Begin; raises _Refused when the login cannot be read."""
        self._server = server
        self._clock = clock
        self._login = _Login.of(server)
        self._deadline = clock() + LONGEST_ASKING
        self._session = http_deadline.session(seconds=LONGEST_ASKING, largest=LARGEST_ANSWER)
        self.date: float | None = None
        """When the other side says that it wrote its last answer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def has_one_connection(self) -> bool:
        """Whether every question so far has gone over the same connection."""
        return self._session.connections <= 1

    def get(self, path: str, query: list[tuple[str, str]]) -> Any:  # noqa: ANN401  JSON
        """Return the answer's JSON; raises _Refused."""
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
    """Return the JSON; raises _Refused where it would take too much memory, and ValueError for what is none."""
    if sum(map(body.count, (b",", b"[", b"{"))) > _MANY:
        with contextlib.suppress(ijson.JSONError, ValueError):  # what is no JSON is told below
            for number, _ in enumerate(ijson.basic_parse(io.BytesIO(body))):
                if number > MOST_VALUES:
                    raise _Refused("the answer holds too many values")
    return json.loads(body)


def _of_nobody_known(servers: Sequence[Server], urls: AbstractSet[str]) -> dict[str, Testimony]:
    """Return why nobody is asked for these external URLs: several clusters have them."""
    shared = urls & {url for server in servers for url in server.shared_urls}
    reason = "several clusters have the external URL {}, and its deliveries do not say which (`?cluster=NAME`)"
    return {
        url: Testimony(server=url, urls=frozenset({url}), reason=reason.format(one_line(url, 200)))
        for url in sorted(shared)
    }


def _nothing(server: Server) -> Testimony:
    """Return a testimony without an answer yet; an address that nobody has named otherwise is its own external URL."""
    urls = server.external_urls or frozenset({plain_address(server.url)})
    return Testimony(server=server.key, urls=urls, any_url=not server.external_urls)


@dataclass(frozen=True, kw_only=True)
class _Login:
    """As whom a server is asked; as `auth` it keeps `requests` from taking credentials out of a .netrc file."""

    headers: Mapping[str, bytes]
    authorization: bytes | None
    verify: str | bool
    certificate: tuple[str, str] | None

    @classmethod
    def of(cls, server: Server) -> _Login:
        """Return the login, its files read; raises _Refused when one cannot be."""
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
        """Put the credentials into the request."""
        if self.authorization is not None:
            request.headers["Authorization"] = self.authorization  # type: ignore[assignment]  # bytes stay as they are
        return request


class _Refused(Exception):  # noqa: N818  not an error here: it becomes an `Unknown`
    """There is no answer; the text says why."""


def _leaves_out(said: Testimony, incident: Incident) -> bool:
    """Return whether it is a question what it means that something is not listed."""
    listed = {one.fingerprint for one in said.alerts or ()}
    known = {firing.fingerprint for firing in incident.open_firings}
    return bool(incident.truncated) or not known or not known <= listed


def _with_places(talk: _Conversation, said: Testimony, incident: Incident) -> Testimony:
    """Return what the server says of the groups too, where it says that an alert of the incident fires.

    Without an answer it is not known that anything is muted.
    """
    open_ones = {firing.fingerprint for firing in incident.open_firings}
    if not any(one.fingerprint in open_ones and one.suppression is None for one in said.alerts or ()):
        return said
    try:
        groups = talk.get("alerts/groups", _query(said.asked_by, ("active", "silenced", "inhibited", "muted")))
        return replace(said, placed=tuple(_places(groups)))
    except (_Refused, *_NOT_READ):
        return said


def _query(
    labels: Mapping[str, str], states: Sequence[str] = ("active", "silenced", "inhibited", "unprocessed")
) -> list[tuple[str, str]]:
    """Return the parameters: every state, and as many of the labels as fit; fewer only make the answer longer."""
    found = [(name, "true") for name in states]
    length = 0
    for name, value in sorted(labels.items()):
        matcher = f"{name}={_quoted(value)}"
        # A name beyond the classic ones cannot be written for the oldest supported release.
        if _LABEL_NAME.match(name) and length + len(matcher) <= _LONGEST_FILTERS:
            found.append(("filter", matcher))
            length += len(matcher)
    return found


def _query_for_both(names: AbstractSet[str] | None, watchdog: str) -> list[tuple[str, str]]:
    """Return the parameters for alerts of these names and the Watchdogs in one answer; None is all alerts.

    Alertmanager joins its filters by "and", so the names alone can be one.
    """
    found = _query({})
    if names is not None:
        pattern = "|".join(_RE2_SPECIAL.sub(r"\\\g<0>", name) for name in (*sorted(names), watchdog))
        matcher = f"alertname=~{_quoted(pattern)}"
        if len(matcher) <= _LONGEST_FILTERS:
            found.append(("filter", matcher))
    return found


def _quoted(value: str) -> str:
    """Return the value as a matcher of either generation has it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _listed(said: Any) -> Iterator[Listed]:  # noqa: ANN401  JSON
    if not isinstance(said, list):
        raise TypeError
    for one in said:
        status = one["status"]
        suppression = next((word for key, word in _SUPPRESSIONS.items() if status.get(key)), None)
        yield Listed(
            fingerprint=str(one["fingerprint"]),
            labels=dict(one["labels"]),
            suppression=suppression,
            starts_at=_start(one.get("startsAt")),
        )


def _places(said: Any) -> Iterator[Placed]:  # noqa: ANN401  JSON
    if not isinstance(said, list):
        raise TypeError
    for group in said:
        receiver = str(group["receiver"]["name"])
        for one in group["alerts"]:
            muted = bool(one["status"].get("mutedBy"))
            yield Placed(fingerprint=str(one["fingerprint"]), receiver=receiver, muted=muted)


def _start(text: Any) -> float | None:  # noqa: ANN401  JSON
    try:
        return parse_rfc3339(text).seconds
    except (TypeError, ValueError):
        return None


def _date(header: str | None) -> float | None:
    try:
        return None if header is None else parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError):
        return None
