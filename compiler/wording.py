"""Lower: write an alert's annotations as Prometheus templates, and render them for a given value.

`compiler.alerts` uses this module. `summary` hardly varies and ends in a full stop; `description` names the component
and the number (monitoring-mixins documentation). The rendering repeats Prometheus's own humanize functions, so that
generated rule tests can state the text that a person will read. promtool compares that text with Prometheus's own.
"""

from __future__ import annotations

from math import isinf
from typing import Final

from compiler.model import Limit, System, WatchedSignal
from compiler.promql import go_general
from compiler.quantities import (
    BYTES,
    COUNT,
    PER_SECOND,
    RATIO,
    SECONDS,
    STATE,
    Quantity,
    duration_text,
    quantity_text,
    without_comparator,
)
from compiler.signals import kinds

VALUE: Final = '{{ printf "%.6g" $value }}'
"""The annotation `value`: the measured number in base units, with so few digits that every server prints the same."""

_HUMANIZED: Final = {
    RATIO: "{{ $value | humanizePercentage }}",
    SECONDS: "{{ $value | humanizeDuration }}",
    BYTES: "{{ $value | humanize1024 }}B",
    COUNT: '{{ printf "%.4g" $value }}',
    PER_SECOND: '{{ printf "%.4g" $value }} per second',
}
_BEYOND: Final = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}


def component(per: tuple[str, ...]) -> str:
    """Return the template of the label `component`: the values of the labels that distinguish components."""
    return "/".join(f"{{{{ $labels.{label} }}}}" for label in per)


def summary(system: System, watched: WatchedSignal, limit: Limit) -> str:
    """Return the annotation `summary`."""
    headline = kinds()[watched.bound.signal.kind].headline(watched.bound, limit)
    title = watched.bound.signal.title
    if headline is not None or limit.unit == STATE:
        return f"{system.title}: {headline or title}."
    return f"{system.title}: {title} {_BEYOND[limit.comparator]} {_limit_text(limit)}."


def description(system: System, watched: WatchedSignal, limit: Limit, in_words: str) -> str:
    """Return the annotation `description`, a template over `$labels` and `$value`: the current state, then `in_words`.

    It holds no colon followed by a space, because newer Alertmanagers (0.33 does) read the values of PagerDuty's
    `details` as YAML.
    """
    sentence = kinds()[watched.bound.signal.kind].sentence(watched.bound, limit)
    measured = sentence is None and limit.unit != STATE
    text = sentence or watched.bound.signal.title
    if measured:
        text += f" {_HUMANIZED[limit.unit]}{_within_window(watched)}"
    return f"{text}{_where(system, watched)}. {in_words}"


def _where(system: System, watched: WatchedSignal) -> str:
    component_name = watched.component or component(watched.bound.binding.component_labels)
    return f" in {system.title}" if component_name == system.id else f" on {component_name} of {system.title}"


def _within_window(watched: WatchedSignal) -> str:
    counts = kinds()[watched.bound.signal.kind].counts(watched.bound)
    return f" within {duration_text(watched.bound.binding.window)}" if counts else ""


def _limit_text(limit: Limit) -> str:
    """Return the limit as a person wrote it (`85 of 100`, `3 per minute`), or in the standard form of its unit."""
    written = without_comparator(limit.text)
    return written if " of " in written or " per " in written else quantity_text(Quantity(limit.value, limit.unit))


def humanized(value: float, unit: str) -> str:
    """Return a value as Prometheus's template functions print it in `description`."""
    if unit == RATIO:
        return f"{go_general(value * 100, 4)}%"
    if unit == SECONDS:
        return _humanize_duration(value)
    if unit == BYTES:
        return f"{_humanize_1024(value)}B"
    return go_general(value, 4) + (" per second" if unit == PER_SECOND else "")


def rendered(template: str, labels: dict[str, str], value: float, unit: str) -> str:
    """Return a template of this module as Prometheus renders it for one series."""
    text = template.replace(VALUE, go_general(value, 6))
    if unit in _HUMANIZED:
        text = text.replace(_HUMANIZED[unit], humanized(value, unit))
    for name, label_value in labels.items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", label_value)
    return text


def _humanize_duration(value: float) -> str:
    """Write as `humanizeDuration`: from a minute on in days to seconds, below a second with an SI prefix."""
    if isinf(value):
        return go_general(value, 4)
    if value and abs(value) < 1:
        prefix = ""
        for smaller in "munpfazy":
            if abs(value) >= 1:
                break
            prefix, value = smaller, value * 1000
        return f"{go_general(value, 4)}{prefix}s"
    whole = int(abs(value))
    if whole < 60:
        return f"{go_general(value, 4)}s"
    parts = {"d": whole // 86400, "h": whole // 3600 % 24, "m": whole // 60 % 60, "s": whole % 60}
    first = next(index for index, count in enumerate(parts.values()) if count)
    return ("-" if value < 0 else "") + " ".join([f"{count}{unit}" for unit, count in parts.items()][first:])


def _humanize_1024(value: float) -> str:
    """Repeat `humanize1024`."""
    prefix = ""
    if isinf(value):
        return go_general(value, 4)
    for larger in ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"):
        if abs(value) < 1024:
            break
        prefix, value = larger, value / 1024
    return f"{go_general(value, 4)}{prefix}"
