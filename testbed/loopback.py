"""Send requests to servers on loopback, with one time-out, and without any proxy that the environment names."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

# A loopback server that takes longer is stuck, even on a busy machine.
TIMEOUT_SECONDS = 60.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Return whether the server now answers a GET of `url` with a 2xx."""
    try:
        with _direct.open(url, timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def get_text(url: str, headers: Mapping[str, str] | None = None) -> str:
    """Return the body that `url` answers; raises `OSError` if it does not answer with a 2xx."""
    request = urllib.request.Request(url, headers=dict(headers or {}))
    with _direct.open(request, timeout=TIMEOUT_SECONDS) as response:
        body: bytes = response.read()
    return body.decode()


def get_json(url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
    """Return the JSON that `url` answers; raises `OSError` if it does not answer, `ValueError` if it is no JSON."""
    return json.loads(get_text(url, headers))


def post_json(
    url: str, body: object, headers: dict[str, str] | None = None, *, seconds: float = TIMEOUT_SECONDS
) -> tuple[int, Any]:
    """Post `body` as JSON; return the status, also that of an error, and the parsed answer or its text."""
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
