"""What arrives from outside, made fit to be shown. Pure; used by every room that writes for people.

Labels and annotations are written by whoever writes metrics. Here they lose what a terminal, a mail header or a
reader's eye would obey: control characters, reversed text, addresses other than http and https.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ELLIPSIS = "…"

# What shows as nothing, or as another place in the text: Unicode's Cc (except tab and line feed), Cf, Cs, Co and
# Default_Ignorable_Code_Point, its line and paragraph separators, noncharacters, and the blank pattern of Braille.
# `compiler.characters.UNPRINTABLE` is the same and the wide blanks; a test compares them. Zero-width joiners and soft
# hyphens go too: a text loses no word by it. A variation selector stays behind a sign that has two forms ("⚠️").
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff"
)
_NOT_CHOSEN = (
    "(?<![#*0-9\xa9\xae\u203c\u2049\u2122-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0e\ufe0f])"
)
UNSEEN = re.compile(f"[{_CONTROLS}]{_NOT_CHOSEN}")
"""A character that is obeyed instead of seen, or not seen at all."""
_UNSAFE_IN_LINE = re.compile(f"[{_CONTROLS}\t\n]{_NOT_CHOSEN}")
_SPACE = re.compile(r"\s+")

LONGEST_CLUSTER = 60
_CLUSTER = "#cluster="


def visible(text: str) -> str:
    """Return `text` without characters that are obeyed instead of seen; tabs and line feeds stay."""
    return _seen(text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = 500) -> str:
    """Return `text` on one line, controls gone, runs of space joined, at most `limit` characters."""
    return shorten(_SPACE.sub(" ", _seen(_SPACE.sub(" ", text))).strip(), limit)


def _seen(text: str) -> str:
    return text if text.isascii() and text.isprintable() else UNSEEN.sub("", text)


def header_text(text: str, limit: int) -> str:
    """Return `text` for a mail's header: one line, in which nothing reads as an encoded word (RFC 2047, 2).

    Python before 3.11.10 and 3.12.4 decodes such words of a value and writes what they hold, line breaks too.
    """
    return shorten(one_line(text, limit).replace("=?", "= ?"), limit)


def shorten(text: str, limit: int) -> str:
    """Return `text` cut to `limit` characters, the last of them an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def breaks_line(text: str) -> bool:
    """Return whether `text` holds a newline, a control character or anything else `one_line` would remove."""
    return _UNSAFE_IN_LINE.search(text) is not None


def plain_address(url: str) -> str:
    """Return an address as it is compared: scheme and host in lower case, no default port, no last slash.

    Of a delivery that names its cluster (`of_cluster`) that is `cluster NAME`, wherever the address leads. What is no
    address is returned as it is.
    """
    _, named, cluster = url.partition(_CLUSTER)
    if named:
        return cluster_address(cluster)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url
    if not host:
        return url
    written = f"[{host}]" if ":" in host else host
    shown = "" if port is None or port == {"http": 80, "https": 443}.get(parts.scheme) else f":{port}"
    return f"{parts.scheme.lower()}://{written}{shown}{parts.path.rstrip('/')}"


def of_cluster(url: str, cluster: str) -> str:
    """Return the external URL of a delivery together with the cluster that the delivery names; `cluster` may be empty.

    What follows a `#` in an external URL leads nowhere and is compared with nothing, so the cluster stands there.
    """
    name = one_line(cluster, LONGEST_CLUSTER)
    return f"{url.partition('#')[0]}{_CLUSTER}{name}" if name else without_cluster(url)


def without_cluster(url: str) -> str:
    """Return the external URL alone: the address that a person can follow."""
    return url.partition(_CLUSTER)[0]


def cluster_address(cluster: str) -> str:
    """Return what stands for the Alertmanagers of this cluster where the external URL of others stands."""
    return f"cluster {cluster}"


def web_address(text: str | None, *, limit: int = 2_000) -> str | None:
    """Return `text` when it is an http or https address with a host and without surprises, else None.

    Anything longer than `limit` characters is refused rather than cut: half an address leads elsewhere.
    """
    if not text or len(text) > limit or breaks_line(text) or _SPACE.search(text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and host else None
