"""Resolve: check people's names, e-mail addresses, telephone numbers and Slack channels.

`compiler.resolve.people` calls these checks. A contact that no mail server, gateway or Slack accepts fails at three in
the morning, and nobody is told. Texts that messages show unchanged must not mislead, and must not mention other people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from compiler.channels import CONTACTS, Form
from compiler.characters import is_printable
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table

_BETWEEN_DIGITS: Final = str.maketrans("", "", " ().-/")
"""Characters that people write between digits; the webhook removes them as well."""
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z", re.ASCII)
"""E.164: a plus and up to 15 digits, which begin with the country code."""
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()\[\]\\`]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})*\Z")
"""Lengths by RFC 5321, 4.5.3.1; letters beyond ASCII by RFC 6531."""
_CHANNEL: Final = re.compile(r"[#@][\w.-]{1,80}\Z|[CGDU][A-Z0-9]{6,20}\Z")
"""Slack, "Channel naming guidelines": up to 80 letters, digits, hyphens and underscores."""
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.@-]{0,99}\Z", re.ASCII)
_WITHOUT_SIGN: Final = re.compile(r"#? ?[\w.-]+( [\w.-]+)*\Z")
_ENCODED: Final = "=?"
"""The beginning of an encoded word in a mail header (RFC 2047, 2), which may contain line breaks."""
_CALLS_MANY: Final = re.compile(r"<[!@#][^>]*>?|(?<!\w)@(everyone|channel|here)\b", re.IGNORECASE)
"""Texts that notify people in a chat: "Formatting text" (Slack), mentions (Discord, Mattermost)."""
_LONGEST_CONTACT: Final = 254
"""RFC 5321, 4.5.3.1.3."""
_LONGEST_NAME: Final = 100
_LONGEST_SETTING: Final = 2000


def check(owner: Table, diagnostics: Diagnostics) -> None:
    """Add an error for each contact of a level, or of a turn of its rotation, by which nobody can be reached."""
    check_title(owner, diagnostics)
    for key, form in CONTACTS.items():
        if key not in owner:
            continue
        texts, find_problem = owner[key], _PROBLEM_FINDERS[form]
        for contact, span in zip(texts, texts.spans, strict=True):
            if _refuse_problem(
                _form_problem(contact, _LONGEST_CONTACT) or _mention_problem(contact), span, diagnostics
            ):
                continue
            problem = find_problem(contact)
            if problem is not None:
                message, hint = problem
                diagnostics.error("contact", span, message, hint=hint)


def check_title(owner: Table, diagnostics: Diagnostics) -> None:
    """Add an error if a title is too long, contains invisible characters or mentions people."""
    title = owner["title"]
    _refuse_problem(
        _form_problem(title, _LONGEST_NAME) or _mention_problem(title), owner.value_spans["title"], diagnostics
    )


def check_settings(owner: Table, diagnostics: Diagnostics) -> None:
    """Add an error for each text in `routing:`, at any depth, that is too long or contains invisible characters."""
    for key, value in owner.items():
        if isinstance(value, Table):
            check_settings(value, diagnostics)
        if isinstance(value, str):
            _refuse_problem(_form_problem(value, _LONGEST_SETTING), owner.value_spans[key], diagnostics)


def _refuse_problem(problem: tuple[str, str] | None, span: Span, diagnostics: Diagnostics) -> bool:
    """Add an error, which no comment can silence, if there is a problem; return whether there is."""
    if problem is not None:
        message, hint = problem
        diagnostics.error("misleading-text", span, message, hint=hint)
    return problem is not None


def _form_problem(text: str, limit: int) -> tuple[str, str] | None:
    """Return what makes a text unfit as a name or an address: its length, a line break or an invisible character."""
    if len(text) > limit:
        return f"{len(text)} characters stand here, and {limit} may", "shorten it"
    if not is_printable(text):
        character = "a line break" if "\n" in text else "a tab" if "\t" in text else "a character that is not seen"
        return f"`{text}` holds {character}", "take it out: the text must look like what it is"
    if _ENCODED in text:
        return f"`{text}` begins an encoded word of a mail's header: `{_ENCODED}`", "write the text itself"
    return None


def _mention_problem(text: str) -> tuple[str, str] | None:
    mention = _CALLS_MANY.search(text)
    if mention is None:
        return None
    return f"`{mention.group()}` calls people in a chat, and is no name", "take it out"


def check_channel(team: Table, diagnostics: Diagnostics) -> None:
    """Add a finding if Slack would not accept the name of a team's channel."""
    channel = team.get("slack")
    if channel is None:
        return
    span = team.value_spans["slack"]
    refused = _refuse_problem(_form_problem(channel, _LONGEST_CONTACT) or _mention_problem(channel), span, diagnostics)
    if refused or _CHANNEL.match(channel):
        return
    if re.match(r"https?://", channel):
        message = f"`{channel}` is a link, and no channel's name"
        identifier = channel.rstrip("/").rpartition("/")[2]
        id_match = _CHANNEL.match(identifier)
        hint = (
            f"write the channel's id: `{identifier}`"
            if id_match
            else 'write its name, such as `"#ops-support"`, or its id'
        )
        diagnostics.error("contact", span, message, hint=hint)
        return
    if not _WITHOUT_SIGN.match(channel):
        hint = 'letters, digits, hyphens and underscores behind `#`, such as `"#ops-support"`'
        diagnostics.error("contact", span, f"`{channel}` is no channel's name", hint=hint)
        return
    name = channel.lstrip("# ").casefold().replace(" ", "-")
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
    address = re.search(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", contact)
    addresses = re.findall(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", contact)
    if len(addresses) > 1:
        return "these are several addresses in one text", f"write `[{', '.join(addresses)}]`"
    if address is not None and _ADDRESS.match(address.group()):
        return f"`{contact}` holds more than an address", f"write `{address.group()}`"
    if contact.translate(_BETWEEN_DIGITS).lstrip("+").isdecimal():
        return f"`{contact}` is a telephone number, and no e-mail address", "it goes below `sms:` or `phone:`"
    return f"`{contact}` is no e-mail address", "such as `devops@example.com`"


def _wrong_name(contact: str) -> tuple[str, str] | None:
    if _NAME.match(contact):
        return None
    return f"`{contact}` is no name at a service", "letters, digits, `_`, `-`, `.` and `@`, such as `alice`"


_PROBLEM_FINDERS: Final[Mapping[Form, Callable[[str], tuple[str, str] | None]]] = {
    "mail": _wrong_address,
    "number": _wrong_number,
    "name": _wrong_name,
}
