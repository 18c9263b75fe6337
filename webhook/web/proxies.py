"""Handles what stands in front of the webhook: a path prefix, and proxies that forward requests.

The prefix is that of the public URL, whether or not a proxy removes it. The `X-Forwarded-*` headers are believed only
from proxies that the settings name, because anybody can send such headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from webhook.settings import Settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\Z", flags=re.ASCII)
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~%-]+)*/?\Z", flags=re.ASCII)
_MOST_HOPS = 20


class Proxies:
    """Wraps an application, so that it sees path, address, host and scheme as the original client does."""

    def __init__(self, application: Application, settings: Settings) -> None:
        self._application = application
        self._settings = settings

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the request."""
        prefix = self._settings.path_prefix
        if self._settings.trusts(environ.get("REMOTE_ADDR", "")):
            prefix = self._forwarded(environ) or prefix
        prefix = _as_wsgi(prefix)
        path = environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path
        return self._application(environ, start)

    def _forwarded(self, environ: dict[str, Any]) -> str | None:
        """Apply the headers of a trusted proxy; return the prefix that the proxy removed, if it names one."""
        scheme, host = _last(environ, "PROTO").lower(), _last(environ, "HOST")
        if scheme in {"http", "https"}:
            environ["wsgi.url_scheme"] = scheme
        if _HOST.match(host):
            environ["HTTP_HOST"] = host
        for address in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-_MOST_HOPS:]):
            sender = address.strip()
            if not sender:
                break
            environ["REMOTE_ADDR"] = sender
            if not self._settings.trusts(sender):
                break
        prefix = _last(environ, "PREFIX")
        return prefix.rstrip("/") if prefix and _PREFIX.match(prefix) else None


def _last(environ: dict[str, Any], name: str) -> str:
    """Return the value that the nearest proxy set: it is the one after the last comma."""
    header: str = environ.get(f"HTTP_X_FORWARDED_{name}", "")
    return header.rpartition(",")[2].strip()


def _as_wsgi(path: str) -> str:
    return unquote(path).encode().decode("latin-1")
