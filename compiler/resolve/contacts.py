"""Resolve: addresses and numbers of people, as mail servers and gateways take them.

Used by `compiler.resolve.people`. A contact that no gateway takes fails at three in the morning, and nobody is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from compiler.diagnostics import Diagnostics
from compiler.document import Table

_BETWEEN_DIGITS: Final = str.maketrans("", "", " ().-/")
"""What people write between digits; the webhook takes it out, too."""
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z", re.ASCII)
"""E.164: a plus, the country's code, up to 15 digits."""
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()\[\]]+@[^@\s<>,;:\"()\[\]]+\Z")
_CHANNEL: Final = re.compile(r"#\S+\Z|[CGDU][A-Z0-9]{6,}\Z|@\S+\Z")


def check(owner: Table, diagnostics: Diagnostics) -> None:
    """Add an error for each contact of a level, or of a turn of its rotation, that none can be reached by."""
    for key, wrong in _WRONG.items():
        if key not in owner:
            continue
        given = owner[key]
        for contact, span in zip(given, given.spans, strict=True):
            found = wrong(contact)
            if found is not None:
                message, hint = found
                diagnostics.error("contact", span, message, hint=hint)


def check_channel(team: Table, diagnostics: Diagnostics) -> None:
    """Add a finding where a team's channel is none that Slack knows."""
    channel = team.get("slack")
    if channel is None or _CHANNEL.match(channel):
        return
    span = team.value_spans["slack"]
    if re.match(r"https?://", channel):
        message = f"`{channel}` is a link, and no channel's name"
        identifier = channel.rstrip("/").rpartition("/")[2]
        known = _CHANNEL.match(identifier)
        hint = (
            f"write the channel's id: `{identifier}`"
            if known
            else 'write its name, such as `"#ops-support"`, or its id'
        )
        diagnostics.error("contact", span, message, hint=hint)
        return
    name = channel.strip().casefold().replace(" ", "-")
    diagnostics.warning("contact", span, f"`{channel}` lacks the `#` of a channel's name", hint=f'write `"#{name}"`')


def _wrong_number(contact: str) -> tuple[str, str] | None:
    digits = contact.translate(_BETWEEN_DIGITS)
    if _NUMBER.match(digits):
        return None
    example = 'such as `"+12025550101"`'
    if "@" in contact:
        return f"`{contact}` is an e-mail address, and no telephone number", "it goes below `email:`"
    if digits.startswith("00") and digits[2:].isdecimal():
        return f"`{contact}` begins with 00 in place of `+`", f'write `"+{digits[2:]}"`'
    if digits.lstrip("+").isdecimal() and not digits.startswith("+"):
        return f"`{contact}` lacks the country's code", f"begin with `+` and the code, {example}"
    return f"`{contact}` is no telephone number", f"write `+`, the country's code and digits, {example}"


def _wrong_address(contact: str) -> tuple[str, str] | None:
    if _ADDRESS.match(contact):
        return None
    inside = re.search(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", contact)
    others = re.findall(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", contact)
    if len(others) > 1:
        return "these are several addresses in one text", f"write `[{', '.join(others)}]`"
    if inside is not None:
        return f"`{contact}` holds more than an address", f"write `{inside.group()}`"
    if contact.translate(_BETWEEN_DIGITS).lstrip("+").isdecimal():
        return f"`{contact}` is a telephone number, and no e-mail address", "it goes below `sms:` or `phone:`"
    return f"`{contact}` is no e-mail address", "such as `devops@example.com`"


_WRONG: Final[Mapping[str, Callable[[str], tuple[str, str] | None]]] = {
    "email": _wrong_address,
    "sms": _wrong_number,
    "phone": _wrong_number,
}
