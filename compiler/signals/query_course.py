"""The course of one series by which a query of one's own has a given value: its form, and what happens to its number.

`query_reading` finds it in a query, `query_samples` writes it down.
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
"""Forms of a course: samples that stay, a counter that rises, a point in the past or to come, and no samples at all."""

EXACT: Final = Context(prec=17)
"""Digits of a sample: as many as a number of the engine has."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a query does to a number on its way out.

    `scaled` is `factor` times the number, by `divisor`, and `offset` more; `kept` drops what fails the comparison,
    `tested` makes 1 or 0 of it; `within` changes nothing on the good side of a bound.
    """

    what: str
    factor: Decimal = Decimal(1)
    divisor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    comparator: str = ""
    bound: Decimal = Decimal(0)

    @property
    def text(self) -> str:
        """The comparison as the query has it."""
        return f"{self.comparator}{' bool' if self.what == 'tested' else ''} {decimal_text(self.bound)}"


@dataclass(frozen=True, slots=True)
class Course:
    """The form of the course, the series that take it, what happens to their number, and the seconds looked back on."""

    form: str
    selector: Selector
    steps: tuple[Step, ...] = ()
    back: int = 0
    present: tuple[Step, ...] = ()

    def then(self, step: Step) -> Course:
        """Return the course of a query that does one thing more."""
        return replace(self, steps=(*self.steps, step))

    def later(self, number: Decimal, seconds: int) -> Decimal:
        """Return a number so many seconds after the last sample: a point in time is then further away, or nearer."""
        return number + {SINCE: seconds, UNTIL: -seconds}.get(self.form, 0)

    def value(self, number: Decimal) -> Decimal | None:
        """Return what the query makes of a number; None where it drops it."""
        found: Decimal | None = number
        for step in self.steps:
            found = None if found is None else _forward(step, found)
        return found

    def number(self, value: Decimal) -> Decimal:
        """Return the number of which the query makes a value, or which it drops where nothing gives that value.

        Raises UnsampledError where no number does either.
        """
        found = value
        for step in reversed(self.steps):
            found = _backward(step, found)
        return found

    def there(self) -> Decimal:
        """Return a number that the query of a gap takes for something that is there."""
        for candidate in (Decimal(1), *(one.bound + by for one in self.present for by in (0, 1, -1))):
            if replace(self, steps=self.present).value(candidate) is not None:
                return candidate
        raise UnsampledError("nothing that is there passes its comparisons")


COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def _forward(step: Step, number: Decimal) -> Decimal | None:
    if step.what == "scaled":
        return number * step.factor / step.divisor + step.offset
    passes = COMPARISONS[step.comparator](number, step.bound)
    if step.what == "tested":
        return Decimal(int(passes))
    return number if passes or step.what == "within" else None


def _backward(step: Step, value: Decimal) -> Decimal:
    if step.what == "scaled":
        return EXACT.divide((value - step.offset) * step.divisor, step.factor)
    passes = COMPARISONS[step.comparator]
    if step.what == "tested":
        if value not in {0, 1}:
            raise UnsampledError(f"`{step.text}` gives 1 or 0, never {decimal_text(value)}")
        away = max(Decimal(1), abs(step.bound) / 10)
        # Of `>=` and `<=` not the bound itself, which a rounding error would miss.
        for candidate in (step.bound + away, step.bound - away, step.bound):
            if passes(candidate, step.bound) == bool(value):
                return candidate
    if step.what == "within" and not passes(value, step.bound):
        raise UnsampledError(f"its bounds let no {decimal_text(value)} through")
    return value
