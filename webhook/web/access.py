"""Who may ask: bearer tokens, HTTP Basic for browsers, and no requests that another site has made a browser send.

Deliveries may also show a user and a password of their own, which open nothing else.

`application` calls `refusal` before every request. Without a token the server listens on loopback only (`cli` sees to
that), and then nobody has to show one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request

from webhook.mail_server import is_loopback
from webhook.secret import Secret
from webhook.settings import Settings

PUBLIC_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/style.css"})
"""What orchestrators, Prometheus and browsers read without a token; none of it names an incident."""

CALLBACK_PATHS = frozenset({"/slack/interactions", "/pagerduty/webhook"})
"""What providers call: each request is signed, and `callbacks` checks it; no token is asked for."""

DELIVERY_PATH = "/v1/alertmanager"

_BASIC = 'Basic realm="Tocsin", charset="UTF-8"'


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request is not let in."""

    status: int
    reason: str
    challenge: str | None = None


def refusal(request: Request, settings: Settings) -> Refusal | None:
    """Return why `request` is refused, or None when it may pass."""
    if request.method == "POST" and _from_elsewhere(request, settings):
        return Refusal(status=403, reason="the request comes from another site")
    if request.path in CALLBACK_PATHS:
        return None
    if request.path == DELIVERY_PATH and (settings.tokens or settings.delivery_login):
        return None if may_deliver(_authorization(request), settings) else _unauthorised(_challenge(settings))
    if not settings.tokens:
        return _without_token(request, settings)
    if request.path in PUBLIC_PATHS:
        return None
    presented = _bearer(_authorization(request)) or _password(_authorization(request))
    return None if _accepted(presented, settings.tokens) else _unauthorised(_BASIC)


def shows_token(request: Request) -> bool:
    """Return whether the request shows a token at all, valid or not."""
    return bool(_authorization(request))


def is_known(authorization: str, tokens: Iterable[Secret]) -> bool:
    """Return whether this header shows a valid token, in whichever way; everybody is known where there is none."""
    wanted = tuple(tokens)
    return not wanted or _accepted(_bearer(authorization) or _password(authorization), wanted)


def may_deliver(authorization: str, settings: Settings) -> bool:
    """Return whether this header opens the door for deliveries; everybody may deliver where nothing is asked for."""
    login = settings.delivery_login
    if not settings.tokens and login is None:
        return True
    return _accepted(_bearer(authorization), settings.tokens) or (login is not None and _logs_in(authorization, login))


def _logs_in(authorization: str, login: tuple[str, Secret]) -> bool:
    """Compare user and password in constant time, both of them whatever comes of the first."""
    user, password = _basic(authorization) or ("", "")
    same_user = hmac.compare_digest(user.encode(), login[0].encode())
    same_password = hmac.compare_digest(password.encode(), login[1].reveal().encode())
    return same_user and same_password


def _challenge(settings: Settings) -> str:
    """Return how a sender may log in, as the answer to one that has not."""
    ways = ["Bearer"] if settings.tokens else []
    return ", ".join([*ways, _BASIC] if settings.delivery_login else ways)


def person(request: Request) -> str | None:
    """Return the name that a browser's user has given beside the token, if any."""
    pair = _basic(_authorization(request))
    return pair[0] if pair and pair[0] else None


def _from_elsewhere(request: Request, settings: Settings) -> bool:
    """Return whether a browser says that another site made it send this; programs say nothing of the kind.

    Our own site is the public URL, too: a proxy may ask us under another name.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and _site(origin) not in {request.host, _site(settings.public_url or "")}


def _site(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _without_token(request: Request, settings: Settings) -> Refusal | None:
    """Refuse names that are not this machine's: a site on the web could let its own name point here (DNS rebinding)."""
    host = urlsplit(f"//{request.host}").hostname or ""
    own = urlsplit(settings.public_url or "").hostname
    if is_loopback(host) or host == own or request.path in PUBLIC_PATHS:
        return None
    return Refusal(status=403, reason="without TOCSIN_TOKEN only this machine's own names are answered")


def _unauthorised(challenge: str) -> Refusal:
    return Refusal(status=401, reason="a valid token is needed", challenge=challenge)


def _accepted(presented: str | None, tokens: Iterable[Secret]) -> bool:
    """Compare with every token, each in constant time, so that the time says nothing about any."""
    given = (presented or "").encode()
    matches = [hmac.compare_digest(given, token.reveal().encode()) for token in tokens]
    return bool(given) and any(matches)


def _authorization(request: Request) -> str:
    return request.headers.get("Authorization", "")


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _password(authorization: str) -> str | None:
    pair = _basic(authorization)
    return pair[1] if pair else None


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
