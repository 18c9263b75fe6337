"""A message as a text message of at most three segments. Pure; `senders.sms` hands it to the gateway.

3GPP TS 23.038: a segment holds 160 characters of the GSM-7 alphabet, 153 where there are several; one character that is
not in it makes the whole text UCS-2, with 70 and 67. So what only decorates is written in GSM-7, and letters that are
not in it are kept: a name in Greek or Chinese is worth more than a shorter text.
"""

from __future__ import annotations

import unicodedata

from webhook.render.message import Message
from webhook.untrusted import ELLIPSIS, one_line, shorten

MOST_SEGMENTS = 3
LONGEST_LINK = 200

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Each takes the room of two."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−·•", "-"),
        **dict.fromkeys("‘’‚′`´", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        "…": "...",
        "≥": ">=",
        "≤": "<=",
        "×": "x",
        "→": "->",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)
_SHORTEST_REMAINDER = 20
"""Less than this of a sentence is not worth its room."""


def layout(message: Message) -> str:
    """Return the text: severity and title, where to acknowledge it, then as much of the rest as there is room for."""
    link = _link(message)
    text = _fitting("", "\n", one_line(message.subject, 200), link)
    problem = "" if message.problem in message.news else message.problem
    note = "" if message.over else message.severity_note
    labels = message.further_labels
    for sentence in (message.news, problem, note, message.standing, labels, message.next_step, _not_reached(message)):
        text = _fitting(text, "\n", sentence, link)
    return f"{text}\n{link}" if link else text


def segments(text: str) -> int:
    """Return how many segments the text is sent in."""
    if all(character in _GSM7 or character in _GSM7_EXTENDED for character in text):
        units, alone, joined = len(text) + sum(character in _GSM7_EXTENDED for character in text), 160, 153
    else:
        units, alone, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= alone else -(-units // joined)


def plain(text: str) -> str:
    """Return `text` on one line in GSM-7 as far as its letters are in it: signs are replaced or left out."""
    return " ".join("".join(_plain(character) for character in one_line(text, 500).translate(_PLAIN)).split())


def _plain(character: str) -> str:
    if character in _GSM7 or character in _GSM7_EXTENDED:
        return character
    base = unicodedata.normalize("NFKD", character)
    without_marks = "".join(one for one in base if not unicodedata.combining(one))
    if without_marks and all(one in _GSM7 for one in without_marks):
        return without_marks
    return character if unicodedata.category(character)[0] in "LNM" else ""


def _fitting(text: str, gap: str, sentence: str, link: str) -> str:
    """Return `text` with the sentence, or with what of it fits beside the link."""
    added = plain(sentence)
    before = f"{text}{gap}" if text else ""
    after = f"\n{link}" if link else ""
    room = len(added)
    while room and segments(f"{before}{_cut(added, room)}{after}") > MOST_SEGMENTS:
        room -= 1
    if not room or (room < len(added) and room < _SHORTEST_REMAINDER):
        return text
    return f"{before}{_cut(added, room)}"


def _cut(text: str, room: int) -> str:
    return shorten(text, room).replace(ELLIPSIS, "...")


def _link(message: Message) -> str:
    """Return where it is acknowledged, or the first other address; none that would fill a segment of its own."""
    found = [link for link in message.links if link.text.startswith("Incident ")] or list(message.links)
    return found[0].url if found and len(found[0].url) <= LONGEST_LINK else ""


def _not_reached(message: Message) -> str:
    return f"Not reached: {'; '.join(message.undelivered)}" if message.undelivered else ""
