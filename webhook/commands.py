"""A runbook's commands with their placeholders filled from an alert's labels. Pure; used by render.

The result is meant to be copied into a shell by somebody who has just been woken, so a label value may never
become syntax: it is quoted, or it is left out and the reader is told why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from webhook.catalog.model import Command, Placeholder
from webhook.untrusted import breaks_line

SHELLS = frozenset({"", "bash", "sh", "shell", "console", "zsh"})
LONGEST_VALUE = 256

# What makes text out of its arguments and reads that again, as a shell or as another language: the quotes are gone by
# then. Anywhere in the command, because the reader may stand behind a pipe.
_READS_AGAIN = re.compile(
    r"(?<![\w.-])(?:eval|source|trap|alias|let|declare|typeset|unset|ssh|pssh|pdsh|ansible|(?:ba|da|k|z|a)?sh|su|watch|"
    r"parallel|xargs|tmux|screen|crontab|sed|awk|gawk|mawk|perl|python[\d.]*|ruby|node|php|jq|yq)(?![\w-])"
    r"|\(\(|\$\[|\s-(?:eq|ne|lt|le|gt|ge|v)\s"
)
_COMMENT_BEGINS_AFTER = frozenset(" \t\n;&|()")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A command as the reader gets it."""

    text: str
    language: str
    notes: tuple[str, ...]
    """Why a placeholder was left for the reader, one sentence each."""


def fill(command: Command, labels: Mapping[str, str]) -> Filled:
    """Return `command` with every placeholder replaced that `labels` can fill safely.

    Left as they stand: placeholders no label belongs to, labels that are missing or empty, values with a newline or
    a control character, values that would be read as an option, and, where quoting would not protect (inside quotes,
    in a command that reads its arguments again, in a language other than shell), values with any character that would
    need it.
    """
    text, notes = command.text, list[str]()
    shell = command.language.lower() in SHELLS and _READS_AGAIN.search(text) is None
    by_text = {placeholder.text: placeholder for placeholder in command.placeholders}
    if not by_text:
        return Filled(text=text, language=command.language, notes=())
    # One pass over the original text, longest first, so that what was filled in is never searched again.
    pattern = re.compile("|".join(re.escape(name) for name in sorted(by_text, key=len, reverse=True)))

    def replacement(match: re.Match[str]) -> str:
        plain = shell and not _quoted(text[: match.start()])
        value, note = _value(by_text[match[0]], labels, plain=plain)
        if note and note not in notes:
            notes.append(note)
        return match[0] if value is None else value

    return Filled(text=pattern.sub(replacement, text), language=command.language, notes=tuple(notes))


def _value(placeholder: Placeholder, labels: Mapping[str, str], *, plain: bool) -> tuple[str | None, str | None]:
    """Return what replaces the placeholder, or None and the reason why nothing does."""
    if placeholder.label is None:
        return None, None
    value = labels.get(placeholder.label, "")
    left = f"{placeholder.text} is left for you to fill in: the label {placeholder.label}"
    if not value:
        return None, f"{left} is not on this alert."
    reason = _unfit(value, plain=plain)
    return (None, f"{left} {reason}") if reason else (shlex.quote(value), None)


def _unfit(value: str, *, plain: bool) -> str | None:
    """Return why the value may not become part of a command, or None when it may."""
    if breaks_line(value):
        return "holds a line break or a control character."
    if len(value) > LONGEST_VALUE:
        return f"is longer than {LONGEST_VALUE} characters."
    if value.startswith("-"):
        return "begins with a hyphen and would be read as an option."
    if not plain and shlex.quote(value) != value:
        return "holds characters that cannot be quoted at this place."
    return None


def _quoted(before: str) -> bool:
    """Return whether the place after `before` may lie within shell quotes, a here-document or a substitution.

    There `shlex.quote` does not protect: within double quotes its single quotes are ordinary characters, and within
    single quotes they end them. A `#` begins a comment or is the prompt of root, and an apostrophe in a sentence opens
    no quote: so every reading counts, and one that lies within quotes is enough.
    """
    line = before.rpartition("\n")[2]
    readings = (
        _open_quote(before, comments=True),
        _open_quote(before, comments=False),
        _open_quote(line, comments=False),
    )
    return any(readings) or before.count("`") % 2 == 1 or "<<" in before


def _open_quote(before: str, *, comments: bool) -> bool:
    """Return whether a quote, or a character that is escaped, is open at the end of `before`."""
    quote, escaped, commented, previous = "", False, False, "\n"
    for character in before:
        if commented:
            commented = character != "\n"
        elif escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote[-1] else quote
        elif character in "'\"":
            # Within $'…' a backslash escapes, within '…' it does not.
            quote = "$'" if character == "'" and previous == "$" else character
        elif character == "#" and comments and previous in _COMMENT_BEGINS_AFTER:
            commented = True
        previous = character
    return bool(quote) or escaped
