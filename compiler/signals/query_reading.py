"""Which course of one series makes a query of one's own return a given value, where that can be told.

Used by `template`. What a query makes of a steady level, of a steady rise, of a point in time or of nothing is followed
from the selector outwards. Everything else is no matter of one number: the hour, a forecast, a second metric. Then
there is no test unless somebody gives an example, and the reason says why.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Any, Final

import promql_parser

from compiler.promql import PromQLError, Selector, selector_of, tree
from compiler.signals.contract import UnsampledError
from compiler.signals.query_course import COMPARISONS, EXACT, GAP, LEVEL, RISE, SINCE, UNTIL, Course, Step
from compiler.signals.query_tree import ABSENT, nodes


def course(expression: str, per: tuple[str, ...]) -> Course:
    """Return the course by which a query has a given value in one component; UnsampledError says why there is none."""
    root = tree(expression)
    try:
        return _read(root, per)
    except RecursionError as error:
        raise UnsampledError("it nests too deep to be followed") from error
    except UnsampledError as error:
        raise UnsampledError(_reason(root) or str(error)) from error


def asks_the_clock(expression: str) -> bool:
    """Return whether the hour, or any other time of evaluation, decides what a query returns."""
    return any(isinstance(one, promql_parser.Call) and one.func.name in _CLOCK for one in nodes(tree(expression)))


def beyond_examples(expression: str) -> bool:
    """Return whether no series of an example decide what a query returns, but the hour, or native histograms."""
    root = tree(expression)
    calls = (one.func.name for one in nodes(root) if isinstance(one, promql_parser.Call))
    return any(name in _CALENDAR or name.startswith(_NATIVE_ONLY) for name in calls) or _reason(root) == _NATIVE


def _reason(root: Any) -> str | None:  # noqa: ANN401 - the library has no common type of nodes
    """Return what makes a query more than a matter of one series, if one thing clearly does."""
    calls = [one.func.name for one in nodes(root) if isinstance(one, promql_parser.Call)]
    clocks = [name for name in calls if name in _CLOCK]
    if clocks:
        return f"`{clocks[0]}` asks the clock, and rule tests begin at 1970-01-01 00:00 UTC"
    selectors = {str(one) for one in nodes(root) if isinstance(one, promql_parser.VectorSelector)}
    if len(selectors) > 1:
        return "it looks at several metrics"
    if any(name.startswith(_NATIVE_ONLY) for name in calls):
        return _NATIVE
    if "histogram_quantile" in calls:
        classic = any("_bucket{" in one for one in selectors)
        return "a quantile comes of several buckets" if classic else _NATIVE
    return None if selectors else "it looks at no metric"


_NATIVE_ONLY: Final = ("histogram_avg", "histogram_count", "histogram_fraction", "histogram_std", "histogram_sum")
_NATIVE: Final = "its series are native histograms, which not every Prometheus can hold in a rule test"


_DATES: Final = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_CALENDAR: Final = frozenset(_DATES.split())
_CLOCK: Final = _CALENDAR | {"time", "timestamp"}
_OF_A_CHANGE: Final = frozenset({"changes", "delta", "deriv", "holt_winters", "idelta", "predict_linear", "resets"})
_SAME: Final = frozenset({"avg", "max", "min", "quantile", "sum"})
"""Aggregations that make of one series what it is."""
_SAME_OVER_TIME: Final = frozenset(
    {"avg_over_time", "last_over_time", "max_over_time", "min_over_time", "quantile_over_time"}
)
_RISING: Final = frozenset({"increase", "irate", "rate"})
_SORTS: Final = frozenset({"sort", "sort_desc"})
_LABELLING: Final = frozenset({"label_join", "label_replace"})
_BOUNDS: Final = {"abs": (">=",), "clamp": (">=", "<="), "clamp_max": ("<=",), "clamp_min": (">=",)}
"""How a number must lie to the bounds of a function, so that it stays what it is."""


def _read(node: Any, per: tuple[str, ...]) -> Course:  # noqa: ANN401 - the library has no common type of nodes
    match node:
        case promql_parser.VectorSelector():
            return Course(LEVEL, _selector(node))
        case promql_parser.ParenExpr():
            return _read(node.expr, per)
        case promql_parser.UnaryExpr():
            return _read(node.expr, per).then(Step("scaled", factor=Decimal(-1)))
        case promql_parser.AggregateExpr():
            if (name := str(node.op)) not in _SAME:
                raise UnsampledError(f"`{name}` makes another number of the values that it sees")
            return _read(node.expr, per)
        case promql_parser.Call():
            return _called(node, per)
        case promql_parser.BinaryExpr():
            return _combined(node, per)
        case _:
            raise UnsampledError("it looks at no metric")


def _selector(node: promql_parser.VectorSelector) -> Selector:
    if node.offset or node.at:
        raise UnsampledError(f"`{'offset' if node.offset else '@'}` looks at another time than now")
    try:
        return selector_of(node)
    except PromQLError as error:
        raise UnsampledError(str(error)) from error


def _called(node: promql_parser.Call, per: tuple[str, ...]) -> Course:
    name, arguments = node.func.name, node.args
    if name in _SAME_OVER_TIME:
        return _over(arguments[-1], LEVEL, name)
    if name in _RISING:
        found = _over(arguments[0], RISE, name)
        return found.then(Step("scaled", factor=Decimal(found.back))) if name == "increase" else found
    if name in ABSENT:
        return _absent(node, per)
    if name in _SORTS or (name in _LABELLING and arguments[1].val not in per):
        return _read(arguments[0], per)
    if name in _BOUNDS:
        return _bounded(node, per)
    what = "how its metric changes" if name in _OF_A_CHANGE else "more than the level of its metric"
    raise UnsampledError(f"`{name}` looks at {what}")


def _over(argument: Any, form: str, name: str) -> Course:  # noqa: ANN401 - the library has no common type of nodes
    if not isinstance(argument, promql_parser.MatrixSelector):
        raise UnsampledError(f"`{name}` goes over a subquery")
    return Course(form, _selector(argument.vector_selector), back=int(argument.range.total_seconds()))


def _absent(node: promql_parser.Call, per: tuple[str, ...]) -> Course:
    inner = _over(node.args[0], LEVEL, node.func.name) if node.func.name != "absent" else _read(node.args[0], per)
    if inner.form != LEVEL:
        raise UnsampledError("`absent` looks at what is computed")
    return Course(GAP, inner.selector, back=inner.back, present=inner.steps)


def _bounded(node: promql_parser.Call, per: tuple[str, ...]) -> Course:
    """Return the course of a function that leaves a number between its bounds as it is."""
    numbers = [Decimal(0)] if node.func.name == "abs" else [number_of(one) for one in node.args[1:]]
    found = _read(node.args[0], per)
    for comparator, number in zip(_BOUNDS[node.func.name], numbers, strict=True):
        if number is None:
            raise UnsampledError(f"`{node.func.name}` has bounds that are no numbers")
        found = found.then(Step("within", comparator=comparator, bound=number))
    return found


def _combined(node: promql_parser.BinaryExpr, per: tuple[str, ...]) -> Course:
    sign, left, right = str(node.op), number_of(node.lhs), number_of(node.rhs)
    if sign == "-" and _is_time(node.lhs):
        return _moment(_read(node.rhs, per), SINCE)
    if sign == "-" and _is_time(node.rhs):
        return _moment(_read(node.lhs, per), UNTIL)
    if (left is None) == (right is None):
        raise UnsampledError(f"`{sign}` puts two results together" if left is None else "it looks at no metric")
    found = _read(node.lhs if left is None else node.rhs, per)
    number = right if left is None else left
    assert number is not None  # noqa: S101 - one of the two is a number
    if sign in COMPARISONS:
        tested = node.modifier is not None and node.modifier.return_bool
        comparator = sign if left is None else FLIPPED[sign]
        return found.then(Step("tested" if tested else "kept", comparator=comparator, bound=number))
    return found.then(_arithmetic(sign, number, turned=left is not None))


FLIPPED: Final = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}


def _moment(found: Course, form: str) -> Course:
    if found.form != LEVEL or found.steps or found.back:
        raise UnsampledError("`time` is compared with what is computed")
    return replace(found, form=form)


def _is_time(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr):
        return _is_time(node.expr)
    return isinstance(node, promql_parser.Call) and node.func.name == "time"


def _arithmetic(sign: str, number: Decimal, *, turned: bool) -> Step:
    """Return what an operation with a number does; `turned` where the number stands before the operator."""
    minus = Decimal(-1)
    if sign == "+":
        return Step("scaled", offset=number)
    if sign == "-":
        return Step("scaled", factor=minus, offset=number) if turned else Step("scaled", offset=-number)
    if sign == "*" and number:
        return Step("scaled", factor=number)
    if sign == "/" and number and not turned:
        return Step("scaled", divisor=number)
    raise UnsampledError(f"`{sign}` makes another number of what it sees")


def number_of(node: Any) -> Decimal | None:  # noqa: ANN401 - the library has no common type of nodes
    """Return what an expression of numbers alone comes to; None where it is none."""
    found = None
    match node:
        case promql_parser.NumberLiteral():
            found = Decimal(repr(node.val))
        case promql_parser.ParenExpr():
            found = number_of(node.expr)
        case promql_parser.UnaryExpr():
            inner = number_of(node.expr)
            found = None if inner is None else -inner
        case promql_parser.BinaryExpr() if str(node.op) in _FOLDED:
            left, right = number_of(node.lhs), number_of(node.rhs)
            if left is not None and right is not None:
                with suppress(DecimalException):
                    found = _FOLDED[str(node.op)](left, right)
    return found if found is not None and found.is_finite() else None


_FOLDED: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": EXACT.divide,
}


def looks_back(expression: str) -> int:
    """Return over how many seconds a query looks back at most, its nested ranges and offsets together."""
    return _back(tree(expression))


def _back(node: Any) -> int:  # noqa: ANN401 - the library has no common type of nodes
    spans: list[timedelta] = [getattr(node, name, None) or timedelta() for name in ("offset", "range")]
    inner = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
    inside = (_back(one) for one in (*inner, *getattr(node, "args", ())) if one is not None)
    return sum(max(int(one.total_seconds()), 0) for one in spans) + max(inside, default=0)
