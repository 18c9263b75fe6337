"""Renders a message for a voice on the telephone: a few sentences, no URLs, no signs. Pure; for `senders.phone`.

The text begins with a fixed word and contains neither `<` nor `&`, so that no label becomes an instruction to the
gateway: Twilio's service in apprise treats a text that begins with `<` as a script (TwiML).
"""

from __future__ import annotations

import re

from webhook.render.message import Message
from webhook.untrusted import one_line, shorten

LONGEST = 600
"""Characters; a voice needs about three quarters of a minute for them."""

# The order matters: longer signs come first.
_SPOKEN = (
    (">=", " at least "),
    ("<=", " at most "),
    (">", " above "),
    ("<", " below "),
    ("&", " and "),
    ("_", " "),
    ("#", " number "),
    ("·", ", "),
)
_UNITS = (
    (r"(\d) min\b", r"\1 minutes"),
    (r"(\d) h\b", r"\1 hours"),
    (r"(\d) s\b", r"\1 seconds"),
    (r"\b1 hours", "1 hour"),
)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://\S+", flags=re.IGNORECASE)
_UNSPOKEN = re.compile(r"[^\w\s.,:;!?%'()/+-]")


def layout(message: Message) -> str:
    """Return the text: severity, what is wrong, who has to act by when, and where to acknowledge."""
    where = f", {message.where}" if message.where else ""
    sentences = (
        f"Tocsin calling: {message.severity} alert",
        f"{message.title.replace(': ', ', ', 1)}{where}",
        message.news,
        "" if message.problem in message.news else message.problem,
        "" if message.over else message.severity_note,
        message.standing,
        message.further_labels,
    )
    body = shorten(". ".join(spoken(sentence).rstrip(".") for sentence in sentences if sentence), LONGEST)
    return f"{spoken(body)}.{_end(message)}"


def _end(message: Message) -> str:
    if message.batch_size:
        return f" It is incident {message.incident_id} and others. The list of incidents has them all."
    # A test message is about no incident.
    number = message.incident_id
    return f" It is incident {number}. Acknowledge it on its page or in the chat." if number else ""


def spoken(text: str) -> str:
    """Return `text` as a voice says it: comparisons and units in words, URLs and other signs left out."""
    text = _ADDRESS.sub(" ", one_line(text, LONGEST))
    for sign, words in _SPOKEN:
        text = text.replace(sign, words)
    for pattern, words in _UNITS:
        text = re.sub(pattern, words, text)
    return " ".join(_UNSPOKEN.sub(" ", text).replace(" ,", ",").split())
