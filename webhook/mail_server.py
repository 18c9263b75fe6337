"""Parses the mail server's URL in `TOCSIN_SMTP_URL`: `smtp://user:password@host:587?from=tocsin@example.com`. Pure.

`settings` parses it, `senders.mail` connects to it. Mail uses TLS: `smtps` from the first byte, `smtp` through
STARTTLS. Only `starttls=no`, or a server on this machine, goes without TLS.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from webhook.secret import Secret

_PORTS = {"smtp": 587, "smtps": 465}
_KEYS = {"from", "starttls"}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """The server to which mail is handed over."""

    host: str
    port: int
    implicit_tls: bool
    starttls: bool
    user: str | None
    password: Secret | None
    sender: str
    """The sender address of mails."""


def parse_smtp_url(secret: Secret) -> MailServer:
    """Return the server that the URL names; raises ValueError, whose text never holds the URL."""
    try:
        url = urlsplit(secret.reveal())
        port = url.port
    except ValueError:
        raise ValueError("is not a URL such as smtp://mail.example.com:587?from=tocsin@example.com") from None
    if url.scheme not in _PORTS or not url.hostname:
        raise ValueError("must begin with smtp:// or smtps:// and name a host")
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    unknown = sorted(set(options) - _KEYS)
    if unknown:
        raise ValueError(f"has the unknown option {unknown[0]!r}; known are from and starttls")
    starttls = _starttls(url, options)
    user = unquote(url.username) if url.username else None
    password = Secret(unquote(url.password)) if url.password else None
    if user and url.scheme == "smtp" and not starttls and not is_loopback(url.hostname):
        raise ValueError("would send the password in the clear: leave out starttls=no, or use smtps://")
    return MailServer(
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        implicit_tls=url.scheme == "smtps",
        starttls=starttls,
        user=user,
        password=password if user else None,
        sender=_sender(options.get("from"), user, url.hostname),
    )


def is_loopback(host: str) -> bool:
    """Return whether `host` is a loopback address or `localhost`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _starttls(url: SplitResult, options: dict[str, str]) -> bool:
    if "starttls" not in options:
        return url.scheme == "smtp" and not is_loopback(url.hostname or "")
    try:
        starttls = parse_boolean(options["starttls"])
    except ValueError as error:
        raise ValueError(f"has a starttls that {error}") from None
    if url.scheme == "smtps" and starttls:
        raise ValueError("asks for STARTTLS within TLS: use smtp:// with starttls=yes, or smtps:// without")
    return starttls


def _sender(from_option: str | None, user: str | None, host: str) -> str:
    sender = from_option or (user if user and "@" in user else f"tocsin@{host}")
    if not sender.isprintable() or " " in sender or sender.count("@") != 1 or not sender.isascii():
        raise ValueError("has a from that is not a mail address")
    return sender


_WORDS = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


def parse_boolean(text: str) -> bool:
    """Return what the word means, in any case; raises ValueError, whose text continues after a setting's name."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ValueError("is neither yes nor no; true, on and 1 mean yes, false, off and 0 mean no") from None
