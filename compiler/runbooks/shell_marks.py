"""Read one word of a command: which option it is, and what a placeholder in it takes. Pure.

`shell_places` and the modules that it asks about single programs (`host_places`, `shell_outputs`) use it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from compiler.runbooks.place import MARK, OPAQUE, Place, never
from compiler.runbooks.programs import Usage
from compiler.runbooks.shell_words import Mark, Word

LONG: Final = re.compile(r"--?([A-Za-z][A-Za-z0-9.-]+)=")
_SHORT: Final = re.compile(r"-([A-Za-z0-9]+)")
_BEFORE: Final = re.compile(r"(?:\A|[A-Za-z0-9_./:=,&?\"' {}-])\Z")
_BEHIND: Final = re.compile(r"\A(?:\Z|[A-Za-z0-9_./:=,&?\"' {}|)-])")
_HOST_BEGINS: Final = re.compile(r"https?://\Z")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]?\Z")
_USER: Final = re.compile(r"\A[A-Za-z0-9_.-]+@\Z")

PlacesByNumber = dict[int, Place]
Kind = Literal["none", "value behind", "value within", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Argument:
    """A word behind a program's name; `option` is the option that the word is or belongs to as a value, else empty.

    `switch` is set if the word is the option itself; `known` says whether the usage lists the option.
    """

    word: Word
    option: str = ""
    switch: bool = False
    known: bool = True


def shown(text: str) -> str:
    """Return a word of a command for a message."""
    return text.replace(OPAQUE, "$…").replace(MARK, "<…>")[:40]


def refused(words: Sequence[Word], why: str) -> PlacesByNumber:
    """Return a refusal for each placeholder of the words."""
    return {number: never(why) for word in words for mark in word.marks for number in mark.numbers}


def placed(word: Word, mark: Mark, place: Place) -> Mapping[int, Place]:
    """Return what a mark's placeholders take: nothing if the characters beside them give a value another meaning."""
    reason = mark.refused or word.refused or _neighbour_refusal(word, mark)
    if reason and place.takes != "nothing":
        place = never(reason)
    if place.takes == "word" and _HOST_BEGINS.search(word.text[: mark.at]) and _host_ends(word, mark):
        place = Place(takes="address")
    if mark.substituted and place.takes != "nothing":
        # The command within the substitution says what its placeholders take.
        return {}
    return dict.fromkeys(mark.numbers, place)


def option_kind(word: Word, usage: Usage) -> Kind:
    """Return how an option takes its value."""
    if LONG.match(word.text):
        return "value within"
    if word.text.startswith("--"):
        name = word.text[2:]
        return "none" if name in usage.switches else "value behind" if name in usage.options else "unknown"
    short_options = _SHORT.fullmatch(word.text)
    if short_options is None:
        return "unknown"
    letters = short_options[1].rstrip("0123456789")
    if len(letters) < len(short_options[1]):
        # `-40`, or `-A6`: a number right behind its letter.
        return "none" if len(letters) <= 1 and (not letters or letters in usage.options) else "unknown"
    if all(letter in usage.switches for letter in letters[:-1]):
        last = letters[-1]
        return "none" if last in usage.switches else "value behind" if last in usage.options else "unknown"
    return "unknown"


def parsed(words: Sequence[Word], usage: Usage) -> tuple[Argument, ...]:
    """Return the words behind a program's name, each with the option that it belongs to."""
    arguments, option, options_ended = list[Argument](), "", False
    for word in words:
        if option:
            arguments.append(Argument(word=word, option=option))
            option = ""
        elif options_ended or not word.text.startswith("-") or word.text == "-":
            arguments.append(Argument(word=word))
        elif word.text == "--":
            options_ended = True
        else:
            kind = option_kind(word, usage)
            long_option = LONG.match(word.text)
            is_listed = long_option is not None and word.text.startswith("--") and long_option[1] in usage.options
            is_known = is_listed if kind == "value within" else kind != "unknown"
            arguments.append(Argument(word=word, option=word.text.partition("=")[0], switch=True, known=is_known))
            option = (word.text if word.text.startswith("--") else f"-{word.text[-1]}") * (kind == "value behind")
    return tuple(arguments)


def _host_ends(word: Word, mark: Mark) -> bool:
    return word.text[mark.at + 1 : mark.at + 2] in {"", "/"}


def _neighbour_refusal(word: Word, mark: Mark) -> str:
    """Return why the characters beside a placeholder forbid a value there; empty if they do not."""
    before, behind = word.text[: mark.at], word.text[mark.at + 1 :]
    if mark.substituted:
        return ""
    if re.fullmatch(r"-+[\w.-]*", before):
        return "it would be a part of an option's name"
    is_plain = _BEFORE.search(before) or _USER.search(before)
    is_special = before in {"=", "=="} or _PERCENT.search(before)
    if mark.mode == "bare" and any(sign in before for sign in "[{^!%"):
        is_special = True
    return "" if is_plain and _BEHIND.match(behind) and not is_special else "a sign beside it gives it another meaning"
