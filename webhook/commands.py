"""Fills the placeholders of a runbook's commands from an alert's labels. Pure; `render` uses it.

A person who was just woken copies the result into a shell, and whoever writes metrics controls the labels. So an
allow-list decides. The compiler states what each place takes (`places` in the catalogue). A value of another form is
not filled in; the reader sees it in a note beside the command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webhook.catalog.model import Command, Place, Placeholder, Takes
from webhook.untrusted import breaks_line, one_line

LONGEST_VALUE = 256
LONGEST_SHOWN = 80
"""Characters of a value that a note shows if the value is not filled in."""

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
"""By what a place takes: the pattern of the whole value, and its description. No plain word is an option or `..`."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A command as the reader sees it."""

    text: str
    language: str
    notes: tuple[str, ...]
    """One sentence for each placeholder that the reader must fill in, with the reason."""


def fill(command: Command, labels: Mapping[str, str]) -> Filled:
    """Return `command` with every placeholder replaced that `labels` can fill safely.

    A placeholder stays if no label belongs to it, if its label is missing or empty, or if the value does not have the
    form that the place takes. If a placeholder in angle brackets stays, a placeholder directly behind it stays too,
    because a shell would read the closing bracket as a redirection into the value.
    """
    by_text = {placeholder.text: placeholder for placeholder in command.placeholders}
    if not by_text:
        return Filled(text=command.text, language=command.language, notes=())
    # One pass over the original text, longest placeholders first, so that no filled-in value is searched again.
    pattern = re.compile("|".join(re.escape(name) for name in sorted(by_text, key=len, reverse=True)))
    parts, notes, copied_to = list[str](), dict[str, None](), 0
    unfilled: re.Match[str] | None = None
    for match in pattern.finditer(command.text):
        value, note = _value(by_text[match[0]], match.start(), labels)
        if value is not None and unfilled is not None and _redirects(command.text, unfilled, match):
            value, note = (
                None,
                f"{_unfilled_note(by_text[match[0]], labels)}, and follows another placeholder that is left to you.",
            )
        if note:
            notes[note] = None
        unfilled = match if value is None else None
        parts += [command.text[copied_to : match.start()], match[0] if value is None else value]
        copied_to = match.end()
    return Filled(text="".join(parts) + command.text[copied_to:], language=command.language, notes=tuple(notes))


def _value(placeholder: Placeholder, at: int, labels: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the value for the placeholder at one place, or None and the reason why it is not filled in."""
    if placeholder.label is None:
        return None, None
    value = labels.get(placeholder.label, "")
    if not value:
        return None, (
            f"{placeholder.text} is left for you to fill in: the label {placeholder.label} is not on this alert."
        )
    place = next((place for place in placeholder.places if place.at == at), None)
    reason = _reason_unfit(value, place)
    if reason or place is None:
        return None, f"{_unfilled_note(placeholder, labels)}{reason}"
    return value.replace("'", "''") if place.takes == "literal" else value, None


def _unfilled_note(placeholder: Placeholder, labels: Mapping[str, str]) -> str:
    label = placeholder.label or ""
    value = one_line(labels.get(label, ""), LONGEST_SHOWN)
    return f"{placeholder.text} is left for you to fill in: the label {label} is “{value}”"


def _reason_unfit(value: str, place: Place | None) -> str | None:
    """Return why the value must not be filled in at the place, as the end of a sentence; None if it may be."""
    if place is None:
        return ", and the catalogue does not say what may stand here."
    if place.takes == "nothing":
        return f", and nothing is filled in here: {place.why}."
    if breaks_line(value):
        return " without its line breaks and control characters, with which it is not filled in."
    if len(value) > LONGEST_VALUE:
        return f" and goes on: it is longer than {LONGEST_VALUE} characters."
    form, description = _FORMS[place.takes]
    return None if form.fullmatch(value) else f", which is not {description}."


def _redirects(text: str, unfilled: re.Match[str], following: re.Match[str]) -> bool:
    """Return whether a shell would read the end of an unfilled placeholder as a redirection into the following one."""
    between = text[unfilled.end() : following.start()].lstrip(" \t")
    return unfilled[0].endswith(">") and not any(character.isspace() for character in between)
