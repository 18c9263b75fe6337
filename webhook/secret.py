"""A wrapper that keeps a secret out of logs, errors, pages and `repr`; used by settings, api and senders."""

from __future__ import annotations

from urllib.parse import quote

MASK = "***"


class Secret:
    """A string that shows itself only to whoever calls `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself. Call it only where it leaves for its destination."""
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
