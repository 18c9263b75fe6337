"""Whether a user's query for a state returns 1 where the state is true, as far as its syntax tree shows.

`template` uses this module. A comparison without `bool` returns the number that it compares (Prometheus, "comparison
binary operators"), which is seldom 1.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import promql_parser

from compiler.promql import tree
from compiler.quantities import decimal_text
from compiler.signals.queries.course import COMPARISONS
from compiler.signals.queries.reading import FLIPPED, number_of
from compiler.signals.queries.tree import ABSENT

_KEEPING: Final = frozenset({"bottomk", "max", "min", "topk"})
"""Aggregations whose result is one of their input values."""
_KEEPING_CALLS: Final = frozenset(
    {"label_join", "label_replace", "last_over_time", "max_over_time", "min_over_time", "sort", "sort_desc"}
)
_ONES: Final = ABSENT | {"present_over_time"}


def not_one(expression: str) -> str | None:
    """Return why a true query may not return 1, with a remedy; None where it returns 1 or the tree leaves it open.

    Only comparisons whose result becomes the query's result count: operands behind `and` or within a sum do not.
    """
    try:
        return _reason(tree(expression), plain=True)
    except RecursionError:
        return None


def _reason(node: Any, *, plain: bool) -> str | None:  # noqa: ANN401 - the library has no common type of nodes
    """Return the reason; `plain` is set where `bool` would not change the meaning, although it returns 0 for false."""
    match node:
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr():
            return _reason(node.expr, plain=plain)
        case promql_parser.AggregateExpr() if str(node.op) in _KEEPING:
            return _reason(node.expr, plain=plain and str(node.op) == "max")
        case promql_parser.Call() if node.func.name in _KEEPING_CALLS:
            return _reason(node.args[0], plain=plain and node.func.name != "min_over_time")
        case promql_parser.BinaryExpr():
            return _of_operation(node, plain=plain)
        case _:
            return None


def _of_operation(node: promql_parser.BinaryExpr, *, plain: bool) -> str | None:
    sign = str(node.op)
    if sign in {"and", "unless"}:
        return _reason(node.lhs, plain=plain)
    if sign == "or":
        return _reason(node.lhs, plain=False) or _reason(node.rhs, plain=plain)
    if sign not in COMPARISONS or (node.modifier is not None and node.modifier.return_bool):
        return None
    left, number, compared = number_of(node.lhs), number_of(node.rhs), node.lhs
    if left is not None:
        sign, number, compared = FLIPPED[sign], left, node.rhs
    if sign == "==" and number == 1:
        return None
    if number is not None and _is_one(compared) and COMPARISONS[sign](Decimal(1), number):
        return None
    comparison = f"{sign} {_text(number)}"
    reason = f"a state is 1, and `{comparison}` returns what it compares"
    return (
        f"{reason}; write `{sign} bool {_text(number)}`"
        if plain
        else f"{reason}; put `group by ({{{{ per }}}}) (…)` around"
    )


def _text(number: Decimal | None) -> str:
    return "…" if number is None else decimal_text(number)


def _is_one(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    """Return whether a node's value is always 1 or 0."""
    is_one = False
    match node:
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr():
            is_one = _is_one(node.expr)
        case promql_parser.AggregateExpr():
            is_one = str(node.op) == "group" or (str(node.op) in _KEEPING and _is_one(node.expr))
        case promql_parser.Call():
            is_one = node.func.name in _ONES or (node.func.name in _KEEPING_CALLS and _is_one(node.args[0]))
        case promql_parser.BinaryExpr() if str(node.op) in COMPARISONS:
            is_one = bool(node.modifier and node.modifier.return_bool) or _of_operation(node, plain=True) is None
        case promql_parser.BinaryExpr() if str(node.op) in {"and", "or", "unless"}:
            is_one = _is_one(node.lhs) and (str(node.op) != "or" or _is_one(node.rhs))
    return is_one
