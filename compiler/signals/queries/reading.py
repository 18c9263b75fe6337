"""Find the course of one series that makes a user's query return a given value.

`template` uses this module. It follows a steady level, a steady rise, a point in time or an absence from the selector
outwards through the query. A query that depends on more than one number (the time of day, a forecast, a second metric)
has no course. An error says why; the query has a generated test only if the user gives an example.
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
from compiler.signals.queries.course import COMPARISONS, EXACT, GAP, LEVEL, RISE, SINCE, UNTIL, Course, Step
from compiler.signals.queries.tree import ABSENT, nodes


def course(expression: str, per: tuple[str, ...]) -> Course:
    """Return the course that makes a query return a given value; raise UnsampledError with the reason if none does."""
    root = tree(expression)
    try:
        return _read(root, per)
    except RecursionError as error:
        raise UnsampledError("it nests too deep to be followed") from error
    except UnsampledError as error:
        raise UnsampledError(_reason(root) or str(error)) from error


def depends_on_time(expression: str) -> bool:
    """Return whether the result of a query depends on the time of evaluation, such as the hour."""
    return any(isinstance(node, promql_parser.Call) and node.func.name in _CLOCK for node in nodes(tree(expression)))


def beyond_examples(expression: str) -> bool:
    """Return whether no example can test a query, because it reads the calendar or native histograms."""
    root = tree(expression)
    calls = (node.func.name for node in nodes(root) if isinstance(node, promql_parser.Call))
    return any(name in _CALENDAR or name.startswith(_NATIVE_ONLY) for name in calls) or _reason(root) == _NATIVE


def _reason(root: Any) -> str | None:  # noqa: ANN401 - the library has no common type of nodes
    """Return why one series does not determine a query's result, where one reason is clear; else None."""
    calls = [node.func.name for node in nodes(root) if isinstance(node, promql_parser.Call)]
    clocks = [name for name in calls if name in _CLOCK]
    if clocks:
        return f"`{clocks[0]}` asks the clock, and rule tests begin at 1970-01-01 00:00 UTC"
    selectors = {str(node) for node in nodes(root) if isinstance(node, promql_parser.VectorSelector)}
    if len(selectors) > 1:
        return "it looks at several metrics"
    if any(name.startswith(_NATIVE_ONLY) for name in calls):
        return _NATIVE
    if "histogram_quantile" in calls:
        classic = any("_bucket{" in selector for selector in selectors)
        return "a quantile comes of several buckets" if classic else _NATIVE
    return None if selectors else "it looks at no metric"


_NATIVE_ONLY: Final = ("histogram_avg", "histogram_count", "histogram_fraction", "histogram_std", "histogram_sum")
_NATIVE: Final = "its series are native histograms, which not every Prometheus can hold in a rule test"


_DATES: Final = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_CALENDAR: Final = frozenset(_DATES.split())
_CLOCK: Final = _CALENDAR | {"time", "timestamp"}
_OF_A_CHANGE: Final = frozenset({"changes", "delta", "deriv", "holt_winters", "idelta", "predict_linear", "resets"})
_SAME: Final = frozenset({"avg", "max", "min", "quantile", "sum"})
"""Aggregations that return the value of a single series unchanged."""
_SAME_OVER_TIME: Final = frozenset(
    {"avg_over_time", "last_over_time", "max_over_time", "min_over_time", "quantile_over_time"}
)
_RISING: Final = frozenset({"increase", "irate", "rate"})
_SORTS: Final = frozenset({"sort", "sort_desc"})
_LABELLING: Final = frozenset({"label_join", "label_replace"})
_BOUNDS: Final = {"abs": (">=",), "clamp": (">=", "<="), "clamp_max": ("<=",), "clamp_min": (">=",)}
"""The comparisons with a function's bounds that hold for a number which the function leaves unchanged."""


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
        return _course_over_range(arguments[-1], LEVEL, name)
    if name in _RISING:
        rising = _course_over_range(arguments[0], RISE, name)
        return rising.then(Step("scaled", factor=Decimal(rising.back))) if name == "increase" else rising
    if name in ABSENT:
        return _absent(node, per)
    if name in _SORTS or (name in _LABELLING and arguments[1].val not in per):
        return _read(arguments[0], per)
    if name in _BOUNDS:
        return _bounded(node, per)
    subject = "how its metric changes" if name in _OF_A_CHANGE else "more than the level of its metric"
    raise UnsampledError(f"`{name}` looks at {subject}")


