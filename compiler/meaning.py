"""What a quantity means: the side on which it is in trouble, its complement, and what of a stated limit pages.

Pure. `compiler.guides` and `compiler.importing` ask it for a sentence, `compiler.resolve` and `compiler.checks` for a
limit. A share has a complement: 20 % free is 80 % used. A norm ("at most 3") and a target state the good side, and what
pages is their breach.
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
"""A value exactly at a target breaches nothing that anybody would be woken for."""
_BREACH_OF_COUNT: Final = {**_BREACH, "<": ">=", ">": "<="}
"""Of whole things exactly so many are a value as any other."""


def side(signal: Signal, inputs: Collection[str]) -> str | None:
    """Return the side on which a signal that these inputs measure is in trouble; None where either may be."""
    return signal.bad or kinds()[signal.kind].bad(inputs)


def usual_inputs(signal: Signal) -> tuple[str, ...]:
    """Return the inputs that a signal is usually bound by: its kind's first form that measures the same side."""
    forms = [tuple(one.name for one in form) for form in kinds()[signal.kind].forms] or [()]
    fitting = (form for form in forms if kinds()[signal.kind].bad(form) in {None, signal.bad})
    return forms[0] if signal.bad is None else next(fitting, forms[0])


def directed(signal: Signal) -> Signal:
    """Return a signal with the side on which it is in trouble as it is usually bound."""
    return replace(signal, bad=side(signal, usual_inputs(signal)))


@cache
def builtin_side(identifier: str) -> str | None:
    """Return the side of a built-in signal by its id; None where either may be, or no built-in signal has the id."""
    found = _vocabulary().get(identifier)
    if found is None:
        return None
    kind = kinds()[found["kind"]]
    usual = [one.name for one in kind.forms[0]] if kind.forms else []
    bad: str | None = found.get("bad") or kind.bad(usual)
    return bad


@cache
def has_rest(identifier: str) -> bool:
    """Return whether what a built-in signal leaves has a name of its own, as what is not used is free."""
    found = _vocabulary().get(identifier)
    return found is not None and kinds()[found["kind"]].rest is not None


def rest(signal: Signal) -> str | None:
    """Return what the part is called that a signal leaves, such as "free"; None where it has no name."""
    return kinds()[signal.kind].rest


def is_against(comparator: str, bad: str | None) -> bool:
    """Return whether a comparator pages on the good side of what is bad on that side."""
    return bad is not None and comparator[0] in _OPPOSITE and (comparator[0] == ">") != (bad == HIGH)


def breach(stated: Comparison) -> Comparison:
    """Return what breaches a target or a norm."""
    signs = _BREACH_OF_COUNT if stated.quantity.unit == COUNT else _BREACH
    return Comparison(signs.get(stated.comparator, stated.comparator), stated.quantity)


def complement(stated: Comparison) -> Comparison | None:
    """Return a comparison of a share as one of what it leaves; None where only the whole would tell how much that is.

    Less than 20 % free is more than 80 % used.
    """
    if stated.quantity.unit != RATIO or stated.comparator not in _OPPOSITE:
        return None
    return Comparison(_OPPOSITE[stated.comparator], Quantity(Decimal(1) - stated.quantity.value, RATIO))


def paging(stated: Comparison, *, norm: bool, of_rest: bool) -> Comparison | None:
    """Return what pages, in what the signal measures: the breach of a norm, the complement of what is said of the rest.

    None where that cannot be known.
    """
    found = breach(stated) if norm else stated
    return complement(found) if of_rest else found


def text(comparison: Comparison) -> str:
    """Return a comparison as thresholds.yaml writes it."""
    return f"{comparison.comparator} {quantity_text(comparison.quantity)}"


@cache
def _vocabulary() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(vocabulary_text())
    return found
