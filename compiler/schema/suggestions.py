"""Suggest what an unknown key or value was probably meant to be; used by `compiler.schema` and `compiler.resolve`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from compiler.diagnostics import nearest
from compiler.quantities import SECONDS as SECONDS_UNIT
from compiler.quantities import QuantityError, duration_text, parse_quantity

_OTHER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "warn": ("warning",),
    "ticket": ("warning",),
    "minor": ("warning",),
    "p2": ("warning",),
    "sev2": ("warning",),
    "crit": ("critical",),
    "page": ("critical",),
    "error": ("critical",),
    "major": ("critical",),
    "p1": ("critical",),
    "sev1": ("critical",),
    "fatal": ("critical",),
    "disaster": ("emergency",),
    "p0": ("emergency",),
    "notice": ("info",),
    "information": ("info",),
    "p3": ("warning",),
    "p4": ("info",),
    "owner": ("team",),
    "name": ("title",),
    "policy": ("escalation",),
    "threshold": ("limits",),
    "thresholds": ("limits",),
    "alerts": ("limits",),
    "rules": ("limits",),
    "labels": ("selector", "per"),
    "by": ("per",),
    "duration": ("for",),
    "hold": ("for",),
    "anchor": ("runbook",),
    "section": ("runbook",),
    "mail": ("email",),
    "mobile": ("sms",),
    "text": ("sms",),
    "tel": ("phone",),
    "call": ("phone",),
    "channel": ("slack",),
    "expr": ("query",),
    "services": ("systems",),
}
"""Words of other tools, and the keys or values that mean the same here."""

_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ms", "s", "sec", "second", "m", "min", "minutes", "h", "hours", "d", "days", "time"), "seconds"),
    **dict.fromkeys(("%", "percent", "percentage", "share"), "ratio"),
    **dict.fromkeys(("b", "byte", "kb", "mb", "gb", "kib", "mib", "gib"), "bytes"),
    **dict.fromkeys(("number", "integer", "int", "none", "1"), "count"),
    **dict.fromkeys(("/s", "rate", "per second", "rps", "persecond"), "per_second"),
    **dict.fromkeys(("boolean", "bool", "true"), "state"),
}
"""Units as other formats write them."""


def meant_key(key: str, known: Collection[str], present: Collection[str]) -> str | None:
    """Return the key that an unknown one was probably meant to be, or None; keys that are `present` do not count."""
    free = {name for name in known if name not in present}
    plain = key.strip().casefold().replace("-", "_")
    for candidate in (plain, *_OTHER_WORDS.get(plain, ())):
        if candidate in free:
            return candidate
    return nearest(plain, free)


def meant_choice(value: object, choices: Collection[str]) -> str | None:
    """Return the choice that a value was probably meant to be, or None."""
    plain = str(value).strip().casefold()
    for candidate in (plain, _UNITS.get(plain), *_OTHER_WORDS.get(plain, ())):
        if candidate in choices:
            return candidate
    return nearest(plain, choices)


def identifier(value: str, *, joint: str) -> str:
    """Return an id made of a text, or nothing; `joint` separates its words."""
    joined = re.sub(r"[^a-z0-9]+", joint, value.casefold()).strip(joint)
    return joined if re.match(r"[a-z]", joined) else ""


_DECIMAL_COMMA: Final = re.compile(r"(?<=[0-9]),(?=[0-9])")
_CLOCK: Final = re.compile(r"(?P<hours>[0-9]{1,2}):(?P<minutes>[0-9]{2})\Z")
_WORDS: Final = re.compile(r"(?P<number>[0-9]+)\s*(?P<unit>sec|min|hour|hr|day|s|m(?!s)|h|d)[a-z]*\.?\Z")


def duration(value: object) -> str | None:
    """Return, in Prometheus's form, a time that is written in another form; None if the time is not clear."""
    plain = _DECIMAL_COMMA.sub(".", str(value).strip().casefold())
    clock = _CLOCK.match(plain)
    if clock is not None:
        return duration_text(int(clock["hours"]) * 3600 + int(clock["minutes"]) * 60)
    if (words := _WORDS.match(plain)) is not None:
        return f"{int(words['number'])}{words['unit'][0]}"
    try:
        quantity = parse_quantity(plain)
    except QuantityError:
        return None
    seconds = quantity.value
    return duration_text(int(seconds)) if quantity.unit == SECONDS_UNIT and seconds == int(seconds) else None
