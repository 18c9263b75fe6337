"""Alertmanager asked: which alerts of an incident does it list now? `steps` asks before anybody is called.

Only the configured address is ever asked, never one out of a payload. The time and the answer's size are bounded, no
redirect is followed, and whatever goes wrong is an `Unknown` with a reason: not knowing must never keep a page back.

GET /api/v2/alerts and GET /api/v2/status (Alertmanager's api/v2/openapi.yaml, in 0.25 and in 0.33).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3

from webhook import patience
from webhook.incidents.incident import Incident, Suppression
from webhook.incidents.truth import Absent, Answer, Listed, Unknown, judge
from webhook.timestamps import parse_rfc3339
from webhook.untrusted import one_line

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
LONGEST_ASKING = 10.0
"""Seconds for one answer, however slowly it still comes."""
LARGEST_ANSWER = 32 * 1_024 * 1_024
"""Bytes: some thirty thousand alerts."""
SETTLED_SECONDS = 300.0
"""An Alertmanager that has just started knows of no alert until Prometheus tells it again: a minute after the last time
by default (`--rules.alert.resend-delay`), and an evaluation interval on top. Before this its silence says nothing."""
SILENT_SECONDS = 30.0
"""For so long after it has not answered it is not asked again: many steps can be due at once, and each would wait."""
NOT_CONFIGURED = "TOCSIN_ALERTMANAGER_URL is not set"

_LONGEST_FILTERS = 4_000
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", flags=re.ASCII)
_SUPPRESSIONS: Mapping[str, Suppression] = {
    "silencedBy": "silenced",
    "inhibitedBy": "inhibited",
    "mutedBy": "muted",
}


class AlertmanagerApi:
    """Asks one Alertmanager; `url` None means that none is configured."""

    def __init__(self, url: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._silent: tuple[float, str] | None = None
        """Until when it is not asked (as `clock` counts), and why."""

    def ask(self, incident: Incident) -> Answer:
        """Return what Alertmanager says of the incident's alerts; never raises for what the other side does."""
        if self._url is None:
            return Unknown(reason=NOT_CONFIGURED)
        silent = self._silent
        if silent is not None and self._clock() < silent[0]:
            return Unknown(reason=silent[1])
        try:
            said, _ = self._get("alerts", _query(incident.group_labels))
            answer = judge(incident, _listed(said))
            return self._settled() if isinstance(answer, Absent) else answer
        except _Refused as refused:
            self._silent = self._clock() + SILENT_SECONDS, str(refused)
            return Unknown(reason=str(refused))
        except (TypeError, AttributeError, KeyError, ValueError):
            return Unknown(reason="the answer is not Alertmanager's")

    def _settled(self) -> Answer:
        """Return that the alerts are absent if Alertmanager has been up long enough to know of them."""
        said, date = self._get("status", [])
        started = parse_rfc3339(said["uptime"]).seconds
        up = (time.time() if date is None else date) - started
        if up < SETTLED_SECONDS:
            return Unknown(reason=f"it has been up for only {max(0, round(up))} s and may not know of it yet")
        return Absent()

    def _get(self, path: str, query: list[tuple[str, str]]) -> tuple[Any, float | None]:
        """Return the answer's JSON and when the other side says that it wrote it; raises _Refused."""
        deadline = self._clock() + LONGEST_ASKING
        try:
            with (
                patience.session(seconds=LONGEST_ASKING) as session,
                session.get(
                    f"{self._url}/api/v2/{path}",
                    params=query,
                    headers={"User-Agent": "tocsin-webhook", "Accept-Encoding": "identity"},
                    auth=_no_credentials,
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


class _Refused(Exception):  # noqa: N818  not an error here: it becomes an `Unknown`
    """There is no answer; the text says why."""


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep `requests` from taking credentials out of a .netrc file."""
    return request


def _query(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parameters: every state, and as many labels of the group as fit; fewer only make the answer longer."""
    found = [(name, "true") for name in ("active", "silenced", "inhibited", "unprocessed")]
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
        yield Listed(fingerprint=str(one["fingerprint"]), labels=dict(one["labels"]), suppression=suppression)


def _date(header: str | None) -> float | None:
    try:
        return None if header is None else parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError):
        return None
