"""Resolve: single values of a document → numbers, with an error at the place of an invalid value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from compiler import conventions
from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.document import Table
from compiler.promql import PromQLError
from compiler.quantities import QuantityError, Rate, duration_text, parse_duration, parse_rate

NOTHING: Final[Table] = Table(Span("", 1, 1, 1))
"""The mapping used in place of one that the file omits."""


def is_off(value: object) -> bool:
    """Return whether a value is `off`, or `false`, into which an editor for YAML 1.1 may turn `off`."""
    return value == conventions.OFF or value is False


def table(owner: Table, key: str) -> Table:
    """Return the mapping below `key`, or an empty one."""
    value = owner.get(key)
    return value if isinstance(value, Table) else NOTHING


def duration(owner: Table, key: str, default: int, diagnostics: Diagnostics, *, least: int = 0) -> int:
    """Return the seconds below `key`, or the default if the key is missing, invalid or below the `least` seconds."""
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
    """Return the seconds of `for`, or another `key`, by severity; unnamed severities inherit theirs."""
    value: Any = owner.get(key)
    if isinstance(value, Table):
        # The schema has already reported keys that are no severity.
        return {key: duration(value, key, seconds, diagnostics) for key, seconds in inherited.items()}
    if value is None:
        return inherited
    seconds = duration(owner, key, -1, diagnostics)
    return inherited if seconds < 0 else dict.fromkeys(inherited, seconds)


def minimum_traffic(owner: Table, inherited: Rate | None, diagnostics: Diagnostics) -> Rate | None:
    """Return the least traffic that `owner` sets, or the inherited one; None means that none is required."""
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
    """Return the function that aggregates gauges of `owner` over the window; None means no function."""
    value = owner.get("over_time", inherited)
    return None if value is None or is_off(value) else str(value)


def place_of(error: PromQLError, text: str, span: Span, diagnostics: Diagnostics) -> Span:
    """Return the place of an error in a value, whose `text` is PromQL; if it is unknown, the place of the value."""
    mistake = error.mistake
    return diagnostics.part(span, text, mistake.start, mistake.length)


def reference(owner: Table, key: str, known: Iterable[str], noun: str, diagnostics: Diagnostics) -> str:
    """Return the id below `key`; add an error if it is not in `known`."""
    value = str(owner[key])
    check_reference(value, owner.value_spans[key], known, noun, diagnostics)
    return value


def check_reference(value: str, span: Span, known: Iterable[str], noun: str, diagnostics: Diagnostics) -> None:
    """Add an error if the id `value` is not in `known`; `noun` names its kind in the message."""
    if value not in (candidates := set(known)):
        diagnostics.error("reference", span, f"there is no {noun} `{value}`", hint=did_you_mean(value, candidates))
