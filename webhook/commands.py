"""A runbook's commands with their placeholders filled from an alert's labels. Pure; used by render.

The result is meant to be copied into a shell by somebody who has just been woken, and labels are written by whoever
writes metrics. So an allow-list decides: the compiler has said what each place takes (`places` in the catalogue), and a
value that is not of that form is left to the reader, who sees it beside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webhook.catalog.model import Command, Place, Placeholder, Takes
from webhook.untrusted import breaks_line, one_line

LONGEST_VALUE = 256
LONGEST_SHOWN = 80
"""Characters of a value that are shown where it is not filled in."""

_WORD = r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*"
_ADDRESS = rf"{_WORD}(?::[0-9]{{1,5}})?"
_PATH = rf"(?:/{_WORD})+"
_FORMS: Mapping[Takes, tuple[re.Pattern[str], str]] = {
    "word": (re.compile(_WORD), "a plain word: letters, digits, _, single dots and hyphens within"),
    "path": (re.compile(rf"{_WORD}|{_PATH}|/"), "a path of plain words"),
    "address": (re.compile(_ADDRESS), "a host, with or without a port"),
    "url": (re.compile(rf"(?:https?://)?{_ADDRESS}(?:{_PATH})?/?"), "the address of a page, of plain words"),
    "number": (re.compile(r"[0-9]{1,18}"), "digits"),
    "literal": (re.compile(r"[ -\[\]-_a-~]+"), "printable ASCII without a backslash or a backquote"),
    "matcher": (re.compile(r"[A-Za-z0-9_./:@ ,=+-]+"), "letters, digits and _./:@,=+-"),
}
"""By what a place takes: the whole value, and how it is called. No word is an option or a parent folder."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A command as the reader gets it."""

    text: str
    language: str
    notes: tuple[str, ...]
    """Why a placeholder was left for the reader, one sentence each."""


def fill(command: Command, labels: Mapping[str, str]) -> Filled:
    """Return `command` with every placeholder replaced that `labels` can fill safely.

    Left as they stand: placeholders that no label belongs to, labels that are missing or empty, values that are not of
    the form that the place takes, and a word right behind a placeholder in angle brackets that was left, for a shell
    would read the bracket as a redirection into it.
    """
    by_text = {placeholder.text: placeholder for placeholder in command.placeholders}
    if not by_text:
        return Filled(text=command.text, language=command.language, notes=())
    # One pass over the original text, longest first, so that what was filled in is never searched again.
    pattern = re.compile("|".join(re.escape(name) for name in sorted(by_text, key=len, reverse=True)))
    parts, notes, at = list[str](), dict[str, None](), 0
    left: re.Match[str] | None = None
    for found in pattern.finditer(command.text):
        value, note = _value(by_text[found[0]], found.start(), labels)
        if value is not None and left is not None and _redirects(command.text, left, found):
            value, note = None, f"{_left(by_text[found[0]], labels)}, and stands behind another one that is left."
        if note:
            notes[note] = None
        left = found if value is None else None
        parts += [command.text[at : found.start()], found[0] if value is None else value]
        at = found.end()
    return Filled(text="".join(parts) + command.text[at:], language=command.language, notes=tuple(notes))


def _value(placeholder: Placeholder, at: int, labels: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return what replaces the placeholder at one place, or None and the reason why nothing does."""
    if placeholder.label is None:
        return None, None
    value = labels.get(placeholder.label, "")
    if not value:
        return None, (
            f"{placeholder.text} is left for you to fill in: the label {placeholder.label} is not on this alert."
        )
    place = next((one for one in placeholder.places if one.at == at), None)
    reason = _unfit(value, place)
    if reason or place is None:
        return None, f"{_left(placeholder, labels)}{reason}"
    return value.replace("'", "''") if place.takes == "literal" else value, None


def _left(placeholder: Placeholder, labels: Mapping[str, str]) -> str:
    label = placeholder.label or ""
    value = one_line(labels.get(label, ""), LONGEST_SHOWN)
    return f"{placeholder.text} is left for you to fill in: the label {label} is “{value}”"


def _unfit(value: str, place: Place | None) -> str | None:
    """Return why the value may not stand at the place, as the end of a sentence, or None when it may."""
    if place is None:
        return ", and the catalogue does not say what may stand here."
    if place.takes == "nothing":
        return f", and nothing is filled in here: {place.why}."
    if breaks_line(value):
        return " without its line breaks and control characters, with which it is not filled in."
    if len(value) > LONGEST_VALUE:
        return f" and goes on: it is longer than {LONGEST_VALUE} characters."
    form, word = _FORMS[place.takes]
    return None if form.fullmatch(value) else f", which is not {word}."


def _redirects(text: str, left: re.Match[str], following: re.Match[str]) -> bool:
    """Return whether a shell would read the end of `left`, a placeholder that stays, as a redirection into the next."""
    between = text[left.end() : following.start()].lstrip(" \t")
    return left[0].endswith(">") and not any(character.isspace() for character in between)
