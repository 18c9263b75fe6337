"""Resolve: single values of a document → numbers, with an error at their place where they are none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from compiler import conventions
from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.document import Table
from compiler.promql import PromQLError
from compiler.quantities import QuantityError, Rate, duration_text, parse_duration, parse_rate

NOTHING: Final[Table] = Table(Span("", 1, 1, 1))
"""Stands for a mapping that a file leaves out."""


def is_off(value: object) -> bool:
    """Return whether a value says `off`; an editor of YAML 1.1 may have turned the word into false."""
    return value == conventions.OFF or value is False


def table(owner: Table, key: str) -> Table:
    """Return the mapping below `key`, or an empty one."""
    found = owner.get(key)
    return found if isinstance(found, Table) else NOTHING


def duration(owner: Table, key: str, default: int, diagnostics: Diagnostics, *, least: int = 0) -> int:
    """Return the seconds below `key`, or the default where the key is missing, wrong or below the `least` seconds."""
    if key not in owner:
        return default
    try:
        seconds = parse_duration(str(owner[key]))
    except QuantityError as error:
        diagnostics.error("quantity", owner.value_spans[key], str(error), hint=error.hint)
        return default
    if seconds < least:
        message = f"`{key}` must be at least {duration_text(least)}"
        diagnostics.error("quantity", owner.value_spans[key], message)
        return default
    return seconds


def holds(owner: Table, inherited: dict[str, int], diagnostics: Diagnostics, key: str = "for") -> dict[str, int]:
    """Return the seconds of `for`, or another `key`, by severity, those that it does not name inherited."""
    value: Any = owner.get(key)
    if isinstance(value, Table):
        # A key that is no severity has been reported.
        return {key: duration(value, key, seconds, diagnostics) for key, seconds in inherited.items()}
    if value is None:
        return inherited
    seconds = duration(owner, key, -1, diagnostics)
    return inherited if seconds < 0 else dict.fromkeys(inherited, seconds)


def minimum_traffic(owner: Table, inherited: Rate | None, diagnostics: Diagnostics) -> Rate | None:
    """Return the least traffic that `owner` asks for, or what it inherits; None is none."""
    if "minimum_traffic" not in owner:
        return inherited
    value = owner["minimum_traffic"]
    if is_off(value):
        return None
    try:
        return parse_rate(str(value))
    except QuantityError as error:
        diagnostics.error("quantity", owner.value_spans["minimum_traffic"], str(error), hint=error.hint)
        return inherited


def over_time(owner: Table, inherited: str | None) -> str | None:
    """Return the function by which `owner` wants gauges taken over the window; None is none."""
    value = owner.get("over_time", inherited)
    return None if value is None or is_off(value) else str(value)


def place_of(error: PromQLError, text: str, span: Span, diagnostics: Diagnostics) -> Span:
    """Return where in a value, whose `text` is PromQL, an error lies; the value's place where that is not known."""
    mistake = error.mistake
    return diagnostics.part(span, text, mistake.start, mistake.length)


def reference(owner: Table, key: str, known: Iterable[str], what: str, diagnostics: Diagnostics) -> str:
    """Return the id below `key`; an error where nothing of that id is `known`."""
    value = str(owner[key])
    check_reference(value, owner.value_spans[key], known, what, diagnostics)
    return value


def check_reference(value: str, span: Span, known: Iterable[str], what: str, diagnostics: Diagnostics) -> None:
    """Add an error where nothing of that id is `known`."""
    if value not in (candidates := set(known)):
        diagnostics.error("reference", span, f"there is no {what} `{value}`", hint=did_you_mean(value, candidates))
