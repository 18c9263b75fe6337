"""The course of one series for which a user's query has a given value: its form, and the query's steps.

`queries.reading` finds the course in a query; `queries.samples` writes its samples.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import decimal_text
from compiler.signals.contract import UnsampledError

LEVEL, RISE, SINCE, UNTIL, GAP = "level", "rise", "since", "until", "gap"
"""Forms of a course: constant samples, a rising counter, a past time, a future time, and no samples at all."""

EXACT: Final = Context(prec=17)
"""Digits of a sample: as many as a floating-point number of the engines has."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a query on a number; `operation` names it.

    `scaled` multiplies by `factor`, divides by `divisor` and adds `offset`. `kept` drops a number that fails the
    comparison with `bound`; `tested` returns 1 or 0 instead. `within` leaves a number on the good side of `bound`
    unchanged.
    """

    operation: str
    factor: Decimal = Decimal(1)
    divisor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    comparator: str = ""
    bound: Decimal = Decimal(0)

    @property
    def text(self) -> str:
        """The comparison as the query writes it."""
        return f"{self.comparator}{' bool' if self.operation == 'tested' else ''} {decimal_text(self.bound)}"


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a selector's series: its `form`, the query's `steps`, and the seconds that the query looks `back`.

    `present` holds, for an absence, the steps within `absent()`.
    """

    form: str
    selector: Selector
    steps: tuple[Step, ...] = ()
    back: int = 0
    present: tuple[Step, ...] = ()

    def then(self, step: Step) -> Course:
        """Return the course of the query with one further step."""
        return replace(self, steps=(*self.steps, step))

    def later(self, number: Decimal, seconds: int) -> Decimal:
        """Return the number `seconds` after the last sample: an age has grown by then, a time left has shrunk."""
        return number + {SINCE: seconds, UNTIL: -seconds}.get(self.form, 0)

    def value(self, number: Decimal) -> Decimal | None:
        """Return the query's result for a number; None where the query drops it."""
        result: Decimal | None = number
        for step in self.steps:
            result = None if result is None else _forward(step, result)
        return result

    def number(self, value: Decimal) -> Decimal:
        """Return the number for which the query returns `value`; a comparison of the query may drop it instead.

        Raises UnsampledError where there is no such number.
        """
        number = value
        for step in reversed(self.steps):
            number = _backward(step, number)
        return number

    def present_number(self) -> Decimal:
        """Return a number that the query of an absence takes for an existing series; raise UnsampledError if none."""
        for candidate in (Decimal(1), *(step.bound + distance for step in self.present for distance in (0, 1, -1))):
            if replace(self, steps=self.present).value(candidate) is not None:
                return candidate
        raise UnsampledError("no existing series passes its comparisons")


COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def _forward(step: Step, number: Decimal) -> Decimal | None:
    if step.operation == "scaled":
        return number * step.factor / step.divisor + step.offset
    passes = COMPARISONS[step.comparator](number, step.bound)
    if step.operation == "tested":
        return Decimal(int(passes))
    return number if passes or step.operation == "within" else None


def _backward(step: Step, value: Decimal) -> Decimal:
    if step.operation == "scaled":
        return EXACT.divide((value - step.offset) * step.divisor, step.factor)
    passes = COMPARISONS[step.comparator]
    if step.operation == "tested":
        if value not in {0, 1}:
            raise UnsampledError(f"`{step.text}` gives 1 or 0, never {decimal_text(value)}")
        distance = max(Decimal(1), abs(step.bound) / 10)
        # For `>=` and `<=` the bound itself comes last, because a rounding error could miss it.
        for candidate in (step.bound + distance, step.bound - distance, step.bound):
            if passes(candidate, step.bound) == bool(value):
                return candidate
    if step.operation == "within" and not passes(value, step.bound):
        raise UnsampledError(f"its bounds let no {decimal_text(value)} through")
    return value
