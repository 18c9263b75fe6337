"""Asks the servers on loopback: one place for the time-out, and past any proxy that the environment names."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

# A loopback server that takes longer is stuck, however busy the machine is.
TIMEOUT_SECONDS = 60.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Return whether a GET of `url` is answered with a 2xx now."""
    try:
        with _direct.open(url, timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def get_text(url: str, headers: Mapping[str, str] | None = None) -> str:
    """Return the body that `url` answers; raises `OSError` when it does not, or not with a 2xx."""
    request = urllib.request.Request(url, headers=dict(headers or {}))
    with _direct.open(request, timeout=TIMEOUT_SECONDS) as response:
        body: bytes = response.read()
    return body.decode()


def get_json(url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
    """Return the JSON that `url` answers; raises `OSError` or `ValueError` when it does not."""
    return json.loads(get_text(url, headers))


def post_json(
    url: str, body: object, headers: dict[str, str] | None = None, *, seconds: float = TIMEOUT_SECONDS
) -> tuple[int, Any]:
    """Post `body` as JSON; return the status, error statuses included, and the parsed answer or its text."""
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with _direct.open(request, timeout=seconds) as response:
            return response.status, _parsed(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _parsed(error.read())


def _parsed(body: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
