"""Resolve: the limits of one signal of one system, merged with the house defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler import conventions
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.limit_advice import NOTHING, advice, without_unit
from compiler.model import Limit
from compiler.quantities import (
    COUNT,
    EXAMPLES,
    STATE,
    Comparison,
    Quantity,
    QuantityError,
    parse_comparison,
    quantity_text,
)
from compiler.resolve.reading import holds, is_off, table
from compiler.signals import kinds
from compiler.signals.bound import Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The limit of one severity as written: a text or another YAML value, its place, and whether the house set it."""

    severity: str
    value: object
    span: Span
    default: bool

    @property
    def text(self) -> str:
        """The limit as it is written in the file."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def written(own: Table, house: Table) -> tuple[Written, ...]:
    """Return the tiers that apply, least severe first: each is the system's, else the house's; `off` removes a tier."""
    tiers = []
    for severity in conventions.SEVERITIES:
        for mapping, default in ((own, False), (house, True)):
            if severity in mapping:
                tiers.append(
                    Written(
                        severity=severity, value=mapping[severity], span=mapping.value_spans[severity], default=default
                    )
                )
                break
    return tuple(tier for tier in tiers if not is_off(tier.value))


def not_tiers(value: object, span: Span, diagnostics: Diagnostics) -> None:
    """Add the error for limits of a signal that are neither a mapping nor `off`."""
    shown = str(value).lower() if isinstance(value, bool) else value
    hint = 'such as `{critical: "> 5%"}`'
    if str(value).strip().casefold() in NOTHING:
        hint = f"write `{conventions.OFF}` where nobody is to be told"
    diagnostics.error("limit", span, f"`{shown}` is neither limits by severity nor `{conventions.OFF}`", hint=hint)


def implies_state(tiers: tuple[Written, ...]) -> bool:
    """Return whether every tier has the limit of a state, `when true`."""
    return bool(tiers) and all(tier.value == conventions.STATE_LIMIT for tier in tiers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """The settings beside the limits of a signal, by severity: times in seconds, recovery limits as written.

    `places` are the places of the times in `for`.
    """

    for_seconds: dict[str, int]
    places: Mapping[str, Span]
    keep: dict[str, int]
    recover: Table


def extras(
    own: Table, house: Table, for_seconds: dict[str, int], keep: dict[str, int], diagnostics: Diagnostics
) -> Extras:
    """Return the extras of a signal, each from its own limits, else from the house's limits, else from its system."""
    return Extras(
        for_seconds=holds(own, holds(house, for_seconds, diagnostics), diagnostics),
        places={**_places(house, for_seconds), **_places(own, for_seconds)},
        keep=holds(own, holds(house, keep, diagnostics, _KEEP), diagnostics, _KEEP),
        recover=table(own if "recover" in own else house, "recover"),
    )


def _places(owner: Table, severities: Iterable[str]) -> dict[str, Span]:
    """Return the places of the times in `for`, by severity."""
    durations = owner.get("for")
    if isinstance(durations, Table):
        return dict(durations.value_spans)
    return {} if durations is None else dict.fromkeys(severities, owner.value_spans["for"])


_KEEP: Final = "keep_firing_for"


def limits(
    signal: Signal,
    tiers: tuple[Written, ...],
    extras: Extras,
    diagnostics: Diagnostics,
) -> tuple[Limit, ...]:
    """Return the limits that could be read, least severe first, without their statements."""
    readable = []
    for tier in tiers:
        comparison = _comparison(signal, tier, diagnostics)
        if comparison is None:
            continue
        readable.append(
            Limit(
                severity=tier.severity,
                comparator=comparison.comparator,
                value=comparison.quantity.value,
                unit=comparison.quantity.unit,
                text=tier.text,
                for_seconds=extras.for_seconds[tier.severity],
                keep=extras.keep[tier.severity],
                recover=_recovery(signal, tier.severity, comparison, extras.recover, diagnostics),
                default=tier.default,
                statement=None,
                span=tier.span,
                for_span=extras.places.get(tier.severity),
            )
        )
    return tuple(readable)


TRUE: Final = Comparison("==", Quantity(Decimal(1), STATE))
"""The comparison that the limit of a state, `when true`, stands for."""


