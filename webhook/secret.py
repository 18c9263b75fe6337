"""Wraps a secret so that it stays out of logs, errors, pages and `repr`; used by settings, api and senders."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MASK = "***"

_SHORTEST_PART = 6
"""The shortest part of a host, path or query that may be a secret; shorter ones are words such as `call`."""


class Secret:
    """A string that only `reveal` returns."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself. Call this only where the secret is sent to its destination."""
        return self._text

    def redact(self, text: str) -> str:
        """Return `text` with every occurrence of the secret, plain or percent-encoded, replaced."""
        for form in (self._text, quote(self._text, safe="")):
            if form:
                text = text.replace(form, MASK)
        return text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


def parts_of(url: Secret, *, without: tuple[str, ...] = ()) -> tuple[Secret, ...]:
    """Return the address and every part of it that may be a key; services put keys anywhere, in any scheme.

    The parts are the user, the password, the two together as HTTP Basic writes them, and each longer piece of host,
    path and query except those in `without`. The longest come first, so that redacting a part leaves nothing of a
    longer one.
    """
    _, _, rest = url.reveal().partition("://")
    try:
        parts = urlsplit(f"http://{rest}")
    except ValueError:
        return (url,)
    credentials, _, host = parts.netloc.rpartition("@")
    user, _, password = (unquote(part) for part in credentials.partition(":"))
    pair = base64.b64encode(f"{user}:{password}".encode()).decode() if credentials else ""
    pieces = (unquote(host), *map(unquote, parts.path.split("/")), *(value for _, value in parse_qsl(parts.query)))
    texts = {user, password, pair, *(piece for piece in pieces if len(piece) >= _SHORTEST_PART)}
    return (url, *(Secret(part) for part in sorted(texts - {"", *without}, key=len, reverse=True)))
