"""Renders a message as a text message of at most three segments. Pure; `senders.sms` hands it to the gateway.

3GPP TS 23.038: a segment holds 160 characters of the GSM-7 alphabet, or 153 when there are several segments. One
character outside the alphabet makes the whole text UCS-2, with 70 and 67 characters. So this module replaces decorative
characters with GSM-7 ones and keeps letters outside GSM-7: a Greek or Chinese name is worth more than a shorter text.
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
"""Each of these takes the room of two characters."""

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
"""Fewer characters of a sentence than this are not worth the room."""


def layout(message: Message) -> str:
    """Return the text: severity and title, as many further sentences as fit, and the link to acknowledge."""
    link = _link(message)
    text = _fitting("", "\n", one_line(message.subject, 200), link)
    problem = "" if message.problem in message.news else message.problem
    note = "" if message.over else message.severity_note
    labels = message.further_labels
    for sentence in (message.news, problem, note, message.standing, labels, message.next_step, _not_reached(message)):
        text = _fitting(text, "\n", sentence, link)
    return f"{text}\n{link}" if link else text


def segments(text: str) -> int:
    """Return how many segments the text takes."""
    if all(character in _GSM7 or character in _GSM7_EXTENDED for character in text):
        length, single_limit, part_limit = len(text) + sum(character in _GSM7_EXTENDED for character in text), 160, 153
    else:
        length, single_limit, part_limit = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single_limit else -(-length // part_limit)


def plain(text: str) -> str:
    """Return `text` on one line, with signs outside GSM-7 replaced or left out; letters outside GSM-7 stay."""
    return " ".join("".join(_plain(character) for character in one_line(text, 500).translate(_PLAIN)).split())


def _plain(character: str) -> str:
    if character in _GSM7 or character in _GSM7_EXTENDED:
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    without_marks = "".join(part for part in decomposed if not unicodedata.combining(part))
    if without_marks and all(letter in _GSM7 for letter in without_marks):
        return without_marks
    return character if unicodedata.category(character)[0] in "LNM" else ""


def _fitting(text: str, gap: str, sentence: str, link: str) -> str:
    """Return `text` followed by as much of the sentence as fits beside the link."""
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
    """Return the URL of the incident's page, else the first other link; empty when longer than `LONGEST_LINK`."""
    links = [link for link in message.links if link.text.startswith("Incident ")] or list(message.links)
    return links[0].url if links and len(links[0].url) <= LONGEST_LINK else ""


def _not_reached(message: Message) -> str:
    return f"Not reached: {'; '.join(message.undelivered)}" if message.undelivered else ""