def _course_over_range(argument: Any, form: str, name: str) -> Course:  # noqa: ANN401 - the library has no common type of nodes
    if not isinstance(argument, promql_parser.MatrixSelector):
        raise UnsampledError(f"`{name}` goes over a subquery")
    return Course(form, _selector(argument.vector_selector), back=int(argument.range.total_seconds()))


def _absent(node: promql_parser.Call, per: tuple[str, ...]) -> Course:
    inner = (
        _course_over_range(node.args[0], LEVEL, node.func.name)
        if node.func.name != "absent"
        else _read(node.args[0], per)
    )
    if inner.form != LEVEL:
        raise UnsampledError("`absent` looks at what is computed")
    return Course(GAP, inner.selector, back=inner.back, present=inner.steps)


def _bounded(node: promql_parser.Call, per: tuple[str, ...]) -> Course:
    """Return the course of a function that leaves numbers within its bounds unchanged."""
    numbers = [Decimal(0)] if node.func.name == "abs" else [number_of(argument) for argument in node.args[1:]]
    inner = _read(node.args[0], per)
    for comparator, number in zip(_BOUNDS[node.func.name], numbers, strict=True):
        if number is None:
            raise UnsampledError(f"`{node.func.name}` has bounds that are no numbers")
        inner = inner.then(Step("within", comparator=comparator, bound=number))
    return inner


def _combined(node: promql_parser.BinaryExpr, per: tuple[str, ...]) -> Course:
    sign, left, right = str(node.op), number_of(node.lhs), number_of(node.rhs)
    if sign == "-" and _is_time(node.lhs):
        return _moment(_read(node.rhs, per), SINCE)
    if sign == "-" and _is_time(node.rhs):
        return _moment(_read(node.lhs, per), UNTIL)
    if (left is None) == (right is None):
        raise UnsampledError(f"`{sign}` puts two results together" if left is None else "it looks at no metric")
    inner = _read(node.lhs if left is None else node.rhs, per)
    number = right if left is None else left
    assert number is not None  # noqa: S101 - one of the two is a number
    if sign in COMPARISONS:
        tested = node.modifier is not None and node.modifier.return_bool
        comparator = sign if left is None else FLIPPED[sign]
        return inner.then(Step("tested" if tested else "kept", comparator=comparator, bound=number))
    return inner.then(_arithmetic(sign, number, number_first=left is not None))


FLIPPED: Final = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}


def _moment(inner: Course, form: str) -> Course:
    if inner.form != LEVEL or inner.steps or inner.back:
        raise UnsampledError("`time` is compared with what is computed")
    return replace(inner, form=form)


def _is_time(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr):
        return _is_time(node.expr)
    return isinstance(node, promql_parser.Call) and node.func.name == "time"


def _arithmetic(sign: str, number: Decimal, *, number_first: bool) -> Step:
    """Return the step of an arithmetic operation; `number_first` if the number stands before the operator."""
    minus = Decimal(-1)
    if sign == "+":
        return Step("scaled", offset=number)
    if sign == "-":
        return Step("scaled", factor=minus, offset=number) if number_first else Step("scaled", offset=-number)
    if sign == "*" and number:
        return Step("scaled", factor=number)
    if sign == "/" and number and not number_first:
        return Step("scaled", divisor=number)
    raise UnsampledError(f"`{sign}` makes another number of what it sees")


def number_of(node: Any) -> Decimal | None:  # noqa: ANN401 - the library has no common type of nodes
    """Return the finite value of an expression that holds only numbers; None for any other expression."""
    number = None
    match node:
        case promql_parser.NumberLiteral():
            number = Decimal(repr(node.val))
        case promql_parser.ParenExpr():
            number = number_of(node.expr)
        case promql_parser.UnaryExpr():
            inner = number_of(node.expr)
            number = None if inner is None else -inner
        case promql_parser.BinaryExpr() if str(node.op) in _FOLDED:
            left, right = number_of(node.lhs), number_of(node.rhs)
            if left is not None and right is not None:
                with suppress(DecimalException):
                    number = _FOLDED[str(node.op)](left, right)
    return number if number is not None and number.is_finite() else None


_FOLDED: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": EXACT.divide,
}


def looks_back(expression: str) -> int:
    """Return the seconds that a query looks back at most: the sum of its nested ranges and offsets."""
    return _back(tree(expression))


def _back(node: Any) -> int:  # noqa: ANN401 - the library has no common type of nodes
    spans: list[timedelta] = [getattr(node, name, None) or timedelta() for name in ("offset", "range")]
    inner = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
    inside = (_back(child) for child in (*inner, *getattr(node, "args", ())) if child is not None)
    return sum(max(int(span.total_seconds()), 0) for span in spans) + max(inside, default=0)
