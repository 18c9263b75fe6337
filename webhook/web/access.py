"""Access control: bearer tokens, HTTP Basic for browsers, and no requests that another site made a browser send.

Deliveries may also use a user and a password of their own, which are valid for no other route.

`flask_app` calls `refusal` before every request. When no token is set, `cli` lets the server listen on loopback only,
and requests need no token.
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
"""Paths that orchestrators, Prometheus and browsers read without a token; none of them names an incident."""

CALLBACK_PATHS = frozenset({"/slack/interactions", "/pagerduty/webhook"})
"""Paths that providers call without a token: they sign each request, and `callbacks` checks the signature."""

DELIVERY_PATH = "/v1/alertmanager"

_BASIC = 'Basic realm="Tocsin", charset="UTF-8"'


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request is refused."""

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
    """Return whether the request shows a token, valid or not."""
    return bool(_authorization(request))


def is_known(authorization: str, tokens: Iterable[Secret]) -> bool:
    """Return whether this header shows a valid token, as Bearer or Basic; always true when `tokens` is empty."""
    valid_tokens = tuple(tokens)
    return not valid_tokens or _accepted(_bearer(authorization) or _password(authorization), valid_tokens)


def may_deliver(authorization: str, settings: Settings) -> bool:
    """Return whether this header allows a delivery; always true when neither a token nor a login is set."""
    login = settings.delivery_login
    if not settings.tokens and login is None:
        return True
    return _accepted(_bearer(authorization), settings.tokens) or (login is not None and _logs_in(authorization, login))


def _logs_in(authorization: str, login: tuple[str, Secret]) -> bool:
    """Compare user and password in constant time; always compare both."""
    user, password = _basic(authorization) or ("", "")
    same_user = hmac.compare_digest(user.encode(), login[0].encode())
    same_password = hmac.compare_digest(password.encode(), login[1].reveal().encode())
    return same_user and same_password


def _challenge(settings: Settings) -> str:
    """Return the `WWW-Authenticate` value that tells a sender how it may log in."""
    schemes = ["Bearer"] if settings.tokens else []
    return ", ".join([*schemes, _BASIC] if settings.delivery_login else schemes)


def person(request: Request) -> str | None:
    """Return the user name that a browser sent with the token, if any."""
    pair = _basic(_authorization(request))
    return pair[0] if pair and pair[0] else None


def _from_elsewhere(request: Request, settings: Settings) -> bool:
    """Return whether a browser says that another site made it send this; programs send no such headers.

    The public URL counts as our own site too, because a proxy may request this server under another name.
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
    """Refuse host names that are not this machine's: a web site could point its own name here (DNS rebinding)."""
    host = urlsplit(f"//{request.host}").hostname or ""
    own = urlsplit(settings.public_url or "").hostname
    if is_loopback(host) or host == own or request.path in PUBLIC_PATHS:
        return None
    return Refusal(status=403, reason="without TOCSIN_TOKEN only this machine's own names are answered")


def _unauthorised(challenge: str) -> Refusal:
    return Refusal(status=401, reason="a valid token is needed", challenge=challenge)


def _accepted(presented: str | None, tokens: Iterable[Secret]) -> bool:
    """Compare with every token, each in constant time, so that the time taken reveals nothing about any token."""
    candidate = (presented or "").encode()
    matches = [hmac.compare_digest(candidate, token.reveal().encode()) for token in tokens]
    return bool(candidate) and any(matches)


def _authorization(request: Request) -> str:
    return request.headers.get("Authorization", "")


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _password(authorization: str) -> str | None:
    pair = _basic(authorization)
    return pair[1] if pair else None


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
