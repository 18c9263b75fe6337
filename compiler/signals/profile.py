"""What a rule test wants to see: the course of a value for one example component.

`compiler.proof` says it, a kind of signal turns it into series, `compiler.signals.sampling` writes them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """`steps` samples during which the expression should have `value`; None where there are no samples.

    `traffic` scales the events that the value is computed from, or how much there is of what is used. `every` leaves
    samples out: one in so many is there. `exact` asks for the value without any rounding error, `hollow` for nothing of
    what it is a share of.
    """

    value: Decimal | None
    steps: int
    traffic: Decimal = Decimal(1)
    every: int = 1
    exact: bool = False
    hollow: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The course of one component's value.

    `component` holds the labels that tell it apart; `preferred` values of further labels, where a selector lets them;
    `extra` labels that no selector asks for.
    """

    phases: tuple[Phase, ...]
    component: Mapping[str, str] = field(default_factory=dict)
    preferred: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What another system or place records: by the last part of the recording's name, with further labels."""

    record: str
    labels: Mapping[str, str]
    value: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A course and what must come of it: the severities that fire, at `value`, with each of the further `labels`.

    `more` are further series of the same component; `decoys` asks for series just outside of the selectors. `elsewhere`
    is what others record meanwhile, where that is not the value itself.
    """

    name: str
    example: Example
    more: tuple[Example, ...] = ()
    decoys: bool = False
    firing: frozenset[str] = frozenset()
    value: Decimal = Decimal(0)
    labels: tuple[Mapping[str, str], ...] = ({},)
    elsewhere: tuple[Elsewhere, ...] = ()
