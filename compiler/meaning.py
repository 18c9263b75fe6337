"""What a quantity means: the side on which it is bad, its complement, and which comparison pages for a stated limit.

Pure. `compiler.guides` and `compiler.importing` use it for sentences, `compiler.resolve` and `compiler.checks` for
limits. A share has a complement: 20 % free is 80 % used. A norm ("at most 3") or a target states the good side, so its
breach pages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Final

import yaml

from compiler.quantities import COUNT, RATIO, Comparison, Quantity, quantity_text
from compiler.signals import kinds, vocabulary_text
from compiler.signals.bound import HIGH, LOW, Signal

__all__ = ["HIGH", "LOW", "breach", "builtin_side", "complement", "is_against", "paging", "rest", "side", "text"]

_OPPOSITE: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_BREACH: Final = {"<": ">", "<=": ">", ">": "<", ">=": "<", "==": "=="}
"""The comparison that breaches a norm. A value exactly at a target is no reason to wake anybody."""
_BREACH_OF_COUNT: Final = {**_BREACH, "<": ">=", ">": "<="}
"""The same for counts: a count is as likely to be exactly the number as any other."""


def side(signal: Signal, inputs: Collection[str]) -> str | None:
    """Return the side on which a signal with these inputs is bad; None if either side may be bad."""
    return signal.bad or kinds()[signal.kind].bad(inputs)


def usual_inputs(signal: Signal) -> tuple[str, ...]:
    """Return the inputs that usually bind a signal: its kind's first form with the same bad side."""
    forms = [tuple(signal_input.name for signal_input in form) for form in kinds()[signal.kind].forms] or [()]
    fitting = (form for form in forms if kinds()[signal.kind].bad(form) in {None, signal.bad})
    return forms[0] if signal.bad is None else next(fitting, forms[0])


def directed(signal: Signal) -> Signal:
    """Return a signal with its bad side filled in: the side of its usual inputs, unless it names one itself."""
    return replace(signal, bad=side(signal, usual_inputs(signal)))


@cache
def builtin_side(identifier: str) -> str | None:
    """Return the bad side of a built-in signal; None if either side may be bad, or no built-in signal has the id."""
    entry = _vocabulary().get(identifier)
    if entry is None:
        return None
    kind = kinds()[entry["kind"]]
    usual = [signal_input.name for signal_input in kind.forms[0]] if kind.forms else []
    bad: str | None = entry.get("bad") or kind.bad(usual)
    return bad


@cache
def has_rest(identifier: str) -> bool:
    """Return whether the rest that a built-in signal leaves has a name: the rest of used space is called "free"."""
    entry = _vocabulary().get(identifier)
    return entry is not None and kinds()[entry["kind"]].rest is not None


def rest(signal: Signal) -> str | None:
    """Return the name of the rest that a signal leaves, such as "free"; None if it has no name."""
    return kinds()[signal.kind].rest


def is_against(comparator: str, bad: str | None) -> bool:
    """Return whether a comparator would page on the good side; `bad` is the bad side, or None if either may be bad."""
    return bad is not None and comparator[0] in _OPPOSITE and (comparator[0] == ">") != (bad == HIGH)


def breach(stated: Comparison) -> Comparison:
    """Return the comparison that breaches a target or a norm."""
    signs = _BREACH_OF_COUNT if stated.quantity.unit == COUNT else _BREACH
    return Comparison(signs.get(stated.comparator, stated.comparator), stated.quantity)


def complement(stated: Comparison) -> Comparison | None:
    """Return a comparison of a share as one of its rest; None if the quantity is no share, or states one value.

    Less than 20 % free is more than 80 % used. For other quantities, the rest would depend on the whole.
    """
    if stated.quantity.unit != RATIO or stated.comparator not in _OPPOSITE:
        return None
    return Comparison(_OPPOSITE[stated.comparator], Quantity(Decimal(1) - stated.quantity.value, RATIO))


def paging(stated: Comparison, *, norm: bool, of_rest: bool) -> Comparison | None:
    """Return the comparison of the signal that pages: the breach of a norm, the complement of a limit on the rest.

    Returns None if there is no such complement.
    """
    comparison = breach(stated) if norm else stated
    return complement(comparison) if of_rest else comparison


def text(comparison: Comparison) -> str:
    """Return a comparison as thresholds.yaml writes it."""
    return f"{comparison.comparator} {quantity_text(comparison.quantity)}"


@cache
def _vocabulary() -> Mapping[str, Mapping[str, Any]]:
    vocabulary: dict[str, dict[str, Any]] = yaml.safe_load(vocabulary_text())
    return vocabulary
