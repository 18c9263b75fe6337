"""Alertmanagers asked: which alerts of an incident do they list now? `steps` asks before anybody is called.

Those are asked whose external URL the incident's deliveries carried, at configured addresses and never at one out of a
payload. `truth` judges what they say. The time and the answers' size are bounded, no redirect is followed, and whatever
goes wrong is a reason for not knowing: that must never keep a page back.

GET /api/v2/alerts, /api/v2/alerts/groups and /api/v2/status (Alertmanager's api/v2/openapi.yaml, in 0.25 and in 0.33).
Who is muted by a time interval stands in the groups alone: measured, 0.33 says so there and leaves `mutedBy` of
/api/v2/alerts empty; 0.25 says it nowhere.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3

from webhook import patience
from webhook.alertmanagers import Server
from webhook.incidents.incident import Incident, Suppression
from webhook.incidents.truth import (
    NOT_CONFIGURED,
    Active,
    Answer,
    Known,
    Listed,
    Placed,
    Testimony,
    Unknown,
    judge,
    urls_of,
)
from webhook.timestamps import parse_rfc3339
from webhook.untrusted import one_line, plain_address

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
LONGEST_ASKING = 10.0
"""Seconds for one answer, however slowly it still comes."""
LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes: some thirty thousand alerts."""
SILENT_SECONDS = 30.0
"""For so long after it has not answered it is not asked again: many steps can be due at once, and each would wait."""

_LONGEST_FILTERS = 4_000
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", flags=re.ASCII)
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
        known: Callable[[], Known] = Known,
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

    def ask(self, incident: Incident) -> Answer:
        """Return what the Alertmanagers say of the incident's alerts; never raises for what the other side does."""
        if not self._servers:
            return Unknown(reason=NOT_CONFIGURED)
        urls = set(urls_of(incident))
        asked = [one for one in self._servers if not one.external_urls or one.external_urls & urls]
        said = _of_nobody_known(self._servers, urls) | {one.key: self._listing(one, incident) for one in asked}
        known = self._known()
        answered = [one for one in asked if said[one.key].alerts is not None]
        said |= {one.key: self._background(one, said[one.key]) for one in answered}
        answer = self._judged(incident, said, known)
        if isinstance(answer, Active):
            said |= {one.key: self._placed(one, said[one.key], incident) for one in answered}
        elif isinstance(answer, Unknown) and known.watchdogs:
            said |= {one.key: self._watchdogs(one, said[one.key], known) for one in answered}
        return self._judged(incident, said, known)

    def _judged(self, incident: Incident, said: Mapping[str, Testimony], known: Known) -> Answer:
        return judge(incident, tuple(said.values()), known, self._now())

    def _listing(self, server: Server, incident: Incident) -> Testimony:
        def ask() -> Testimony:
            said, _ = self._get(server, "alerts", _query(incident.group_labels))
            return replace(_nothing(server), alerts=tuple(_listed(said)))

        return self._asked(server, ask)

    def _placed(self, server: Server, said: Testimony, incident: Incident) -> Testimony:
        """Return what the server says of the groups too; without an answer it is not known that anything is muted."""
        try:
            groups, _ = self._get(
                server, "alerts/groups", _query(incident.group_labels, ("active", "silenced", "inhibited", "muted"))
            )
            return replace(said, placed=tuple(_places(groups)))
        except (_Refused, TypeError, AttributeError, KeyError, ValueError):
            return said

    def _background(self, server: Server, said: Testimony) -> Testimony:
        """Return what the server says with since when it is up; it is not known where it does not say."""
        try:
            found, date = self._get(server, "status", [])
            started = parse_rfc3339(found["uptime"]).seconds
        except (_Refused, TypeError, AttributeError, KeyError, ValueError):
            return said
        return replace(said, started=started, up=(time.time() if date is None else date) - started)

    def _watchdogs(self, server: Server, said: Testimony, known: Known) -> Testimony:
        """Return what the server says with the Watchdogs that it lists, where it has told of some."""
        if not any(heard.url in said.urls or said.any_url for heard in known.watchdogs):
            return said
        try:
            found, _ = self._get(server, "alerts", _query({"alertname": self._watchdog()}))
            return replace(said, watchdogs=tuple(_listed(found)))
        except (_Refused, TypeError, AttributeError, KeyError, ValueError):
            return said

    def _asked(self, server: Server, ask: Callable[[], Testimony]) -> Testimony:
        """Return the answer, or a testimony that has none and says why."""
        silent = self._silent.get(server.key)
        if silent is not None and self._clock() < silent[0]:
            return replace(_nothing(server), reason=silent[1])
        try:
            return ask()
        except _Refused as refused:
            self._silent[server.key] = self._clock() + SILENT_SECONDS, str(refused)
            return replace(_nothing(server), reason=str(refused))
        except (TypeError, AttributeError, KeyError, ValueError):
            return replace(_nothing(server), reason="the answer is not Alertmanager's")

    def _get(self, server: Server, path: str, query: list[tuple[str, str]]) -> tuple[Any, float | None]:
        """Return the answer's JSON and when the other side says that it wrote it; raises _Refused."""
        deadline = self._clock() + LONGEST_ASKING
        login = _Login.of(server)
        try:
            with (
                patience.session(seconds=LONGEST_ASKING) as session,
                session.get(
                    f"{server.url}/api/v2/{path}",
                    params=query,
                    headers={**login.headers, "User-Agent": "tocsin-webhook", "Accept-Encoding": "identity"},
                    auth=login,
                    verify=login.verify,
                    cert=login.certificate,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                if response.status_code != 200:
                    raise _Refused(f"HTTP {response.status_code}")
                return json.loads(self._read(response, deadline)), _date(response.headers.get("Date"))
        except (requests.exceptions.Timeout, TimeoutError, urllib3.exceptions.TimeoutError):
            raise _Refused("no answer in time") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _Refused(one_line(f"no connection: {type(error).__name__}", 100)) from None
        except RecursionError:
            raise _Refused("the answer is nested too deeply") from None

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        while piece := response.raw.read1(65_536):
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise _Refused("the answer is too large")
            if self._clock() > deadline:
                raise _Refused("no answer in time")
        return bytes(body)


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


def _query(
    labels: Mapping[str, str], states: Sequence[str] = ("active", "silenced", "inhibited", "unprocessed")
) -> list[tuple[str, str]]:
    """Return the parameters: every state, and as many labels of the group as fit; fewer only make the answer longer."""
    found = [(name, "true") for name in states]
    length = 0
    for name, value in sorted(labels.items()):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        matcher = f'{name}="{escaped}"'
        # A name beyond the classic ones cannot be written for the oldest supported release.
        if _LABEL_NAME.match(name) and length + len(matcher) <= _LONGEST_FILTERS:
            found.append(("filter", matcher))
            length += len(matcher)
    return found


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