def _recovery(
    signal: Signal, severity: str, limit: Comparison, recover: Table, diagnostics: Diagnostics
) -> Comparison | None:
    """Return the recovery limit of a severity, on the good side of its limit; None if none is set or after an error."""
    if severity not in recover:
        return None
    text, span = str(recover[severity]), recover.value_spans[severity]
    if limit.quantity.unit == STATE or not kinds()[signal.kind].measures:
        message = f"`{signal.id}` has no measured value to recover to"
        diagnostics.error("recover", recover.key_spans[severity], message, hint=f"`{_KEEP}` keeps a state firing")
        return None
    try:
        recovery = parse_comparison(text)
    except QuantityError as error:
        diagnostics.error("recover", span, str(error), hint=error.hint or _recovery_hint(limit))
        return None
    value, limit_value = recovery.quantity.value, limit.quantity.value
    is_opposite = (
        recovery.quantity.unit == limit.quantity.unit and recovery.comparator[0] == _OPPOSITE[limit.comparator[0]]
    )
    if not is_opposite or not (value < limit_value if limit.comparator[0] == ">" else value > limit_value):
        message = f"`{text}` lies not on the good side of {shown(limit)}"
        diagnostics.error("recover", span, message, hint=_recovery_hint(limit))
        return None
    return recovery


_OPPOSITE: Final = {">": "<", "<": ">"}


def _recovery_hint(limit: Comparison) -> str:
    share = Decimal("0.8") if limit.comparator[0] == ">" else Decimal("1.2")
    value = quantity_text(Quantity(limit.quantity.value * share, limit.quantity.unit))
    return f'such as `"{_OPPOSITE.get(limit.comparator[0], "<")} {value}"`'


def _comparison(signal: Signal, tier: Written, diagnostics: Diagnostics) -> Comparison | None:
    try:
        comparison = _parse(signal, tier.text)
    except QuantityError as error:
        is_number = signal.unit != STATE and tier.text != conventions.STATE_LIMIT
        advised = advice(tier.text, signal.unit) if is_number else None
        message, hint = advised or (str(error), error.hint or f"write {EXAMPLES[signal.unit]}")
        diagnostics.error("limit", tier.span, message, hint=hint)
        return None
    if comparison.quantity.unit != signal.unit:
        _report_wrong_unit(signal, tier, comparison.quantity, diagnostics)
        return None
    return comparison


def _parse(signal: Signal, text: str) -> Comparison:
    words = kinds()[signal.kind].words
    if text in words:
        return Comparison("==", Quantity(words[text], STATE))
    if text == conventions.STATE_LIMIT:
        if signal.unit == STATE and not words:
            return TRUE
        raise QuantityError(f"`{signal.id}` is measured in {signal.unit} and is no state")
    if signal.unit == STATE:
        hint = f"write {' or '.join(f'`{word}`' for word in words)}" if words else None
        raise QuantityError(f"`{signal.id}` is a state and has no number", hint)
    comparison = parse_comparison(text)
    if comparison.comparator == "==":
        number = text.partition("==")[2].strip()
        hint = f"write `> {number}`, or `< {number}` where less is worse" if number else None
        raise QuantityError("a measured number is hardly ever equal to a limit", hint)
    return comparison


def _report_wrong_unit(signal: Signal, tier: Written, quantity: Quantity, diagnostics: Diagnostics) -> None:
    hint = f"write {EXAMPLES[signal.unit]}"
    if quantity.unit == COUNT:
        message = f"the limit `{tier.text}` has no unit; `{signal.id}` is measured in {signal.unit}"
        diagnostics.error("limit-unit", tier.span, message, hint=without_unit(tier.text, signal.unit) or hint)
        return
    message = f"the limit `{tier.text}` is in {quantity.unit}; `{signal.id}` is measured in {signal.unit}"
    diagnostics.error("limit-unit", tier.span, message, hint=hint)


_COMPARATOR_WORDS: Final = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}


def sentence(signal: Signal, severity: str, comparison: Comparison) -> str:
    """Return the sentence with which a runbook states a limit."""
    if comparison.quantity.unit == STATE:
        return f"{signal.title}: {severity}."
    return (
        f"{signal.title}: {severity} {_COMPARATOR_WORDS[comparison.comparator]} {quantity_text(comparison.quantity)}."
    )


def shown(comparison: Comparison) -> str:
    """Return a limit as messages show it."""
    if comparison.quantity.unit == STATE:
        return "no number"
    return f"`{comparison.comparator} {quantity_text(comparison.quantity)}`"
