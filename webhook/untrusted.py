"""Makes untrusted text safe to show. Pure; used by every package that writes for people.

Whoever writes metrics controls labels and annotations. This module removes everything that could mislead a terminal, a
mail header or a reader: control characters, reversed text, addresses other than http and https.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ELLIPSIS = "…"

# Characters that are invisible or move text: Unicode's Cc (except tab and line feed), Cf, Cs, Co and
# Default_Ignorable_Code_Point, its line and paragraph separators, noncharacters, and the blank pattern of Braille.
# `compiler.characters.UNPRINTABLE` has these and the wide blanks; a test compares them. Zero-width joiners and soft
# hyphens are included: a text loses no word without them. A variation selector stays after a sign with two forms ("⚠️").
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff"
)
_UNLESS_AFTER_SIGN = (
    "(?<![#*0-9\xa9\xae\u203c\u2049\u2122-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0e\ufe0f])"
)
UNSEEN = re.compile(f"[{_CONTROLS}]{_UNLESS_AFTER_SIGN}")
"""A control character or an invisible character."""
_UNSAFE_IN_LINE = re.compile(f"[{_CONTROLS}\t\n]{_UNLESS_AFTER_SIGN}")
_SPACE = re.compile(r"\s+")

LONGEST_CLUSTER = 60
_CLUSTER = "#cluster="


def visible(text: str) -> str:
    """Return `text` without control characters and invisible characters; tabs and line feeds stay."""
    return _without_unseen(text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = 500) -> str:
    """Return `text` on one line, without control characters, runs of space joined, at most `limit` characters."""
    return shorten(_SPACE.sub(" ", _without_unseen(_SPACE.sub(" ", text))).strip(), limit)


def _without_unseen(text: str) -> str:
    return text if text.isascii() and text.isprintable() else UNSEEN.sub("", text)


def header_text(text: str, limit: int) -> str:
    """Return `text` for a mail header: one line without encoded words (RFC 2047, 2).

    Python before 3.11.10 and 3.12.4 decodes encoded words in a value and writes their content, line breaks included.
    """
    return shorten(one_line(text, limit).replace("=?", "= ?"), limit)


def shorten(text: str, limit: int) -> str:
    """Return `text` cut to `limit` characters; the last one is an ellipsis if something was cut."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def breaks_line(text: str) -> bool:
    """Return whether `text` holds a line break, a tab or a character that `one_line` would remove."""
    return _UNSAFE_IN_LINE.search(text) is not None


def plain_address(url: str) -> str:
    """Return an address in its plain form for comparison: lower-case scheme and host, no default port or last slash.

    If the delivery names its cluster (`of_cluster`), the plain form is `cluster NAME`, whatever the address is. A text
    that is not an address is returned unchanged.
    """
    _, mark, cluster = url.partition(_CLUSTER)
    if mark:
        return cluster_address(cluster)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url
    if not host:
        return url
    bracketed = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == {"http": 80, "https": 443}.get(parts.scheme) else f":{port}"
    return f"{parts.scheme.lower()}://{bracketed}{suffix}{parts.path.rstrip('/')}"


def of_cluster(url: str, cluster: str) -> str:
    """Return a delivery's external URL with the cluster that the delivery names; `cluster` may be empty.

    The cluster follows a `#`, because that part of an external URL has no other use and is never compared.
    """
    name = one_line(cluster, LONGEST_CLUSTER)
    return f"{url.partition('#')[0]}{_CLUSTER}{name}" if name else without_cluster(url)


def without_cluster(url: str) -> str:
    """Return the external URL without the cluster: the address that a person can open."""
    return url.partition(_CLUSTER)[0]


def cluster_address(cluster: str) -> str:
    """Return the plain address of a cluster, which replaces the external URL of its Alertmanagers."""
    return f"cluster {cluster}"


def web_address(text: str | None, *, limit: int = 2_000) -> str | None:
    """Return `text` if it is an http or https address with a host, without spaces and unsafe characters, else None.

    An address longer than `limit` characters is refused, because half an address leads elsewhere.
    """
    if not text or len(text) > limit or breaks_line(text) or _SPACE.search(text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and host else None
